/**
 * A client of the first generation as the relay sees it: a Socket whose other side is a translator instead of a wire.
 * So such a client is a session like any other, with the same inbox, the same pump and the same receipts.
 */
import { decodeRelayFrame, encode } from '../protocol/codec.ts';
import { RelayError } from '../protocol/codes.ts';
import type { ClientFrame, RelayFrame } from '../protocol/frames.ts';
import type { Args, Results, Verb } from '../protocol/verbs.ts';
import type { Socket, SocketListener } from './socket.ts';

interface Waiting {
  resolve(result: unknown): void;
  reject(error: RelayError): void;
}

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
  /** What each ping that is on its way proves when it is answered: these positions had arrived before it. */
  readonly #pings: (readonly number[])[] = [];
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

  ping(): void {
    this.#ping([]);
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
    this.#ping(positions);
  }

  /** Of two pongs that a client has folded into one, the second ping counts with a later pong: late, never early. */
  pong(): void {
    this.#listener?.onPong();
    const positions = this.#pings.shift() ?? [];
    if (positions.length === 0) return;
    // Best effort: a receipt that is lost costs a redelivery.
    this.request('receipt', { state: 'handed', positions }).catch(() => undefined);
  }

  drained(): void {
    this.#listener?.onDrain();
  }

  /** The wire is gone. */
  lost(code: number): void {
    this.#shut(code);
  }

  #ping(positions: readonly number[]): void {
    if (this.#isClosed) return;
    this.#pings.push(positions);
    this.#wire.ping();
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
