/**
 * One agent session's connection over stdin and stdout, from start to goodbye. It ends with stdin, with a broken
 * stdout, with SIGTERM or SIGINT, or when the process that started it is gone.
 */
import type { Readable, Writable } from 'node:stream';
import type { JSONRPCMessage } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import type { Clock } from '../util/clock.ts';
import { type ClientInfo, clientInfoOf } from './client-info.ts';
import { createServer, type Host } from './server.ts';
import { StdioTransport } from './stdio-transport.ts';
import { AfterWrite } from './written.ts';

/** How often the parent is looked for. With the flush below, gone to exit stays within 10 s. */
const PARENT_POLL_MS = 3_000;

export interface StdioProcess {
  readonly stdin: Readable;
  readonly stdout: Writable;
  /** Changes when the parent is gone. */
  parent(): number;
  /** SIGTERM or SIGINT. */
  onSignal(listener: () => void): void;
  /** The client has said who it is. Told once. */
  onClient(info: ClientInfo): void;
  log(message: string): void;
}

/** Serves until the connection is over, and resolves then. */
export function serveSession(host: Host, process: StdioProcess, clock: Clock): Promise<void> {
  const written = new AfterWrite();
  let isKnown = false;
  const onInbound = (message: JSONRPCMessage) => {
    const info = isKnown ? undefined : clientInfoOf(message);
    if (!info) return;
    isKnown = true;
    process.onClient(info);
  };
  const transport = new StdioTransport({ stdin: process.stdin, stdout: process.stdout, clock, written, onInbound });
  return new Promise((resolve) => {
    const handle = serveStdio(({ era }) => createServer(host, { era }, written), {
      transport,
      onerror: (error) => process.log(`mcp: ${error.message}`),
    });
    // serveStdio has put its own listener there; ours runs after it.
    const inner = transport.onclose;
    const poll = watchParent(process, clock, () => void handle.close());
    transport.onclose = () => {
      inner?.();
      poll.cancel();
      resolve();
    };
    process.onSignal(() => void handle.close());
  });
}

function watchParent(process: StdioProcess, clock: Clock, gone: () => void): { cancel(): void } {
  const parent = process.parent();
  const timer = clock.every(PARENT_POLL_MS, () => {
    if (process.parent() === parent) return;
    process.log('The process that started this one is gone.');
    timer.cancel();
    gone();
  });
  return timer;
}
