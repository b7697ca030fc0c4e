/** The session process's end of a plugin's line, by hand: what the plugin says is read line by line, and answered or not. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEveryTest } from '../support/cleanup.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { tempDir } from '../support/temp-dir.ts';

export type Line = Readonly<Record<string, unknown>>;

const open: SessionProcess[] = [];
afterEveryTest(() => {
  for (const process of open.splice(0)) process.end();
});

/** One plugin's connection. */
export class Guest {
  readonly #socket: Socket;
  readonly #lines: Line[] = [];
  #text = '';
  #isGone = false;
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('error', () => undefined);
    socket.on('data', (chunk: string) => {
      const lines = `${this.#text}${chunk}`.split('\n');
      this.#text = lines.pop() ?? '';
      for (const line of lines) this.#lines.push(JSON.parse(line) as Line);
      this.#wake();
    });
    socket.on('close', () => {
      this.#isGone = true;
      this.#wake();
    });
  }

  /** The next line; undefined when the plugin has hung up. */
  async next(): Promise<Line | undefined> {
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined || this.#isGone) return line;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Every line up to the first that has that key, which is the last one. */
  async until(key: string): Promise<Line[]> {
    const lines: Line[] = [];
    for (;;) {
      const line = await this.next();
      if (line === undefined) throw new Error(`gone before ${key}; it said ${JSON.stringify(lines)}`);
      lines.push(line);
      if (key in line) return lines;
    }
  }

  say(line: object | string): void {
    this.#socket.write(typeof line === 'string' ? line : `${JSON.stringify(line)}\n`);
  }

  hangUp(): void {
    this.#socket.destroy();
  }

  /** Reads no more. */
  stall(): void {
    this.#socket.pause();
  }

  get isGone(): boolean {
    return this.#isGone;
  }
}

export class SessionProcess {
  readonly path: string;
  readonly guests: Guest[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(path: string) {
    this.path = path;
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      this.guests.push(new Guest(socket));
    });
  }

  static async start(path = join(tempDir(), 's.sock')): Promise<SessionProcess> {
    const process = new SessionProcess(path);
    process.#server.listen(path);
    await once(process.#server, 'listening');
    open.push(process);
    return process;
  }

  /** The next plugin that comes, while time passes for those that wait. */
  async guest(clock: FakeClock): Promise<Guest> {
    for (let turn = 0; turn < 2_000; turn += 1) {
      const guest = this.guests.shift();
      if (guest) return guest;
      await clock.run(20);
    }
    throw new Error('no plugin came');
  }

  end(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}
