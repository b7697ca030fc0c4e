/**
 * Which process a pid means. A pid alone is reused by the system; a pid with its start time is one process for ever.
 * Linux tells from /proc, other Unixes through `ps`; on Windows only whether something of that pid runs.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { errno } from './failure.ts';

export interface ProcessFacts {
  readonly parent: number;
  /** The program's short name: `bash`, `node`. */
  readonly program: string;
  /** Compare it only with another answer of this module on the same machine. */
  readonly start: string;
}

/** Something that can be recognised later. `start` is absent where the system does not tell. */
export interface ProcessMark {
  readonly pid: number;
  readonly start?: string | undefined;
}

/** Undefined when there is no such process, when it is a zombie, and when the system does not tell. */
export function processFacts(pid: number, platform: NodeJS.Platform = process.platform): ProcessFacts | undefined {
  const found = lookUp(pid, platform);
  return typeof found === 'object' ? found : undefined;
}

/** `unknown`: the system does not say it, or not now: no descriptor is left, `ps` took too long. */
type Found = ProcessFacts | 'gone' | 'unknown';

function lookUp(pid: number, platform: NodeJS.Platform): Found {
  if (!Number.isSafeInteger(pid) || pid <= 0) return 'gone';
  if (platform === 'linux') return fromProc(pid);
  return platform === 'win32' ? 'unknown' : fromPs(pid);
}

export function markProcess(pid: number): ProcessMark {
  return { pid, start: processFacts(pid)?.start };
}

/** Does that very process still run? A reused pid does not count. Where it cannot be told, what is there counts as it. */
export function isRunning(mark: ProcessMark): boolean {
  if (!pidExists(mark.pid)) return false;
  const found = lookUp(mark.pid, process.platform);
  if (typeof found !== 'object') return found === 'unknown';
  return mark.start === undefined || mark.start === found.start;
}

function pidExists(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and not ours.
    return errno(error) === 'EPERM';
  }
}

/** The words that a process was started with; none where the system does not tell. Outside Linux words with blanks come apart. */
export function commandLineOf(pid: number, platform: NodeJS.Platform = process.platform): readonly string[] {
  if (!Number.isSafeInteger(pid) || pid <= 0 || platform === 'win32') return [];
  if (platform !== 'linux') return psOf(pid, 'args=')?.split(/\s+/) ?? [];
  return readOrNothing(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1)) ?? [];
}

/** The file that a process runs; undefined where the system does not tell. */
export function executableOf(pid: number, platform: NodeJS.Platform = process.platform): string | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0 || platform === 'win32') return undefined;
  if (platform !== 'linux') return psOf(pid, 'comm=');
  return readOrNothing(() => readlinkSync(`/proc/${pid}/exe`));
}

/** The directory that a process is in; undefined where the system does not tell. */
export function cwdOf(pid: number, platform: NodeJS.Platform = process.platform): string | undefined {
  return platform === 'linux' ? readOrNothing(() => readlinkSync(`/proc/${pid}/cwd`)) : undefined;
}

/** The files that a process has open; undefined where the system does not tell. */
export function openFilesOf(pid: number, platform: NodeJS.Platform = process.platform): readonly string[] | undefined {
  if (platform !== 'linux') return undefined;
  const open = readOrNothing(() => readdirSync(`/proc/${pid}/fd`));
  return open?.flatMap((fd) => readOrNothing(() => readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? []);
}

/** All that run now. On Windows none can be told. */
export function processIds(platform: NodeJS.Platform = process.platform): readonly number[] {
  if (platform === 'win32') return [];
  const words = platform === 'linux' ? readOrNothing(() => readdirSync('/proc')) : psAll();
  return (words ?? []).filter((word) => /^\d+$/.test(word)).map(Number);
}

function psAll(): readonly string[] | undefined {
  return readOrNothing(() => ps('-axo', 'pid=').split(/\s+/));
}

/** Its parent, that one's parent, and so on: the nearest first. */
export function ancestorsOf(pid: number): readonly number[] {
  const found: number[] = [];
  for (let next = processFacts(pid)?.parent; next !== undefined && next > 1 && found.length < 32; ) {
    found.push(next);
    next = processFacts(next)?.parent;
  }
  return found;
}

/**
 * proc(5): `pid (comm) state ppid … starttime(22nd)`. The name may hold spaces and brackets, so what follows the last
 * bracket is counted. Ticks count from boot, hence the boot id beside them.
 */
export function parseProcStat(stat: string, boot: string): ProcessFacts | undefined {
  const open = stat.indexOf('(');
  const close = stat.lastIndexOf(')');
  if (open < 0 || close < open) return undefined;
  const fields = stat.slice(close + 2).split(' ');
  const [state, parent] = fields;
  const ticks = fields[19];
  if (state === undefined || state === 'Z' || state === 'X' || ticks === undefined) return undefined;
  return { parent: Number(parent), program: stat.slice(open + 1, close), start: `${boot}-${ticks}` };
}

function fromProc(pid: number): Found {
  const boot = readOrNothing(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8));
  if (boot === undefined) return 'unknown';
  try {
    return parseProcStat(readFileSync(`/proc/${pid}/stat`, 'utf8'), boot) ?? 'gone';
  } catch (error) {
    return ['ENOENT', 'ESRCH'].includes(errno(error) ?? '') ? 'gone' : 'unknown';
  }
}

/** Gone, or hidden from us: either way it cannot be told. */
function readOrNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** `ps -o ppid=,lstart=,stat=,comm=`: `  501 Sun Nov 22 07:48:48 2026 Ss -zsh`; lstart is five words. */
export function parsePs(line: string): ProcessFacts | undefined {
  const words = line.trim().split(/\s+/);
  const state = words[6];
  if (words.length < 8 || state === undefined || state.startsWith('Z')) return undefined;
  const path = words.slice(7).join(' ');
  const program = path.slice(path.lastIndexOf('/') + 1).replace(/^-/, '');
  return { parent: Number(words[0]), program, start: words.slice(1, 6).join(' ') };
}

function fromPs(pid: number): Found {
  try {
    return parsePs(ps('-o', 'ppid=,lstart=,stat=,comm=', '-p', String(pid))) ?? 'gone';
  } catch (error) {
    // It ends with 1 when there is none; anything else is a fault of its own.
    return error instanceof Error && 'status' in error && error.status === 1 ? 'gone' : 'unknown';
  }
}

/** One line of `ps` about one process. */
function psOf(pid: number, format: string): string | undefined {
  return readOrNothing(() => ps('-o', format, '-p', String(pid)).trim() || undefined);
}

/** Fails when there is no such process. The module is loaded where it is needed: a hook starts at every event. */
function ps(...args: readonly string[]): string {
  const { execFileSync } = process.getBuiltinModule('node:child_process');
  return execFileSync('ps', args, {
    encoding: 'utf8',
    // One language and one time zone, so that two answers can be compared.
    env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 5_000,
  });
}
