/** What the services would start, started: the command of the unit, with its variables, writing to its log files. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, lstatSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rotateLogs } from '../../src/service/rotate.ts';
import { Machine } from '../support/cli.ts';

interface Plan {
  readonly command: readonly [string, ...string[]];
  readonly logs: { readonly out: string; readonly error: string };
  readonly text: string;
}

let machine: Machine;
beforeEach(() => {
  machine = new Machine();
});
afterEach(() => machine.end());

async function plan(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Plan> {
  return JSON.parse(await machine.ok(['service', 'install', ...args, '--dry-run', '--json'], { env }));
}

/** As a service manager does it: nothing of the user's environment but HOME, output appended to the files. */
function startUnit({ command: [program, ...args], logs }: Plan) {
  const files = [logs.out, logs.error].map((path) => openSync(path, 'a', 0o600));
  const env = { HOME: machine.user, CLAUDE_RELAY_HOME: machine.home };
  const child = spawn(program, args, { env, cwd: '/', stdio: ['ignore', ...files] });
  for (const file of files) closeSync(file);
  return child;
}

/** Waits for the text in the file, however long the machine takes; the test's own limit ends it. */
async function written(path: string, pattern: RegExp): Promise<string> {
  for (;;) {
    const found = pattern.exec(readFileSync(path, 'utf8'));
    if (found) return found[0];
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A free port that stays the same: a service has no use for 0. */
async function freePort(): Promise<string> {
  await machine.relay();
  const port = String(machine.port);
  await machine.end();
  machine = new Machine();
  return port;
}

describe('the unit of the relay', () => {
  it('starts a relay that the command line finds, logs to its files, and ends on SIGTERM with 0', {
    timeout: 60_000,
  }, async () => {
    const unit = await plan(['--port', await freePort()]);
    mkdirSync(join(machine.home, 'logs'), { mode: 0o700 });
    const child = startUnit(unit);
    try {
      await written(unit.logs.out, /Ready! Listening on ws:\/\/localhost:\d+/);
      const doctor = await machine.run(['doctor', '--json']);
      expect(JSON.parse(doctor.stdout).findings).toContainEqual(
        expect.objectContaining({ check: 'relay', state: 'ok' }),
      );
      expect(readFileSync(unit.logs.error, 'utf8')).toContain('"started"');
      expect(await machine.ok(['service', 'logs', '-n', '1'])).toContain('Ready!');
    } finally {
      child.kill('SIGTERM');
    }
    const [code] = await once(child, 'exit');
    expect(code).toBe(0);
  });

  it('goes on writing to a log that is rotated under it', { timeout: 60_000 }, async () => {
    const unit = await plan(['--port', await freePort()]);
    mkdirSync(join(machine.home, 'logs'), { mode: 0o700 });
    writeFileSync(unit.logs.error, `${'x'.repeat(2_000)}\n`, { mode: 0o600 });
    const child = startUnit(unit);
    try {
      await written(unit.logs.error, /"started"/);
      expect(await rotateLogs(join(machine.home, 'logs'), { max: 1_000, keep: 2 })).toEqual(['relay-error.log']);
    } finally {
      child.kill('SIGTERM');
    }
    await once(child, 'exit');
    const now = readFileSync(unit.logs.error, 'utf8');
    expect([now.includes('"stopped"'), now.includes('\u0000'), now.includes('xxx')]).toEqual([true, false, false]);
    expect(readFileSync(`${unit.logs.error}.1`, 'utf8')).toMatch(/^x{2000}\n.*"started"/s);
  });
});

describe('the unit of a tunnel', () => {
  it('starts ssh with exactly these words', async () => {
    const ssh = join(machine.user, 'bin/ssh');
    writeFileSync(ssh, '#!/bin/sh\nprintf "%s\\n" "$@"\n', { mode: 0o755 });
    const unit = await plan(['tunnel', 'me@relay.example', '--port', '1234']);
    expect(unit.command[0]).toBe(ssh);
    const { stdout } = await machine.spawn(unit.command[0], unit.command.slice(1), { input: '' }).ended;
    expect(stdout.trim().split('\n')).toEqual([
      '-N',
      '-L',
      '127.0.0.1:1234:127.0.0.1:1234',
      '-o',
      'ServerAliveInterval=15',
      '-o',
      'ServerAliveCountMax=3',
      '-o',
      'ExitOnForwardFailure=yes',
      '-o',
      'BatchMode=yes',
      '--',
      'me@relay.example',
    ]);
  });

  it('ends at once when it cannot get in, without a question: the service manager tries again', async () => {
    const { code, stderr } = await machine.spawn(
      'ssh',
      ['-N', '-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=yes', '-p', '1', '--', 'me@127.0.0.1'],
      {
        input: '',
      },
    ).ended;
    expect([code, stderr]).toEqual([255, expect.stringContaining('onnect')]);
  });
});

it('a dry run leaves no file behind', async () => {
  await plan([]);
  await plan(['tunnel', 'me@x']);
  expect(readdirSync(machine.home)).toEqual([]);
  expect(lstatSync(machine.home).mode & 0o777).toBe(0o700);
});
