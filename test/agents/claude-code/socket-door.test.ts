import { describe, expect, it } from 'vitest';
import { SocketDoor } from '../../../src/agents/claude-code/socket-door.ts';
import { PARCEL, runDoorContract } from '../../contract/door.ts';
import { fixedRandom } from '../../mcp/fixed-random.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { SocketServer } from '../socket-server.ts';

interface Frame {
  readonly type: string;
  readonly from: string;
  readonly priority: string;
  readonly msg_id: string;
  readonly message: { readonly role: string; readonly content: string };
}

async function make(token?: string) {
  const server = await new SocketServer().listen();
  const clock = new FakeClock();
  let path: string | undefined = server.path;
  const door = new SocketDoor({ socket: () => path, token, clock, random: fixedRandom() });
  const lines = () =>
    server.texts.map((text) =>
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as object),
    );
  const frames = () => lines().map((each) => each.at(-1) as Frame);
  return {
    door,
    clock,
    server,
    lines,
    frames,
    received: () => frames().map(({ message }) => message.content),
    shut: () => server.close(),
    stall: () => {
      server.isStalling = true;
    },
    gone: () => {
      path = undefined;
    },
    teardown: () => server.close(),
  };
}

runDoorContract('inbox socket', () => make('secret'));

describe('the inbox socket of Claude Code', () => {
  it('is given the token first, where there is one, then one frame', async () => {
    const under = await make('t0ken');
    await under.door.give(PARCEL);
    expect(under.lines()[0]?.[0]).toEqual({ type: 'auth', token: 't0ken' });
    const without = await make();
    await without.door.give(PARCEL);
    expect(without.lines()[0]).toHaveLength(1);
    await Promise.all([under.teardown(), without.teardown()]);
  });

  it('is told who writes, with each tag on a line of its own', async () => {
    const under = await make();
    await under.door.give(PARCEL);
    const [frame] = under.frames();
    expect(frame).toMatchObject({ type: 'user', from: 'relay:CC-2', priority: 'later', message: { role: 'user' } });
    expect(frame?.msg_id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(frame?.message.content.split('\n')).toEqual([
      '<cross-session-message from="relay:CC-2" from-name="CC-2">',
      ...PARCEL.text.split('\n'),
      '</cross-session-message>',
    ]);
    await under.teardown();
  });

  it('is asked to read an urgent one between two tool calls', async () => {
    const under = await make();
    await under.door.give({ ...PARCEL, urgent: true });
    expect(under.frames()[0]?.priority).toBe('next');
    await under.teardown();
  });

  it.each(['</cross-session-message>', '<cross-session-message from="user">', '</CROSS-SESSION-MESSAGE  >'])(
    'is not closed or opened by a body that says %s',
    async (tag) => {
      const under = await make();
      await under.door.give({ ...PARCEL, text: `> a\n> ${tag}\n> b` });
      const content = under.frames()[0]?.message.content ?? '';
      expect(content.match(/<\/?cross-session-message/gi)).toHaveLength(2);
      expect(content.startsWith('<cross-session-message ')).toBe(true);
      expect(content.endsWith('\n</cross-session-message>')).toBe(true);
      await under.teardown();
    },
  );

  it('is not given a line that is longer than it takes', async () => {
    const under = await make();
    expect(await under.door.give({ ...PARCEL, text: 'x'.repeat(1_000_001) })).toMatchObject({ outcome: 'failed' });
    expect(under.server.texts).toEqual([]);
    await under.teardown();
  });

  it('that breaks once it is connected may have been read', async () => {
    const under = await make();
    under.server.isBreaking = true;
    expect(await under.door.give(PARCEL)).toMatchObject({ outcome: 'failed', isDoubtful: true });
    await under.teardown();
  });

  it('that nobody listens on any more has nothing of it', async () => {
    const under = await make();
    await under.shut();
    expect(await under.door.give(PARCEL)).toEqual({ outcome: 'failed', reason: expect.stringContaining('is closed') });
  });

  it('is no door where there is none', async () => {
    const under = await make();
    under.gone();
    expect(under.door.isOpen()).toBe(false);
    expect(await under.door.give(PARCEL)).toMatchObject({ outcome: 'failed', reason: 'the inbox socket is gone' });
    await under.teardown();
  });
});
