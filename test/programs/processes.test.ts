import { describe, expect, it } from 'vitest';
import { isRunning, markProcess } from '../../src/util/processes.ts';
import { machine, until } from '../support/cli.ts';
import { endProcesses, killProcess, processesOf, sessionProcesses } from './processes.ts';

const onLinux = process.platform === 'linux';

describe.skipIf(!onLinux)('the processes of a machine', () => {
  it('are those with its home, whoever their parent is', async () => {
    const [here, there] = [machine(), machine()];
    // The shell is gone at once; what it started is nobody's child any more.
    await here.shell('sleep 600 >/dev/null 2>&1 </dev/null &');
    there.spawn('sleep', ['601']);
    const found = await until(
      () => processesOf(here),
      (all) => all.some(({ command }) => command[0] === 'sleep'),
    );
    expect(found).toMatchObject([{ command: ['sleep', '600'], cwd: here.user, env: { HOME: here.user } }]);
    const mark = markProcess(found[0]?.pid ?? 0);
    await endProcesses(here);
    expect(isRunning(mark)).toBe(false);
    expect(processesOf(there)).toHaveLength(1);
  });

  it('tell which are session processes, and one can be killed', async () => {
    const here = machine();
    await here.relay();
    const session = await here.session('CC-1');
    const [found, ...others] = sessionProcesses(here);
    expect(others).toEqual([]);
    expect(found).toMatchObject({ pid: session.started.child.pid, parent: process.pid, cwd: here.user });
    await killProcess(found?.pid ?? 0);
    expect(sessionProcesses(here)).toEqual([]);
    expect((await session.started.ended).code).toBeNull();
  });
});
