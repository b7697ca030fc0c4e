/**
 * A client of the first generation as the relay sees it: a Socket whose other side is a translator instead of a wire.
 * So such a client is a session like any other, with the same inbox, the same pump and the same receipts.
 */
import { decodeRelayFrame, encode } from '../protocol/codec.ts';
import { RelayError } from '../protocol/codes.ts';
import type { ClientFrame, RelayFrame } from '../protocol/frames.ts';
import type { Args, Results, Verb } from '../protocol/verbs.ts';
import type { Socket, SocketListener } from './socket.ts';

/** One ping that is on its way. */
interface Ping {
  /** What it proves when it is answered: these positions had arrived before it. */
  readonly positions: readonly number[];
  /** The relay's own, if it asked. */
  readonly mark?: string;
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: RelayError): void;
}

/** On their way at once; a client that answers none of them makes no more of them grow. */
const PINGS = 64;

export interface LinkOwner {
  /** Everything but answers. */
  onFrame(frame: RelayFrame): void;
  /** The relay has ended the connection. */
  onEnd(code: number, reason: string): void;
}

export class LegacyLink implements Socket {
  readonly #wire: Socket;
  readonly #owner: LinkOwner;
  readonly #waiting = new Map<number, Waiting>();
  /** By the mark that it went out with, oldest first. */
  readonly #pings = new Map<string, Ping>();
  #lastPing = 0;
  #listener: SocketListener | undefined;
  #lastId = 0;
  #isClosed = false;

  constructor(wire: Socket, owner: LinkOwner) {
    this.#wire = wire;
    this.#owner = owner;
  }

  get unsent(): number {
    return this.#wire.unsent;
  }

  listen(listener: SocketListener): void {
    this.#listener = listener;
  }

  send(text: string): void {
    const frame = decodeRelayFrame(text);
    if (!frame || this.#isClosed) return;
    if (frame.type === 'answer') this.#settle(frame.id, (waiting) => waiting.resolve(frame.result));
    else if (frame.type === 'error' && frame.id !== undefined)
      this.#settle(frame.id, (waiting) => waiting.reject(new RelayError(frame.code, frame.message)));
    else this.#owner.onFrame(frame);
  }

  ping(mark: string): void {
    this.#ping({ positions: [], mark });
  }

  close(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.#shut(code);
    this.#owner.onEnd(code, reason);
  }

  terminate(): void {
    this.#wire.terminate();
    this.#shut(1006);
  }

  /** What the client would have said, had it spoken this protocol. */
  say(frame: ClientFrame): void {
    if (!this.#isClosed) this.#listener?.onText(encode(frame));
  }

  /** Rejects with a RelayError. */
  request<V extends Verb>(verb: V, args: Args<V>): Promise<Results[V]> {
    if (this.#isClosed) return Promise.reject(new RelayError('shutting_down'));
    const id = ++this.#lastId;
    return new Promise<Results[V]>((resolve, reject) => {
      this.#waiting.set(id, { resolve: (result) => resolve(result as Results[V]), reject });
      this.say({ type: 'request', id, verb, args });
    });
  }

  /**
   * These envelopes were written. First-generation clients acknowledge nothing, but a pong comes back only after what
   * was sent before its ping: then they are in the other process, and that is what `handed` means.
   */
  written(positions: readonly number[]): void {
    this.#ping({ positions });
  }

  /** A client may fold the pongs of several pings into that of the last: whatever was asked before has arrived, too. */
  pong(mark: string): void {
    const answered = this.#upTo(mark);
    const marks = answered.flatMap((ping) => ping.mark ?? []);
    // Also what nobody asked for is a sign that somebody is there.
    this.#listener?.onPong(marks.at(-1) ?? '');
    const positions = answered.flatMap((ping) => ping.positions);
    if (positions.length === 0) return;
    // Best effort: a receipt that is lost costs a redelivery.
    this.request('receipt', { state: 'handed', positions }).catch(() => undefined);
  }

  /** The pings up to that mark, which are on their way no more; none for a mark that none of them has. */
  #upTo(mark: string): Ping[] {
    if (!this.#pings.has(mark)) return [];
    const answered: Ping[] = [];
    for (const [each, ping] of this.#pings) {
      this.#pings.delete(each);
      answered.push(ping);
      if (each === mark) break;
    }
    return answered;
  }

  drained(): void {
    this.#listener?.onDrain();
  }

  /** The wire is gone. */
  lost(code: number): void {
    this.#shut(code);
  }

  #ping(ping: Ping): void {
    if (this.#isClosed) return;
    const mark = `${++this.#lastPing}`;
    this.#pings.set(mark, ping);
    if (this.#pings.size > PINGS) this.#foldOldest();
    this.#wire.ping(mark);
  }

  /** Into the next: that one is answered later, and says the same. */
  #foldOldest(): void {
    const [first, second] = this.#pings;
    if (!first || !second) return;
    const [[mark, { positions }], [nextMark, next]] = [first, second];
    this.#pings.delete(mark);
    this.#pings.set(nextMark, { ...next, positions: [...positions, ...next.positions] });
  }

  #settle(id: number, how: (waiting: Waiting) => void): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (waiting) how(waiting);
  }

  #shut(code: number): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const waiting of this.#waiting.values()) waiting.reject(new RelayError('shutting_down'));
    this.#waiting.clear();
    // Later, as a wire would: the relay may be in the middle of closing.
    queueMicrotask(() => this.#listener?.onClose(code));
  }
}
