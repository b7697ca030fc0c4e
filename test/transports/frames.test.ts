import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameEnds, textFrames } from '../../src/transports/frames.ts';
import { frame, OPCODE } from '../security/support/raw-socket.ts';

/** As RFC 6455, 5.2 has them; only what a server may send. */
function read(frames: Buffer): string[] {
  const texts: string[] = [];
  for (let at = 0; at < frames.length; ) {
    expect(frames[at]).toBe(0x81);
    const short = frames.readUInt8(at + 1);
    const head = short === 127 ? 10 : short === 126 ? 4 : 2;
    const length =
      short === 127 ? Number(frames.readBigUInt64BE(at + 2)) : short === 126 ? frames.readUInt16BE(at + 2) : short;
    // The shortest form is the only one that is allowed.
    if (short === 126) expect(length).toBeGreaterThan(125);
    if (short === 127) expect(length).toBeGreaterThan(65_535);
    texts.push(frames.toString('utf8', at + head, at + head + length));
    at += head + length;
  }
  return texts;
}

const framed = (texts: readonly string[]) =>
  textFrames(
    texts,
    texts.map((text) => Buffer.byteLength(text)),
  );

describe('text frames', () => {
  it('hold the texts in their order', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 200 })), (texts) => {
        expect(read(framed(texts))).toEqual(texts);
      }),
    );
  });

  it.each([0, 1, 125, 126, 127, 65_535, 65_536, 300_000])('say a length of %i bytes in the shortest form', (length) => {
    const text = 'x'.repeat(length);
    expect(read(framed([text, 'next']))).toEqual([text, 'next']);
  });

  it('count bytes and not letters', () => {
    const text = '☃'.repeat(43);
    expect(read(framed([text]))).toEqual([text]);
  });
});

describe('the ends of frames', () => {
  /** Mask and payload of the frame that a byte at `at` belongs to, behind it; 0 in a head and between frames. */
  function leftAt(frames: readonly Buffer[], at: number): number {
    let begin = 0;
    for (const each of frames) {
      const [, said = 0] = each;
      const head = (said & 0x7f) < 126 ? 2 : (said & 0x7f) === 126 ? 4 : 10;
      if (at < begin + each.length) return at < begin + head ? 0 : begin + each.length - at;
      begin += each.length;
    }
    return 0;
  }

  it('are known after each piece, wherever it is cut', () => {
    const length = fc.oneof(fc.nat(130), fc.integer({ min: 65_530, max: 65_540 }), fc.nat(2_000));
    const cuts = fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(fc.array(length, { minLength: 1, maxLength: 6 }), cuts, fc.boolean(), (lengths, sizes, fromRelay) => {
        const frames = lengths.map((bytes) => frame(OPCODE.text, Buffer.alloc(bytes, 0x78), { fromRelay }));
        const all = Buffer.concat(frames);
        const ends = new FrameEnds();
        for (let at = 0, n = 0; at < all.length; n += 1) {
          const piece = all.subarray(at, at + (sizes[n % sizes.length] ?? 1));
          at += piece.length;
          expect(ends.after(piece)).toBe(leftAt(frames, at));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('are far away where a head says so', () => {
    const ends = new FrameEnds();
    expect(ends.after(frame(OPCODE.text, Buffer.alloc(1), { length: 2 ** 50 }))).toBe(2 ** 50 - 1);
  });

  /** What a piece that ends at `at` leaves to be held: from the first frame of the message that is not whole, without what is no part of it. */
  function heldAt(frames: readonly { readonly bytes: Buffer; readonly kind: Kind }[], at: number): number {
    let [begin, held] = [0, 0];
    for (const { bytes, kind } of frames) {
      if (at < begin + bytes.length) return held + at - begin;
      begin += bytes.length;
      if (kind !== 'ping') held = kind === 'last' ? 0 : held + bytes.length;
    }
    return held;
  }

  type Kind = 'last' | 'more' | 'ping';
  const made = (kind: Kind, length: number) => ({
    kind,
    bytes: frame(
      kind === 'ping' ? OPCODE.ping : OPCODE.text,
      Buffer.alloc(kind === 'ping' ? length % 126 : length, 0x78),
      {
        fin: kind !== 'more',
      },
    ),
  });

  it('say how much of a message has come that is not whole, in fragments and with pings between them', () => {
    const one = fc.tuple(fc.constantFrom<Kind>('last', 'more', 'ping'), fc.oneof(fc.nat(130), fc.nat(2_000)));
    const cuts = fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 8 }), cuts, (kinds, sizes) => {
        const frames = kinds.map(([kind, length]) => made(kind, length));
        const all = Buffer.concat(frames.map(({ bytes }) => bytes));
        const ends = new FrameEnds();
        for (let at = 0, n = 0; at < all.length; n += 1) {
          const piece = all.subarray(at, at + (sizes[n % sizes.length] ?? 1));
          at += piece.length;
          ends.after(piece);
          expect(ends.held).toBe(heldAt(frames, at));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('hold nothing of messages that are whole, however many came in fragments', () => {
    const ends = new FrameEnds();
    const message = Buffer.concat(
      [made('more', 10), made('ping', 4), made('more', 0), made('last', 200)].map(({ bytes }) => bytes),
    );
    for (let n = 0; n < 1_000; n += 1) ends.after(message);
    expect(ends.held).toBe(0);
  });
});
