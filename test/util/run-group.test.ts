import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { isRunning } from '../../src/util/processes.ts';
import { endGroup, type GroupRun, runGroup } from '../../src/util/run-group.ts';
import { tempDir } from '../support/temp-dir.ts';

function script(text: string, over: Partial<GroupRun> = {}): GroupRun {
  return {
    program: process.execPath,
    args: ['-e', text],
    cwd: tempDir(),
    env: { PATH: process.env.PATH },
    limit: 60_000,
    signal: new AbortController().signal,
    onStart: () => undefined,
    ...over,
  };
}

/** Prints its own pid and that of a child that outlives it, deaf to SIGTERM when `isDeaf`; then does `then`. */
function family(then: string, isDeaf = false): string {
  const deaf = isDeaf ? 'process.on("SIGTERM", () => {});' : '';
  const child = `${deaf} setInterval(() => {}, 1000); process.stdout.write('up');`;
  return `
    ${deaf}
    const child = require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio: ['ignore', 'pipe', 'ignore'] });
    child.stdout.once('data', () => { console.log(process.pid + ' ' + child.pid); ${then} });`;
}

const pidsIn = (stdout: string) => stdout.trim().split(' ').map(Number);
const areRunning = (stdout: string) => pidsIn(stdout).map((pid) => isRunning({ pid }));

describe('a program that runs in a group of its own', () => {
  it('answers with its exit code and what it printed, and not with its errors', async () => {
    const ran = await runGroup(script('console.log("out"); console.error("secret"); process.exitCode = 3;'));
    expect(ran).toEqual({ code: 3, stdout: 'out\n' });
  });

  it('has the directory and the variables that it was given, and no more', async () => {
    const text = 'console.log(JSON.stringify([process.cwd(), process.env]))';
    const run = script(text, { env: { ONE: '1', NONE: undefined } });
    expect(JSON.parse((await runGroup(run)).stdout)).toEqual([run.cwd, { ONE: '1' }]);
  });

  it('is told of as soon as it has a pid', async () => {
    const pids: number[] = [];
    const { stdout } = await runGroup(script('console.log(process.pid)', { onStart: (pid) => void pids.push(pid) }));
    expect(pids).toEqual([Number(stdout)]);
  });

  it('that is not there ends with 127, as in a shell', async () => {
    expect(await runGroup(script('', { program: '/gone/program' }))).toEqual({ code: 127, stdout: '' });
  });

  it('takes its words as they are: there is no shell', async () => {
    const { stdout } = await runGroup(
      script('console.log(process.argv[1])', { args: ['-p', 'process.argv[1]', '$(id); "x"'] }),
    );
    expect(stdout).toBe('$(id); "x"\n');
  });

  it('is ended with all that it started when its time is over', async () => {
    const ran = await runGroup(script(family(''), { limit: 1_500 }));
    expect(ran).toMatchObject({ code: 143, cut: 'time' });
    expect(areRunning(ran.stdout)).toEqual([false, false]);
  });

  it('is ended when it is not wanted any more', async () => {
    const stop = new AbortController();
    const ran = await runGroup(script(family(''), { signal: stop.signal, onStart: () => stop.abort() }));
    expect(ran).toMatchObject({ code: 143, cut: 'stopped' });
  });

  it('is not even started then', async () => {
    const started: number[] = [];
    const ran = await runGroup(script('', { signal: AbortSignal.abort(), onStart: (pid) => void started.push(pid) }));
    expect([ran.cut, started]).toEqual(['stopped', []]);
  });

  it('leaves nobody behind when it ends by itself', async () => {
    const ran = await runGroup(script(family('process.exit(0)')));
    expect(ran.code).toBe(0);
    expect(areRunning(ran.stdout)).toEqual([false, false]);
  });

  it('that does not listen is made to', async () => {
    const ran = await runGroup(script(family('', true), { limit: 1_500 }));
    expect(ran).toMatchObject({ code: 137, cut: 'time' });
    expect(areRunning(ran.stdout)).toEqual([false, false]);
  });
});

describe('ending a group', () => {
  it('that somebody else left ends all of it', async () => {
    const child = spawn(process.execPath, ['-e', family('')], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
    const [printed] = await once(child.stdout, 'data');
    await endGroup(child.pid ?? Number.NaN);
    expect(areRunning(String(printed))).toEqual([false, false]);
  });

  it('that is gone already is nothing', async () => {
    await expect(endGroup(2 ** 22 + 1)).resolves.toBeUndefined();
  });
});
