/**
 * The listening sockets: one `node:http` server an address, all on one port, each request and each upgrade through
 * the guard before anything else.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { Server as NetServer, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { asRelayError, RelayError } from '../protocol/codes.ts';
import { LIMITS } from '../protocol/limits.ts';
import { type Identity, THE_OWNER } from '../relay/identity.ts';
import type { Log } from '../relay/log.ts';
import { Buckets } from '../util/buckets.ts';
import type { Clock } from '../util/clock.ts';
import { type Reader, Turns } from '../util/turns.ts';
import type { Answer } from './app.ts';
import { type Bound, bindAll } from './bind.ts';
import { crowded } from './body.ts';
import type { Checked, Guard } from './guard.ts';
import { PROBES, REVOKE, STRANGERS } from './paths.ts';
import { Pipeline } from './pipeline.ts';
import { refuse, refuseUpgrade } from './refuse.ts';
import { sniffing } from './sniff.ts';

/** What takes an upgraded connection; `transports/ws.ts` is it. */
export interface UpgradeDoor {
  /** This upgrade is of the first generation, which has no credential; false unless the relay takes those. */
  isLegacy(request: IncomingMessage): boolean;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, identity: Identity, reader?: Reader): void;
}

export interface ListenOptions {
  /** `localhost` is 127.0.0.1 and ::1. */
  readonly host: string;
  /** 0 takes any free one, the same on every address. */
  readonly port: number;
  readonly guard: Guard;
  readonly answer: Answer;
  /** By which others are taken in; without it nothing is encrypted. */
  readonly tls?: Tls | undefined;
  readonly door: UpgradeDoor;
  readonly log: Log;
  readonly clock: Pick<Clock, 'monotonic' | 'after'>;
}

/** PEM. */
export interface Tls {
  readonly key: string;
  readonly cert: string;
}

export interface Listening {
  readonly port: number;
  /** Takes nothing new. Requests under way may finish; `cut` ends those that are left. Both may be called twice. */
  close(): Promise<void>;
  cut(): void;
  /** Ends the requests of those who may not stay. */
  cutFor(mayStay: (identity: Identity) => boolean): void;
}

/** A slow-header attack holds a socket for this long at most; a body may take a little longer. Milliseconds. */
const TIMEOUTS = {
  headersTimeout: 5_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
};
const HEADER_BYTES = 16 * 1024;
/** One for all of them: where an error was made is what is dear about it, and here it says nothing. */
const TOO_FAST = new RelayError(
  'too_many_requests',
  'That is more requests than one device may make in so short a time; wait a moment.',
);
const TOO_MANY = TOO_FAST.status;

/** Resolves once connections are taken. Rejects with the error of `listen`, EADDRINUSE for one. */
export async function listen(options: ListenOptions): Promise<Listening> {
  const webs: Web[] = [];
  const underWay: UnderWay = new Map();
  const kept: Kept = {
    webs,
    underWay,
    strangers: new Map(),
    turns: new Turns(options.clock),
    asked: new Buckets({ burst: LIMITS.requestBurst, perSecond: LIMITS.requestsPerSecond }),
  };
  const bound = await bindAll(options.host, options.port, () => makeServer(options, kept));
  options.guard.openOn(bound.port);
  let closing: Promise<void> | undefined;
  return {
    port: bound.port,
    close() {
      closing ??= closeAll(bound, webs);
      return closing;
    },
    cut() {
      for (const web of webs) web.closeAllConnections();
    },
    cutFor(mayStay) {
      for (const [request, identity] of underWay)
        if (!mayStay(identity) && !isWhole(request, REVOKE)) request.socket.destroy();
    },
  };
}

/** What speaks HTTP, over whatever it was handed. */
type Web = Server | TlsServer;
/** Requests that are not answered yet, and whose they are. */
type UnderWay = Map<IncomingMessage, Identity>;
/** Connections that have shown no credential yet, oldest first, by their other end: over TLS a request knows only that. */
type Strangers = Map<string, Socket>;

interface Kept {
  readonly webs: Web[];
  readonly underWay: UnderWay;
  readonly strangers: Strangers;
  readonly turns: Turns;
  /** By device; without a credential, by address. */
  readonly asked: Buckets;
}

function makeServer({ guard, answer, door, log, tls, clock }: ListenOptions, kept: Kept): NetServer {
  const { webs, underWay, strangers, turns, asked } = kept;
  const limits = { ...TIMEOUTS, maxHeaderSize: HEADER_BYTES };
  const plain = createServer(limits, onRequest);
  const secure = tls && createTlsServer({ ...limits, ...tls, minVersion: 'TLSv1.2' }, onRequest);
  const pipelines = new WeakMap<Duplex, Pipeline>();
  for (const web of secure ? [plain, secure] : [plain]) {
    web.on('upgrade', onUpgrade);
    web.on('clientError', onClientError);
    webs.push(web);
  }
  // After Node's own listeners: it reads by itself until this one does.
  plain.on('connection', onOpen);
  secure?.on('secureConnection', onOpen);
  secure?.on('tlsClientError', (_error, socket) => socket.destroy());
  const server = secure ? sniffing(plain, secure) : plain;
  server.on('connection', onConnection);
  return server;

  function onConnection(socket: Socket): void {
    const end = endOf(socket);
    strangers.set(end, socket);
    socket.on('close', onClosed);
    const [oldest] = strangers.values();
    if (strangers.size > LIMITS.strangers) oldest?.destroy();
  }

  // One for all sockets, here and below: there may be many, and most are idle.
  function onClosed(this: Socket): void {
    // Node knows the other end of a socket for good once it was asked.
    const end = endOf(this);
    if (strangers.get(end) === this) strangers.delete(end);
    pipelines.get(this)?.closed();
  }

  function onOpen(socket: Socket): void {
    pipelines.set(socket, new Pipeline(socket, turns));
    if (secure) socket.on('close', onClosed);
  }

  function onRequest(request: IncomingMessage, response: ServerResponse): void {
    const path = pathOf(request);
    const wanted = !PROBES.has(path) && !STRANGERS.has(path);
    // In this order: what is refused first costs least.
    const tooMany = pipelines.get(request.socket)?.begin(request, response);
    const { refusal, identity } = tooMany ? { refusal: tooMany } : checked(guard, request, wanted);
    const why = refusal ?? tooFast(request, identity);
    if (why) return refuse(request, response, why);
    if (identity) {
      strangers.delete(endOf(request.socket));
      underWay.set(request, identity);
      response.once('close', () => underWay.delete(request));
    }
    // There was no room for its body: reading past the rest would take the same room.
    response.once('finish', () => {
      if (response.statusCode === TOO_MANY && !request.complete) request.destroy();
    });
    const full = crowded(Number(request.headers['content-length'] ?? 0));
    if (!full)
      return void answer(request, response, identity).catch((error) => {
        log.error({ error, path }, 'a request could not be answered');
        unanswered(request, response, error);
      });
    pipelines.get(request.socket)?.rest(clock);
    refuse(request, response, full);
  }

  /** Before anything is made of the request: a flood costs a few lines of headers each. */
  function tooFast(request: IncomingMessage, identity: Identity | undefined): RelayError | undefined {
    const key = identity ? `${identity.person} ${identity.device ?? ''}` : guard.addressOf(request);
    if (asked.take(key, clock.monotonic())) return undefined;
    pipelines.get(request.socket)?.rest(clock);
    return TOO_FAST;
  }

  function onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { refusal: why, identity = THE_OWNER } = checked(guard, request, !door.isLegacy(request));
    // Not what comes without a device, on the relay's own machine: there all its sessions may come back at once.
    const refusal = why ?? (identity.device === undefined ? undefined : tooFast(request, identity));
    if (!refusal) {
      strangers.delete(endOf(request.socket));
      const reader = pipelines.get(socket)?.upgraded();
      pipelines.delete(socket);
      socket.off('close', onClosed);
      return door.upgrade(request, socket, head, identity, reader);
    }
    log.debug({ code: refusal.code, remote: request.socket.remoteAddress }, 'an upgrade was refused');
    refuseUpgrade(socket, refusal);
  }
}

function checked(guard: Guard, request: IncomingMessage, credential: boolean): Checked {
  const refusal = wrongTarget(request);
  return refusal ? { refusal } : guard.check(request, { credential });
}

/** What answers could not be loaded, for one: its files may be others by now. */
function unanswered(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  if (response.headersSent) response.destroy();
  else refuse(request, response, asRelayError(error));
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

/** Everything of it has come: there is only an answer to give. */
function isWhole(request: IncomingMessage, path: string): boolean {
  return request.complete && pathOf(request) === path;
}

async function closeAll(bound: Bound, webs: readonly Web[]): Promise<void> {
  await Promise.all(
    bound.servers.map(
      (server) =>
        new Promise<void>((resolve) => {
          server.close(() => resolve());
          for (const web of webs) web.closeIdleConnections();
        }),
    ),
  );
}

function endOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
