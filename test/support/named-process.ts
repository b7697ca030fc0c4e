/** A process that looks like another program in the list of processes: a script under its name, in a directory of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEveryTest } from './cleanup.ts';
import { tempDir } from './temp-dir.ts';

const started: ChildProcess[] = [];

/** Runs until the test is over; resolves when it runs. `open`: a file that it keeps open. */
export async function namedProcess(name: string, { cwd, open }: { cwd: string; open?: string }): Promise<number> {
  const script = join(tempDir(), name);
  const opening = open === undefined ? '' : `require('fs').openSync(${JSON.stringify(open)}, 'a');`;
  writeFileSync(script, `${opening} setInterval(() => {}, 1000); process.stdout.write('up');`);
  const child = spawn(process.execPath, [script], { cwd, stdio: ['ignore', 'pipe', 'ignore'] });
  started.push(child);
  await once(child.stdout, 'data');
  return child.pid ?? Number.NaN;
}

afterEveryTest(async () => {
  for (const child of started.splice(0)) {
    const gone = once(child, 'exit');
    if (child.exitCode === null && child.kill('SIGKILL')) await gone;
  }
});
