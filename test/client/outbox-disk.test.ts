/** The outbox over a disk that does not take what ends a send, or does not show what is there. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { Outbox, type OutboxOptions } from '../../src/client/outbox.ts';
import { type Entry, OutboxStore, type Refused } from '../../src/client/outbox-store.ts';
import { RelayError } from '../../src/protocol/codes.ts';
import { systemRandom } from '../../src/util/random.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { tempDir } from '../support/temp-dir.ts';
import { FakeClient } from './fake-client.ts';

type Call = 'refuse' | 'remove' | 'list' | 'move';

const failing = new Set<Call>();

class FailingStore extends OutboxStore {
  override refuse(name: string, entry: Entry, error: RelayError): Refused {
    failAt('refuse', 'ENOSPC');
    return super.refuse(name, entry, error);
  }

  override remove(entry: Entry): void {
    failAt('remove', 'EROFS');
    super.remove(entry);
  }

  override move(was: string, now: string, entries: readonly Entry[]): void {
    failAt('move', 'EIO');
    super.move(was, now, entries);
  }

  override list(name: string): readonly Entry[] {
    failAt('list', 'EMFILE');
    return super.list(name);
  }
}

function failAt(call: Call, code: string): void {
  if (failing.has(call)) throw Object.assign(new Error(`${code}: not now`), { code });
}

let dir: string;
let clock: FakeClock;
let client: FakeClient;
let refused: Refused[];
let logged: [string, unknown][];

beforeEach(() => {
  dir = join(tempDir(), 'outbox');
  clock = new FakeClock();
  client = new FakeClient();
  client.onSend = async (draft) => {
    if (draft.body.startsWith('bad')) throw new RelayError('unknown_recipient', 'Nobody is called B.');
    return client.stored(draft);
  };
  refused = [];
  logged = [];
  failing.clear();
});

type Extra = Partial<Pick<OutboxOptions, 'onRefused'>> & { readonly isDeaf?: boolean };

function open({ isDeaf = false, onRefused = (one) => refused.push(one) }: Extra = {}, pid = 1): Outbox {
  return new Outbox({
    client,
    store: new FailingStore({ dir, owner: { pid }, isAlive: () => false }),
    name: 'CC-1',
    clock,
    random: systemRandom,
    ...(isDeaf ? {} : { onRefused }),
    log: (event, detail) => logged.push([event, detail]),
  });
}

const filesOf = (name: string, kind: RegExp) =>
  existsSync(join(dir, name)) ? readdirSync(join(dir, name)).filter((file) => kind.test(file)).length : 0;
/** Sends and notes of refusals under a name. */
const files = (name = 'CC-1') => [filesOf(name, /^\d/), filesOf(name, /^refused-/)];
const keep = async (outbox: Outbox, ...bodies: readonly string[]) => {
  const kept = bodies.map((body) => outbox.send({ to: ['B'], body }));
  clock.advance(0);
  return (await Promise.all(kept)).map(({ id }) => id);
};
const connect = async () => {
  client.enter('connected');
  await settle();
};

describe('a refusal that the disk does not take', () => {
  it('is told once, holds up nobody, and is not sent again', async () => {
    const outbox = open();
    const [bad] = await keep(outbox, 'bad', 'good', 'next');
    failing.add('refuse');
    await connect();
    client.enter('waiting');
    await connect();
    await clock.run(60_000);
    expect(client.bodies).toEqual(['bad', 'good', 'next']);
    expect(refused).toMatchObject([{ id: bad, code: 'unknown_recipient', message: 'Nobody is called B.' }]);
    expect(outbox.refused).toEqual(refused);
    expect([outbox.size, files()]).toEqual([0, [1, 0]]);
    expect(logged).toContainEqual(['outbox_not_written', { id: bad, error: 'Error: ENOSPC: not now' }]);
  });

  it('is written as soon as the disk takes it', async () => {
    const outbox = open();
    await keep(outbox, 'bad', 'bad too');
    failing.add('refuse');
    await connect();
    expect(outbox.refused.map(({ draft }) => draft.body)).toEqual(['bad too', 'bad']);
    failing.clear();
    await clock.run(10_000);
    expect(files()).toEqual([0, 2]);
    expect(outbox.refused.map(({ draft }) => draft.body)).toEqual(['bad too', 'bad']);
    expect([refused.length, clock.pending]).toEqual([2, 0]);
  });

  it('half, is not listed twice', async () => {
    const outbox = open();
    await keep(outbox, 'bad');
    failing.add('remove');
    await connect();
    expect([files(), outbox.refused.length]).toEqual([[1, 1], 1]);
  });

  it('is not lost with the process: the next that holds the name asks once more', async () => {
    const before = open();
    const ids = await keep(before, 'bad');
    failing.add('refuse');
    await connect();
    before.stop();
    expect(clock.pending).toBe(0);
    failing.clear();
    const after = open({}, 2);
    await connect();
    expect(refused.map(({ id }) => id)).toEqual([...ids, ...ids]);
    expect([after.refused.length, files()]).toEqual([1, [0, 1]]);
  });

  it.each(['suffixed', 'renamed'] as const)('comes along when we are %s', async (why) => {
    const outbox = open();
    await keep(outbox, 'bad');
    failing.add('refuse');
    await connect();
    client.rename('Ada', why);
    failing.clear();
    await clock.run(10_000);
    expect([files('CC-1'), files('Ada'), client.bodies]).toEqual([[0, 0], [0, 1], ['bad']]);
  });
});

describe('a refusal', () => {
  it('is written though nobody listens', async () => {
    const outbox = open({ isDeaf: true });
    await keep(outbox, 'bad');
    await connect();
    await connect();
    expect([outbox.refused.length, files(), client.bodies]).toEqual([1, [0, 1], ['bad']]);
  });

  it('is written, and the next goes, though the listener throws', async () => {
    const onRefused = () => {
      throw new Error('not mine');
    };
    await keep(open({ onRefused }), 'bad', 'good');
    await connect();
    expect([files(), client.bodies]).toEqual([
      [0, 1],
      ['bad', 'good'],
    ]);
    expect(logged).toContainEqual(['listener_failed', { event: 'refused', error: 'Error: not mine' }]);
  });
});

describe('an answer whose send cannot be removed', () => {
  it.each([
    ['good', 'fulfilled'],
    ['bad', 'rejected'],
  ])('is told all the same: a %s send is %s, and not sent again', async (body, status) => {
    await connect();
    const outbox = open();
    failing.add('remove');
    const [sent] = await Promise.allSettled([outbox.send({ to: ['B'], body })]);
    expect(sent).toMatchObject({ status });
    expect(sent).not.toMatchObject({ value: { kept: true } });
    await connect();
    await clock.run(30_000);
    expect([client.bodies, outbox.size, files()]).toEqual([[body], 0, [1, 0]]);
    failing.clear();
    await outbox.send({ to: ['B'], body: 'good' });
    expect(files()).toEqual([0, 0]);
  });
});

describe('an outbox that cannot be read at the welcome', () => {
  it('sends its own, and what the dead left when it can be read', async () => {
    const dead = open({}, 7);
    await keep(dead, 'of a dead one');
    dead.stop();
    const outbox = open({}, 8);
    await keep(outbox, 'mine');
    failing.add('list');
    await connect();
    await clock.run(20_000);
    expect(client.bodies).toEqual(['mine']);
    expect(logged).toContainEqual(['outbox_not_read', { error: 'Error: EMFILE: not now' }]);
    failing.clear();
    await clock.run(10_000);
    expect([client.bodies, files(), clock.pending]).toEqual([['mine', 'of a dead one'], [0, 0], 0]);
  });

  it('is not read while another may hold the name', async () => {
    open();
    failing.add('list');
    await connect();
    client.enter('waiting');
    failing.clear();
    const dead = open({}, 7);
    await keep(dead, 'of a dead one');
    dead.stop();
    await clock.run(60_000);
    expect(logged.filter(([event]) => event === 'outbox_found')).toEqual([]);
  });
});

describe('another name, when the disk does not move what waits', () => {
  it.each([
    ['move', 'EIO'],
    ['list', 'EMFILE'],
  ] as const)('sends it from where it is: %s fails with %s', async (call, code) => {
    const outbox = open();
    await keep(outbox, 'bad', 'good');
    failing.add(call);
    client.rename('Ada', 'renamed');
    await keep(outbox, 'next');
    expect([files('CC-1'), files('Ada')]).toEqual([
      [2, 0],
      [1, 0],
    ]);
    failing.clear();
    await connect();
    expect(client.bodies).toEqual(['bad', 'good', 'next']);
    expect([files('CC-1'), files('Ada'), outbox.refused.length]).toEqual([[0, 0], [0, 1], 1]);
    const error = `Error: ${code}: not now`;
    expect(logged).toContainEqual(['outbox_not_moved', { was: 'CC-1', now: 'Ada', error }]);
  });
});

describe('a rename of the session, when what its dead processes left cannot be moved', () => {
  it.each(['move', 'list'] as const)('sends it all the same, once: %s fails', async (call) => {
    open({}, 8);
    await connect();
    const draft = { to: ['B'], body: 'of a dead one' };
    new OutboxStore({ dir, owner: { pid: 7 } }).add('CC-1', { seq: 1, id: 'm1', at: 1, draft });
    failing.add(call);
    client.rename('Ada', 'renamed');
    await clock.run(15_000);
    failing.clear();
    await clock.run(20_000);
    expect([client.bodies, files('CC-1'), files('Ada'), clock.pending]).toEqual([['of a dead one'], [0, 0], [0, 0], 0]);
  });
});

describe('a fault of our own', () => {
  it('ends neither the process nor the outbox', async () => {
    let { state } = client;
    let faults = 1;
    Object.defineProperty(client, 'state', {
      get: () => {
        if (client.sent.length === 1 && faults-- > 0) throw new Error('a fault');
        return state;
      },
      set: (now) => {
        state = now;
      },
    });
    await keep(open(), 'one', 'two');
    await connect();
    expect(client.bodies).toEqual(['one']);
    await clock.run(10_000);
    expect(client.bodies).toEqual(['one', 'two']);
    expect(logged).toContainEqual(['outbox_failed', { error: 'Error: a fault' }]);
  });
});
