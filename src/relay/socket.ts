/**
 * What carries text to one client and back. Two implementations: a WebSocket (`transports/ws.ts`) and a linked pair
 * in memory (`transports/memory.ts`); the contract is in `test/contract/socket.ts`.
 */
export interface Socket {
  /** Queues one text frame. In order; never blocks; silently nothing once closed (the close is told by `onClose`). */
  send(text: string): void;
  /** Asks the other side for a sign of life; its answer comes as `onPong` with the same mark (RFC 6455, 5.5.3). At most 125 bytes. */
  ping(mark: string): void;
  /** Ends it with a code of RFC 6455 or 4000-4999. What was queued before still goes out. May be called twice. */
  close(code: number, reason: string): void;
  /** Ends it at once, for a peer that no longer answers. */
  terminate(): void;
  /** Its owner need not be quick: what comes is read a little at a time, so that nobody waits for much of it. */
  readLittle?(): void;
  /** Bytes accepted by `send` that have not left this process. */
  readonly unsent: number;
  /** Set once by whoever owns the connection, before anything else can arrive. */
  listen(listener: SocketListener): void;
}

export interface SocketListener {
  onText(text: string): void;
  /** With the mark of the ping that was answered: the newest that had come to the other side, so those before it had, too. */
  onPong(mark: string): void;
  /** Exactly once, however it ended. */
  onClose(code: number): void;
  /** `unsent` has fallen back under the limit that `send` had pushed it over. */
  onDrain(): void;
}
