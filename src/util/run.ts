/** Runs another program by its argument list, never through a shell, and answers what came of it. */
import { execFile } from 'node:child_process';
import { errno } from './failure.ts';

export interface Ran {
  /** The exit code; 127 when there is no such program, as a shell says it; 124 when it took too long. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Tests pass their own, and see exactly what would have been run. Never throws. */
export type Runner = (program: string, args: readonly string[]) => Promise<Ran>;

const LIMIT_MS = 30_000;
const MAX_OUTPUT = 4 * 1024 * 1024;

export const runProgram: Runner = (program, args) => runWithin(program, args, LIMIT_MS);

/** `limit` in milliseconds; then the program is killed. */
export function runWithin(program: string, args: readonly string[], limit: number): Promise<Ran> {
  const options = { timeout: limit, killSignal: 'SIGKILL', maxBuffer: MAX_OUTPUT } as const;
  return new Promise((resolve) => {
    const child = execFile(program, [...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : codeOf(error, error.killed === true), stdout, stderr });
    });
    child.stdin?.end();
  });
}

function codeOf(error: Error, killed: boolean): number {
  if (killed) return 124;
  if (errno(error) === 'ENOENT') return 127;
  return 'code' in error && typeof error.code === 'number' ? error.code : 1;
}
