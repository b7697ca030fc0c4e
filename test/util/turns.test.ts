import { PassThrough, type Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type Reader, Turns } from '../../src/util/turns.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';

const KIB = 1024;

function rig() {
  const clock = new FakeClock();
  const turns = new Turns(clock);
  /** Who was handed how many bytes, in order. */
  const log: [string, number][] = [];
  return {
    clock,
    log,
    /** `cost`: milliseconds that are taken by each piece. */
    open(name: string, cost = 0): { stream: PassThrough; reader: Reader } {
      const stream = new PassThrough({ highWaterMark: 64 * KIB });
      stream.on('data', (piece: Buffer) => {
        log.push([name, piece.length]);
        clock.skip(cost);
      });
      return { stream, reader: turns.reader(stream, 4 * KIB) };
    },
    of: (name: string) => log.filter(([who]) => who === name).reduce((sum, [, bytes]) => sum + bytes, 0),
  };
}

describe('turns', () => {
  it('hand on all that comes, in pieces of 4 KiB, and tell the end', async () => {
    const { open, log } = rig();
    const { stream } = open('a');
    const ended = new Promise((resolve) => stream.once('end', resolve));
    stream.write(Buffer.alloc(10 * KIB));
    await settle();
    stream.end('x');
    await ended;
    expect(log).toEqual([
      ['a', 4 * KIB],
      ['a', 4 * KIB],
      ['a', 2 * KIB],
      ['a', 1],
    ]);
  });

  it('give one that was silent its turn before the rest of those that send without end', async () => {
    const { open, log } = rig();
    const [a, b, quiet] = [open('a', 10), open('b', 10), open('quiet')];
    for (const { stream } of [a, b]) stream.write(Buffer.alloc(40 * KIB));
    await new Promise((resolve) => setImmediate(resolve));
    quiet.stream.write('note');
    await settle(40);
    const at = log.findIndex(([who]) => who === 'quiet');
    expect(at).toBeGreaterThan(0);
    // Without turns it is told after all of theirs.
    expect(at).toBeLessThan(5);
    expect(log).toHaveLength(21);
  });

  it('go round: of two that send much, each gets as much as the other', async () => {
    const { open, log } = rig();
    for (const name of ['a', 'b']) open(name, 10).stream.write(Buffer.alloc(20 * KIB));
    await settle(40);
    expect(log.slice(1, 9).map(([who]) => who)).toEqual(['a', 'b', 'a', 'b', 'a', 'b', 'a', 'b']);
  });

  it('are bounded in time, for those that were silent, too', async () => {
    const { open, log } = rig();
    const many = Array.from({ length: 20 }, (_, n) => open(`s${n}`, 1));
    for (const { stream } of many) stream.write('x');
    await new Promise((resolve) => setImmediate(resolve));
    expect(log.length).toBeLessThanOrEqual(10);
    await settle(40);
    expect(log.map(([who]) => who)).toEqual(many.map((_, n) => `s${n}`));
  });

  it.each([
    [
      'held',
      'released',
      ({ reader }: { reader: Reader }) => reader.hold(),
      ({ reader }: { reader: Reader }) => reader.release(),
    ],
    [
      'paused',
      'resumed',
      ({ stream }: { stream: Readable }) => stream.pause(),
      ({ stream }: { stream: Readable }) => stream.resume(),
    ],
  ])('hand nothing on while it is %s, and all when it is %s', async (_, __, stop, go) => {
    const { open, of } = rig();
    const a = open('a');
    a.stream.write(Buffer.alloc(6 * KIB));
    a.stream.once('data', () => stop(a));
    await settle();
    expect(of('a')).toBe(4 * KIB);
    a.stream.write('more');
    await settle();
    expect(of('a')).toBe(4 * KIB);
    go(a);
    await settle();
    expect(of('a')).toBe(6 * KIB + 4);
  });

  it('hand on what a piece has announced along with it, and not what comes behind', async () => {
    const { open, log } = rig();
    const { stream, reader } = open('a');
    stream.once('data', () => reader.expect(30 * KIB));
    stream.write(Buffer.alloc(20 * KIB));
    await new Promise((resolve) => setImmediate(resolve));
    expect(log.map(([, bytes]) => bytes / KIB)).toEqual([4, 16]);
    stream.write(Buffer.alloc(30 * KIB));
    await settle(10);
    // 14 are expected still: the piece of 4 is among them.
    expect(log.map(([, bytes]) => bytes / KIB).slice(2)).toEqual([4, 10, 4, 4, 4, 4]);
  });

  it('are over for one that is gone', async () => {
    const { open, of } = rig();
    const { stream } = open('a');
    stream.write(Buffer.alloc(20 * KIB));
    stream.once('data', () => stream.destroy());
    await settle(20);
    expect(of('a')).toBe(4 * KIB);
  });
});
