/**
 * Runs a program that may go on for minutes and start others: it leads a process group of its own, and when its time is over,
 * or nobody wants it any more, the whole group is ended, SIGTERM first. Never through a shell.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { type Clock, sleep, systemClock } from './clock.ts';
import { errno } from './failure.ts';

export interface GroupRun {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds. */
  readonly limit: number;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
  /** As soon as there is a process, before it can do anything. */
  readonly onStart: (pid: number) => void;
}

export interface GroupRan {
  /** The exit code, 128 and more for a signal, as a shell says it; 127 when it could not be started. */
  readonly code: number;
  /** Its beginning, when it is very long. What it says on stderr is nobody's. */
  readonly stdout: string;
  /** Why it was ended by us. */
  readonly cut?: 'time' | 'stopped';
}

/** Tests pass their own. Never rejects. */
export type GroupRunner = (run: GroupRun) => Promise<GroupRan>;

/** After SIGTERM. Milliseconds. */
const GRACE = 5_000;
const LOOK_EVERY = 50;
const MAX_OUTPUT = 1024 * 1024;

export const runGroup: GroupRunner = async (run) => {
  const { program, args, cwd, env, limit, signal, clock = systemClock, onStart } = run;
  if (signal.aborted) return { code: SIGNALLED, stdout: '', cut: 'stopped' };
  const child = spawn(program, [...args], { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  const { pid } = child;
  const ended = exitOf(child);
  if (pid === undefined) return { code: await ended, stdout: '' };
  let cut: GroupRan['cut'];
  const end = (why: GroupRan['cut']) => {
    cut ??= why;
    void endGroup(pid, clock);
  };
  const onAbort = () => end('stopped');
  const timer = clock.after(limit, () => end('time'));
  signal.addEventListener('abort', onAbort, { once: true });
  onStart(pid);
  const text = textOf(child.stdout);
  const code = await ended;
  timer.cancel();
  signal.removeEventListener('abort', onAbort);
  // What it left behind would go on with nobody watching.
  await endGroup(pid, clock);
  return { code, stdout: text(), ...(cut === undefined ? {} : { cut }) };
};

/** Of a process that a signal ended, as shells count. */
const SIGNALLED = 128;

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('error', () => resolve(127));
    child.once('exit', (code, signal) =>
      resolve(code ?? SIGNALLED + (signal === null ? 0 : constants.signals[signal])),
    );
  });
}

/** Reads along; what is there when it is called. */
function textOf(stream: Readable): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    if (text.length < MAX_OUTPUT) text += chunk;
  });
  return () => text.slice(0, MAX_OUTPUT);
}

/** All processes of the group that `pid` leads: asked, then made to. Resolves when there is none any more. */
export async function endGroup(pid: number, clock: Clock = systemClock): Promise<void> {
  const insistAt = clock.monotonic() + GRACE;
  // Looked at often: once it is empty, its number may become another's.
  for (let sent = signalled(pid, 'SIGTERM'); sent; sent = signalled(pid, clock.monotonic() < insistAt ? 0 : 'SIGKILL'))
    await sleep(clock, LOOK_EVERY);
}

/** Answers whether there was anybody. */
function signalled(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
    return true;
  } catch (error) {
    if (errno(error) === 'ESRCH' || errno(error) === 'EPERM') return false;
    throw error;
  }
}
