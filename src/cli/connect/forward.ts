/** The forward of the relay's port to this machine: a service, kept running. */
import { existsSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from '../../client/once.ts';
import { statePaths } from '../../config/paths.ts';
import { RelayError } from '../../protocol/codes.ts';
import { installUnit, reachableSupervisor, supervisorOf, uninstallUnit } from '../../service/install.ts';
import { LOG_LIMITS } from '../../service/rotate.ts';
import { complaint } from '../../service/ssh.ts';
import { addedSince, lastLines } from '../../service/tail.ts';
import { logsOf, type Unit } from '../../service/unit.ts';
import { tunnelUnit } from '../../service/units.ts';
import { type Clock, sleep, systemClock } from '../../util/clock.ts';
import { errno, Failure } from '../../util/failure.ts';
import { portHolder } from '../../util/port-holder.ts';
import { which } from '../../util/which.ts';
import type { Context } from '../command.ts';
import { type Connection, urlOf } from './record.ts';

/** Of a relay that has never run here and of one that has: the keys of names are kept by port, and are not to be mixed. */
const FIRST = { alone: 9999, besideOwn: 9998 } as const;
const TRIES = 100;
/** A connection takes ssh a second or two; on a machine that sleeps, more. Milliseconds. */
const PATIENCE_MS = 20_000;
const LOOK_EVERY = 50;
const ASK_MS = 2_000;

/** `wanted` when it is free, else the first that is. Throws a Failure that names who has it. */
export async function forwardPort(ctx: Context, wanted: number | undefined): Promise<number> {
  if (wanted !== undefined) {
    if (await isFree(wanted)) return wanted;
    const holder = await portHolder(wanted, ctx.run);
    const who = holder === undefined ? 'another program' : `process ${holder.pid} (${holder.program})`;
    throw new Failure(
      'error',
      `Port ${wanted} is taken on this machine by ${who}.`,
      'Choose another with --port, or leave it out.',
    );
  }
  const { data } = statePaths(ctx.config.settings.home);
  const first = existsSync(data) ? FIRST.besideOwn : FIRST.alone;
  for (let port = first; port > first - TRIES; port -= 1) if (await isFree(port)) return port;
  throw new Failure('error', `No port from ${first - TRIES + 1} to ${first} is free.`, 'Choose one with --port.');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => {
      const isTaken = ['EADDRINUSE', 'EACCES'].includes(errno(error) ?? '');
      if (isTaken) resolve(false);
      else reject(error);
    });
    server.listen({ host: '127.0.0.1', port }, () => server.close(() => resolve(true)));
  });
}

/** The absolute path of ssh. */
export function sshPath({ env }: Context): string {
  const ssh = which('ssh', env.PATH);
  if (ssh !== undefined) return ssh;
  throw new Failure('error', 'There is no ssh in your PATH.', 'Install OpenSSH’s client.');
}

export function unitOf(ctx: Context, { way, port, remotePort }: Connection): Unit {
  const { home } = ctx.config.settings;
  const unit = tunnelUnit({ home, ssh: sshPath(ctx), way, port, remotePort });
  // Keys that only the agent has; it is no secret where that listens.
  const { SSH_AUTH_SOCK } = ctx.env;
  return SSH_AUTH_SOCK ? { ...unit, environment: { SSH_AUTH_SOCK } } : unit;
}

const ownOf = ({ platform, node, script, config }: Context) => ({ platform, node, script, home: config.settings.home });
const inputOf = ({ run, env, userHome }: Context) => ({ run, env, userHome, uid: process.getuid?.() ?? 0 });

/** A tunnel that somebody installed by hand is not ours to replace. */
export function refuseForeign(ctx: Context): void {
  const file = supervisorOf('tunnel', ownOf(ctx), inputOf(ctx)).file('tunnel');
  if (!existsSync(file)) return;
  throw new Failure(
    'error',
    `A tunnel is installed already (${file}).`,
    'Remove it first: claude-relay service uninstall tunnel',
  );
}

interface Opened {
  /** What keeps it running. */
  readonly supervisor: string;
  readonly isNew: boolean;
}

/** Resolves when the relay answers through it. Throws a Failure with what ssh said when it does not. */
export async function openForward(ctx: Context, connection: Connection, clock: Clock = systemClock): Promise<Opened> {
  const unit = unitOf(ctx, connection);
  const has = supervisorOf('tunnel', ownOf(ctx), inputOf(ctx));
  if (textOf(has.file('tunnel')) === has.render(unit) && (await isUp(connection, ctx.signal)))
    return { supervisor: has.name, isNew: false };
  const supervisor = await reachableSupervisor(ownOf(ctx), inputOf(ctx));
  if (supervisor.name !== has.name) await closeForward(ctx);
  const { end } = lastLines(unit.logs.error, 0);
  await installUnit(supervisor, unit, ctx.config.settings.home);
  const limit = clock.monotonic() + PATIENCE_MS;
  while (!(await isUp(connection, ctx.signal))) {
    const said = addedSince(unit.logs.error, end);
    const why = complaint(connection.way, said);
    if (why !== undefined) throw why;
    if (clock.monotonic() >= limit)
      throw new Failure(
        'error',
        `The forward to ${connection.way.target} does not come up.`,
        'See: claude-relay service logs tunnel',
      );
    await sleep(clock, LOOK_EVERY, ctx.signal);
  }
  return { supervisor: supervisor.name, isNew: true };
}

function textOf(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

/** Does a relay answer at its near end? It need not let us in yet. */
async function isUp(connection: Connection, signal: AbortSignal): Promise<boolean> {
  try {
    await once('status', {}, { url: urlOf(connection), timeoutMs: ASK_MS, signal });
    return true;
  } catch (error) {
    if (!(error instanceof RelayError)) throw error;
    return error.code !== 'not_connected' && error.code !== 'timeout';
  }
}

/** Its service and its logs go. May be called twice. */
export async function closeForward(ctx: Context): Promise<void> {
  const supervisor = supervisorOf('tunnel', ownOf(ctx), inputOf(ctx));
  if (existsSync(supervisor.file('tunnel'))) await uninstallUnit(supervisor, 'tunnel');
  const { logs } = statePaths(ctx.config.settings.home);
  for (const path of Object.values(logsOf('tunnel', logs)))
    for (let n = 0; n <= LOG_LIMITS.keep; n += 1) rmSync(n === 0 ? path : `${path}.${n}`, { force: true });
  try {
    rmdirSync(logs);
  } catch (error) {
    // There are others in it, or nothing was ever logged.
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(errno(error) ?? '')) throw error;
  }
}
