/** Codex's app server as far as our door speaks with it: JSON-RPC over a WebSocket on a Unix socket. */
import { mkdirSync, symlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { dirname, join } from 'node:path';
import { type WebSocket, WebSocketServer } from 'ws';
import { controlSocket } from '../../../src/agents/codex/app-server.ts';
import { tempDir } from '../../support/temp-dir.ts';

interface Request {
  readonly id?: number;
  readonly method: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

export class FakeAppServer {
  readonly codexHome = tempDir();
  readonly requests: Request[] = [];
  readonly queued: string[] = [];
  readonly steered: string[] = [];
  loaded = ['t-1'];
  status: 'idle' | 'active' = 'idle';
  /** Methods that are answered with an error. */
  readonly refuses = new Set<string>();
  isStalling = false;
  /** Does what it is asked for and does not say so: it closes the connection instead. */
  readonly breaksAt = new Set<string>();
  readonly #server: Server = createServer();
  readonly #sockets = new WebSocketServer({ server: this.#server });

  async listen(): Promise<this> {
    const path = join(tempDir(), 'real.sock');
    await new Promise<void>((resolve) => this.#server.listen(path, resolve));
    mkdirSync(dirname(controlSocket(this.codexHome)), { recursive: true });
    // As the daemon does it: the folder of the user has a link.
    symlinkSync(path, controlSocket(this.codexHome));
    this.#sockets.on('connection', (socket) =>
      socket.on('message', (data) => this.#onMessage(socket, JSON.parse(data.toString()))),
    );
    return this;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  get methods(): readonly string[] {
    return this.requests.map(({ method }) => method);
  }

  #onMessage(socket: WebSocket, request: Request): void {
    this.requests.push(request);
    const { id, method, params = {} } = request;
    if (id === undefined || this.isStalling) return;
    socket.send(JSON.stringify({ method: 'thread/status/changed', params: {} }));
    const error = { code: -32_600, message: `${method} is not allowed now` };
    const answer = this.refuses.has(method) ? { id, error } : { id, result: this.#result(method, params) };
    if (this.breaksAt.has(method)) socket.terminate();
    else socket.send(JSON.stringify(answer));
  }

  #result(method: string, params: Readonly<Record<string, unknown>>): object {
    const [input] = (params['input'] ?? []) as { text: string }[];
    switch (method) {
      case 'thread/loaded/list':
        return { data: this.loaded, nextCursor: null };
      case 'thread/read':
        return { thread: { id: params['threadId'], status: { type: this.status } } };
      case 'thread/turns/list':
        return { data: this.status === 'active' ? [{ id: 'turn-9' }] : [] };
      case 'turn/steer':
        this.steered.push(input?.text ?? '');
        return { turnId: params['expectedTurnId'] };
      case 'thread/queue/add':
        this.queued.push(input?.text ?? '');
        return { queuedSubmission: { id: 'q-1' } };
      default:
        return {};
    }
  }
}
