import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { commandLine, findSandbox } from '../../../scripts/programs/sandbox.mjs';
import { needs } from '../../support/programs.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** What hangs in there would hang the tests too: they wait without looking at the clock. */
const LIMIT_MS = 15_000;

const node = (script: string): string[] => [process.execPath, '-e', script];

describe('finding a sandbox', () => {
  const ran = (status: number, stderr = '') => ({ status, stderr });

  it('takes the plain way where it works', () => {
    expect(findSandbox({ platform: 'linux', run: () => ran(0) })).toEqual({ as: [] });
  });

  it('takes a user namespace where only that works', () => {
    const run = (_program: string, args: readonly string[]) => ran(args.includes('--user') ? 0 : 1, 'not permitted');
    expect(findSandbox({ platform: 'linux', run })).toEqual({ as: ['--user', '--map-root-user'] });
  });

  it('says why there is none', () => {
    const run = () => ran(1, 'unshare: unshare failed: Operation not permitted\n');
    expect(findSandbox({ platform: 'linux', run })).toEqual({
      why: expect.stringMatching(/^no namespaces can be made: .*Operation not permitted/),
    });
    expect(findSandbox({ platform: 'darwin', run })).toEqual({ why: 'namespaces are a thing of Linux' });
  });
});

describe.each([
  ['root', []],
  ['a user', ['--user', '--map-root-user']],
])('a sandbox made as %s', (_who, as) => {
  beforeEach(({ skip }) => {
    needs('ip', skip);
    const [program, ...args] = commandLine({ as }, { tmp: tempDir(), command: ['true'] });
    const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
    if (status !== 0) skip(`no namespaces here: ${stderr.trim()}`);
  });

  function inside(command: readonly string[], more: { env?: Record<string, string>; keep?: string[] } = {}) {
    const tmp = tempDir();
    const [program, ...args] = commandLine({ as }, { tmp, keep: more.keep ?? [], command }, more.env);
    return { tmp, ...spawnSync(program, args, { encoding: 'utf8', timeout: LIMIT_MS, killSignal: 'SIGKILL' }) };
  }

  it('has a loopback that works, and no other network', () => {
    const { stdout } = inside(
      node(`const net = require('net'), os = require('os');
        const server = net.createServer((s) => s.end('hello')).listen(0, '127.0.0.1', () =>
          net.connect(server.address().port, '127.0.0.1').on('data', (d) => (console.log(String(d), Object.keys(os.networkInterfaces()).join()), server.close())));`),
    );
    expect(stdout).toBe('hello lo\n');
  });

  it('has no variables but those that it is given', () => {
    const { stdout } = inside(node('console.log(Object.keys(process.env).sort().join())'), { env: { GIVEN: '1' } });
    // A shell sets the last three by itself.
    const names = stdout.trim().split(',');
    expect(names.filter((name) => !['PWD', 'SHLVL', '_', 'OLDPWD'].includes(name))).toEqual([
      'GIVEN',
      'LANG',
      'PATH',
      'TERM',
    ]);
  });

  it('has a /tmp of its own, with what is to be kept at its old place', () => {
    const kept = join(tempDir(), 'kept');
    const hidden = join(tempDir(), 'hidden');
    mkdirSync(kept);
    writeFileSync(join(kept, 'a'), '');
    writeFileSync(hidden, '');
    const script = `const { existsSync, writeFileSync } = require('fs');
      writeFileSync('/tmp/made', 'inside');
      console.log(${JSON.stringify([join(kept, 'a'), hidden])}.map((path) => existsSync(path)).join());`;
    const { stdout, tmp } = inside(node(script), { keep: [kept] });
    expect(stdout).toBe(kept.startsWith('/tmp/') ? 'true,false\n' : 'true,true\n');
    expect(readFileSync(join(tmp, 'made'), 'utf8')).toBe('inside');
    expect(existsSync('/tmp/made')).toBe(false);
  });

  it('sees no process from outside, and ends with all of its own', () => {
    // What is left would hold stdout open, and this test up.
    const { stdout } = inside(['sh', '-c', `sleep 600 & test -d /proc/${process.pid} || echo alone`]);
    expect(stdout).toBe('alone\n');
  });

  it('buries processes that lost their parent', () => {
    const script = `const { execFileSync } = require('child_process'), { existsSync } = require('fs');
      const pid = execFileSync('sh', ['-c', 'sleep 0 >/dev/null & echo $!'], { encoding: 'utf8' }).trim();
      const look = () => (existsSync('/proc/' + pid) ? setTimeout(look, 10) : console.log('buried'));
      look();`;
    expect(inside(node(script)).stdout).toBe('buried\n');
  });

  it('ends with the exit code of the command', () => {
    expect(inside(node('process.exit(7)')).status).toBe(7);
    const missing = inside(['/nowhere/program']);
    expect(missing.status).toBe(1);
    expect(missing.stderr).toContain('ENOENT');
  });
});
