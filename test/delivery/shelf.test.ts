import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Shelf } from '../../src/delivery/shelf.ts';
import { positionsOf } from '../../src/delivery/stray.ts';
import { envelope } from '../mcp/fake-session.ts';

const ALL = {};
const ids = (messages: readonly { id: string }[]) => messages.map((message) => message.id);

describe('the shelf', () => {
  it('lends the oldest first, whatever order they came in', () => {
    const shelf = new Shelf();
    shelf.put([envelope({ position: 3 }), envelope({ position: 1 })]);
    shelf.put([envelope({ position: 2 })]);
    expect(ids(shelf.lend(ALL, 10, 1e6).messages)).toEqual(['m1', 'm2', 'm3']);
  });

  it('says how many of the same filter stay', () => {
    const shelf = new Shelf();
    shelf.put([1, 2, 3].map((position) => envelope({ position })));
    shelf.put([envelope({ position: 4, from: 'CC-3' })]);
    expect(shelf.lend({ from: 'CC-2' }, 2, 1e6).left).toBe(1);
    expect(shelf.lend(ALL, 1, 1e6).left).toBe(1);
  });

  it('lends nothing twice', () => {
    const shelf = new Shelf();
    shelf.put([envelope({ position: 1 })]);
    expect(shelf.lend(ALL, 10, 1e6).messages).toHaveLength(1);
    expect(shelf.lend(ALL, 10, 1e6).messages).toHaveLength(0);
  });

  it('passes over what it has or has lent when the relay gives it again', () => {
    const shelf = new Shelf();
    shelf.put([envelope({ position: 1 }), envelope({ position: 2 })]);
    shelf.lend(ALL, 1, 1e6);
    shelf.put([envelope({ position: 1, redelivered: true }), envelope({ position: 2, redelivered: true })]);
    const { messages } = shelf.lend(ALL, 10, 1e6);
    expect(messages).toEqual([envelope({ position: 2 })]);
  });

  it('takes back what was not shown, in its old place', () => {
    const shelf = new Shelf();
    shelf.put([1, 2, 3].map((position) => envelope({ position })));
    const loan = shelf.lend(ALL, 2, 1e6);
    shelf.putBack(loan.messages);
    expect(ids(shelf.lend(ALL, 10, 1e6).messages)).toEqual(['m1', 'm2', 'm3']);
  });

  it('does not take back what was shown', () => {
    const shelf = new Shelf();
    shelf.put([envelope({ position: 1 })]);
    const { messages } = shelf.lend(ALL, 1, 1e6);
    expect(shelf.shown(messages)).toEqual(messages);
    shelf.putBack(messages);
    expect(shelf.lend(ALL, 1, 1e6).messages).toEqual([]);
  });

  it('answers each envelope as shown only once', () => {
    const shelf = new Shelf();
    shelf.put([envelope({ position: 1 })]);
    const { messages } = shelf.lend(ALL, 1, 1e6);
    shelf.shown(messages);
    expect(shelf.shown(messages)).toEqual([]);
  });

  it('tells positions of two epochs apart by the id', () => {
    const shelf = new Shelf();
    shelf.put([envelope({ position: 1, id: 'old' }), envelope({ position: 1, id: 'new' })]);
    expect(shelf.lend(ALL, 10, 1e6).messages).toHaveLength(2);
  });

  it.each([
    [10, ['m1']],
    [20, ['m1', 'm2']],
    [29, ['m1', 'm2']],
    [30, ['m1', 'm2', 'm3']],
  ])('keeps within %d characters of bodies', (chars, expected) => {
    const shelf = new Shelf();
    shelf.put([1, 2, 3].map((position) => envelope({ position, body: 'x'.repeat(10) })));
    expect(ids(shelf.lend(ALL, 10, chars).messages)).toEqual(expected);
  });

  it('lends one that alone is longer than an answer may be', () => {
    const shelf = new Shelf();
    shelf.put([envelope({ position: 1, body: 'x'.repeat(100) }), envelope({ position: 2 })]);
    expect(ids(shelf.lend(ALL, 10, 5).messages)).toEqual(['m1']);
  });

  it.each([
    [{ from: 'CC-3' }, ['m2']],
    [{ thread: 'auth' }, ['m3']],
    [{ reply_to: 'q1' }, ['m4']],
    [{ from: 'CC-3', thread: 'auth' }, []],
    [{ from: undefined, thread: undefined }, ['m1', 'm2', 'm3', 'm4']],
  ])('finds by %j', (filter, expected) => {
    const shelf = new Shelf();
    shelf.put([
      envelope({ position: 1 }),
      envelope({ position: 2, from: 'CC-3' }),
      envelope({ position: 3, thread: 'auth' }),
      envelope({ position: 4, reply_to: 'q1' }),
    ]);
    expect(shelf.count(filter)).toBe(expected.length);
    expect(ids(shelf.lend(filter, 10, 1e6).messages)).toEqual(expected);
  });
});

describe('an answer that somebody waits for', () => {
  const reply = envelope({ position: 5, reply_to: 'q1' });

  it('is left to whoever asked', () => {
    const shelf = new Shelf();
    shelf.reserve('q1');
    shelf.put([reply]);
    expect(shelf.lend(ALL, 10, 1e6).messages).toEqual([]);
    expect(shelf.lend({ reply_to: 'q1' }, 1, 1e6).messages).toEqual([reply]);
  });

  it('is everybody’s again when the asker has gone, and they are told', () => {
    const shelf = new Shelf();
    const release = shelf.reserve('q1');
    shelf.put([reply]);
    let told = 0;
    shelf.onChange(() => {
      told += 1;
    });
    release();
    expect(told).toBe(1);
    expect(shelf.lend(ALL, 10, 1e6).messages).toEqual([reply]);
  });

  it('stays reserved while a second asker of the same question waits', () => {
    const shelf = new Shelf();
    const first = shelf.reserve('q1');
    const second = shelf.reserve('q1');
    shelf.put([reply]);
    first();
    expect(shelf.count(ALL)).toBe(0);
    second();
    expect(shelf.count(ALL)).toBe(1);
  });
});

describe('listeners of the shelf', () => {
  it('hear of what is new, and of nothing else', () => {
    const shelf = new Shelf();
    let told = 0;
    const stop = shelf.onChange(() => {
      told += 1;
    });
    shelf.put([envelope({ position: 1 })]);
    shelf.put([envelope({ position: 1 })]);
    shelf.put([]);
    expect(told).toBe(1);
    shelf.putBack(shelf.lend(ALL, 1, 1e6).messages);
    expect(told).toBe(2);
    stop();
    shelf.put([envelope({ position: 2 })]);
    expect(told).toBe(2);
  });
});

type Step =
  | { do: 'put'; from: number; many: number }
  | { do: 'lend'; count: number }
  | { do: 'written' }
  | { do: 'cancel' };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('put' as const), from: fc.nat(30), many: fc.integer({ min: 1, max: 8 }) }),
  fc.record({ do: fc.constant('lend' as const), count: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ do: fc.constant('written' as const) }),
  fc.record({ do: fc.constant('cancel' as const) }),
);

describe('any history of the shelf', () => {
  it('shows each envelope once while it is there, and loses none', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const shelf = new Shelf();
        const put = new Set<string>();
        const shown: string[] = [];
        let loans: (readonly ReturnType<typeof envelope>[])[] = [];
        for (const one of steps) {
          if (one.do === 'put') {
            // The client filters what was handed already, so it never comes to the shelf again.
            const given = Array.from({ length: one.many }, (_, i) => envelope({ position: one.from + i })).filter(
              (m) => !shown.includes(m.id),
            );
            shelf.put(given);
            for (const message of given) put.add(message.id);
          } else if (one.do === 'lend') loans.push(shelf.lend(ALL, one.count, 1e6).messages);
          else if (one.do === 'written') for (const loan of loans.splice(0, 1)) shown.push(...ids(shelf.shown(loan)));
          else for (const loan of loans.splice(0, 1)) shelf.putBack(loan);
        }
        for (const loan of loans) shelf.putBack(loan);
        loans = [];
        shown.push(...ids(shelf.lend(ALL, 1000, 1e9).messages));
        expect(shown).toHaveLength(new Set(shown).size);
        expect(new Set(shown)).toEqual(put);
      }),
      { numRuns: 300 },
    );
  });
});

describe('after the relay’s data were restored', () => {
  const old = [1, 2].map((position) => envelope({ position }));

  it('keeps what it has, in its old order, and of what was lent answers no position that is another’s now', () => {
    const shelf = new Shelf();
    shelf.put(old);
    const { messages } = shelf.lend(ALL, 1, 1e6);
    shelf.forget();
    shelf.putBack(messages);
    const again = shelf.lend(ALL, 10, 1e6).messages;
    expect(ids(again)).toEqual(['m1', 'm2']);
    expect(positionsOf(shelf.shown(again))).toEqual([]);
  });

  it('takes what the relay gives again for the same, also what is lent, with its present position', () => {
    const shelf = new Shelf();
    shelf.put(old);
    const { messages } = shelf.lend(ALL, 1, 1e6);
    shelf.forget();
    shelf.put([envelope({ position: 8, id: 'm1' }), envelope({ position: 9, id: 'm2' })]);
    expect(positionsOf(shelf.shown(messages))).toEqual([8]);
    expect(shelf.lend(ALL, 10, 1e6).messages).toEqual([{ ...old[1], position: 9 }]);
  });

  it('tells another envelope at the same position from it', () => {
    const shelf = new Shelf();
    shelf.put(old);
    const { messages } = shelf.lend(ALL, 1, 1e6);
    shelf.forget();
    shelf.put([envelope({ position: 1, id: 'new' })]);
    expect(positionsOf(shelf.shown(messages))).toEqual([]);
    expect(ids(shelf.all)).toEqual(['m2', 'new']);
  });

  it('marks what the relay gives again although it was shown', () => {
    const shelf = new Shelf();
    shelf.put(old);
    shelf.shown(shelf.lend(ALL, 1, 1e6).messages);
    shelf.forget();
    shelf.put([envelope({ position: 7, id: 'm1' })]);
    expect(shelf.all.at(-1)).toMatchObject({ id: 'm1', position: 7, redelivered: true });
  });
});
