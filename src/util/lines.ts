/** Bytes into lines of text: a line may come in pieces, and a character of several bytes may be cut between two. */

export class Lines {
  private readonly maxBytes: number;
  private pieces: Buffer[] = [];
  private bytes = 0;
  /** The line under way was longer than may be: what is left of it is passed over. */
  private skipping = false;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** The lines that this piece completes; `undefined` stands for one that was too long. Empty lines are passed over. */
  *feed(chunk: Buffer): Generator<string | undefined> {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      this.keep(chunk.subarray(start, end));
      start = end + 1;
      const line = this.finish();
      if (line !== '') yield line;
    }
    this.keep(chunk.subarray(start));
  }

  /** What came after the last line break, when no more will come. */
  rest(): string | undefined {
    return this.finish();
  }

  private keep(piece: Buffer): void {
    if (this.skipping || piece.length === 0) return;
    this.bytes += piece.length;
    if (this.bytes > this.maxBytes) {
      this.skipping = true;
      this.pieces = [];
    } else this.pieces.push(piece);
  }

  private finish(): string | undefined {
    const line = this.skipping ? undefined : Buffer.concat(this.pieces).toString('utf8').trim();
    this.pieces = [];
    this.bytes = 0;
    this.skipping = false;
    return line;
  }
}
