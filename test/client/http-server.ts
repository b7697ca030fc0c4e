/** A real server on a free port of one address, for what can only be seen on a real socket. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEveryTest } from '../support/cleanup.ts';

const servers: Server[] = [];

/** Closed after the test. */
export async function serve(
  onRequest: RequestListener,
  host = '127.0.0.1',
  port = 0,
): Promise<{ server: Server; port: number }> {
  const server = createServer(onRequest);
  servers.push(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return { server, port: (server.address() as AddressInfo).port };
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const { server, port } = await serve(() => {});
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Does this machine have ::1? */
export async function hasIPv6(): Promise<boolean> {
  return serve(() => {}, '::1').then(
    () => true,
    () => false,
  );
}

afterEveryTest(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  }
});
