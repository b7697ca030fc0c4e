import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { Receipts } from '../../src/client/receipts.ts';
import { RelayError } from '../../src/protocol/codes.ts';
import type { Envelope } from '../../src/protocol/envelope.ts';
import type { Args } from '../../src/protocol/verbs.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { isPending } from './scripted-relay.ts';

const envelope = (position: number): Envelope => ({
  id: `m${position}`,
  position,
  from: 'A',
  to: ['B'],
  at: 0,
  body: 'x',
});

let clock: FakeClock;
let receipts: Receipts;
let said: Args<'receipt'>[];
let dropped: Error[];
let gates: { resolve(): void; reject(error: unknown): void }[];

/** Answers at once. */
const sayAtOnce = async (args: Args<'receipt'>) => void said.push(args);
/** Answers when the test opens the gate. */
const sayLater = (args: Args<'receipt'>) => {
  said.push(args);
  return new Promise<void>((resolve, reject) => gates.push({ resolve, reject }));
};

beforeEach(() => {
  clock = new FakeClock();
  dropped = [];
  said = [];
  gates = [];
  receipts = new Receipts(clock, (error) => dropped.push(error));
});

describe('outgoing receipts', () => {
  it('of one tick travel together, handed before seen', async () => {
    await receipts.attach(sayAtOnce);
    receipts.seen([9]);
    receipts.handed([1, 2]);
    receipts.handed([3]);
    await settle();
    expect(said).toEqual([
      { state: 'handed', positions: [1, 2, 3] },
      { state: 'seen', positions: [9] },
    ]);
    expect(receipts.pending).toBe(0);
  });

  it('say nothing of what was taken from data that the relay has no more', async () => {
    await receipts.attach(sayAtOnce);
    receipts.handed([-1, 4]);
    receipts.seen([-1]);
    await settle();
    expect(said).toEqual([{ state: 'handed', positions: [4] }]);
  });

  it('wait for a connection and go out first when there is one', async () => {
    receipts.handed([1]);
    receipts.refused([2], 'not for me');
    await settle();
    expect(said).toEqual([]);
    await receipts.attach(sayAtOnce);
    expect(said).toEqual([
      { state: 'handed', positions: [1] },
      { state: 'refused', positions: [2], reason: 'not for me' },
    ]);
  });

  it('settle an attach only after the relay has answered', async () => {
    receipts.handed([1]);
    const attached = receipts.attach(sayLater);
    expect(await isPending(attached)).toBe(true);
    gates[0]?.resolve();
    await attached;
    expect(receipts.pending).toBe(0);
  });

  it('are kept until answered: said again on the next connection', async () => {
    void receipts.attach(sayLater);
    receipts.handed([1, 2]);
    await settle();
    receipts.detach();
    gates[0]?.reject(new RelayError('not_connected'));
    await settle();
    expect(receipts.pending).toBe(2);
    await receipts.attach(sayAtOnce);
    expect(said.at(-1)).toEqual({ state: 'handed', positions: [1, 2] });
    expect(receipts.pending).toBe(0);
  });

  it('are said again at once although the old connection has not failed its request yet', async () => {
    void receipts.attach(sayLater);
    receipts.handed([1]);
    await settle();
    receipts.detach();
    await receipts.attach(sayAtOnce);
    expect(said).toHaveLength(2);
    gates[0]?.reject(new RelayError('not_connected'));
    await settle();
    expect(receipts.pending).toBe(0);
  });

  it('say seen after a handed that is still under way', async () => {
    void receipts.attach(sayLater);
    receipts.handed([1]);
    await settle();
    receipts.seen([1]);
    gates[0]?.resolve();
    await settle();
    expect(said).toEqual([
      { state: 'handed', positions: [1] },
      { state: 'seen', positions: [1] },
    ]);
    gates[1]?.resolve();
    await settle();
    expect(receipts.pending).toBe(0);
  });

  it('never go back, and are not said twice', async () => {
    await receipts.attach(sayAtOnce);
    receipts.seen([1]);
    await settle();
    receipts.handed([1]);
    receipts.seen([1]);
    receipts.seen([1]);
    await settle();
    expect(said).toEqual([{ state: 'seen', positions: [1] }]);
  });

  it('that failed at several times are tried again together, and not at all once the connection is gone', async () => {
    await receipts.attach(async (args) => {
      said.push(args);
      throw new RelayError('storage_full');
    });
    for (const position of [1, 2, 3]) {
      receipts.handed([position]);
      await settle();
    }
    said = [];
    await clock.run(1_000);
    expect(said).toEqual([{ state: 'handed', positions: [1, 2, 3] }]);
    receipts.detach();
    expect(clock.pending).toBe(0);
  });

  it.each(['storage_full', 'timeout', 'too_many_requests'] as const)(
    'are tried again a second after %s',
    async (code) => {
      let fails = true;
      const attached = receipts.attach(async (args) => {
        said.push(args);
        if (fails) throw new RelayError(code);
      });
      receipts.handed([5]);
      await attached;
      await settle();
      expect([said.length, receipts.pending]).toEqual([1, 1]);
      fails = false;
      await clock.run(999);
      expect(said).toHaveLength(1);
      await clock.run(1);
      expect([said.length, receipts.pending]).toEqual([2, 0]);
    },
  );

  it('do not go to a connection that is gone when their second try comes', async () => {
    await receipts.attach(async () => {
      throw new RelayError('storage_full');
    });
    receipts.handed([5]);
    await settle();
    receipts.detach();
    await clock.run(5_000);
    await receipts.attach(sayAtOnce);
    expect(said).toEqual([{ state: 'handed', positions: [5] }]);
  });

  it('are given up, and that is reported, when the relay will never take them', async () => {
    await receipts.attach(async () => {
      throw new RelayError('bad_request');
    });
    receipts.handed([5]);
    await settle();
    expect(receipts.pending).toBe(0);
    expect(dropped).toEqual([expect.objectContaining({ code: 'bad_request' })]);
  });

  it('are kept when the connection ends with an error that will not pass by itself', async () => {
    await receipts.attach(async () => {
      throw new RelayError('unauthorized');
    });
    receipts.handed([5]);
    await settle();
    expect([receipts.pending, dropped.length]).toEqual([1, 0]);
  });

  it('go out in requests that the relay takes', async () => {
    receipts.handed(Array.from({ length: 2_500 }, (_, i) => i));
    await receipts.attach(sayAtOnce);
    expect(said.map((args) => args.positions?.length)).toEqual([1000, 1000, 500]);
    expect(said.flatMap((args) => args.positions ?? [])).toEqual(Array.from({ length: 2_500 }, (_, i) => i));
  });
});

describe('what was shown', () => {
  it('is held back when it is given again, and its receipt is said once more', async () => {
    await receipts.attach(sayAtOnce);
    receipts.handed([1]);
    receipts.seen([2]);
    await settle();
    said = [];
    expect(receipts.admit([envelope(1), envelope(2), envelope(3)]).map((each) => each.position)).toEqual([3]);
    await settle();
    expect(said).toEqual([
      { state: 'handed', positions: [1] },
      { state: 'seen', positions: [2] },
    ]);
  });

  it('is nothing at first: the very same list comes back', () => {
    const messages = [envelope(1)];
    expect(receipts.admit(messages)).toBe(messages);
    expect(receipts.pending).toBe(0);
  });

  it('is forgotten together with what waits, when positions mean something else', async () => {
    receipts.handed([1]);
    receipts.forget();
    expect(receipts.admit([envelope(1)])).toHaveLength(1);
    await receipts.attach(sayAtOnce);
    expect(said).toEqual([]);
  });

  it('is remembered for the last ten thousand', async () => {
    await receipts.attach(sayAtOnce);
    receipts.handed(Array.from({ length: 10_001 }, (_, i) => i));
    await settle();
    expect(receipts.admit([envelope(0), envelope(1), envelope(10_000)]).map((each) => each.position)).toEqual([0]);
  });

  it('reaches the relay in the end, whatever order connections fail and return in', async () => {
    const event = fc.oneof(
      fc.record({ kind: fc.constant('handed' as const), position: fc.nat(20) }),
      fc.record({ kind: fc.constant('seen' as const) }),
      fc.record({ kind: fc.constantFrom('drop', 'connect', 'fail') }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 40 }), async (events) => {
        const world = new Receipts(new FakeClock());
        const relay = new Map<number, string>();
        const handed = new Set<number>();
        const evident = new Set<number>();
        let fails = false;
        const say = async (args: Args<'receipt'>) => {
          await Promise.resolve();
          if (fails) throw new RelayError('not_connected');
          for (const position of args.positions ?? []) relay.set(position, args.state);
        };
        for (const each of events) {
          if (each.kind === 'handed' && 'position' in each) {
            world.handed([each.position]);
            handed.add(each.position);
          } else if (each.kind === 'seen') {
            world.seen([...handed]);
            for (const position of handed) evident.add(position);
          } else if (each.kind === 'drop') world.detach();
          else {
            fails = each.kind === 'fail';
            await world.attach(say);
          }
        }
        world.detach();
        fails = false;
        await world.attach(say);
        await settle(2);
        expect(world.pending).toBe(0);
        expect([...relay.keys()].sort()).toEqual([...handed].sort());
        for (const [position, state] of relay) expect(state).toBe(evident.has(position) ? 'seen' : 'handed');
      }),
      { numRuns: 100 },
    );
  });
});
