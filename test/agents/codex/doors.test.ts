import { symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { controlSocket, hasControlSocket } from '../../../src/agents/codex/app-server.ts';
import { AppServerDoor } from '../../../src/agents/codex/app-server-door.ts';
import { QueueDoor } from '../../../src/agents/codex/queue-door.ts';
import type { Ran } from '../../../src/util/run.ts';
import { PARCEL, runDoorContract } from '../../contract/door.ts';
import { fixedRandom } from '../../mcp/fixed-random.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { FakeAppServer } from './fake-app-server.ts';

async function appServer() {
  const server = await new FakeAppServer().listen();
  const clock = new FakeClock();
  let thread: string | undefined = 't-1';
  const door = new AppServerDoor({ codexHome: server.codexHome, thread: () => thread, clock, random: fixedRandom() });
  return {
    door,
    clock,
    server,
    received: () => [...server.steered, ...server.queued],
    shut: () => server.close(),
    stall: () => {
      server.isStalling = true;
    },
    refuse: () => {
      server.refuses.add('thread/queue/add');
    },
    serve: (id: string | undefined) => {
      thread = id;
    },
    teardown: () => server.close().catch(() => undefined),
  };
}

runDoorContract('app server', appServer);

describe('the app server of Codex', () => {
  it('is told who we are before anything else', async () => {
    const { door, server, teardown } = await appServer();
    await door.give(PARCEL);
    expect(server.methods).toEqual(['initialize', 'initialized', 'thread/loaded/list', 'thread/queue/add']);
    expect(server.requests[0]?.params).toMatchObject({ clientInfo: { name: 'claude-relay' } });
    await teardown();
  });

  it('is given an urgent one for the turn that runs', async () => {
    const { door, server, teardown } = await appServer();
    server.status = 'active';
    expect(await door.give({ ...PARCEL, urgent: true })).toEqual({ outcome: 'handed' });
    expect([server.steered, server.queued]).toEqual([[PARCEL.text], []]);
    expect(server.requests.at(-1)?.params).toMatchObject({ threadId: 't-1', expectedTurnId: 'turn-9' });
    await teardown();
  });

  it.each([
    ['no turn runs', (server: FakeAppServer) => Object.assign(server, { status: 'idle' })],
    ['the turn ended meanwhile', (server: FakeAppServer) => server.refuses.add('turn/steer')],
  ])('queues an urgent one when %s', async (_what, prepare) => {
    const { door, server, teardown } = await appServer();
    server.status = 'active';
    prepare(server);
    expect(await door.give({ ...PARCEL, urgent: true })).toEqual({ outcome: 'handed' });
    expect([server.steered.length <= 1, server.queued]).toEqual([true, [PARCEL.text]]);
    await teardown();
  });

  it.each([
    ['thread/queue/add', false, [[], [PARCEL.text]]],
    ['turn/steer', true, [[PARCEL.text], []]],
  ])('that breaks off at %s may have the text, which is not given to it once more', async (method, urgent, texts) => {
    const { door, server, teardown } = await appServer();
    server.status = 'active';
    server.breaksAt.add(method);
    expect(await door.give({ ...PARCEL, urgent })).toMatchObject({ outcome: 'failed', isDoubtful: true });
    expect([server.steered, server.queued]).toEqual(texts);
    await teardown();
  });

  it.each(['initialize', 'thread/loaded/list', 'thread/read'])(
    'that breaks off at %s has nothing of it',
    async (method) => {
      const { door, server, teardown } = await appServer();
      server.breaksAt.add(method);
      const given = await door.give({ ...PARCEL, urgent: true });
      expect(given).toEqual({ outcome: 'failed', reason: expect.stringContaining('did not take it') });
      await teardown();
    },
  );

  it('is given nothing for a thread that nobody has open', async () => {
    const { door, server, teardown } = await appServer();
    server.loaded = ['t-2'];
    expect(await door.give(PARCEL)).toEqual({ outcome: 'failed', reason: 'the thread is not open in the app server' });
    expect(server.queued).toEqual([]);
    await teardown();
  });

  it('is no door where its socket cannot be looked at', () => {
    const codexHome = tempDir();
    const folder = dirname(controlSocket(codexHome));
    symlinkSync(folder, folder); // ELOOP
    expect(hasControlSocket(codexHome)).toBe(false);
  });

  it('is no door while the thread is not known', async () => {
    const under = await appServer();
    under.serve(undefined);
    expect(under.door.isOpen()).toBe(false);
    expect(await under.door.give(PARCEL)).toMatchObject({ outcome: 'failed' });
    await under.teardown();
  });
});

interface Call {
  readonly program: string;
  readonly args: readonly string[];
}

function queue() {
  const calls: Call[] = [];
  let answer: Ran = { code: 0, stdout: 'Queued message 01 for thread t-1.\n', stderr: '' };
  let binary: string | undefined = '/opt/codex';
  const door = new QueueDoor({
    binary: () => binary,
    thread: () => 't-1',
    run: async (program, args) => {
      calls.push({ program, args });
      return answer;
    },
  });
  const answers = (ran: Ran) => {
    answer = ran;
  };
  return {
    door,
    calls,
    answers,
    clock: new FakeClock(),
    received: () => calls.map(({ args }) => args.at(-1) ?? ''),
    shut: () => {
      binary = undefined;
    },
    refuse: () => answers({ code: 1, stdout: '', stderr: 'WARNING: x\nError: no such thread\n' }),
    teardown: () => undefined,
  };
}

runDoorContract('queue', async () => queue());

describe('the queue of Codex', () => {
  it('is reached with a list of arguments, whatever the text holds', async () => {
    const { door, calls } = queue();
    await door.give({ ...PARCEL, text: '--thread other; $(rm -rf /) `x`' });
    expect(calls).toEqual([
      { program: '/opt/codex', args: ['queue', '--thread', 't-1', '--message', '--thread other; $(rm -rf /) `x`'] },
    ]);
  });

  it('tells why it refused, in the last words of the program', async () => {
    const { door, refuse } = queue();
    refuse();
    expect(await door.give(PARCEL)).toEqual({
      outcome: 'refused',
      reason: 'codex queue ended with 1: Error: no such thread',
    });
  });

  it('that takes too long may have queued it', async () => {
    const { door, answers } = queue();
    answers({ code: 124, stdout: '', stderr: '' });
    expect(await door.give(PARCEL)).toMatchObject({ outcome: 'failed', isDoubtful: true });
  });

  it('is not given a text that no argument can hold', async () => {
    const { door, calls } = queue();
    expect(await door.give({ ...PARCEL, text: '☃'.repeat(50_000) })).toMatchObject({ outcome: 'failed' });
    expect(calls).toEqual([]);
  });
});
