/** Who listens on a TCP port of this machine, as far as this user may know. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { processFacts } from './processes.ts';
import type { Runner } from './run.ts';

export interface PortHolder {
  readonly pid: number;
  readonly program: string;
}

/** A loopback port answers at once, or nobody listens. Milliseconds. */
const CONNECT_MS = 1_000;

/** Does anything take connections at the port, on either loopback address? */
export async function isPortTaken(port: number): Promise<boolean> {
  const taken = await Promise.all(['127.0.0.1', '::1'].map((host) => answers(host, port)));
  return taken.includes(true);
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: CONNECT_MS });
    const end = (yes: boolean) => () => {
      resolve(yes);
      socket.destroy();
    };
    socket.once('connect', end(true)).once('error', end(false)).once('timeout', end(false));
  });
}

/** Undefined when nobody listens, and when it cannot be told (a process of another user). */
export async function portHolder(
  port: number,
  run: Runner,
  platform: NodeJS.Platform = process.platform,
): Promise<PortHolder | undefined> {
  if (platform === 'linux') return holderInProc(port);
  const { code, stdout } = await run('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc']);
  return code === 0 ? parseLsof(stdout) : undefined;
}

/** `-F` output: one field a line, its kind as the first letter. */
export function parseLsof(text: string): PortHolder | undefined {
  const field = (kind: string) =>
    text
      .split('\n')
      .find((line) => line.startsWith(kind))
      ?.slice(1);
  const pid = Number(field('p'));
  return pid > 0 ? { pid, program: field('c') ?? 'unknown' } : undefined;
}

function holderInProc(port: number): PortHolder | undefined {
  const inodes = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) => listeningInodes(readOrEmpty(path), port));
  const links = new Set(inodes.map((inode) => `socket:[${inode}]`));
  if (links.size === 0) return undefined;
  const pid = readdirOrEmpty('/proc').find((entry) => /^\d+$/.test(entry) && holds(entry, links));
  if (pid === undefined) return undefined;
  return { pid: Number(pid), program: processFacts(Number(pid))?.program ?? 'unknown' };
}

/** proc_net_tcp: `sl local_address rem_address st … inode(10th)`; 0A is LISTEN; the port is hexadecimal. */
export function listeningInodes(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return table.split('\n').flatMap((line) => {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
    return state === '0A' && local.endsWith(suffix) && inode !== undefined ? [inode] : [];
  });
}

function holds(pid: string, links: ReadonlySet<string>): boolean {
  return readdirOrEmpty(`/proc/${pid}/fd`).some((fd) => links.has(linkOrEmpty(`/proc/${pid}/fd/${fd}`)));
}

// Best-effort, all three: processes end while they are looked at, and those of others are closed to us.

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function readdirOrEmpty(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function linkOrEmpty(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
