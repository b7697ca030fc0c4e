/**
 * `<home>/sessions/registry.json`: the names that shells of this machine took with `claude-session`, and which process
 * took each. It grants nothing (the relay's keys do that); it is what `claude-sessions` shows beside the relay's own list.
 * Written as a whole under a lock. A corrupt file is set aside as `registry.json.corrupt-<n>`, never fatal, never lost.
 */
import { existsSync, renameSync } from 'node:fs';
import { ensureHome, type StatePaths, statePaths } from '../config/paths.ts';
import { isName } from '../protocol/address.ts';
import { Failure } from '../util/failure.ts';
import { ensurePrivateDir, readPrivate, writeAtomic } from '../util/files.ts';
import { withLock } from '../util/lock.ts';
import { isRunning, type ProcessMark } from '../util/processes.ts';

export interface Registration {
  readonly name: string;
  readonly pid: number;
  /** Tells the process from a later one with its pid; absent where the system does not say. */
  readonly start?: string;
  /** Milliseconds since 1970: when the name was registered. */
  readonly registered: number;
  readonly cwd: string;
  readonly program: string;
}

interface Registered {
  readonly sessions: readonly Registration[];
  /** What to tell the user, once. */
  readonly warnings: readonly string[];
}

interface RegisterOptions {
  readonly home: string;
  readonly session: Registration;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly isAlive?: (mark: ProcessMark) => boolean;
}

/** A name whose process ended is shown for so long. Milliseconds. */
const KEEP_MS = 30 * 24 * 60 * 60 * 1000;
/** More than anyone starts in a month; the oldest dead ones go first. */
const MOST = 1_000;

/** As the file says; empty when there is none. A corrupt file is set aside. */
export async function readRegistry(home: string): Promise<Registered> {
  const paths = statePaths(home);
  if (!existsSync(paths.registry)) return { sessions: [], warnings: [] };
  const sessions = decode(readPrivate(paths.registry));
  if (sessions !== undefined) return { sessions, warnings: [] };
  return withLock(lockOf(paths), () => readOrSetAside(paths));
}

/**
 * Takes the name for the process, and gives up the one that this process had before. Throws a Failure when another
 * living process has it. Answers warnings.
 */
export async function register({
  home,
  session,
  now,
  isAlive = isRunning,
}: RegisterOptions): Promise<readonly string[]> {
  const paths = ensureHome(home);
  ensurePrivateDir(paths.sessions);
  return withLock(lockOf(paths), () => {
    const { sessions, warnings } = readOrSetAside(paths);
    const holder = sessions.find(({ name }) => name === session.name);
    if (holder !== undefined && !isSame(holder, session) && isAlive(holder)) throw taken(holder);
    const others = sessions.filter((other) => other.name !== session.name && !isSame(other, session));
    write(paths, [...pruned(others, now, isAlive), session]);
    return warnings;
  });
}

const lockOf = ({ registry }: StatePaths): string => `${registry}.lock`;

const isSame = (a: Registration, b: Registration): boolean => a.pid === b.pid && a.start === b.start;

function taken({ name, pid, program, cwd }: Registration): Failure {
  return new Failure(
    'error',
    `${name} is taken by process ${pid} (${program}, in ${cwd}), which is running.`,
    'Choose another name, or end that process.',
  );
}

function pruned(
  sessions: readonly Registration[],
  now: number,
  isAlive: (mark: ProcessMark) => boolean,
): Registration[] {
  const kept = sessions.filter((session) => now - session.registered < KEEP_MS || isAlive(session));
  return kept.sort((a, b) => a.registered - b.registered).slice(-(MOST - 1));
}

function write({ registry }: StatePaths, sessions: readonly Registration[]): void {
  writeAtomic(registry, `${JSON.stringify({ version: 1, sessions }, undefined, 2)}\n`);
}

/** Under the lock. Read again: the one who was here before may have done it already. */
function readOrSetAside({ registry }: StatePaths): Registered {
  const text = readPrivate(registry);
  if (text === undefined) return { sessions: [], warnings: [] };
  const sessions = decode(text);
  if (sessions !== undefined) return { sessions, warnings: [] };
  const aside = firstFree(`${registry}.corrupt-`);
  renameSync(registry, aside);
  return { sessions: [], warnings: [`${registry} could not be read; it was set aside as ${aside}.`] };
}

function firstFree(prefix: string): string {
  let n = 1;
  while (existsSync(`${prefix}${n}`)) n += 1;
  return `${prefix}${n}`;
}

/** Undefined when it is not a registry. Entries are an array, not an object by name: `constructor` is a name, too. */
function decode(text: string | undefined): readonly Registration[] | undefined {
  if (text === undefined) return [];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('sessions' in value)) return undefined;
  const { sessions } = value;
  return Array.isArray(sessions) && sessions.every(isRegistration) ? sessions : undefined;
}

function isRegistration(value: unknown): value is Registration {
  if (typeof value !== 'object' || value === null) return false;
  const { name, pid, start, registered, cwd, program } = value as Record<string, unknown>;
  const known = isName(name) && typeof pid === 'number' && (start === undefined || typeof start === 'string');
  return known && typeof registered === 'number' && typeof cwd === 'string' && typeof program === 'string';
}
