/** Runs another program by its argument list, never through a shell, and answers what came of it. */
import { errno } from './failure.ts';

export interface Ran {
  /** The exit code; 127 when there is no such program, as a shell says it; 124 when it took too long. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Tests pass their own, and see exactly what would have been run. `input` is what it reads. Never throws. */
export type Runner = (program: string, args: readonly string[], input?: string) => Promise<Ran>;

const LIMIT_MS = 30_000;
const MAX_OUTPUT = 4 * 1024 * 1024;

export const runProgram: Runner = (program, args, input) => runWithin(program, args, LIMIT_MS, input);

/** `limit` in milliseconds; then the program is killed. */
export async function runWithin(program: string, args: readonly string[], limit: number, input = ''): Promise<Ran> {
  // When it is wanted: a session process runs no other program as a rule, and somebody waits for its start.
  const { execFile } = await import('node:child_process');
  const options = { timeout: limit, killSignal: 'SIGKILL', maxBuffer: MAX_OUTPUT } as const;
  return new Promise((resolve) => {
    const child = execFile(program, [...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : codeOf(error, error.killed === true), stdout, stderr });
    });
    // Whoever ends without reading has said why by its exit code.
    child.stdin?.on('error', () => undefined).end(input);
  });
}

function codeOf(error: Error, killed: boolean): number {
  if (killed) return 124;
  if (errno(error) === 'ENOENT') return 127;
  return 'code' in error && typeof error.code === 'number' ? error.code : 1;
}
