/** The extension between a Copilot CLI and a session process that the test owns. */
import { describe, expect, it } from 'vitest';
import { CopilotExtension, copilotSession } from '../../../src/plugins/copilot/extension.ts';
import { fieldsOf } from '../../../src/util/fields.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { idsIn, recorded } from '../recorded.ts';
import { type Guest, type Line, SessionProcess } from '../session-process.ts';

/** As the SDK has it: methods of a class. */
class FakeSession {
  readonly sent: { readonly prompt: string; readonly mode: string }[] = [];
  /** What the next sends do; then they answer an id. */
  readonly failures: Error[] = [];
  #listener: (event: unknown) => void = () => undefined;

  async send(message: { prompt: string; mode: string }) {
    this.sent.push(message);
    const failure = this.failures.shift();
    if (failure) throw failure;
    return 'message-1';
  }

  on(listener: (event: unknown) => void) {
    this.#listener = listener;
    return () => undefined;
  }

  tells(type: string, data: object = {}, over: object = {}): void {
    this.#listener({ type, data, timestamp: new Date(1_700_000_000_000).toISOString(), ...over });
  }

  play(event: unknown): void {
    this.#listener(event);
  }
}

async function joined() {
  const fake = new FakeSession();
  const session = copilotSession(fake);
  if (!session) throw new Error('it was not recognised');
  const clock = new FakeClock();
  const process = await SessionProcess.start();
  new CopilotExtension({ session, id: 's-1', find: () => [process.path], clock }).start();
  const guest = await process.guest(clock);
  const hello = await guest.next();
  return { fake, clock, process, guest, hello };
}

const TEXT = '<message-abcde from=CC-2 id=m1>\n> is the build green?\n</message-abcde>';
const put = (guest: Guest, over: object = {}) => guest.say({ put: 1, text: TEXT, urgent: false, ids: ['m1'], ...over });

describe('an extension', () => {
  it('is open from the start: there is a session', async () => {
    const { hello } = await joined();
    expect(hello).toEqual({ plugin: 'copilot', name: 'extension', interrupts: true, now: { open: true } });
  });

  it('puts text in at the end of the turn, and urgent text before the next request', async () => {
    const { fake, guest } = await joined();
    put(guest);
    expect(await guest.next()).toEqual({ taken: 1 });
    put(guest, { put: 2, urgent: true });
    expect(await guest.next()).toEqual({ taken: 2 });
    expect(fake.sent).toEqual([
      { prompt: TEXT, mode: 'enqueue' },
      { prompt: TEXT, mode: 'immediate' },
    ]);
  });

  it('refuses when the session is gone', async () => {
    const { fake, guest } = await joined();
    fake.failures.push(new Error('Connection is closed.'));
    put(guest);
    expect(await guest.next()).toEqual({ refused: 1, reason: 'it does not work in this version' });
  });

  it('tells what is read once the model has answered', async () => {
    const { fake, guest } = await joined();
    put(guest);
    await guest.next();
    fake.tells('user.message', { content: TEXT });
    fake.tells('assistant.turn_start');
    fake.tells('assistant.message', { turnId: '0', content: 'yes' });
    fake.tells('assistant.idle');
    fake.tells('session.idle');
    const since = { for_ms: expect.any(Number) };
    expect(await guest.until('shown')).toEqual([
      { now: { open: true, doing: 'busy', ...since } },
      { event: { kind: 'prompt', session: 's-1' } },
      { shown: ['m1'] },
    ]);
    expect(await guest.until('event')).toEqual([
      { now: { open: true, doing: 'idle', ...since } },
      { event: { kind: 'turn-end', session: 's-1' } },
    ]);
  });

  it.each([
    ['its person typed', {}, { prompt: 'go on' }],
    ['a skill began', { source: 'skill-pdf' }, {}],
    ['it goes on with by itself', { isAutopilotContinuation: true }, {}],
  ])('tells of a turn that %s', async (_who, over, told) => {
    const { fake, guest } = await joined();
    fake.tells('user.message', { content: 'go on', ...over });
    expect((await guest.until('event')).at(-1)).toEqual({ event: { kind: 'prompt', session: 's-1', ...told } });
  });

  it('tells nothing of the turns of a helper', async () => {
    const { fake, guest } = await joined();
    fake.tells('user.message', { content: 'do this part' }, { agentId: 'a1' });
    fake.tells('user.message', { content: 'next' });
    expect((await guest.until('event')).at(-1)).toMatchObject({ event: { prompt: 'next' } });
  });

  it('takes no harm from events that make no sense', async () => {
    const { fake, guest } = await joined();
    for (const odd of [undefined, null, 5, 'x', [], {}, { type: 'user.message' }]) fake.play(odd);
    expect((await guest.until('event')).at(-1)).toMatchObject({ event: { kind: 'prompt' } });
  });
});

describe('a Copilot CLI', () => {
  it.each([undefined, null, {}, { send: () => undefined }, { on: () => undefined }, { send: 1, on: 2 }])(
    'of another kind is not used: %j',
    (session) => {
      expect(copilotSession(session)).toBeUndefined();
    },
  );
});

describe('a recorded Copilot CLI 1.0.102', () => {
  const EVENTS = recorded(new URL('recorded.jsonl', import.meta.url));

  const briefly = (line: Line): string => {
    const now = fieldsOf(line.now);
    if (line.now !== undefined) return `${now.doing}${now.tool ? ` ${now.tool}` : ''}`;
    const { kind, prompt } = fieldsOf(line.event);
    return kind === undefined ? Object.keys(line).join() : `${kind}${prompt === undefined ? '' : `: ${prompt}`}`;
  };

  it('is told as it was: a prompt, a message that woke it, an urgent one, a permission, a helper, a question', async () => {
    const { fake, guest } = await joined();
    const ids = idsIn(EVENTS);
    expect(ids).toHaveLength(2);
    for (const [n, id] of ids.entries()) {
      put(guest, { put: n, ids: [id] });
      await guest.next();
    }
    for (const event of EVENTS) fake.play(event);
    await settle(20);
    fake.tells('end.of.the.recording');
    fake.tells('user.message', { content: 'the end' });
    const lines: Line[] = [];
    for (let line = await guest.next(); line !== undefined; line = await guest.next()) {
      lines.push(line);
      if (briefly(line) === 'prompt: the end') break;
    }
    expect(lines.map(briefly)).toMatchInlineSnapshot(`
      [
        "busy",
        "prompt: hello there",
        "idle",
        "turn-end",
        "busy",
        "prompt",
        "shown",
        "idle",
        "turn-end",
        "busy",
        "prompt: GO-SLOW",
        "busy bash",
        "busy",
        "prompt",
        "shown",
        "idle",
        "turn-end",
        "busy read_bash",
        "busy",
        "idle",
        "turn-end",
        "busy",
        "prompt: GO-TOOL",
        "busy bash",
        "busy",
        "idle",
        "turn-end",
        "busy",
        "prompt: GO-TASK",
        "busy task",
        "busy",
        "idle",
        "turn-end",
        "busy",
        "prompt: GO-USER",
        "busy ask_user",
        "waiting ask_user",
        "busy ask_user",
        "busy",
        "idle",
        "turn-end",
        "busy",
        "prompt: GO-TEXT",
        "idle",
        "turn-end",
        "busy",
        "prompt: the end",
      ]
    `);
    expect(lines.flatMap(({ shown }) => (shown === undefined ? [] : shown))).toEqual(ids);
  });
});
