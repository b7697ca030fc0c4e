/**
 * Whole text frames as a server sends them (RFC 6455, 5.2), one behind the other in one piece of memory:
 *
 *     81 length │ text      length: 1 byte up to 125; 7E and 2 bytes up to 65,535; 7F and 8 bytes beyond
 */
const TEXT = 0x81;

/** `bytes` has the length of each text in UTF-8. */
export function textFrames(texts: readonly string[], bytes: readonly number[]): Buffer {
  const frames = Buffer.allocUnsafe(bytes.reduce((sum, length) => sum + headBytes(length) + length, 0));
  let at = 0;
  texts.forEach((text, i) => {
    const length = bytes[i] ?? 0;
    at = writeHead(frames, at, length);
    at += frames.write(text, at, length);
  });
  return frames;
}

function headBytes(length: number): number {
  return length < 126 ? 2 : length < 65_536 ? 4 : 10;
}

/** Answers where the text begins. */
function writeHead(frames: Buffer, at: number, length: number): number {
  frames[at] = TEXT;
  if (length < 126) {
    frames[at + 1] = length;
  } else if (length < 65_536) {
    frames[at + 1] = 126;
    frames.writeUInt16BE(length, at + 2);
  } else {
    frames[at + 1] = 127;
    frames.writeBigUInt64BE(BigInt(length), at + 2);
  }
  return at + headBytes(length);
}
