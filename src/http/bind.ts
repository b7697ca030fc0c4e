/**
 * Takes one port on every address of a host name. `localhost` means both loopbacks: a client may try either first,
 * and whoever else sat on the same port of the other one would be given our clients, with their token.
 */
import type { AddressInfo, Server } from 'node:net';
import { errno } from '../util/failure.ts';

export interface Bound {
  readonly port: number;
  readonly servers: readonly Server[];
}

const LOOPBACKS = ['127.0.0.1', '::1'] as const;

/** Times that another free port is asked for when the one we were given on IPv4 is taken on IPv6. */
const TRIES = 10;

export function addressesOf(host: string): string[] {
  return host === 'localhost' ? [...LOOPBACKS] : [host.replace(/^\[(.*)\]$/, '$1')];
}

/** Beyond this machine it is also the loopback, so that whoever is here finds the relay where it always is. */
function listenedOn(host: string): string[] {
  const addresses = addressesOf(host);
  if (isLoopback(host)) return addresses;
  // Each of them takes the loopback of its own family along.
  if (host === '0.0.0.0') return [...addresses, '::1'];
  if (addresses[0] === '::') return [...addresses, '0.0.0.0'];
  return [...addresses, ...LOOPBACKS];
}

/** Only this machine can reach it. */
export function isLoopback(host: string): boolean {
  return addressesOf(host).every((address) => address === '::1' || /^127(\.\d{1,3}){3}$/.test(address));
}

/** Rejects with the error of `listen`; then nothing is left bound. */
export async function bindAll(host: string, port: number, make: () => Server): Promise<Bound> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await bindOnce(listenedOn(host), port, make);
    } catch (error) {
      if (port !== 0 || errno(error) !== 'EADDRINUSE' || tries === TRIES) throw error;
    }
  }
}

async function bindOnce(addresses: readonly string[], wanted: number, make: () => Server): Promise<Bound> {
  const servers: Server[] = [];
  let port = wanted;
  for (const [index, address] of addresses.entries()) {
    const server = make();
    try {
      await listenOn(server, address, port);
    } catch (error) {
      // A machine without IPv6 has no ::1 for anybody to wait on; 127.0.0.1 alone is then all of localhost.
      if (index > 0 && isMissing(error)) continue;
      await Promise.all(servers.map((open) => new Promise((resolve) => open.close(resolve))));
      throw error;
    }
    servers.push(server);
    port = (server.address() as AddressInfo).port;
  }
  return { port, servers };
}

function listenOn(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, ipv6Only: host.includes(':') }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function isMissing(error: unknown): boolean {
  return ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL'].includes(errno(error) ?? '');
}
