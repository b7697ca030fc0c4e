import { describe, expect, it } from 'vitest';
import { Walks } from '../../src/relay/walks.ts';

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Turns that come when the test says so. */
function turns() {
  const asked: (() => void)[] = [];
  const walks = new Walks({ soon: (call) => void asked.push(call) });
  const next = async () => {
    asked.shift()?.();
    await settled();
  };
  return { walks, asked, next };
}

describe('walks', () => {
  const { signal } = new AbortController();

  function* walk(name: string, steps: number, taken: string[]): Generator<undefined, string> {
    for (let i = 1; i <= steps; i++) {
      taken.push(`${name}${i}`);
      yield;
    }
    return name;
  }

  it('take one step a turn, however many there are, each in its turn', async () => {
    const { walks, asked, next } = turns();
    const taken: string[] = [];
    const ends = ['a', 'b', 'c'].map((name) => walks.run(walk(name, name === 'b' ? 1 : 2, taken), signal));
    await settled();
    const order = ['a1', 'b1', 'c1', 'a2', '', 'c2'];
    for (let turn = 0; turn < order.length; turn++) {
      expect(taken).toEqual(order.slice(0, turn + 1).filter(Boolean));
      expect(asked).toHaveLength(1);
      await next();
    }
    for (let i = 0; i < 3; i++) await next();
    expect(await Promise.all(ends)).toEqual(['a', 'b', 'c']);
    expect(asked).toEqual([]);
  });

  it('of one that comes alone takes its first step without a turn, and the next alone one, too', async () => {
    const { walks, asked, next } = turns();
    const taken: string[] = [];
    for (const name of ['a', 'b']) {
      expect(await walks.run(walk(name, 0, taken), signal)).toBe(name);
      await next();
      expect(asked).toEqual([]);
    }
  });

  it('stop when the caller is gone, and with what a step throws; the others go on', async () => {
    const { walks, next } = turns();
    const taken: string[] = [];
    const gone = new AbortController();
    const failing = (function* (): Generator<undefined, string> {
      yield;
      throw new Error('disk');
    })();
    const ends = Promise.allSettled([
      walks.run(walk('a', 9, taken), gone.signal),
      walks.run(failing, signal),
      walks.run(walk('b', 2, taken), signal),
    ]);
    await next();
    gone.abort();
    for (let i = 0; i < 9; i++) await next();
    expect(await ends).toMatchObject([
      { reason: { code: 'timeout', retry: true, close: undefined } },
      { reason: { message: 'disk' } },
      { value: 'b' },
    ]);
    expect(taken).toEqual(['a1', 'b1', 'b2']);
  });
});
