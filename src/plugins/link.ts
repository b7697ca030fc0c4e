/**
 * A plugin's end of the line to its session process (`delivery/local-server.ts` is the other end, and describes the lines).
 * It looks for that process as long as the plugin lives, and again when it is gone; meanwhile nothing is sent but what
 * holds now and what was read. Nothing here keeps the host's process alive, and nothing is thrown into it.
 */
import { connect, type Socket } from 'node:net';
import type { Clock, Timer } from '../util/clock.ts';
import { type Fields, fieldsOf, listOf, parsed } from '../util/fields.ts';
import { Lines } from '../util/lines.ts';

export interface LinkOptions {
  /** The program's id, the door's name, and whether urgent text is read in the middle of a turn. */
  readonly hello: { readonly plugin: string; readonly name: string; readonly interrupts: boolean };
  /** Where session processes listen that may be ours, the likeliest first. */
  readonly find: () => readonly string[];
  /** Puts text in. Resolves with why it was not taken, for people; undefined when it was. */
  readonly onPut: (put: Put) => Promise<string | undefined>;
  readonly clock: Clock;
}

export interface Put {
  readonly text: string;
  readonly urgent: boolean;
  readonly ids: readonly string[];
}

/** What holds now. */
export interface Now {
  readonly open: boolean;
  /** Why it is not open, for people. */
  readonly reason?: string;
  readonly doing?: 'idle' | 'busy' | 'waiting';
  readonly tool?: string;
  /** Milliseconds since 1970: when that began. */
  readonly since?: number;
}

/** Text that may go in here. Exactly one of `printed` and `dropped` is to be called. */
export interface Offer {
  readonly text: string;
  readonly ids: readonly string[];
  printed(): void;
  dropped(): void;
}

/** Between two tries, milliseconds: doubled each time. A session process that starts anew looks at what is in doubt after 3 s. */
const PAUSES = { first: 100, last: 2_000 } as const;
/** An agent's turn waits for no longer than this. Milliseconds. */
const ASK_PATIENCE = 300;
/** Questions at a time: parallel tool calls. */
const MOST_ASKS = 64;
/** Ids that were read and that nobody has been told of. */
const MOST_SHOWN = 1_000;
/** Bytes. A session process that does not read is none. */
const MOST_UNSENT = 1024 * 1024;
const LONGEST_LINE = 1024 * 1024;

export class Link {
  readonly #options: LinkOptions;
  readonly #asks = new Map<number, (reply: Fields) => void>();
  #shown: string[] = [];
  #now: Now = { open: false };
  #socket: Socket | undefined;
  #timer: Timer | undefined;
  #pause: number = PAUSES.first;
  #lastAsk = 0;
  #isStopped = false;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  get isConnected(): boolean {
    return this.#socket !== undefined;
  }

  start(): void {
    if (!this.#isStopped) this.#look();
  }

  /** May be called twice. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#socket?.destroy();
  }

  /** What holds now: told when it changes, and to each session process at its start. */
  now(now: Now): void {
    if (JSON.stringify(now) === JSON.stringify(this.#now)) return;
    this.#now = now;
    this.#say({ now: this.#told() });
  }

  event(event: object): void {
    this.#say({ event });
  }

  /** A model has read these. Kept until somebody can be told. */
  shown(ids: readonly string[]): void {
    if (ids.length === 0) return;
    this.#shown = [...this.#shown, ...ids].slice(-MOST_SHOWN);
    this.#sayShown();
  }

  /** Is there text that goes in at this event? Undefined for no, and for no answer in time. */
  ask(event: object): Promise<Offer | undefined> {
    if (!this.#socket || this.#asks.size >= MOST_ASKS) return Promise.resolve(undefined);
    const ask = ++this.#lastAsk;
    return new Promise((resolve) => {
      const settle = (offer: Offer | undefined) => {
        timer.cancel();
        this.#asks.delete(ask);
        resolve(offer);
      };
      const timer = this.#options.clock.after(ASK_PATIENCE, () => {
        this.#say({ dropped: ask });
        settle(undefined);
      });
      this.#asks.set(ask, (reply) => settle(this.#offerOf(ask, reply)));
      this.#say({ ask, event });
    });
  }

  #offerOf(ask: number, { text, ids }: Fields): Offer | undefined {
    if (typeof text !== 'string') return undefined;
    return {
      text,
      ids: listOf(ids).map(String),
      printed: () => this.#say({ printed: ask }),
      dropped: () => this.#say({ dropped: ask }),
    };
  }

  #look(): void {
    const [path, ...others] = this.#find();
    if (path === undefined) this.#lookLater();
    else this.#try(path, others);
  }

  #find(): readonly string[] {
    try {
      return this.#options.find();
    } catch {
      return []; // a state directory that is not ours alone, for one: `claude-relay doctor` says so
    }
  }

  #lookLater(): void {
    if (this.#isStopped) return;
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(this.#pause, () => this.#look());
    this.#pause = Math.min(this.#pause * 2, PAUSES.last);
  }

  #try(path: string, others: readonly string[]): void {
    const socket = connect(path);
    socket.unref();
    socket.on('error', () => undefined); // `close` follows
    socket.once('connect', () => this.#welcome(socket));
    socket.once('close', () => {
      const [next, ...rest] = others;
      if (this.#socket === socket) this.#onGone();
      else if (next !== undefined && !this.#isStopped) this.#try(next, rest);
      else this.#lookLater();
    });
  }

  #welcome(socket: Socket): void {
    if (this.#isStopped) return void socket.destroy();
    this.#socket = socket;
    this.#pause = PAUSES.first;
    const lines = new Lines(LONGEST_LINE);
    socket.on('data', (chunk: Buffer) => {
      for (const line of lines.feed(chunk)) if (line !== undefined) this.#onLine(fieldsOf(parsed(line)));
    });
    this.#say({ ...this.#options.hello, now: this.#told() });
    this.#sayShown();
  }

  #onGone(): void {
    this.#socket = undefined;
    for (const settle of [...this.#asks.values()]) settle({});
    this.#lookLater();
  }

  #onLine(message: Fields): void {
    const { put, text, urgent, ids, ask } = message;
    if (typeof ask === 'number') this.#asks.get(ask)?.(message);
    else if (typeof put === 'number' && typeof text === 'string')
      void this.#onPut(put, { text, urgent: urgent === true, ids: listOf(ids).map(String) });
  }

  async #onPut(put: number, what: Put): Promise<void> {
    const socket = this.#socket;
    const reason = await this.#options.onPut(what).catch(() => 'it does not work in this version');
    // Another process knows nothing of that number.
    if (this.#socket === socket) this.#say(reason === undefined ? { taken: put } : { refused: put, reason });
  }

  #told(): object {
    const { since, ...now } = this.#now;
    return since === undefined ? now : { ...now, for_ms: Math.max(0, this.#options.clock.now() - since) };
  }

  #sayShown(): void {
    if (!this.#socket || this.#shown.length === 0) return;
    this.#say({ shown: this.#shown });
    this.#shown = [];
  }

  #say(message: object): void {
    const socket = this.#socket;
    if (!socket) return;
    if (socket.writableLength > MOST_UNSENT) socket.destroy();
    else socket.write(`${JSON.stringify(message)}\n`);
  }
}
