import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { textFrames } from '../../src/transports/frames.ts';

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
