/** The processes of one machine of a test, found by their home: also those that a program left to themselves. Linux. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { isRunning, markProcess, processFacts } from '../../src/util/processes.ts';
import { type Machine, until } from '../support/cli.ts';

export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** All that were started with this machine's home. */
export function processesOf(machine: Machine): Process[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const all = pids.map((pid) => read(Number(pid)));
  return all.filter((each) => each?.env['HOME'] === machine.user).filter((each) => each !== undefined);
}

/** Session processes: what agent programs started as our MCP server. */
export function sessionProcesses(machine: Machine): Process[] {
  return processesOf(machine).filter(({ command }) => command.includes('mcp') && command.some(isOurs));
}

const isOurs = (word: string): boolean => word.endsWith('dist/cli.mjs');

/** By their ids; resolves when they are gone. */
export async function endProcesses(machine: Machine): Promise<void> {
  await until(
    () => processesOf(machine).map(({ pid }) => end(pid)),
    (left) => left.length === 0,
  );
}

export async function killProcess(pid: number): Promise<void> {
  const mark = markProcess(pid);
  end(pid);
  await until(
    () => isRunning(mark),
    (running) => !running,
  );
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone between the look and the signal.
  }
}

function read(pid: number): Process | undefined {
  const facts = processFacts(pid);
  if (facts === undefined || pid === process.pid) return undefined;
  try {
    const cwd = readlinkSync(`/proc/${pid}/cwd`);
    const variables = words(`/proc/${pid}/environ`).map((line) => [
      line.slice(0, line.indexOf('=')),
      line.slice(line.indexOf('=') + 1),
    ]);
    return {
      pid,
      parent: facts.parent,
      command: words(`/proc/${pid}/cmdline`),
      cwd,
      env: Object.fromEntries(variables),
    };
  } catch {
    // Gone meanwhile, or somebody else's.
    return undefined;
  }
}

function words(path: string): string[] {
  return readFileSync(path, 'utf8')
    .split('\0')
    .filter((word) => word !== '');
}
