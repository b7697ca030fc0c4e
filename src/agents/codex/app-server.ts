/**
 * Codex's app server: the daemon that its terminal program shares, on a control socket in `$CODEX_HOME`. JSON-RPC over a
 * WebSocket on a Unix socket, without the `jsonrpc` field. Seen in 0.169.0 (`codex app-server generate-ts --experimental`).
 */
import { lstatSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { WebSocket } from 'ws';
import type { Clock } from '../../util/clock.ts';
import { type Fields, fieldsOf, parsed } from '../../util/fields.ts';

export function controlSocket(codexHome: string): string {
  return join(codexHome, 'app-server-control', 'app-server-control.sock');
}

/** A link to the socket, or the socket itself: whether somebody listens is told by connecting. */
export function hasControlSocket(codexHome: string): boolean {
  try {
    return lstatSync(controlSocket(codexHome), { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false; // what cannot be looked at is no way in
  }
}

/** What the server answered with an error, or that it did not answer. */
export class AppServerError extends Error {}

/** It was asked, and its answer did not come: it may have done it all the same. */
export class Unanswered extends AppServerError {}

export type Call = (method: string, params: object) => Promise<Fields>;

/**
 * Not at the start of a session process, for which every agent program waits; and not as late as the first message, when an
 * update may have taken the file away: whoever may call an app server loads it as soon as it knows.
 */
export function loadWebSocket(): Promise<typeof import('ws')> {
  return import('ws');
}

/** Connects, says hello, lets `work` call, and goes. Rejects with an AppServerError, after `patience` milliseconds at the latest. */
export async function withAppServer<T>(
  codexHome: string,
  version: string,
  clock: Clock,
  patience: number,
  work: (call: Call) => Promise<T>,
): Promise<T> {
  const { WebSocket } = await loadWebSocket();
  const socket = new WebSocket('ws://localhost/', {
    createConnection: () => connect(controlSocket(codexHome)),
    perMessageDeflate: false,
    handshakeTimeout: patience,
  });
  const calls = new Calls(socket);
  const timer = clock.after(patience, () => calls.end('it does not answer'));
  try {
    await calls.opened;
    await calls.call('initialize', {
      clientInfo: { name: 'claude-relay', title: 'claude-relay', version },
      capabilities: { experimentalApi: true },
    });
    socket.send(JSON.stringify({ method: 'initialized' }));
    return await work((method, params) => calls.call(method, params));
  } finally {
    timer.cancel();
    calls.end('done');
  }
}

class Calls {
  readonly opened: Promise<void>;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, { resolve(result: Fields): void; reject(error: Error): void }>();
  #last = 0;
  #ended: string | undefined;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    this.opened = new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('close', () => reject(new AppServerError(this.#ended ?? 'it closed the connection')));
    });
    // Whoever does not wait for it to open hears of it through the call.
    this.opened.catch(() => undefined);
    socket.on('error', (error) => this.end(error.message));
    socket.on('close', () => this.end('it closed the connection'));
    socket.on('message', (data) => this.#onMessage(fieldsOf(parsed(data.toString()))));
  }

  call(method: string, params: object): Promise<Fields> {
    if (this.#ended !== undefined) return Promise.reject(new AppServerError(this.#ended));
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, method, params }), () => undefined); // a failed write is followed by `close`
    });
  }

  end(why: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = why;
    for (const { reject } of this.#waiting.values()) reject(new Unanswered(why));
    this.#waiting.clear();
    this.#socket.terminate();
  }

  #onMessage({ id, result, error }: Fields): void {
    const waiting = typeof id === 'number' ? this.#waiting.get(id) : undefined;
    if (typeof id !== 'number' || !waiting) return; // a notification: nobody here asked for any
    this.#waiting.delete(id);
    if (error === undefined) waiting.resolve(fieldsOf(result));
    else waiting.reject(new AppServerError(String(fieldsOf(error).message ?? 'it refused')));
  }
}
