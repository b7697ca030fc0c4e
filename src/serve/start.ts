/**
 * Puts a relay together: lock, token, journal, relay, listening sockets, in this order; and takes it apart in the
 * other one. Everything that can refuse does so before the port is taken.
 */
import { join } from 'node:path';
import { ensureHome, statePaths } from '../config/paths.ts';
import { readRelayFile, removeRelayFile, writeRelayFile } from '../config/relay-file.ts';
import { ensureRelayKey, type RelayKey } from '../config/relay-key.ts';
import { ensureToken, readToken, replaceToken } from '../config/token.ts';
import { clearCopies } from '../data/outgoing.ts';
import { type DataTasks, directTasks } from '../data/tasks.ts';
import { workerTasks } from '../data/worker.ts';
import type { Answer, AppOptions } from '../http/app.ts';
import { isLoopback } from '../http/bind.ts';
import { Guard } from '../http/guard.ts';
import { McpDoor, type McpOptions } from '../http/mcp.ts';
import { refuseUpgrade } from '../http/refuse.ts';
import { type Listening, listen, type Tls } from '../http/server.ts';
import { DATA } from '../journal/adopt.ts';
import { damaged } from '../journal/damage.ts';
import { openJournal } from '../journal/open.ts';
import { Credentials } from '../relay/credentials.ts';
import type { Identity } from '../relay/identity.ts';
import { connectLegacy } from '../relay/legacy.ts';
import type { Log } from '../relay/log.ts';
import { Relay } from '../relay/relay.ts';
import { personById } from '../state/queries/people.ts';
import { OWNER } from '../state/schema.ts';
import { WsDoor } from '../transports/ws.ts';
import { type Clock, sleep, systemClock } from '../util/clock.ts';
import { errno, Failure } from '../util/failure.ts';
import { ensurePrivateDir } from '../util/files.ts';
import { later } from '../util/later.ts';
import { type Random, systemRandom } from '../util/random.ts';
import { type DataLock, lockData } from './data-lock.ts';
import { addressesFor, checkExposure, type ExposureOptions, ownHosts, tlsOf } from './exposure.ts';

export interface StartOptions extends ExposureOptions {
  /** The state directory. */
  readonly home: string;
  /** Holds the relay's data; `<home>/data` when absent. */
  readonly data?: string;
  readonly port: number;
  /** How other machines reach it. */
  readonly address?: readonly string[] | undefined;
  /** What others call the person whose relay this is, until it is known. */
  readonly owner?: string;
  readonly allowHosts?: readonly string[];
  readonly allowOrigins?: readonly string[];
  /** How long unread and read messages are kept, milliseconds; and how much of what was sent to one address. */
  readonly keepUnread?: number | undefined;
  readonly keep?: number | undefined;
  readonly keepMessages?: number | undefined;
  readonly keepBytes?: number | undefined;
  /** Agents that write because others wrote to them are braked; true when absent. */
  readonly brakes?: boolean;
  readonly version: string;
  readonly log: Log;
  /** For tests: adds to each server instance of `/mcp`. */
  readonly extendMcp?: McpOptions['extend'];
  /** The code of the thread that searches; without it the relay's own does. */
  readonly searchThread?: URL | undefined;
  /** The code of the thread that moves the log into the tables; without it the relay's own does. */
  readonly checkpointThread?: URL | undefined;
  /** The bundled `data/main.ts`; without it, work on the data as a whole is done in this thread. */
  readonly dataScript?: URL | undefined;
  readonly clock?: Clock;
  readonly random?: Random;
}

export interface Running {
  readonly port: number;
  /** As printed and as written to relay.json: `ws://localhost:9999`. */
  readonly url: string;
  readonly token: string;
  readonly relay: Relay;
  /** Resolves when the data turn out to be damaged: what they say may be trusted no more, and the relay is to be stopped. */
  readonly damaged: Promise<Failure>;
  /** Loads what is not needed to be ready: soon, since an update may replace the files that it is in. */
  loadRest(): Promise<void>;
  /** Finishes what is open and gives everything back; takes at most about two seconds. May be called twice. */
  stop(): Promise<void>;
}

/** Time for answers and closing handshakes to go out after the relay has said goodbye, milliseconds. */
const FAREWELL = 1_000;

/** Resolves once connections are taken. Throws a Failure that says what to do. */
export async function startRelay(options: StartOptions): Promise<Running> {
  const { home } = options;
  checkExposure(options);
  ensureHome(home);
  const own = ensureRelayKey(home, options.random);
  const tls = tlsOf(options, own);
  const data = options.data ?? statePaths(home).data;
  ensurePrivateDir(data);
  const lock = await lockData(data, () => holderOf(home));
  try {
    return await assemble(options, data, lock, { own, tls });
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** By what others know this relay, and how they reach it. */
interface Sealed {
  readonly own: RelayKey;
  readonly tls: Tls | undefined;
}

/** What the file says counts, also where it may not outlive a power cut: whoever is here reads it, and what it said before may be known. */
function renewToken(home: string, random: Random, credentials: Pick<Credentials, 'renew'>): void {
  try {
    replaceToken(home, random);
  } finally {
    const token = readToken(home);
    if (token !== undefined) credentials.renew(token);
  }
}

async function assemble(options: StartOptions, data: string, lock: DataLock, { own, tls }: Sealed): Promise<Running> {
  const { home, host, log, version, clock = systemClock, random = systemRandom } = options;
  const token = ensureToken(home, random);
  let isUnchecked = false;
  const journal = await openJournal({
    dir: data,
    clock,
    random,
    onTrouble: troubleIn(log),
    searchThread: options.searchThread,
    checkpointThread: options.checkpointThread,
    checkLater: () => {
      isUnchecked = true;
    },
  });
  const retention = {
    unread: options.keepUnread,
    keep: options.keep,
    count: options.keepMessages,
    bytes: options.keepBytes,
  };
  const { brakes = true } = options;
  const relay = new Relay({ journal, clock, random, log, version, retention, brakes });
  const { store } = journal.state;
  if (options.owner !== undefined && personById(store, OWNER)?.created_at === 0)
    await journal.submit({ type: 'own', at: Math.max(1, clock.now()), name: options.owner });
  const knows = (identity: Identity) => relay.knows(identity);
  const credentials = new Credentials({ store, clock, random, key: own.key, token, knows });
  const door = new WsDoor({
    connect: (socket, identity) => relay.connect(socket, { identity }),
    ...(options.legacy ? { connectLegacy: (socket) => connectLegacy(socket, { relay, clock, random }) } : {}),
    refuse: refuseUpgrade,
    log,
  });
  const { allowHosts = [], allowOrigins = [], behindTls = false } = options;
  const hosts = [...allowHosts, ...ownHosts(host)];
  const guard = new Guard({ credentials, clock, allowHosts: hosts, allowOrigins, isBehindProxy: behindTls });
  const mcp = new McpDoor({
    relay,
    version,
    clock,
    random,
    log,
    ...(options.extendMcp ? { extend: options.extendMcp } : {}),
  });
  const path = join(data, DATA);
  const tasks = options.dataScript === undefined ? directTasks(path) : workerTasks(path, options.dataScript);
  clearCopies(data);
  const people = relay.people({
    credentials,
    addresses: () => options.address ?? addressesFor(options, port, tls),
    renewToken: () => renewToken(home, random, credentials),
  });
  const { answer, loadRest } = webOf({ relay, log, mcp, tasks, dir: data, people, guard });
  const listening = await listen({ host, port: options.port, guard, answer, door, log, tls, clock }).catch(
    async (error) => {
      await relay.stop();
      throw explained(error, options);
    },
  );
  const { port } = listening;
  journal.onEffects((effects) => effects.some(({ kind }) => kind === 'revoked') && listening.cutFor(knows));
  const url = isLoopback(host) ? urlOf(host, port) : urlOf('localhost', port);
  const parts = { home, relay, door, mcp, listening, lock, clock };
  let stopped: Promise<void> | undefined;
  const running: Running = {
    port,
    url,
    token,
    relay,
    damaged: isUnchecked ? damageOf(tasks, log) : new Promise(() => {}),
    loadRest,
    stop() {
      stopped ??= stopParts(parts);
      return stopped;
    },
  };
  try {
    writeRelayFile(home, { pid: process.pid, port, url, version, started: clock.now() });
  } catch (error) {
    // Connections are taken already: one that failed to start must not go on without its lock.
    await running.stop();
    throw error;
  }
  return running;
}

/** Who is ready need not have loaded what answers over HTTP: that takes as long as half of the start. */
function webOf(options: AppOptions): { readonly answer: Answer; readonly loadRest: () => Promise<void> } {
  const web = later(async () => {
    const { createAnswer, loadRest } = await import('../http/app.ts');
    return { answer: createAnswer(options), loadRest };
  });
  return {
    answer: async (...request) => (await web()).answer(...request),
    loadRest: async () => (await web()).loadRest(),
  };
}

/** Checks what was too large for that before. Resolves when it is damaged, and never when it is not. */
async function damageOf(tasks: DataTasks, log: Log): Promise<Failure> {
  const damage = await tasks.check().catch((error) => {
    log.error({ error }, 'the data could not be checked');
    return undefined;
  });
  return damage === undefined ? new Promise(() => {}) : damaged(damage);
}

/** The log's lines about the storage: it works again, or it does not and why. */
function troubleIn(log: Log): (what: string, error?: unknown) => void {
  return (what, error) => (error === undefined ? log.warn({}, what) : log.error({ error }, what));
}

interface Parts {
  readonly home: string;
  readonly relay: Relay;
  readonly door: WsDoor;
  readonly mcp: McpDoor;
  readonly listening: Listening;
  readonly lock: DataLock;
  readonly clock: Clock;
}

async function stopParts({ home, relay, door, mcp, listening, lock, clock }: Parts): Promise<void> {
  // Nothing new is taken from here on; what is under way may finish.
  const closed = listening.close();
  forget(home);
  await relay.stop();
  await mcp.close();
  await Promise.race([closed, sleep(clock, FAREWELL)]);
  door.cut();
  listening.cut();
  await closed;
  lock.release();
}

function forget(home: string): void {
  try {
    removeRelayFile(home, process.pid);
  } catch {
    // Best effort: whoever reads it finds nobody there. Everything else must be given back all the same.
  }
}

/** A port in use is one line that says what to do, not a stack trace. */
function explained(error: unknown, { host, port, home }: StartOptions): unknown {
  const code = errno(error);
  if (code === 'EADDRINUSE') {
    const who = readRelayFile(home)?.port === port ? 'a relay of yours may be running there; else ' : '';
    return new Failure(
      'error',
      `Port ${port} is in use.`,
      `Stop what listens there (${who}see: lsof -i :${port}), or choose another with --port.`,
      error,
    );
  }
  if (code === 'EACCES')
    return new Failure('error', `Port ${port} is not yours to open.`, 'Choose one above 1023 with --port.', error);
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return new Failure('error', `${host} is not an address of this machine.`, 'Leave --host out.', error);
  return error;
}

function holderOf(home: string): string | undefined {
  const file = readRelayFile(home);
  return file && `Another relay (pid ${file.pid}, ${file.url})`;
}

function urlOf(host: string, port: number): string {
  return `ws://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`;
}
