/**
 * Commands about the data as a whole. A relay that runs does the work itself; where none answers on this machine, or only
 * somebody else's does, the command does it, under the relay's own lock.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AdminPlace } from '../client/admin.ts';
import { discover } from '../client/discover.ts';
import { isLoopback, relayUrl, shownUrl } from '../client/place.ts';
import type { DataTasks } from '../data/tasks.ts';
import { RelayError } from '../protocol/codes.ts';
import { Failure } from '../util/failure.ts';
import type { Context } from './command.ts';

interface Ways<T> {
  /** Asks the relay. */
  online(place: AdminPlace): Promise<T>;
  /** Works on the files; nobody else does meanwhile. */
  offline(data: OwnData): Promise<T>;
}

export interface OwnData {
  readonly dir: string;
  readonly tasks: DataTasks;
}

/** Who says `--data` means what lies there, whichever relay answers. Rejects with the signal's reason once that is aborted. */
export async function withData<T>(ctx: Context, { online, offline }: Ways<T>): Promise<T> {
  try {
    if (ctx.config.from.data === 'flag') return await withDataSaid(ctx, offline);
    const place = placeOf(ctx);
    try {
      return await online(place);
    } catch (error) {
      if (!isHere(ctx, place)) throw error;
      if (isAway(error)) return await withOwnData(ctx, offline);
      if (!isStranger(ctx, error)) throw error;
      return await ifOurs(ctx, beside(ctx, place, offline), () => error);
    }
  } catch (error) {
    ctx.signal.throwIfAborted();
    throw error;
  }
}

async function withDataSaid<T>(ctx: Context, work: (data: OwnData) => Promise<T>): Promise<T> {
  const { settings, from } = ctx.config;
  if (from.relayUrl === 'flag')
    throw new Failure('usage', '--data names files here, and --relay-url a relay: say one of them.');
  if (!hasData(settings.data))
    throw new Failure(
      'error',
      `There are no data of a relay in ${settings.data}.`,
      'Name the directory that has them.',
    );
  return ifOurs(ctx, work, (cause) => {
    const remedy = 'Leave out --data to ask it, or stop it first.';
    return new Failure('error', `A relay uses ${settings.data}.`, remedy, cause);
  });
}

/** As `withOwnData`; throws what `instead` makes of its refusal where a relay uses the data, or there are none. */
async function ifOurs<T>(
  ctx: Context,
  work: (data: OwnData) => Promise<T>,
  instead: (refusal: Failure) => unknown,
): Promise<T> {
  let isOurs = false;
  try {
    return await withOwnData(ctx, (data) => {
      isOurs = true;
      return work(data);
    });
  } catch (error) {
    if (isOurs || !(error instanceof Failure) || error.kind !== 'error') throw error;
    throw instead(error);
  }
}

function beside<T>({ out }: Context, { url }: AdminPlace, work: (data: OwnData) => Promise<T>) {
  return (data: OwnData) => {
    out.say(`The relay at ${shownUrl(relayUrl(url))} is not that of ${data.dir}, which none uses.`);
    return work(data);
  };
}

/**
 * Under the lock of the relay that would use them, and after a restore that was interrupted was finished. Throws a Failure
 * while a relay uses them, and when there are none.
 */
export async function withOwnData<T>(ctx: Context, work: (data: OwnData) => Promise<T>, mustExist = true): Promise<T> {
  const { data: dir } = ctx.config.settings;
  const path = join(dir, 'relay.sqlite');
  if (mustExist && !hasData(dir)) throw noData(dir);
  // Loaded when they are needed: most commands never open a database.
  const [{ lockData }, { directTasks }, { ensurePrivateDir }, { lostPages }] = await Promise.all([
    import('../serve/data-lock.ts'),
    import('../data/tasks.ts'),
    import('../util/files.ts'),
    import('../journal/log-check.ts'),
  ]);
  ensurePrivateDir(dir);
  const lock = await lockData(dir, () => undefined);
  try {
    await finishRestore(ctx, dir, mustExist);
    if (mustExist && !existsSync(path)) throw noData(dir);
    // Whoever opens the data throws away what cannot be read of their log: only the relay says so to its clients.
    if (mustExist && lostPages(`${path}-wal`) > 0) throw damagedLog(dir);
    return await work({ dir, tasks: directTasks(path) });
  } finally {
    lock.release();
  }
}

/** Or those of a restore that was interrupted. In this order: the one may be becoming the other. */
function hasData(dir: string): boolean {
  return existsSync(join(dir, 'restored.sqlite')) || existsSync(join(dir, 'relay.sqlite'));
}

async function finishRestore({ out }: Context, dir: string, isRead: boolean): Promise<void> {
  const { adoptRestored, strayOf, whereAside } = await import('../journal/adopt.ts');
  const aside = await adoptRestored(dir);
  if (aside !== undefined)
    out.say(`A restore that was interrupted has been finished; what was there before it is in ${whereAside(aside)}.`);
  const stray = strayOf(dir);
  // The next restore refuses it.
  if (isRead && stray !== undefined) out.warn(`${stray} was made by no restore, and is left alone.`);
}

function noData(dir: string): Failure {
  return new Failure('error', `There are no data of a relay in ${dir}.`, 'Start one: claude-relay serve');
}

function damagedLog(dir: string): Failure {
  return new Failure(
    'damaged',
    `The end of the log in ${dir} was damaged on the disk.`,
    'Start the relay (claude-relay serve): it goes on with what can be read, and tells its clients that something is missing.',
  );
}

export function placeOf({ config, env, signal }: Context): AdminPlace {
  const { settings, from } = config;
  const found = discover({
    home: settings.home,
    env,
    url: from.relayUrl === 'default' ? undefined : settings.relayUrl,
    token: settings.token,
  });
  return { url: found.url(), token: found.token(), device: found.device(), signal };
}

function isAway(error: unknown): boolean {
  return error instanceof RelayError && error.code === 'not_connected';
}

/**
 * Does somebody else's relay answer where ours would be, which takes no token that lies here? Whether the data are ours to work
 * on then, the lock says. A token that was given is for that relay: who has the wrong one must hear of it.
 */
function isStranger({ env }: Context, error: unknown): boolean {
  const isGiven = (env.RELAY_TOKEN ?? '').trim() !== '';
  return error instanceof RelayError && error.code === 'unauthorized' && !isGiven;
}

/** Nobody said where the relay is, or it would be on this machine. The near end of a forward is none. */
function isHere({ config }: Context, { url, device }: AdminPlace): boolean {
  return config.from.relayUrl === 'default' && device === undefined && isLoopback(relayUrl(url));
}
