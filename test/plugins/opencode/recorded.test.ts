/**
 * A while with OpenCode 1.18.33, as its plugin lived it: a prompt, a message that woke it, an urgent one during a tool, a helper, a
 * permission, a question, an abort, an undone turn. Played back, the plugin tells its session process the same again.
 */
import { describe, expect, it } from 'vitest';
import { hostOf } from '../../../src/plugins/opencode/host.ts';
import { OpenCodePlugin } from '../../../src/plugins/opencode/plugin.ts';
import { fieldsOf } from '../../../src/util/fields.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { idsIn, type Recorded, recorded } from '../recorded.ts';
import { type Guest, type Line, SessionProcess } from '../session-process.ts';
import { FakeOpenCode } from './fake-opencode.ts';

const CALLS = recorded(new URL('recorded.jsonl', import.meta.url));
const MAIL = 'is the build green?';
const URGENT = 'the disk is full';

const briefly = (line: Line): string => {
  const now = fieldsOf(line.now);
  if (line.now !== undefined)
    return now.open ? `${now.doing}${now.tool ? ` ${now.tool}` : ''}` : `closed: ${now.reason}`;
  const event = fieldsOf(line.event);
  if (line.ask !== undefined) return `ask ${event.kind}${event.tool ? ` ${event.tool}` : ''}`;
  if (line.event !== undefined) return `${event.kind}${event.prompt === undefined ? '' : ': '}${event.prompt ?? ''}`;
  return Object.keys(line).join();
};

/** Plays everything back. The session process has nothing to go along but the urgent message, once its tool has ended. */
async function playBack(calls: readonly Recorded[]) {
  const fake = new FakeOpenCode();
  const clock = new FakeClock();
  const process = await SessionProcess.start();
  const host = hostOf({ client: fake.client, directory: '/project' });
  if (!host) throw new Error('it was not recognised');
  const plugin = new OpenCodePlugin({ host, clock, begun: undefined, find: () => [process.path] });
  fake.hooks = plugin.hooks;
  plugin.start();
  const guest = await process.guest(clock);
  const said: Line[] = [];
  const listening = listen(guest, said, calls);
  for (const call of calls) await play(fake, guest, call);
  await fake.hooks.dispose?.();
  await listening;
  return { said, fake };
}

async function listen(guest: Guest, said: Line[], calls: readonly Recorded[]): Promise<void> {
  const urgent = calls.find(
    ({ call, output }) => call === 'tool.execute.after' && JSON.stringify(output).includes('slept'),
  );
  for (let line = await guest.next(); line !== undefined; line = await guest.next()) {
    said.push(line);
    if (line.ask === undefined) continue;
    const isSlow = fieldsOf(line.event).kind === 'tool' && said.filter(({ ask }) => ask !== undefined).length === 3;
    const ids = idsIn(calls).slice(1, 2);
    guest.say(isSlow && urgent ? { ask: line.ask, text: `id=${ids[0]} ${URGENT}`, ids } : { ask: line.ask });
  }
}

async function play(fake: FakeOpenCode, guest: Guest, { call, input, output }: Recorded): Promise<void> {
  if (call === 'promptAsync') {
    const before = fake.prompts.length;
    const text = JSON.stringify(fieldsOf(fieldsOf(input).body).parts);
    guest.say({ put: 1, text, urgent: false, ids: idsIn(text) });
    while (fake.prompts.length === before) await settle(1);
    return settle(5);
  }
  const hook = fake.hooks[call as keyof typeof fake.hooks];
  await hook?.(structuredClone(input), structuredClone(output));
  await settle(1);
}

describe('a recorded OpenCode', () => {
  it('is told as it was: what it does, what was said, what was read', async () => {
    const { said, fake } = await playBack(CALLS);
    expect(said.map(briefly).filter((line) => line !== 'busy' && line !== 'printed')).toMatchInlineSnapshot(`
      [
        "closed: no session is open",
        "ask prompt",
        "idle",
        "turn-end",
        "taken",
        "prompt",
        "shown",
        "idle",
        "turn-end",
        "ask prompt",
        "busy bash",
        "ask tool bash",
        "shown",
        "idle",
        "turn-end",
        "ask prompt",
        "busy task",
        "ask tool task",
        "idle",
        "turn-end",
        "ask prompt",
        "busy bash",
        "waiting bash",
        "busy bash",
        "ask tool bash",
        "idle",
        "turn-end",
        "ask prompt",
        "busy question",
        "waiting question",
        "busy question",
        "ask tool question",
        "idle",
        "turn-end",
        "ask prompt",
        "busy bash",
        "idle",
        "turn-end",
        "closed: its person has undone a turn",
        "idle",
        "ask prompt",
        "idle",
        "turn-end",
      ]
    `);
    expect(fake.prompts).toMatchObject([{ body: { agent: 'build', model: { providerID: 'stub', modelID: 'stub' } } }]);
  });

  it('has both messages in it, and both are told to be read, once', async () => {
    const mail = CALLS.filter((call) => JSON.stringify(call).includes(MAIL));
    const urgent = CALLS.filter((call) => JSON.stringify(call).includes(URGENT));
    expect([mail.length > 1, urgent.length > 1]).toEqual([true, true]);
    const { said } = await playBack(CALLS);
    expect(said.flatMap(({ shown }) => (shown === undefined ? [] : shown))).toEqual(idsIn(CALLS));
  });
});
