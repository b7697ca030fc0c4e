import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { Outbox, type OutboxOptions } from '../../src/client/outbox.ts';
import { OutboxStore, type Refused } from '../../src/client/outbox-store.ts';
import { type Code, RelayError } from '../../src/protocol/codes.ts';
import type { SendResult } from '../../src/protocol/verbs.ts';
import { systemRandom } from '../../src/util/random.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { tempDir } from '../support/temp-dir.ts';
import { FakeClient } from './fake-client.ts';
import { isPending } from './scripted-relay.ts';

let dir: string;
let clock: FakeClock;
let client: FakeClient;
let refused: Refused[];
let living: Set<number>;

beforeEach(() => {
  dir = join(tempDir(), 'outbox');
  clock = new FakeClock();
  client = new FakeClient();
  refused = [];
  living = new Set();
});

function open(pid = 1, extra: Partial<OutboxOptions> = {}): Outbox {
  const store = new OutboxStore({ dir, owner: { pid }, isAlive: (owner) => living.has(owner.pid) });
  return new Outbox({
    client,
    store,
    name: 'CC-1',
    clock,
    random: systemRandom,
    onRefused: (one) => refused.push(one),
    ...extra,
  });
}
const files = (name = 'CC-1') => readdirSync(join(dir, name)).filter((file) => /^\d/.test(file));
const send = (outbox: Outbox, body: string) => outbox.send({ to: ['B'], body });
/** While there is no relay. */
const keep = async (outbox: Outbox, body: string) => {
  const kept = send(outbox, body);
  clock.advance(0);
  return await kept;
};

describe('a send while the relay is here', () => {
  it('is on disk before the first try, and gone after the answer', async () => {
    client.enter('connected');
    const outbox = open();
    let onDisk = 0;
    client.onSend = async (draft) => {
      onDisk = files().length;
      return client.stored(draft);
    };
    const result = await send(outbox, 'hi');
    expect(result).toMatchObject({ position: 1, id: client.sent[0]?.id });
    expect([onDisk, files().length, outbox.size]).toEqual([1, 0, 0]);
  });

  it('has an id from the start: its own, or one that is made', async () => {
    client.enter('connected');
    const outbox = open();
    expect(await outbox.send({ id: 'mine', to: ['B'], body: 'x' })).toMatchObject({ id: 'mine' });
    expect((await send(outbox, 'y')).id).toMatch(/^m[0-9a-z]{12}$/);
  });

  it.each(['unknown_recipient', 'inbox_full', 'id_conflict', 'too_many_rooms', 'not_member'] as const)(
    'is told %s, and nothing of it is kept',
    async (code) => {
      client.enter('connected');
      const outbox = open();
      client.onSend = () => Promise.reject(new RelayError(code));
      await expect(send(outbox, 'x')).rejects.toEqual(expect.objectContaining({ code }));
      expect([files().length, outbox.size, outbox.refused.length, refused.length]).toEqual([0, 0, 0, 0]);
    },
  );

  it('goes out in order, one after the other', async () => {
    client.enter('connected');
    const outbox = open();
    let underWay = 0;
    client.onSend = async (draft) => {
      underWay += 1;
      expect(underWay).toBe(1);
      await settle();
      underWay -= 1;
      return client.stored(draft);
    };
    const results = await Promise.all(['a', 'b', 'c', 'd'].map((body) => send(outbox, body)));
    expect(client.bodies).toEqual(['a', 'b', 'c', 'd']);
    expect(results.map((result) => 'position' in result && result.position)).toEqual([1, 2, 3, 4]);
  });

  it('lets the next go when one is refused', async () => {
    client.enter('connected');
    const outbox = open();
    client.onSend = async (draft) => {
      if (draft.body === 'bad') throw new RelayError('unknown_recipient');
      return client.stored(draft);
    };
    const bad = send(outbox, 'bad');
    const good = send(outbox, 'good');
    await expect(bad).rejects.toEqual(expect.objectContaining({ code: 'unknown_recipient' }));
    expect(await good).toMatchObject({ position: 1 });
  });
});

describe('a send that is not one', () => {
  const table: readonly [string, Record<string, unknown>, Code][] = [
    ['no body', { to: ['B'] }, 'bad_request'],
    ['an empty body', { to: ['B'], body: '' }, 'bad_request'],
    ['too long a body', { to: ['B'], body: 'x'.repeat(65 * 1024) }, 'too_large'],
    ['a body that fills more than a frame once written', { to: ['B'], body: '\u0001'.repeat(64 * 1024) }, 'too_large'],
    ['an address that is none', { to: ['?'], body: 'x' }, 'address_invalid'],
    ['an id that is none', { id: '../x', to: ['B'], body: 'x' }, 'bad_request'],
  ];
  it.each(table)('with %s is refused before anything is kept', async (_, draft, code) => {
    client.enter('connected');
    await expect(open().send(draft as never)).rejects.toEqual(expect.objectContaining({ code }));
    expect(client.sent).toEqual([]);
    expect(() => files()).toThrow(/ENOENT/);
  });
});

describe('a send while the relay is away', () => {
  it.each(['idle', 'waiting', 'refused', 'ended'] as const)('is kept at once when the client is %s', async (phase) => {
    client.enter(phase);
    const outbox = open();
    const sent = send(outbox, 'x');
    clock.advance(0);
    const result = await sent;
    expect(result).toEqual({ id: result.id, kept: true });
    expect([files().length, outbox.size, client.nudges]).toEqual([1, 1, 1]);
  });

  it('is told of, with its file there, and only while the relay is away', async () => {
    const onDisk: number[] = [];
    const outbox = open(1, { onKept: () => onDisk.push(files().length) });
    await keep(outbox, 'x');
    client.enter('connected');
    await send(outbox, 'y');
    expect(onDisk).toEqual([1]);
  });

  it('is delivered when the relay comes, in order, with its first id, once', async () => {
    const outbox = open();
    const kept = ['a', 'b', 'c'].map((body) => send(outbox, body));
    clock.advance(0);
    const ids = (await Promise.all(kept)).map((each) => each.id);
    client.enter('connected');
    await settle();
    expect(client.sent.map((draft) => draft.id)).toEqual(ids);
    expect(client.bodies).toEqual(['a', 'b', 'c']);
    client.enter('waiting');
    client.enter('connected');
    await settle();
    expect(client.sent).toHaveLength(3);
    expect(files()).toEqual([]);
  });

  it('waits a little while the first connection is being made', async () => {
    client.enter('connecting');
    const outbox = open();
    const first = send(outbox, 'x');
    await clock.run(2_900);
    client.enter('connected');
    expect(await first).toMatchObject({ position: 1 });
    client.enter('connecting');
    const second = send(outbox, 'y');
    await clock.run(3_000);
    expect(await second).toMatchObject({ kept: true });
  });

  it('is kept when the connection is lost before the answer, and repeated with its id', async () => {
    client.enter('connected');
    const outbox = open();
    let lose: (error: RelayError) => void = () => {};
    client.onSend = () => new Promise((_, reject) => (lose = reject));
    const sent = send(outbox, 'x');
    await settle();
    client.enter('waiting');
    lose(new RelayError('not_connected'));
    const result = await sent;
    expect(result).toMatchObject({ kept: true });
    client.onSend = async (draft) => ({ ...client.stored(draft), duplicate: true });
    client.enter('connected');
    await settle();
    expect(client.sent.map((draft) => draft.id)).toEqual([result.id, result.id]);
    expect([files().length, outbox.size]).toEqual([0, 0]);
  });

  it('is kept, and the caller may go, when its signal aborts', async () => {
    client.enter('connected');
    const outbox = open();
    client.onSend = () => new Promise<SendResult>(() => {});
    const end = new AbortController();
    const sent = outbox.send({ to: ['B'], body: 'x' }, { signal: end.signal });
    await settle();
    end.abort('enough');
    await expect(sent).rejects.toBe('enough');
    expect(files()).toHaveLength(1);
    await expect(outbox.send({ to: ['B'], body: 'y' }, { signal: AbortSignal.abort('no') })).rejects.toBe('no');
    expect(files()).toHaveLength(1);
  });

  it('is kept when no answer comes in time', async () => {
    client.enter('connected');
    client.onSend = () => new Promise<SendResult>(() => {});
    const sent = send(open(), 'x');
    await clock.run(14_999);
    expect(await isPending(sent)).toBe(true);
    await clock.run(1);
    expect(await sent).toMatchObject({ kept: true });
  });

  it('is refused when as many are kept as may be, and that one is not kept', async () => {
    const outbox = open(1, { limit: 2 });
    for (const body of ['a', 'b']) {
      const sent = send(outbox, body);
      clock.advance(0);
      await sent;
    }
    await expect(send(outbox, 'c')).rejects.toEqual(expect.objectContaining({ code: 'outbox_full' }));
    expect(files()).toHaveLength(2);
    client.enter('connected');
    await settle();
    expect(await send(outbox, 'c')).toMatchObject({ position: 3 });
  });
});

describe('a relay that is here and cannot store', () => {
  it.each(['storage_full', 'storage_failed', 'too_many_requests', 'timeout'] as const)(
    'with %s: kept, tried again after 1 and then every 2 seconds, order kept',
    async (code) => {
      client.enter('connected');
      const outbox = open();
      const at: number[] = [];
      let fails = true;
      client.onSend = async (draft) => {
        at.push(clock.monotonic());
        if (fails) throw new RelayError(code);
        return client.stored(draft);
      };
      const results = ['a', 'b'].map((body) => send(outbox, body));
      await clock.run(0);
      expect(await Promise.all(results)).toMatchObject([{ kept: true }, { kept: true }]);
      await clock.run(7_000);
      expect(at).toEqual([0, 1000, 3000, 5000, 7000]);
      fails = false;
      await clock.run(8_000);
      expect(client.bodies.slice(-2)).toEqual(['a', 'b']);
      expect(files()).toEqual([]);
      expect(await send(outbox, 'c')).toMatchObject({ position: 3 });
    },
  );

  it('and fails at one envelope again and again: that one is refused, the others go on', async () => {
    client.enter('connected');
    const outbox = open();
    client.onSend = async (draft) => {
      if (draft.body === 'poison') throw new RelayError('internal');
      return client.stored(draft);
    };
    void send(outbox, 'poison');
    void send(outbox, 'fine');
    await clock.run(60_000);
    expect(client.bodies.filter((body) => body === 'poison')).toHaveLength(5);
    expect(client.bodies.at(-1)).toBe('fine');
    expect(refused).toMatchObject([{ code: 'internal' }]);
  });

  it.each(['storage_full', 'storage_failed', 'timeout', 'too_many_requests', 'not_connected'] as const)(
    'with %s, and then fails at the envelope once: kept, and sent',
    async (code) => {
      const outbox = open();
      await keep(outbox, 'x');
      const says = [code, code, code, code, code, 'internal'] as Code[];
      client.onSend = async (draft) => {
        const error = says.shift();
        if (error) throw new RelayError(error);
        return client.stored(draft);
      };
      for (let i = 0; i < 6; i += 1) {
        client.enter('connected');
        await clock.run(10_000);
      }
      expect([refused, outbox.size, files().length]).toEqual([[], 0, 0]);
    },
  );

  it('and fails at one envelope: what else fails between does not start its count again', async () => {
    const outbox = open();
    await keep(outbox, 'poison');
    let turn = 0;
    client.onSend = () => Promise.reject(new RelayError(turn++ % 2 === 0 ? 'internal' : 'storage_full'));
    client.enter('connected');
    await clock.run(60_000);
    expect([client.bodies.length, outbox.size]).toEqual([9, 0]);
    expect(refused).toMatchObject([{ code: 'internal' }]);
  });

  it('and fails at one envelope: another that comes before it then begins at none', async () => {
    const outbox = open(8);
    await keep(outbox, 'poison');
    client.onSend = () => Promise.reject(new RelayError('internal'));
    client.enter('connected');
    await clock.run(6_000);
    expect(client.bodies).toHaveLength(4);
    const store = new OutboxStore({ dir, owner: { pid: 7 } });
    store.add('CC-1', { seq: 1, id: 'older', at: 1, draft: { id: 'older', to: ['B'], body: 'older' } });
    client.enter('connected');
    await clock.run(60_000);
    expect(client.bodies.filter((body) => body === 'older')).toHaveLength(5);
    expect(refused.map(({ draft }) => draft.body)).toEqual(['older', 'poison']);
    expect(client.bodies.filter((body) => body === 'poison')).toHaveLength(5);
  });

  it.each(['unauthorized', 'replaced', 'shutting_down'] as const)(
    'and ends the connection with %s: kept',
    async (code) => {
      client.enter('connected');
      const outbox = open();
      client.onSend = () => Promise.reject(new RelayError(code));
      expect(await send(outbox, 'x')).toMatchObject({ kept: true });
      expect(files()).toHaveLength(1);
    },
  );
});

describe('a kept send that is refused later', () => {
  it('is told to the listener and kept for the asking, and does not hold up the next', async () => {
    const outbox = open();
    const kept = ['bad', 'good'].map((body) => send(outbox, body));
    clock.advance(0);
    const [bad] = await Promise.all(kept);
    client.onSend = async (draft) => {
      if (draft.body === 'bad') throw new RelayError('inbox_full', 'The inbox of B is full.');
      return client.stored(draft);
    };
    client.enter('connected');
    await settle();
    expect(refused).toMatchObject([{ id: bad?.id, code: 'inbox_full', message: 'The inbox of B is full.' }]);
    expect(outbox.refused).toEqual(refused);
    expect([client.bodies, files().length, outbox.size]).toEqual([['bad', 'good'], 0, 0]);
  });
});

describe('what other processes left', () => {
  const leave = async (pid: number, bodies: readonly string[]) => {
    const before = open(pid);
    const kept = bodies.map((body) => send(before, body));
    clock.advance(0);
    const ids = (await Promise.all(kept)).map((each) => each.id);
    before.stop();
    clock.advance(1);
    return ids;
  };

  it('dead: is sent first, with its ids, by the next that holds the name', async () => {
    const ids = await leave(7, ['a', 'b']);
    const outbox = open(8);
    const own = send(outbox, 'c');
    clock.advance(0);
    await own;
    client.enter('connected');
    await settle();
    expect(client.bodies).toEqual(['a', 'b', 'c']);
    expect(client.sent.slice(0, 2).map((draft) => draft.id)).toEqual(ids);
    expect(files()).toEqual([]);
  });

  it('dead: is found again by a process that is already connected, when it reconnects', async () => {
    open(8);
    client.enter('connected');
    await leave(7, []);
    const store = new OutboxStore({ dir, owner: { pid: 7 } });
    store.add('CC-1', { seq: 1, id: 'late', at: 1, draft: { id: 'late', to: ['B'], body: 'late' } });
    client.enter('connected');
    await settle();
    expect(client.bodies).toEqual(['late']);
  });

  it('alive: is neither sent nor removed', async () => {
    living.add(7);
    await leave(7, ['theirs']);
    const outbox = open(8);
    client.enter('connected');
    await settle();
    expect(await send(outbox, 'mine')).toMatchObject({ position: 1 });
    expect([client.bodies, files().length]).toEqual([['mine'], 1]);
  });

  it('stays in order though the clock was set back between', async () => {
    await leave(7, ['first']);
    clock.step(-3_600_000);
    const outbox = open(8);
    const own = send(outbox, 'second');
    clock.advance(0);
    await own;
    client.enter('connected');
    await settle();
    expect(client.bodies).toEqual(['first', 'second']);
  });
});

describe('another name', () => {
  it('by suffix takes our own sends along and leaves those of the dead to the holder', async () => {
    const before = open(7);
    await keep(before, 'of a dead CC-1');
    before.stop();
    const outbox = open(8);
    await keep(outbox, 'mine');
    client.rename('CC-1.2', 'suffixed');
    client.enter('connected');
    await settle();
    expect([client.bodies, files('CC-1').length, files('CC-1.2').length]).toEqual([['mine'], 1, 0]);
    expect(await send(outbox, 'next')).toMatchObject({ position: 2 });
    expect(files('CC-1.2')).toEqual([]);
  });

  it('by rename takes everything along', async () => {
    const before = open(7);
    await keep(before, 'of a dead CC-1');
    before.stop();
    const outbox = open(8);
    await keep(outbox, 'mine');
    client.rename('Ada', 'renamed');
    client.enter('connected');
    await settle();
    expect([client.bodies, files('CC-1').length, files('Ada').length]).toEqual([['of a dead CC-1', 'mine'], 0, 0]);
  });

  it('while a send is under way removes the right file', async () => {
    client.enter('connected');
    const outbox = open();
    let answer: (result: SendResult) => void = () => {};
    client.onSend = () => new Promise((resolve) => (answer = resolve));
    const sent = send(outbox, 'x');
    await settle();
    client.rename('Ada', 'renamed');
    answer(client.stored({ body: 'x' }));
    await sent;
    expect([files('CC-1').length, files('Ada').length]).toEqual([0, 0]);
  });

  it('and an id that the relay has already, from the first name: delivered, not refused', async () => {
    const outbox = open();
    await keep(outbox, 'x');
    client.onSend = () => Promise.reject(new RelayError('id_conflict'));
    client.rename('CC-1.2', 'suffixed');
    client.enter('connected');
    await settle();
    expect([refused, outbox.refused, outbox.size, files('CC-1.2').length]).toEqual([[], [], 0, 0]);
  });
});

describe('stopping', () => {
  it('answers kept to whoever waits, sends no more, leaves no timer, and may be done twice', async () => {
    client.enter('connected');
    const outbox = open();
    client.onSend = () => Promise.reject(new RelayError('storage_full'));
    await send(outbox, 'x');
    client.enter('connecting');
    const waiting = send(outbox, 'y');
    outbox.stop();
    outbox.stop();
    expect(await waiting).toMatchObject({ kept: true });
    client.enter('connected');
    await clock.run(60_000);
    expect([client.bodies, clock.pending, files().length]).toEqual([['x'], 0, 2]);
  });
});

describe('a brake of the relay', () => {
  it.each(['too_fast', 'paused'] as const)(
    '%s is told to whoever waits for the answer, and not tried again',
    async (code) => {
      client.enter('connected');
      const outbox = open();
      client.onSend = () => Promise.reject(new RelayError(code));
      await expect(send(outbox, 'x')).rejects.toMatchObject({ code });
      await clock.run(60_000);
      expect([client.bodies, outbox.size, files().length]).toEqual([['x'], 0, 0]);
    },
  );

  it.each(['too_fast', 'paused'] as const)(
    '%s keeps what was kept before: it goes out when it may, in order',
    async (code) => {
      const outbox = open();
      for (const body of ['one', 'two']) await keep(outbox, body);
      let isBraked = true;
      client.onSend = async (draft) => {
        if (isBraked) throw new RelayError(code);
        return client.stored(draft);
      };
      client.enter('connected');
      await clock.run(30_000);
      expect([outbox.size, refused]).toEqual([2, []]);
      isBraked = false;
      await clock.run(5_000);
      expect([client.bodies.slice(-2), outbox.size, files().length]).toEqual([['one', 'two'], 0, 0]);
    },
  );

  it('a full place for what is held ends a send, as a full inbox does', async () => {
    client.enter('connected');
    const outbox = open();
    client.onSend = () => Promise.reject(new RelayError('held_full'));
    await expect(send(outbox, 'x')).rejects.toMatchObject({ code: 'held_full' });
    expect(outbox.size).toBe(0);
  });
});
