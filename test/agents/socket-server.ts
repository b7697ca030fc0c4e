/** A Unix socket that a test listens on: what came in, connection by connection. */
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { tempDir } from '../support/temp-dir.ts';

export class SocketServer {
  readonly path = join(tempDir(), 's.sock');
  /** What each connection has sent, once it has ended. */
  readonly texts: string[] = [];
  /** Reads, and never ends its own side. */
  isStalling = false;
  /** Closes each connection with what came in unread. */
  isBreaking = false;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor() {
    // Half open: a program reads to the end before it answers.
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#onConnection(socket));
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(this.path, resolve));
    return this;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #onConnection(socket: Socket): void {
    if (this.isBreaking) return void socket.destroy();
    this.#sockets.add(socket);
    let text = '';
    socket.setEncoding('utf8');
    socket.on('error', () => undefined);
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('end', () => {
      this.texts.push(text);
      if (!this.isStalling) socket.end();
    });
    socket.on('close', () => this.#sockets.delete(socket));
  }
}
