/** A cable that a test holds in its hand: TCP from a port of ours to the relay's, with delays, and cut wherever the test says. */
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { systemClock } from '../../../src/util/clock.ts';
import { afterEveryTest } from '../../support/cleanup.ts';

export interface Wires {
  readonly client: Socket;
  readonly relay: Socket;
  /** Both ends hear of it at once. */
  cut(): void;
}

export interface CableOptions {
  /** Milliseconds, for each piece in each direction; in order. */
  readonly delay?: () => number;
  /** Looks at what comes from the relay; answers whether it goes on to the client. */
  readonly fromRelay?: (piece: Buffer, wires: Wires) => boolean;
  readonly fromClient?: (piece: Buffer, wires: Wires) => boolean;
}

const running: Cable[] = [];

export class Cable {
  readonly port: number;
  /** The relay's; may be told later, and change. */
  target = 0;
  options: CableOptions = {};
  /** How many connections came. */
  connections = 0;
  readonly #server: Server;
  readonly #open = new Set<Wires>();

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
    server.on('connection', (client) => this.#join(client));
  }

  static async start(): Promise<Cable> {
    const server = createServer({ noDelay: true });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const cable = new Cable(server, typeof address === 'object' && address ? address.port : 0);
    running.push(cable);
    return cable;
  }

  /** What the relay must answer to as its `Host`. */
  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  get url(): string {
    return `ws://${this.host}`;
  }

  cutAll(): void {
    for (const wires of [...this.#open]) wires.cut();
  }

  async stop(): Promise<void> {
    this.cutAll();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #join(client: Socket): void {
    this.connections += 1;
    const relay = dial({ port: this.target, host: '127.0.0.1', noDelay: true });
    const wires: Wires = {
      client,
      relay,
      cut: () => {
        this.#open.delete(wires);
        for (const socket of [client, relay]) socket.resetAndDestroy();
      },
    };
    this.#open.add(wires);
    this.#carry(client, relay, wires, (piece) => this.options.fromClient?.(piece, wires) ?? true);
    this.#carry(relay, client, wires, (piece) => this.options.fromRelay?.(piece, wires) ?? true);
  }

  #carry(from: Socket, to: Socket, wires: Wires, passes: (piece: Buffer) => boolean): void {
    let due = 0;
    from.on('data', (piece) => {
      if (!passes(piece)) return;
      const { delay } = this.options;
      if (!delay) return void to.write(piece);
      due = Math.max(due, systemClock.monotonic() + delay());
      setTimeout(() => to.destroyed || to.write(piece), due - systemClock.monotonic());
    });
    from.on('error', () => wires.cut());
    from.on('close', () => wires.cut());
  }
}

afterEveryTest(async () => {
  for (const cable of running.splice(0)) await cable.stop();
});
