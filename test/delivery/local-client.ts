/** A hook's or a plugin's end of the session's local socket. */
import { connect, type Socket } from 'node:net';
import { berths } from '../../src/config/rendezvous.ts';

type Line = Readonly<Record<string, unknown>>;

export class LocalClient {
  readonly #socket: Socket;
  readonly #lines: Line[] = [];
  #text = '';
  #isClosed = false;
  #wake: () => void = () => undefined;

  constructor(path: string) {
    this.#socket = connect(path);
    this.#socket.setEncoding('utf8');
    this.#socket.on('error', () => undefined);
    this.#socket.on('data', (chunk: string) => this.#onData(chunk));
    this.#socket.on('close', () => {
      this.#isClosed = true;
      this.#wake();
    });
  }

  /** Of the only session process of that home. */
  static of(home: string): LocalClient {
    const [berth] = berths(home);
    if (!berth) throw new Error('no session process is there');
    return new LocalClient(berth.socket);
  }

  say(line: object | string): void {
    this.#socket.write(typeof line === 'string' ? line : `${JSON.stringify(line)}\n`);
  }

  /** The next line; undefined when the other side has hung up. */
  async next(): Promise<Line | undefined> {
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined || this.#isClosed) return line;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async closed(): Promise<void> {
    while (!this.#isClosed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  hangUp(): void {
    this.#socket.destroy();
  }

  #onData(chunk: string): void {
    this.#text += chunk;
    const lines = this.#text.split('\n');
    this.#text = lines.pop() ?? '';
    for (const line of lines) this.#lines.push(JSON.parse(line) as Line);
    this.#wake();
  }
}

/** One hook from its call to its end. Answers what it would have printed. */
export async function hook(home: string, event: string, input: object = {}): Promise<Line> {
  const client = LocalClient.of(home);
  client.say({ hook: 'claude-code', event, input });
  const reply = (await client.next()) ?? {};
  client.say({ printed: true });
  await client.closed();
  return reply;
}
