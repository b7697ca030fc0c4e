/** Stands where a relay should be: takes the upgrade, and then says whatever it was told to. */
import { createHash } from 'node:crypto';
import net, { type AddressInfo } from 'node:net';
import { afterEveryTest } from '../../support/cleanup.ts';

/** RFC 6455, 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export interface Victim {
  /** False when it reads no more for now; `drained` tells when. */
  write(data: string | Buffer): boolean;
  drained(): Promise<void>;
  readonly isGone: boolean;
}

/** Called for each connection: with its request, and after the upgrade unless it is `raw`. */
export interface Behaviour {
  /** Instead of the upgrade. */
  readonly raw?: (victim: Victim) => Promise<void> | void;
  readonly speak?: (victim: Victim) => Promise<void> | void;
}

const servers = new Set<net.Server>();
const sockets = new Set<net.Socket>();

export interface HostileRelay {
  readonly port: number;
  /** Connections so far. */
  readonly count: () => number;
}

export async function hostileRelay({ raw, speak }: Behaviour): Promise<HostileRelay> {
  let count = 0;
  const server = net.createServer((socket) => {
    count += 1;
    sockets.add(socket);
    socket.on('error', () => undefined); // the victim hung up: what it should do
    socket.once('close', () => sockets.delete(socket));
    socket.once('data', (request: Buffer) => {
      const victim = victimOf(socket);
      if (raw) return void raw(victim);
      socket.write(accepted(request.toString('latin1')));
      socket.resume();
      void speak?.(victim);
    });
  });
  servers.add(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, count: () => count };
}

function victimOf(socket: net.Socket): Victim {
  return {
    write: (data) => (socket.destroyed ? false : socket.write(data)),
    drained: () =>
      new Promise((resolve) => {
        if (socket.destroyed) return resolve();
        const done = () => {
          socket.off('drain', done).off('close', done);
          resolve();
        };
        socket.on('drain', done).on('close', done);
      }),
    get isGone() {
      return socket.destroyed;
    },
  };
}

function accepted(request: string): string {
  const [, key = ''] = /^sec-websocket-key: *(\S+)/im.exec(request) ?? [];
  const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64');
  return [
    'HTTP/1.1 101 Switching Protocols',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Protocol: claude-relay.v1',
    `Sec-WebSocket-Accept: ${accept}`,
    '',
    '',
  ].join('\r\n');
}

afterEveryTest(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
  servers.clear();
});
