/**
 * The listening sockets: one `node:http` server an address, all on one port, each request and each upgrade through
 * the guard before anything else.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { RelayError } from '../protocol/codes.ts';
import { LIMITS } from '../protocol/limits.ts';
import type { Log } from '../relay/log.ts';
import { type Bound, bindAll } from './bind.ts';
import type { Guard } from './guard.ts';
import { PROBES } from './health.ts';
import { refuse, refuseUpgrade } from './refuse.ts';

/** What takes an upgraded connection; `transports/ws.ts` is it. */
export interface UpgradeDoor {
  /** This upgrade is of the first generation, which has no credential; false unless the relay takes those. */
  isLegacy(request: IncomingMessage): boolean;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

export interface ListenOptions {
  /** `localhost` is 127.0.0.1 and ::1. */
  readonly host: string;
  /** 0 takes any free one, the same on every address. */
  readonly port: number;
  readonly guard: Guard;
  readonly fetch: (request: Request, env: HttpBindings) => Response | Promise<Response>;
  readonly door: UpgradeDoor;
  readonly log: Log;
}

export interface Listening {
  readonly port: number;
  /** Takes nothing new. Requests under way may finish; `cut` ends those that are left. Both may be called twice. */
  close(): Promise<void>;
  cut(): void;
}

/** A slow-header attack holds a socket for this long at most; a body may take a little longer. Milliseconds. */
const TIMEOUTS = {
  headersTimeout: 5_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
};
const HEADER_BYTES = 16 * 1024;
const TOO_MANY = new RelayError('too_many_requests').status;

/** Resolves once connections are taken. Rejects with the error of `listen`, EADDRINUSE for one. */
export async function listen(options: ListenOptions): Promise<Listening> {
  const strangers = new Set<Socket>();
  const bound = await bindAll(options.host, options.port, () => makeServer(options, strangers));
  options.guard.openOn(bound.port);
  let closing: Promise<void> | undefined;
  return {
    port: bound.port,
    close() {
      closing ??= closeAll(bound);
      return closing;
    },
    cut() {
      for (const server of bound.servers) server.closeAllConnections();
    },
  };
}

/** `strangers`: connections that have shown no token yet, oldest first. */
function makeServer({ guard, fetch, door, log }: ListenOptions, strangers: Set<Socket>): Server {
  const server = createServer({ ...TIMEOUTS, maxHeaderSize: HEADER_BYTES }, onRequest);
  /** Of each connection, the requests that are not answered. */
  const underWay = new WeakMap<Socket, number>();
  server.on('connection', onConnection);
  server.on('upgrade', onUpgrade);
  server.on('clientError', onClientError);
  return server;

  function onConnection(socket: Socket): void {
    strangers.add(socket);
    socket.once('close', () => strangers.delete(socket));
    const [oldest] = strangers;
    if (strangers.size > LIMITS.strangers) oldest?.destroy();
  }

  function onRequest(request: IncomingMessage, response: ServerResponse): void {
    const wantsToken = !PROBES.has(pathOf(request));
    const refusal = wrongTarget(request) ?? guard.refusal(request, { token: wantsToken }) ?? tooMany(request, response);
    if (refusal) return refuse(request, response, refusal);
    if (wantsToken) strangers.delete(request.socket);
    // There was no room for its body: reading past the rest would take the same room.
    response.once('finish', () => {
      if (response.statusCode === TOO_MANY && !request.complete) request.destroy();
    });
    void answer(request, response);
  }

  /** Nobody needs to ask before the last answers came; who does anyway would pile up what is under way. */
  function tooMany({ socket }: IncomingMessage, response: ServerResponse): RelayError | undefined {
    const count = underWay.get(socket) ?? 0;
    if (count >= LIMITS.pipelined)
      return new RelayError('too_many_requests', 'Too much is under way on this connection; read the answers first.');
    underWay.set(socket, count + 1);
    response.once('close', () => underWay.set(socket, (underWay.get(socket) ?? 1) - 1));
    return undefined;
  }

  function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    // The global Request stays Node's own: the protocol's SDK makes some, too.
    const options = { overrideGlobalObjects: false };
    return getRequestListener((request) => fetch(request, { incoming, outgoing }), options)(incoming, outgoing);
  }

  function onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refusal = wrongTarget(request) ?? guard.refusal(request, { token: !door.isLegacy(request) });
    if (!refusal) {
      strangers.delete(request.socket);
      door.upgrade(request, socket, head);
      return;
    }
    log.debug({ code: refusal.code, remote: request.socket.remoteAddress }, 'an upgrade was refused');
    refuseUpgrade(socket, refusal);
  }
}

/** Not HTTP, or headers too large or too slow: the little that can be said, and the end. */
function onClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  refuseUpgrade(socket, whyNot(error.code));
}

function whyNot(code: string | undefined): RelayError {
  if (code === 'HPE_HEADER_OVERFLOW') return new RelayError('too_large', 'Those headers are too large.');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new RelayError('silent', 'The request did not come in time.');
  return new RelayError('bad_request', 'That is not an HTTP request.');
}

/** A proxy's way of writing the target (`GET http://other/`) names a host that nobody has checked. */
function wrongTarget(request: IncomingMessage): RelayError | undefined {
  return request.url?.startsWith('/')
    ? undefined
    : new RelayError('forbidden_host', 'The request target must be a path.');
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?', 1)[0] ?? '';
}

async function closeAll(bound: Bound): Promise<void> {
  await Promise.all(
    bound.servers.map(
      (server) =>
        new Promise<void>((resolve) => {
          server.close(() => resolve());
          server.closeIdleConnections();
        }),
    ),
  );
}
