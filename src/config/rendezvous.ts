/**
 * How a hook, or a plugin inside an agent program, finds the session process beside it: `<home>/run/<pid>.json` says where it
 * listens and whom it serves. Written by the session process, removed at its end; what a killed one left is passed over, since
 * nobody listens there.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { checkPrivateDir, ensurePrivateDir, readPrivate, writeAtomic } from '../util/files.ts';
import { isRunning, type ProcessMark } from '../util/processes.ts';

export interface Berth extends ProcessMark {
  /** The process that started it: the agent program, or its daemon. */
  readonly parent: number;
  /** Where it listens: a Unix socket, or a named pipe on Windows. */
  readonly socket: string;
  readonly cwd: string;
  /** `claude-code`; absent while the program has not said who it is. */
  readonly program?: string;
  /** The program's id of the conversation; absent while it is not known. */
  readonly agentSession?: string;
  /** Its name on the relay. */
  readonly name?: string;
}

/** Longest path of a Unix socket, without its end: 104 bytes on macOS and the BSDs, 108 on Linux. */
const LONGEST_PATH = 100;

/** Makes the folder, and answers where a process may listen. */
export function berthPath(home: string, pid: number): string {
  const dir = join(home, 'run');
  ensurePrivateDir(dir);
  if (process.platform === 'win32') return `\\\\.\\pipe\\claude-relay-${userInfo().username}-${pid}`;
  const path = join(dir, `${pid}.sock`);
  if (Buffer.byteLength(path) <= LONGEST_PATH) return path;
  // The state directory lies too deep for a socket.
  const short = join(tmpdir(), `claude-relay-${userInfo().uid}`);
  mkdirSync(short, { recursive: true, mode: 0o700 });
  checkPrivateDir(short);
  return join(short, `${pid}.sock`);
}

export function writeBerth(home: string, berth: Berth): void {
  writeAtomic(fileOf(home, berth.pid), `${JSON.stringify(berth)}\n`);
}

/** Best effort: what stays is passed over. */
export function removeBerth(home: string, pid: number): void {
  rmSync(fileOf(home, pid), { force: true });
}

/** Those that say they are there. A folder that others can reach has none. */
export function berths(home: string): readonly Berth[] {
  const dir = join(home, 'run');
  return filesIn(dir).flatMap((file) => read(join(dir, file)) ?? []);
}

/** Removes what processes left that were killed. */
export function sweepBerths(home: string): void {
  for (const berth of berths(home)) {
    if (isRunning(berth)) continue;
    removeBerth(home, berth.pid);
    if (process.platform !== 'win32') rmSync(berth.socket, { force: true });
  }
}

function fileOf(home: string, pid: number): string {
  return join(home, 'run', `${pid}.json`);
}

function filesIn(dir: string): string[] {
  try {
    checkPrivateDir(dir);
    return readdirSync(dir).filter((file) => /^\d+\.json$/.test(file));
  } catch {
    return []; // no session process was ever here, or the folder is not ours alone
  }
}

function read(path: string): Berth | undefined {
  try {
    const value: unknown = JSON.parse(readPrivate(path) ?? '');
    return isBerth(value) ? value : undefined;
  } catch {
    return undefined; // gone in this moment, or damaged: its process writes it anew
  }
}

function isBerth(value: unknown): value is Berth {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, parent, socket, cwd, program, agentSession }: Partial<Record<keyof Berth, unknown>> = value;
  const isText = (text: unknown) => text === undefined || typeof text === 'string';
  return (
    typeof pid === 'number' &&
    typeof parent === 'number' &&
    typeof socket === 'string' &&
    typeof cwd === 'string' &&
    isText(program) &&
    isText(agentSession)
  );
}
