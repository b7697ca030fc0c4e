/** Where the relay is, as agents see it: here, or on another machine behind a forwarded port. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEveryTest } from '../support/cleanup.ts';
import { type Machine, type McpSession, machine, until } from '../support/cli.ts';

/** A port of the loopback that leads to a machine's relay: what `ssh -L` makes. */
export class Tunnel {
  readonly #to: Machine;
  readonly #server: Server = createServer((socket) => this.#join(socket));
  readonly #sockets = new Set<Socket>();

  constructor(to: Machine) {
    this.#to = to;
  }

  /** What clients call the relay; since the port is another one, the relay has to be told: `--allow-host`. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async open(port = 0): Promise<void> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** Ends the connections that are there, and takes no more. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Another machine of the same person, with a state directory of its own, at this end; the token was copied over. */
  machine(): Machine {
    const other = machine();
    const settings = { relayUrl: `ws://${this.host}` };
    writeFileSync(join(other.home, 'token'), `${this.#to.token}\n`, { mode: 0o600 });
    writeFileSync(join(other.home, 'config.json'), JSON.stringify(settings), { mode: 0o600 });
    return other;
  }

  #join(here: Socket): void {
    const there = connect(this.#to.port, '127.0.0.1');
    here.pipe(there).pipe(here);
    this.#tie(here, there);
    this.#tie(there, here);
  }

  /** The one goes when the other does. */
  #tie(one: Socket, other: Socket): void {
    this.#sockets.add(one);
    one.on('error', () => undefined);
    one.on('close', () => {
      this.#sockets.delete(one);
      other.destroy();
    });
  }
}

const tunnels: Tunnel[] = [];

/** Open before the relay starts, so that it can be told of it. */
export async function tunnelTo(relayed: Machine): Promise<Tunnel> {
  const tunnel = new Tunnel(relayed);
  tunnels.push(tunnel);
  await tunnel.open();
  return tunnel;
}

/** Settles when `peer` sees a session of this name. */
export async function present(peer: McpSession, name: string): Promise<void> {
  const line = new RegExp(`\\b${name}\\b`);
  await until(
    () => peer.call('relay_peers'),
    (text) => line.test(text),
  );
}

interface Recipients {
  readonly recipients: readonly { readonly name: string; readonly state: string }[];
}

/** Settles when a message is as far as that for its recipient. */
export async function reached(
  on: Machine,
  id: string,
  { from, to }: { from: string; to: string },
  state: string,
): Promise<void> {
  await until(
    async () => (await on.json(['receipts', id, '--as', from])) as Recipients,
    ({ recipients }) => recipients.some((each) => each.name === to && each.state === state),
  );
}

afterEveryTest(async () => {
  for (const tunnel of tunnels.splice(0)) await tunnel.close();
});
