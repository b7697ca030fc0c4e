/**
 * Who is read from, and how much at a time. What came on a connection is handed on in pieces, and whoever sent more than one
 * waits until the others had one. Otherwise what fills a socket's buffer is served in one go: a thousand of the smallest
 * requests, from each connection, while nobody else is heard.
 *
 * A listener of `readable` has the flow (Node's documentation of that event): `data` is emitted for what is read here and for
 * nothing else, so that it holds for whoever parses it, `node:http` and `ws`. Their own `pause` and `resume` go on to mean what they say.
 */
import type { Readable } from 'node:stream';
import type { Clock } from './clock.ts';

/**
 * Of a turn of the event loop, what those that wait get, and what those get that have just sent something. Milliseconds. With less, what
 * 64 connections ask at once is stored in so many small commits that each message costs a tenth more.
 */
const SHARE = 8;

export class Turns {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** In the order in which they are served. */
  readonly #waiting = new Set<Reader>();
  /** When the first was served in this turn without waiting. */
  #begun: number | undefined;
  #isDue = false;

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** From now on `stream` is read here, and only here, in pieces of so many bytes. */
  reader(stream: Readable, piece: number): Reader {
    return new Reader(stream, piece, this);
  }

  /** It has something to hand on. */
  readable(reader: Reader): void {
    if (this.#waiting.has(reader)) return;
    this.#nextIsDue();
    const now = this.#clock.monotonic();
    this.#begun ??= now;
    // Who was silent until now goes before those that wait, as long as that is not everybody.
    if (now - this.#begun >= SHARE || reader.handOn()) this.#waiting.add(reader);
  }

  #next(): void {
    this.#isDue = false;
    this.#begun = undefined;
    if (this.#waiting.size > 0) this.#nextIsDue();
    const end = this.#clock.monotonic() + SHARE;
    // Each once at most: who is put back has had its piece of this turn.
    for (const reader of [...this.#waiting]) {
      this.#waiting.delete(reader);
      if (reader.handOn()) this.#waiting.add(reader);
      if (this.#clock.monotonic() >= end) break;
    }
  }

  #nextIsDue(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => this.#next());
  }
}

/** Hears what a connection has handed on. */
export interface OnPiece {
  came(piece: Buffer): void;
}

/** One connection. */
export class Reader {
  /** Bytes that are handed on at a time. */
  piece: number;
  readonly #stream: Read;
  readonly #turns: Turns;
  #onPiece: OnPiece | undefined;
  /** Bytes that are handed on whenever they come. */
  #expected = 0;
  #isHeld = false;
  #isPaused = false;

  constructor(stream: Readable, piece: number, turns: Turns) {
    this.piece = piece;
    this.#stream = stream;
    this.#turns = turns;
    this.#stream[READER] = this;
    // Pausing a stream that has a listener of `readable` stops nothing, and nothing tells of it.
    stream.pause = pause;
    stream.resume = resume;
    stream.on('readable', onReadable);
    // What was there before is not told again where somebody else has just listened.
    if (stream.readableLength > 0) process.nextTick(look, this);
  }

  /** Is there more, and may it be handed on? */
  look(): void {
    this.#turns.readable(this);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (this.#isPaused) process.nextTick(look, this);
    this.#isPaused = false;
  }

  /** Tells of each piece that is handed on from now on. */
  tell(onPiece: OnPiece): void {
    this.#onPiece = onPiece;
  }

  /** So much of what comes is one thing, and needs no pieces: it would only be held twice. */
  expect(bytes: number): void {
    this.#expected = bytes;
  }

  /** Nothing more is handed on, whoever resumes the stream: what comes waits in its own socket, and then with its sender. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.look();
  }

  /** Answers whether there is more that may be handed on. */
  handOn(): boolean {
    if (this.#mayNot) return false;
    this.#read(this.piece);
    // What the piece has announced goes with it: it is cheap to hand on, and dear to keep.
    if (this.#expected > 0 && !this.#mayNot) this.#read(this.#expected);
    return !this.#mayNot && this.#stream.readableLength > 0;
  }

  /** So much, or what is there. All of it, and nothing at all, tells the stream that more is wanted, or that it has ended. */
  #read(most: number): void {
    const { readableLength } = this.#stream;
    this.#expected = Math.max(0, this.#expected - Math.min(most, readableLength));
    // Whoever takes the stream over because of this piece did not get it.
    const onPiece = this.#onPiece;
    const piece: Buffer | null = readableLength > most ? this.#stream.read(most) : this.#stream.read();
    if (piece) onPiece?.came(piece);
  }

  get #mayNot(): boolean {
    return this.#isHeld || this.#isPaused || this.#stream.destroyed;
  }
}

// One of each for all streams: there may be many, and most are idle.
const READER = Symbol('reader');

interface Read extends Readable {
  [READER]?: Reader;
}

function onReadable(this: Read): void {
  this[READER]?.look();
}

function pause<Stream extends Read>(this: Stream): Stream {
  this[READER]?.pause();
  return Object.getPrototypeOf(this).pause.call(this);
}

function resume<Stream extends Read>(this: Stream): Stream {
  this[READER]?.resume();
  return Object.getPrototypeOf(this).resume.call(this);
}

function look(reader: Reader): void {
  reader.look();
}
