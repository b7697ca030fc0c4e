/** One WebSocket to a real relay, spoken by hand: whatever is written goes out, every frame that comes is kept. */
import WebSocket from 'ws';

export interface Frame {
  readonly type: string;
  readonly id?: number;
  readonly code?: string;
  readonly message?: string;
  readonly [key: string]: unknown;
}

interface WireOptions {
  readonly port: number;
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

export class Wire {
  readonly frames: Frame[] = [];
  /** The close code, once it is closed. */
  closed: number | undefined;
  readonly #ws: WebSocket;
  #wake: (() => void)[] = [];
  #next = 1_000;

  private constructor(ws: WebSocket) {
    this.#ws = ws;
    ws.on('message', (data) => {
      this.frames.push(JSON.parse(data.toString()));
      this.#stir();
    });
    ws.on('close', (code) => {
      this.closed = code;
      this.#stir();
    });
  }

  /** Resolves when the upgrade was taken; rejects with `{ status, body }` as message when it was refused. */
  static open({ port, token, headers = {} }: WireOptions): Promise<Wire> {
    const credential = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const ws = new WebSocket(`ws://127.0.0.1:${port}`, 'claude-relay.v1', { headers: { ...credential, ...headers } });
    return new Promise((resolve, reject) => {
      const wire = new Wire(ws);
      ws.once('open', () => resolve(wire));
      ws.once('error', reject);
      ws.once('unexpected-response', (_request, response) => {
        let body = '';
        response.on('data', (chunk) => {
          body += chunk;
        });
        response.on('end', () => reject(new Error(JSON.stringify({ status: response.statusCode, body }))));
      });
    });
  }

  /** Open, and past hello. */
  static async seated(options: WireOptions, name: string, hello: object = {}): Promise<Wire> {
    const wire = await Wire.open(options);
    wire.say({ type: 'hello', v: 1, name, instance: `i${name}`, seat: true, ...hello });
    await wire.next(({ type }) => type === 'welcome');
    return wire;
  }

  /** Text goes out as it is, bytes as a binary frame. */
  say(frame: object | string | Buffer): void {
    this.#ws.send(typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame));
  }

  /** The answer to one verb, an error too. */
  ask(verb: string, args: unknown): Promise<Frame> {
    this.#next += 1;
    const id = this.#next;
    this.say({ type: 'request', id, verb, args });
    return this.next((frame) => frame.id === id);
  }

  /** The first frame that fits and was not given before. Rejects when the connection closes without. */
  async next(fits: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      const at = this.frames.findIndex(fits);
      const [found] = at < 0 ? [] : this.frames.splice(at, 1);
      if (found) return found;
      if (this.closed !== undefined) throw new Error(`Closed with ${this.closed}: ${JSON.stringify(this.frames)}`);
      await this.#stirred();
    }
  }

  async ended(): Promise<number> {
    while (this.closed === undefined) await this.#stirred();
    return this.closed;
  }

  end(): void {
    this.#ws.terminate();
  }

  #stirred(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  #stir(): void {
    for (const resolve of this.#wake.splice(0)) resolve();
  }
}
