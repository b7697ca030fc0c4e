/**
 * One agent session's connection over stdin and stdout, from start to goodbye. It ends with stdin, with a broken
 * stdout, with SIGTERM or SIGINT, or when the process that started it is gone. At the end of stdin the answers under way
 * still go out, for a moment, before the connection closes.
 */
import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../util/clock.ts';
import { type ClientInfo, clientInfoOf } from './client-info.ts';
import { Protocol } from './protocol.ts';
import type { Host } from './server.ts';
import { StdioTransport } from './stdio-transport.ts';
import { AfterWrite } from './written.ts';

/** How often the parent is looked for. With the flush below, gone to exit stays within 10 s. */
const PARENT_POLL_MS = 3_000;
/** How long answers under way may still take after the end of stdin. */
const DRAIN_MS = 1_000;

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
  return new Promise((resolve) => {
    let isKnown = false;
    const transport = new StdioTransport(process.stdin, process.stdout, {
      onMessage(message) {
        const info = isKnown ? undefined : clientInfoOf(message);
        if (info) {
          isKnown = true;
          process.onClient(info);
        }
        protocol.take(message);
      },
      onEnd() {
        const timer = clock.after(DRAIN_MS, close);
        void protocol.settled().then(() => {
          timer.cancel();
          close();
        });
      },
      onBroken(error) {
        process.log(`mcp: ${error.message}`);
        close();
      },
    });
    const protocol = new Protocol({
      host,
      written: new AfterWrite(),
      send: (message, done) => transport.send(message, done),
      log: (message) => process.log(message),
    });
    const poll = watchParent(process, clock, close);
    let isOver = false;
    function close(): void {
      if (isOver) return;
      isOver = true;
      poll.cancel();
      protocol.close();
      transport.close();
      resolve();
    }
    process.onSignal(close);
    transport.start();
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
