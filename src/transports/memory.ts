/** A linked pair of sockets in one process: what one side sends the other hears in a later microtask, in order. */
import type { Socket, SocketListener } from '../relay/socket.ts';

export class MemorySocket implements Socket {
  /** Bytes that the test pretends have not left: set it to play a slow reader. */
  unsent = 0;
  /** A frozen peer: hears nothing and answers no ping. */
  frozen = false;
  /** Marks of the pings that came to here, answered or not. */
  readonly pings: string[] = [];
  readonly #held: string[] = [];
  #listener: SocketListener | undefined;
  #peer: MemorySocket | undefined;
  #closed = false;

  static pair(): [MemorySocket, MemorySocket] {
    const a = new MemorySocket();
    const b = new MemorySocket();
    a.#peer = b;
    b.#peer = a;
    return [a, b];
  }

  get closed(): boolean {
    return this.#closed;
  }

  listen(listener: SocketListener): void {
    this.#listener = listener;
    for (const text of this.#held.splice(0)) listener.onText(text);
  }

  send(text: string): void {
    const peer = this.#peer;
    if (this.#closed || !peer) return;
    queueMicrotask(() => peer.#hear(text));
  }

  ping(mark = ''): void {
    const peer = this.#peer;
    if (this.#closed || !peer) return;
    queueMicrotask(() => {
      peer.pings.push(mark);
      if (!peer.frozen) peer.pong(mark);
    });
  }

  /** The answer to a ping. By itself for one that is not frozen; a test may send it late, or unasked. */
  pong(mark: string): void {
    const peer = this.#peer;
    if (this.#closed || !peer) return;
    queueMicrotask(() => !peer.#closed && peer.#listener?.onPong(mark));
  }

  close(code: number, _reason = ''): void {
    this.#end(code);
  }

  terminate(): void {
    this.#end(1006);
  }

  /** Lets a test say that a slow reader has caught up. */
  drain(): void {
    this.unsent = 0;
    this.#listener?.onDrain();
  }

  #hear(text: string): void {
    if (this.#closed || this.frozen) return;
    if (this.#listener) this.#listener.onText(text);
    else this.#held.push(text);
  }

  #end(code: number): void {
    if (this.#closed) return;
    this.#closed = true;
    const peer = this.#peer;
    // Later than what was sent before, as on a wire: those texts are already queued.
    queueMicrotask(() => {
      this.#listener?.onClose(code);
      if (peer && !peer.frozen) peer.#end(code);
    });
  }
}
