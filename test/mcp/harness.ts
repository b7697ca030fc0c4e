/** The server behind a real client of the SDK, in either era, over the transport that stdio uses but in memory. */
import { PassThrough, Writable } from 'node:stream';
import { Client } from '@modelcontextprotocol/client';
import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/server';
import { Shelf } from '../../src/delivery/shelf.ts';
import type { Host } from '../../src/mcp/server.ts';
import { type StdioProcess, serveSession } from '../../src/mcp/stdio.ts';
import type { Clock } from '../../src/util/clock.ts';
import { systemClock } from '../../src/util/clock.ts';
import { afterEveryTest } from '../support/cleanup.ts';
import { settle } from '../support/fake-clock.ts';
import { FakeSession } from './fake-session.ts';
import { fixedRandom } from './fixed-random.ts';

export type Era = 'legacy' | 'modern';
export const ERAS: readonly Era[] = ['legacy', 'modern'];

/** Our process, with pipes instead of a parent. */
export class FakeProcess implements StdioProcess {
  readonly stdin = new PassThrough();
  /** A pipe takes a write at once; whoever reads it does so later. */
  readonly stdout = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      if (this.broken) return done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
      setImmediate(() => this.read(chunk.toString()));
      done();
    },
  });
  /** Nobody reads stdout any more. */
  broken = false;
  /** Set by whoever reads. */
  onLine: (line: string) => void = () => undefined;
  private text = '';
  readonly logged: string[] = [];
  readonly clients: unknown[] = [];
  parentId = 100;
  private readonly signals: (() => void)[] = [];

  parent(): number {
    return this.parentId;
  }

  onSignal(listener: () => void): void {
    this.signals.push(listener);
  }

  private read(text: string): void {
    const lines = `${this.text}${text}`.split('\n');
    this.text = lines.pop() ?? '';
    for (const line of lines) this.onLine(line);
  }

  signal(): void {
    for (const listener of this.signals) listener();
  }

  onClient(info: unknown): void {
    this.clients.push(info);
  }

  log(message: string): void {
    this.logged.push(message);
  }
}

export interface Served {
  readonly host: Host & { session: FakeSession };
  readonly process: FakeProcess;
  /** Resolves when the session is over. */
  readonly over: Promise<void>;
}

export function serve(clock: Clock = systemClock, onCall?: Host['onCall'], process = new FakeProcess()): Served {
  const host = {
    session: new FakeSession(),
    shelf: new Shelf(),
    version: '0.0.0',
    clock,
    random: fixedRandom(),
    ...(onCall ? { onCall } : {}),
  };
  return { host, process, over: serveSession(host, process, clock) };
}

/** The client's end of the pipes. */
class PipeTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: Transport['onmessage'];
  private readonly process: FakeProcess;

  constructor(process: FakeProcess) {
    this.process = process;
  }

  async start(): Promise<void> {
    this.process.onLine = (line) => this.onmessage?.(JSON.parse(line) as JSONRPCMessage);
  }

  async send(message: JSONRPCMessage): Promise<void> {
    this.process.stdin.write(`${JSON.stringify(message)}\n`);
  }

  async close(): Promise<void> {
    this.process.stdin.end();
    this.onclose?.();
  }
}

export interface Connected extends Served {
  readonly client: Client;
}

export async function connect(
  era: Era,
  options: { name?: string; clock?: Clock; onCall?: Host['onCall'] } = {},
): Promise<Connected> {
  const served = serve(options.clock, options.onCall);
  const mode = era === 'modern' ? { versionNegotiation: { mode: 'auto' as const } } : {};
  const client = new Client({ name: options.name ?? 'test-client', version: '1' }, { capabilities: {}, ...mode });
  await client.connect(new PipeTransport(served.process));
  return { ...served, client };
}

/** The text of a tool's answer. */
export function textOf(result: { readonly content?: unknown }): string {
  const { content } = result;
  if (!Array.isArray(content) || content.length !== 1) throw new Error('an answer has one text');
  const first: unknown = content[0];
  if (typeof first !== 'object' || first === null || !('text' in first)) throw new Error('an answer is text');
  return String(first.text);
}

/** Raw lines to the server, and what it says. */
export class RawClient {
  readonly served: Served;
  readonly lines: string[] = [];
  private waiting: (() => void)[] = [];

  constructor(served: Served = serve()) {
    this.served = served;
    served.process.onLine = (line) => {
      this.lines.push(line);
      for (const wake of this.waiting.splice(0)) wake();
    };
  }

  write(text: string | object): void {
    this.served.process.stdin.write(typeof text === 'string' ? `${text}\n` : `${JSON.stringify(text)}\n`);
  }

  request(id: number | string, method: string, params: object = {}): void {
    this.write({ jsonrpc: '2.0', id, method, params });
  }

  initialize(id: number | string = 0): Promise<Record<string, unknown>> {
    const clientInfo = { name: 'raw', version: '1' };
    this.request(id, 'initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo });
    return this.answer(id);
  }

  /** The answer to that id, as soon as it is there. */
  async answer(id: number | string | null): Promise<Record<string, unknown>> {
    for (;;) {
      for (const line of this.lines) {
        const message = JSON.parse(line) as Record<string, unknown>;
        if ('id' in message && message.id === id) return message;
      }
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }
}

const open: Served[] = [];
afterEveryTest(async () => {
  for (const { process, over } of open.splice(0)) {
    process.stdin.end();
    await over;
  }
});

/** One whose stdin ends with the test. */
export function raw(served: Served = serve()): RawClient {
  open.push(served);
  return new RawClient(served);
}

/** It has begun, and a call of it waits for mail. */
export async function waiting(clock?: Clock): Promise<RawClient> {
  const client = raw(serve(clock));
  await client.initialize();
  client.request(1, 'tools/call', { name: 'relay_receive', arguments: { wait_seconds: 50 } });
  while (client.served.host.session.watching < 2) await settle(1);
  return client;
}
