import { describe, expect, it } from 'vitest';
import { runProgram, runWithin } from '../../src/util/run.ts';

const node = (script: string, ...args: string[]) => runProgram(process.execPath, ['-e', script, '--', ...args]);

describe('running a program', () => {
  it('answers its exit code and what it said', async () => {
    const script = 'console.log("out"); console.error("err"); process.exitCode = 7';
    expect(await node(script)).toEqual({ code: 7, stdout: 'out\n', stderr: 'err\n' });
    expect(await node('')).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('passes each argument as it is: there is no shell', async () => {
    const args = ['two words', '$(touch x)', ';', '*', "it's", '', '"'];
    const { stdout } = await node('console.log(JSON.stringify(process.argv.slice(1)))', ...args);
    expect(JSON.parse(stdout)).toEqual(args);
  });

  it('gives it nothing to read', async () => {
    expect((await node('process.stdin.on("data", () => {}).on("end", () => console.log("end"))')).stdout).toBe('end\n');
  });

  it('gives it what it is to read, also when it does not', async () => {
    const text = 'x'.repeat(300_000);
    const echo = ['-e', 'process.stdin.pipe(process.stdout)'];
    expect((await runProgram(process.execPath, echo, text)).stdout).toBe(text);
    expect(await runProgram(process.execPath, ['-e', 'process.exit(3)'], text)).toMatchObject({ code: 3 });
  });

  it('that is not there is 127', async () => {
    expect(await runProgram('no-such-program-here', [])).toMatchObject({ code: 127 });
  });

  it('that takes too long is killed, and 124', async () => {
    expect(await runWithin('sleep', ['60'], 50)).toMatchObject({ code: 124 });
  });

  it('that is killed by somebody else is a failure', async () => {
    expect((await node('process.kill(process.pid, "SIGKILL")')).code).not.toBe(0);
  });
});
