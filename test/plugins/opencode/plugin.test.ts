/** The plugin between an OpenCode and a session process that the test owns. */
import { describe, expect, it } from 'vitest';
import type { BegunWith } from '../../../src/plugins/opencode/begun-with.ts';
import { hostOf } from '../../../src/plugins/opencode/host.ts';
import { OpenCodePlugin } from '../../../src/plugins/opencode/plugin.ts';
import { afterEveryTest } from '../../support/cleanup.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { type Guest, SessionProcess } from '../session-process.ts';
import { FakeOpenCode, type Info } from './fake-opencode.ts';

const hosts: FakeOpenCode[] = [];
afterEveryTest(async () => {
  for (const fake of hosts.splice(0)) await fake.hooks.dispose?.();
});

interface Options {
  readonly begun?: BegunWith;
  readonly infos?: readonly Info[];
}

async function plugged({ begun, infos = [] }: Options = {}) {
  const fake = new FakeOpenCode();
  fake.infos.push(...infos);
  const clock = new FakeClock();
  const process = await SessionProcess.start();
  const host = hostOf({ client: fake.client, directory: '/project' });
  if (!host) throw new Error('it was not recognised');
  const plugin = new OpenCodePlugin({ host, clock, begun, find: () => [process.path] });
  fake.hooks = plugin.hooks;
  hosts.push(fake);
  plugin.start();
  const guest = await process.guest(clock);
  const hello = await guest.next();
  return { fake, clock, guest, hello, process };
}

/** One conversation that its person has spoken in, idle by now. */
async function idle(options: Options = {}) {
  const under = await plugged(options);
  const { fake, guest } = under;
  await fake.event('session.created', { info: { id: 's1', agent: 'build' } });
  await saidByPerson(under, 's1', 'hello there');
  await fake.busy('s1');
  await fake.idle('s1');
  await guest.until('event');
  return under;
}

async function atWork() {
  const under = await idle();
  await under.fake.busy('s1');
  await under.guest.until('now');
  return under;
}

/** What a person says is asked about; there is nothing to go along. */
async function saidByPerson(
  { fake, guest }: { fake: FakeOpenCode; guest: Guest },
  id: string,
  text: string,
  agent?: string,
) {
  const said = fake.says(id, text, agent);
  const asked = (await guest.until('ask')).at(-1);
  guest.say({ ask: asked?.ask });
  await said;
  return asked;
}

const TEXT = '<message-abcde from=CC-2 id=m1>\n> is the build green?\n</message-abcde>';

describe('before any session is open', () => {
  it('the door is closed, and says why', async () => {
    const { hello, guest, fake } = await plugged();
    expect(hello).toMatchObject({ now: { open: false, reason: 'no session is open' } });
    guest.say({ put: 1, text: TEXT, urgent: false, ids: ['m1'] });
    expect(await guest.next()).toEqual({ refused: 1, reason: 'no session is open' });
    expect(fake.prompts).toEqual([]);
  });

  it('one that is made is not open yet: nobody has spoken there', async () => {
    const { guest, fake } = await plugged();
    await fake.event('session.created', { info: { id: 's1' } });
    guest.say({ put: 1, text: TEXT, urgent: false, ids: ['m1'] });
    expect(await guest.next()).toEqual({ refused: 1, reason: 'no session is open' });
  });

  it('mail goes along with the first prompt', async () => {
    const { fake, guest } = await plugged();
    await fake.event('session.created', { info: { id: 's1' } });
    const said = fake.says('s1', 'hello there');
    expect((await guest.until('ask')).at(-1)).toEqual({
      ask: 1,
      event: { kind: 'prompt', session: 's1', prompt: 'hello there' },
    });
    guest.say({ ask: 1, text: TEXT, ids: ['m1'] });
    const { parts } = await said;
    expect(parts.at(-1)).toEqual({
      id: 'prt_0001r',
      sessionID: 's1',
      messageID: 'msg_1',
      type: 'text',
      text: TEXT,
      synthetic: true,
    });
    expect(await guest.next()).toEqual({ printed: 1 });
    await fake.requests({ info: { sessionID: 's1' }, parts });
    await fake.answers1('s1');
    expect((await guest.until('shown')).at(-1)).toEqual({ shown: ['m1'] });
  });
});

describe('an idle session', () => {
  it('is put text into, in the manner of its person, and has read it once the model answers', async () => {
    const { fake, guest } = await idle();
    guest.say({ put: 1, text: TEXT, urgent: false, ids: ['m1'] });
    expect(await guest.next()).toEqual({ taken: 1 });
    expect(fake.prompts).toEqual([
      {
        path: { id: 's1' },
        body: { agent: 'build', model: { providerID: 'p', modelID: 'm' }, parts: [{ type: 'text', text: TEXT }] },
      },
    ]);
    const message = await fake.says('s1', TEXT);
    expect(message.parts).toHaveLength(1);
    await fake.busy('s1');
    await fake.requests(message);
    await fake.answers1('s1');
    expect(await guest.until('shown')).toEqual([
      { now: { open: true, doing: 'busy', for_ms: 0 } },
      { event: { kind: 'prompt', session: 's1' } },
      { shown: ['m1'] },
    ]);
  });

  it('in plan mode stays in plan mode', async () => {
    const { fake, guest, clock, process } = await idle();
    await saidByPerson({ fake, guest }, 's1', 'make a plan', 'plan');
    await fake.idle('s1');
    guest.say({ put: 1, text: TEXT, urgent: false, ids: ['m1'] });
    await guest.until('taken');
    expect(fake.prompts.at(-1)?.body.agent).toBe('plan');
    expect([clock.now(), process.guests]).toEqual([clock.now(), []]);
  });

  it('has not read what stands in no request, or in one that is not answered', async () => {
    const { fake, guest } = await idle();
    guest.say({ put: 1, text: TEXT, urgent: false, ids: ['m1'] });
    await guest.until('taken');
    await fake.answers1('s1');
    const message = await fake.says('s1', TEXT);
    await fake.requests(message);
    await fake.event('session.error', { sessionID: 's1', error: { name: 'APIError' } });
    await fake.idle('s1');
    const lines = await guest.until('event');
    expect(JSON.stringify([...lines, ...(await guest.until('event'))])).not.toContain('shown');
  });

  it('that is gone by then refuses, and is not tried again', async () => {
    const { fake, guest } = await idle({ infos: [] });
    fake.answers.push({ error: { name: 'NotFoundError' } });
    guest.say({ put: 1, text: TEXT, urgent: false, ids: ['m1'] });
    expect(await guest.until('refused')).toEqual([
      { now: { open: false, reason: 'no session is open' } },
      { refused: 1, reason: 'it was refused (NotFoundError)' },
    ]);
    guest.say({ put: 2, text: TEXT, urgent: false, ids: ['m1'] });
    expect(await guest.next()).toEqual({ refused: 2, reason: 'no session is open' });
  });

  it('that refuses for another reason stays open', async () => {
    const { fake, guest } = await idle({ infos: [{ id: 's1' }] });
    fake.answers.push({ error: { name: 'BadRequest' } });
    guest.say({ put: 1, text: TEXT, urgent: false, ids: ['m1'] });
    expect(await guest.next()).toEqual({ refused: 1, reason: 'it was refused (BadRequest)' });
    guest.say({ put: 2, text: TEXT, urgent: false, ids: ['m1'] });
    expect(await guest.next()).toEqual({ taken: 2 });
  });

  it('is not told that something was put in when the call throws', async () => {
    const { fake, guest } = await idle();
    fake.answers.push(new Error('no such thing'));
    guest.say({ put: 1, text: TEXT, urgent: false, ids: ['m1'] });
    expect(await guest.next()).toEqual({ refused: 1, reason: 'it does not work in this version' });
  });

  it('is closed when it is deleted, and while its person has undone a turn', async () => {
    const { fake, guest } = await idle();
    await fake.event('session.updated', { info: { id: 's1', revert: { messageID: 'msg_1' } } });
    expect(await guest.next()).toMatchObject({ now: { open: false, reason: 'its person has undone a turn' } });
    await fake.event('session.updated', { info: { id: 's1' } });
    expect(await guest.next()).toMatchObject({ now: { open: true, doing: 'idle' } });
    await fake.event('session.deleted', { info: { id: 's1' } });
    expect(await guest.next()).toEqual({ now: { open: false, reason: 'no session is open' } });
  });
});

describe('the session that gets the mail', () => {
  it('is the one that the person spoke in last', async () => {
    const under = await idle();
    const { fake, guest } = under;
    await fake.event('session.created', { info: { id: 's2' } });
    await saidByPerson(under, 's2', 'something else');
    await fake.idle('s2');
    await guest.until('event');
    guest.say({ put: 1, text: TEXT, urgent: false, ids: ['m1'] });
    await guest.next();
    expect(fake.prompts.at(-1)?.path.id).toBe('s2');
  });

  it('is never that of a helper of its model, nor is anything put into the tools of one', async () => {
    const { fake, guest } = await idle();
    await fake.event('session.created', { info: { id: 's2', parentID: 's1' } });
    await fake.says('s2', 'do this part');
    await fake.tool('s2', 'bash', { output: 'x' });
    guest.say({ put: 1, text: TEXT, urgent: false, ids: ['m1'] });
    expect(await guest.next()).toEqual({ taken: 1 });
    expect(fake.prompts.at(-1)?.path.id).toBe('s1');
  });

  it('is asked for when nobody has told of it, and is not waited for long', async () => {
    const under = await plugged({ infos: [{ id: 's5', parentID: 's4' }, { id: 's6' }] });
    const { fake, guest, clock } = under;
    await fake.says('s5', 'of a helper');
    await saidByPerson(under, 's6', 'of a person');
    expect(fake.asked).toEqual(['get s5', 'get s6']);
    Reflect.set(fake.infos, 'find', () => new Promise(() => undefined));
    const said = fake.says('s7', 'hello');
    await clock.run(300);
    guest.say({ ask: (await guest.until('ask')).at(-1)?.ask });
    await said;
  });

  it('is told by the command line, when it was opened and nobody has spoken yet', async () => {
    const { fake, guest } = await plugged({ begun: { id: 's1' }, infos: [{ id: 's1', agent: 'plan' }] });
    await fake.event('plugin.added', { id: 'agent' });
    expect(await guest.next()).toEqual({ now: { open: true } });
    guest.say({ put: 1, text: TEXT, urgent: false, ids: ['m1'] });
    await guest.next();
    expect(fake.prompts).toMatchObject([{ path: { id: 's1' }, body: { agent: 'plan' } }]);
  });

  it('is the newest one that is no helper’s, when the newest was asked for', async () => {
    const { fake, guest } = await plugged({
      begun: 'newest',
      infos: [
        { id: 'old', time: { updated: 1 } },
        { id: 'new', time: { updated: 3 } },
        { id: 'helper', parentID: 'new', time: { updated: 4 } },
        { id: 'older', time: { updated: 2 } },
      ],
    });
    guest.say({ put: 1, text: TEXT, urgent: false, ids: ['m1'] });
    await guest.until('taken');
    expect(fake.prompts.at(-1)?.path.id).toBe('new');
    expect(fake.asked).toEqual(['list', 'messages new']);
  });

  it.each([{ id: 's9' }, { id: 'helper' }, 'newest'] as const)('is none when %j cannot be opened', async (begun) => {
    const infos = begun === 'newest' ? [] : [{ id: 'helper', parentID: 's1' }];
    const { guest } = await plugged({ begun, infos });
    guest.say({ put: 1, text: TEXT, urgent: false, ids: ['m1'] });
    expect(await guest.next()).toEqual({ refused: 1, reason: 'no session is open' });
  });

  it('spoke last as its messages say, where nothing else does', async () => {
    const { fake, guest } = await plugged({ begun: { id: 's1' }, infos: [{ id: 's1' }] });
    fake.messages = [{ info: { role: 'user', agent: 'plan' } }];
    guest.say({ put: 1, text: TEXT, urgent: false, ids: ['m1'] });
    await guest.until('taken');
    expect(fake.prompts.at(-1)?.body.agent).toBe('plan');
  });
});

describe('the end of a tool', () => {
  it.each([
    [
      'of its own',
      { title: 't', output: 'done', metadata: {} },
      { title: 't', output: `done\n\n${TEXT}`, metadata: {} },
    ],
    [
      'of an MCP server',
      { content: [{ type: 'text', text: 'done' }] },
      {
        content: [
          { type: 'text', text: 'done' },
          { type: 'text', text: TEXT },
        ],
      },
    ],
  ])('%s takes in what is urgent, which is read in the next request', async (_whose, before, after) => {
    const { fake, guest } = await atWork();
    const ended = fake.tool('s1', 'bash', before);
    expect(await guest.next()).toEqual({ ask: 2, event: { kind: 'tool', session: 's1', tool: 'bash' } });
    guest.say({ ask: 2, text: TEXT, ids: ['m1'] });
    expect(await ended).toEqual(after);
    expect(await guest.next()).toEqual({ printed: 2 });
    await fake.requests({ info: { sessionID: 's1' }, parts: [{ type: 'tool', state: { output: `done\n\n${TEXT}` } }] });
    await fake.answers1('s1');
    expect(await guest.next()).toEqual({ shown: ['m1'] });
  });

  it('whose result has no place for text gives it back', async () => {
    const { fake, guest } = await atWork();
    const ended = fake.tool('s1', 'odd', { image: 'x' });
    await guest.next();
    guest.say({ ask: 2, text: TEXT, ids: ['m1'] });
    expect(await ended).toEqual({ image: 'x' });
    expect(await guest.next()).toEqual({ dropped: 2 });
  });

  it('is not held up', async () => {
    const { fake, guest, clock } = await atWork();
    const ended = fake.tool('s1', 'bash', { output: 'done' });
    await guest.next();
    await clock.run(300);
    expect(await ended).toEqual({ output: 'done' });
    expect(await guest.next()).toEqual({ dropped: 2 });
  });
});

it('the end of a tool that its person has aborted takes in nothing', async () => {
  const { fake, guest } = await atWork();
  await fake.idle('s1');
  await guest.until('event');
  expect(await fake.tool('s1', 'bash', { output: 'aborted' })).toEqual({ output: 'aborted' });
  await fake.busy('s1');
  expect(await guest.next()).toMatchObject({ now: { doing: 'busy' } });
});

describe('a message of a person', () => {
  it('without parts, or with parts of another shape, is left as it is', async () => {
    const { fake, guest } = await idle();
    for (const parts of [[], [{ type: 'text', text: 'x' }], 'none']) {
      const said = fake.hooks['chat.message']?.({ sessionID: 's1' }, { message: {}, parts });
      const { ask } = (await guest.until('ask')).at(-1) ?? {};
      guest.say({ ask, text: TEXT, ids: ['m1'] });
      await said;
      expect(await guest.next()).toEqual({ dropped: ask });
    }
  });
});

describe('a version that does not tell what is in a request', () => {
  it('has read what a turn that ended well began with', async () => {
    const { fake, guest } = await idle();
    guest.say({ put: 1, text: TEXT, urgent: false, ids: ['m1'] });
    await guest.next();
    await fake.says('s1', TEXT);
    await fake.busy('s1');
    await fake.idle('s1');
    expect((await guest.until('shown')).at(-1)).toEqual({ shown: ['m1'] });
  });

  it('has not, when the turn ended with an error', async () => {
    const { fake, guest } = await idle();
    guest.say({ put: 1, text: TEXT, urgent: false, ids: ['m1'] });
    await guest.next();
    await fake.says('s1', TEXT);
    await fake.event('session.error', { sessionID: 's1', error: { name: 'APIError' } });
    await fake.idle('s1');
    const lines = [...(await guest.until('event')), ...(await guest.until('event'))];
    expect(JSON.stringify(lines)).not.toContain('shown');
  });
});

describe('a host', () => {
  it('is told nothing of what goes wrong here', async () => {
    const { fake } = await plugged();
    const calls = [undefined, null, 5, 'x', {}, [], { event: 5 }, { event: { type: 5, properties: 'x' } }];
    for (const input of calls) {
      await expect(fake.hooks.event?.(input)).resolves.toBeUndefined();
      await expect(fake.hooks['tool.execute.after']?.(input, input)).resolves.toBeUndefined();
      await expect(fake.hooks['experimental.chat.messages.transform']?.(input, input)).resolves.toBeUndefined();
    }
    Reflect.set(fake.infos, 'find', () => {
      throw new Error('broken');
    });
    await expect(fake.hooks['chat.message']?.({ sessionID: 's1' }, {})).resolves.toBeUndefined();
  });

  it('that reloads its plugins leaves no line behind', async () => {
    const { fake, guest, clock, process } = await idle();
    await fake.hooks.dispose?.();
    await settle(10);
    for (;;) if ((await guest.next()) === undefined) break;
    await clock.run(10_000);
    expect([process.guests, clock.pending]).toEqual([[], 0]);
  });
});
