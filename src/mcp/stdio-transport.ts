/**
 * JSON-RPC over stdin and stdout: one message a line. A line that is no message is answered (-32700 or -32600), and the
 * process lives on; a stdout that nobody reads any more is the end, not an exception.
 */
import type { Readable, Writable } from 'node:stream';
import { parsed } from '../util/fields.ts';
import { Lines } from '../util/lines.ts';
import {
  errorMessage,
  idOf,
  type Message,
  messageOf,
  type Outgoing,
  type RequestId,
  RPC,
  RpcError,
} from './jsonrpc.ts';

/** A line beyond this is refused; the largest message that the relay takes is far smaller. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;

export interface StdioListener {
  onMessage(message: Message): void;
  /** stdin is over: nothing more comes. Once. */
  onEnd(): void;
  /** Nobody reads stdout any more. */
  onBroken(error: Error): void;
}

export class StdioTransport {
  readonly #stdin: Readable;
  readonly #stdout: Writable;
  readonly #listener: StdioListener;
  readonly #lines = new Lines(MAX_LINE_BYTES);
  #isEnded = false;
  #isClosed = false;

  constructor(stdin: Readable, stdout: Writable, listener: StdioListener) {
    this.#stdin = stdin;
    this.#stdout = stdout;
    this.#listener = listener;
  }

  start(): void {
    this.#stdin.on('data', this.#onData);
    for (const event of ['end', 'close', 'error']) this.#stdin.on(event, this.#onEnd);
    // Stays for good: a late EPIPE after close must not become an uncaught exception.
    this.#stdout.on('error', (error) => this.#listener.onBroken(error));
    if (this.#stdin.readableEnded || this.#stdin.destroyed) setImmediate(this.#onEnd);
  }

  /** `done` is called when the line was written, or with what kept it from that. */
  send(message: Outgoing, done?: (error?: Error | null) => void): void {
    if (this.#isClosed) done?.(new Error('The connection is closed.'));
    else this.#stdout.write(`${JSON.stringify(message)}\n`, done);
  }

  /** Reads no more, and writes no more. */
  close(): void {
    this.#isClosed = true;
    this.#stdin.off('data', this.#onData);
    for (const event of ['end', 'close', 'error']) this.#stdin.off(event, this.#onEnd);
    this.#stdin.pause();
  }

  readonly #onData = (chunk: Buffer): void => {
    for (const line of this.#lines.feed(chunk)) this.#takeLine(line);
  };

  readonly #onEnd = (): void => {
    if (this.#isEnded || this.#isClosed) return;
    this.#isEnded = true;
    const rest = this.#lines.rest();
    if (rest !== '') this.#takeLine(rest);
    this.#listener.onEnd();
  };

  #takeLine(line: string | undefined): void {
    if (line === undefined)
      return this.#refuse(RPC.invalidRequest, `A message may have at most ${MAX_LINE_BYTES} bytes.`);
    const value = parsed(line);
    if (value === undefined)
      return this.#refuse(RPC.parseError, 'Parse error: each line must be one JSON-RPC message.');
    const message = messageOf(value);
    if (message) this.#listener.onMessage(message);
    else this.#refuse(RPC.invalidRequest, 'Invalid request: that is JSON, but no JSON-RPC 2.0 message.', idOf(value));
  }

  #refuse(code: number, message: string, id: RequestId | null = null): void {
    this.send(errorMessage(id, new RpcError(code, message)));
  }
}
