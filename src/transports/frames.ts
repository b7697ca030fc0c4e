/**
 * Frames as bytes. Whole text frames as a server sends them (RFC 6455, 5.2), one behind the other in one piece of memory:
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

/** Where the frames of a client begin and end in what comes, piece by piece, and how much has come of what is not whole. */
export class FrameEnds {
  /** Of a head that has begun: how many bytes were there, of how many, the first, what they say of the length, and of a mask. */
  #read = 0;
  #head = 2;
  #first = 0;
  #length = 0;
  #mask = 0;
  /** Of the frame that is coming: with its mask, what has yet to come; and what has come. */
  #left = 0;
  #frame = 0;
  /** Of a message in fragments, those that have come. */
  #fragments = 0;

  /** Bytes of a message that is not whole, heads and masks included; and of a frame that has begun between its fragments. */
  get held(): number {
    return this.#fragments + this.#frame;
  }

  /** Answers how many bytes of the last frame in there are yet to come, as its head says. */
  after(piece: Buffer): number {
    for (let at = 0; at < piece.length; ) {
      const came = this.#left > 0 ? Math.min(this.#left, piece.length - at) : 1;
      if (this.#left > 0) this.#left -= came;
      else this.#readHead(piece[at] ?? 0);
      at += came;
      this.#frame += came;
      if (this.#left === 0 && this.#read === 0) this.#onWhole();
    }
    return this.#left;
  }

  #readHead(byte: number): void {
    this.#read += 1;
    if (this.#read === 1) this.#first = byte;
    else if (this.#read === 2) this.#readLength(byte);
    else this.#length = this.#length * 256 + byte;
    if (this.#read < this.#head) return;
    this.#left = this.#length + this.#mask;
    this.#read = 0;
    this.#head = 2;
  }

  #readLength(byte: number): void {
    const said = byte & 0x7f;
    this.#mask = byte & 0x80 ? 4 : 0;
    this.#head = said < 126 ? 2 : said === 126 ? 4 : 10;
    this.#length = said < 126 ? said : 0;
  }

  /** A ping, a pong and a close may stand between fragments, and are of no message. */
  #onWhole(): void {
    const isLast = (this.#first & 0x80) !== 0;
    const isControl = (this.#first & 0x08) !== 0;
    if (!isControl) this.#fragments = isLast ? 0 : this.#fragments + this.#frame;
    this.#frame = 0;
  }
}
