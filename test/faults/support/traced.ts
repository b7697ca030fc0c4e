/** Programs whose system calls are counted, refused or deadly: `strace`. Needs Linux. */
import { readFileSync } from 'node:fs';

const STRACE = ['strace', '-f'];
/** The other calls are not stopped at. With it strace kills nobody. */
const QUICK = '--seccomp-bpf';

/** Of several, separated by commas, each is counted by itself. */
export function refusing(calls: string, error: string, nth: number): readonly string[] {
  const what = ['-e', `trace=${calls}`, '-e', `inject=${calls}:error=${error}:when=${nth}`];
  return [...STRACE, QUICK, '-o', '/dev/null', ...what];
}

/** One call that a program made. */
export interface Point {
  readonly call: string;
  /** Among those of this name, from 1. */
  readonly nth: number;
}

/** `kill -9` as the program makes that call. */
export function deadly({ call, nth }: Point): readonly string[] {
  const what = ['-e', `trace=${call}`, '-e', `inject=${call}:signal=SIGKILL:when=${nth}`];
  return [...STRACE, '-o', '/dev/null', ...what];
}

/** Writes each of these calls into `log`, with the paths that they are about. */
export function logging(calls: string, log: string): readonly string[] {
  return [...STRACE, QUICK, '-y', '-o', log, '-e', `trace=${calls}`];
}

/** The calls of the first thread that are about a path that fits, in their order. */
export function pointsIn(log: string, path: RegExp): Point[] {
  const lines = readFileSync(log, 'utf8').split('\n');
  const first = lines[0]?.split(' ')[0];
  const counts = new Map<string, number>();
  return lines.flatMap((line) => {
    const [, thread, call] = /^(\d+) +(\w+)\(/.exec(line) ?? [];
    if (call === undefined || thread !== first) return [];
    const nth = (counts.get(call) ?? 0) + 1;
    counts.set(call, nth);
    return path.test(line) ? [{ call, nth }] : [];
  });
}

/** So many of a list, spread over it from its first to its last; all of it again and again when it has fewer. */
export function spread<T>(list: readonly T[], count: number): T[] {
  const step = Math.max(1, (list.length - 1) / (count - 1));
  return Array.from({ length: count }, (_, i) => list[Math.round(i * step) % list.length] as T);
}
