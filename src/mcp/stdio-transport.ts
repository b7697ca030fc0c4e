/**
 * The Model Context Protocol over stdin and stdout: one JSON message a line. Different from the SDK's own transport in
 * four things that this process promises:
 * 1. what a tool added with `afterWritten` runs when its answer was written, and only then;
 * 2. a line that is no message is answered (-32700 or -32600) and the process lives on;
 * 3. at the end of stdin the answers under way still go out, for a moment, before the connection closes;
 * 4. a stdout that nobody reads any more is the end, not an exception.
 */
import type { Readable, Writable } from 'node:stream';
import {
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResponse,
  type JSONRPCMessage,
  type JSONRPCNotification,
  parseJSONRPCMessage,
  type RequestId,
  type Transport,
} from '@modelcontextprotocol/server';
import type { Clock } from '../util/clock.ts';
import { Lines } from '../util/lines.ts';
import type { AfterWrite } from './written.ts';

/** A line beyond this is refused; the largest message that the relay takes is far smaller. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;
/** How long answers under way may still take after the end of stdin. */
const DRAIN_MS = 1_000;

const PARSE_ERROR = -32_700;
const INVALID_REQUEST = -32_600;

interface StdioOptions {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly clock: Clock;
  readonly written: AfterWrite;
  /** Sees every message before it is given on. */
  readonly onInbound?: (message: JSONRPCMessage) => void;
}

export class StdioTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: Transport['onmessage'];

  private readonly options: StdioOptions;
  private readonly lines = new Lines(MAX_LINE_BYTES);
  /** Requests that were given on and not answered yet. */
  private readonly open = new Set<RequestId>();
  private ended = false;
  private closed = false;
  /** Set while the answers under way are waited for. */
  private drained: (() => void) | undefined;

  constructor(options: StdioOptions) {
    this.options = options;
  }

  async start(): Promise<void> {
    const { stdin, stdout } = this.options;
    stdin.on('data', this.onData);
    stdin.on('end', this.onEnd);
    stdin.on('close', this.onEnd);
    stdin.on('error', this.onEnd);
    // Stays for good: a late EPIPE after close must not become an uncaught exception.
    stdout.on('error', this.onBroken);
    if (stdin.readableEnded || stdin.destroyed) setImmediate(this.onEnd);
  }

  /** Resolves when the line was written; rejects when it could not be. */
  send(message: JSONRPCMessage): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.closed) return reject(new Error('The connection is closed.'));
      const id = answeredId(message);
      this.options.stdout.write(`${JSON.stringify(message)}\n`, (error) => {
        if (id !== undefined) this.settle(id, !error);
        if (error) reject(error);
        else resolve();
      });
    });
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    const { stdin } = this.options;
    stdin.off('data', this.onData);
    stdin.off('end', this.onEnd);
    stdin.off('close', this.onEnd);
    stdin.off('error', this.onEnd);
    stdin.pause();
    this.drained?.();
    this.onclose?.();
  }

  private readonly onData = (chunk: Buffer): void => {
    for (const line of this.lines.feed(chunk)) this.takeLine(line);
  };

  private readonly onEnd = (): void => {
    if (this.ended) return;
    this.ended = true;
    const rest = this.lines.rest();
    if (rest !== '') this.takeLine(rest);
    void this.drain().then(() => this.close());
  };

  private readonly onBroken = (error: Error): void => {
    this.onerror?.(error);
    void this.close();
  };

  private takeLine(line: string | undefined): void {
    if (this.closed) return;
    if (line === undefined) return this.refuse(INVALID_REQUEST, `A message may have at most ${MAX_LINE_BYTES} bytes.`);
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      return this.refuse(PARSE_ERROR, 'Parse error: each line must be one JSON-RPC message.');
    }
    const message = asMessage(value);
    if (!message)
      return this.refuse(INVALID_REQUEST, 'Invalid request: that is JSON, but no JSON-RPC 2.0 message.', idOf(value));
    if (isJSONRPCRequest(message)) this.open.add(message.id);
    else if (isJSONRPCNotification(message)) this.forgetCancelled(message);
    this.options.onInbound?.(message);
    this.onmessage?.(message);
  }

  /** A cancelled request is never answered. */
  private forgetCancelled(message: JSONRPCNotification): void {
    const id = message.method === 'notifications/cancelled' ? message.params?.requestId : undefined;
    if (typeof id === 'string' || typeof id === 'number') this.open.delete(id);
  }

  private settle(id: RequestId, wasWritten: boolean): void {
    if (wasWritten) this.options.written.written(id);
    else this.options.written.drop(id);
    this.open.delete(id);
    if (this.open.size === 0) this.drained?.();
  }

  private refuse(code: number, message: string, id: RequestId | null = null): void {
    // JSON-RPC answers what it cannot read with the id null, which the SDK's type of an answer does not know.
    this.options.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, error: { code, message } })}\n`);
  }

  private drain(): Promise<void> {
    return new Promise((resolve) => {
      if (this.open.size === 0 || this.closed) return resolve();
      const timer = this.options.clock.after(DRAIN_MS, resolve);
      this.drained = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}

function asMessage(value: unknown): JSONRPCMessage | undefined {
  try {
    return parseJSONRPCMessage(value);
  } catch {
    return undefined; // the caller says so to whoever sent it
  }
}

function idOf(value: unknown): RequestId | null {
  if (typeof value !== 'object' || value === null || !('id' in value)) return null;
  return typeof value.id === 'string' || typeof value.id === 'number' ? value.id : null;
}

function answeredId(message: JSONRPCMessage): RequestId | undefined {
  return isJSONRPCResponse(message) ? message.id : undefined;
}
