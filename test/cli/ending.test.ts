/** The real program, ended from outside while it makes a file or prints: signals, disks without room. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Machine, until } from '../support/cli.ts';
import { killedRelay } from '../support/killed-relay.ts';
import { tempDir } from '../support/temp-dir.ts';

let machine: Machine;
let dir: string;
let server: Server;
let url: string;

beforeAll(async () => {
  machine = new Machine();
  const relay = await machine.relay();
  await machine.ok(['status', '--as', 'B']);
  for (let i = 0; i < 20; i++)
    await machine.ok(['send', 'B', '-', '--as', 'A'], { input: `${i} ${'words '.repeat(700)}` });
  await relay.kill();
}, 90_000);
afterAll(() => machine.end());

/** A relay that begins to answer. */
beforeEach(async () => {
  dir = tempDir();
  killedRelay(machine.home);
  server = createServer((_, response) => void response.write('{"half":'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** The command, once it has something of the answer. */
async function inTheMiddle(args: readonly string[]) {
  const asked = new Promise((resolve) => server.once('request', resolve));
  const started = await machine.start([...args, '--relay-url', url], { cwd: dir });
  await asked;
  return started;
}

async function half(name: string): Promise<string | undefined> {
  const part = await until(
    () => readdirSync(dir).find((file) => file.startsWith(`.${name}.`) && statSync(join(dir, file)).size > 0),
    (file) => file !== undefined,
  );
  return part;
}

describe.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s', (signal, exit) => {
  it.each(['export file', 'backup file'])('ends %j with its number and leaves nothing', async (line) => {
    const started = await inTheMiddle(line.split(' '));
    await half('file');
    const { code, stderr } = await started.kill(signal);
    expect([code, stderr, readdirSync(dir)]).toEqual([exit, `claude-relay: Ended by ${signal}.\n`, []]);
  });

  it.each(['export', 'verify', 'prune --keep 0'])('ends %j with its number', async (line) => {
    const started = await inTheMiddle(line.split(' '));
    const { code, stderr } = await started.kill(signal);
    expect([code, stderr]).toEqual([exit, `claude-relay: Ended by ${signal}.\n`]);
  });
});

describe('what was killed at once', () => {
  it.each(['export', 'backup'])('has left nothing under the name of the file: %s', async (command) => {
    const started = await inTheMiddle([command, 'file']);
    const part = await half('file');
    await started.kill('SIGKILL');
    expect(readdirSync(dir)).toEqual([part]);
    expect(statSync(join(dir, part ?? '')).mode & 0o777).toBe(0o600);
  });
});

describe('no room', () => {
  const room =
    /^claude-relay: There is no room on the disk of (\S+)\.\n {2}Make room there, or let it go elsewhere\.\n$/;

  /** No file may get larger than so many blocks of 512 bytes. */
  const limited = (blocks: number, line: string) => machine.shell(`ulimit -f ${blocks}; ${line}`, { cwd: dir });

  it.each(['export', 'backup'])('is said of the file while the relay answers: %s', async (command) => {
    const relay = await machine.relay();
    const { code, stderr } = await limited(40, `claude-relay ${command} file`);
    expect([code, stderr, readdirSync(dir)]).toEqual([1, expect.stringMatching(room), []]);
    expect(stderr).toContain(join(dir, 'file'));
    await relay.kill();
  });

  it('is said of the file where no relay runs, and nothing is left', async () => {
    const { code, stderr } = await limited(100, 'claude-relay export file');
    expect([code, stderr, readdirSync(dir)]).toEqual([1, expect.stringMatching(room), []]);
    const { code: failed } = await limited(100, 'claude-relay backup file');
    expect([failed, readdirSync(dir)]).toEqual([1, []]);
  });

  it.skipIf(process.platform !== 'linux').each(['export', 'history --as A', '--help'])(
    'behind stdout is an error: %s',
    async (line) => {
      const relay = await machine.relay();
      const { code, stderr } = await machine.shell(`claude-relay ${line} >/dev/full`, { cwd: dir });
      expect([code, stderr.slice(stderr.indexOf('claude-relay:'))]).toEqual([1, expect.stringMatching(room)]);
      await relay.kill();
    },
  );

  it('behind stdout is an error where that is a file, which else holds what a pipe gets', async () => {
    const whole = await machine.ok(['--help']);
    const blocks = Math.floor(Buffer.byteLength(whole) / 512);
    const { code, stderr } = await limited(blocks, 'claude-relay --help > file');
    expect([code, stderr]).toEqual([1, expect.stringMatching(room)]);
    await machine.shell('claude-relay --help > whole', { cwd: dir });
    expect(readFileSync(join(dir, 'whole'), 'utf8')).toBe(whole);
  });
});

describe('a file system without hard links', () => {
  // The state directory is on one that has them.
  const hook = `
    import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    const { linkSync } = fs;
    fs.linkSync = (from, to) => {
      if (from.endsWith('.part')) throw Object.assign(new Error('no links'), { code: 'EPERM' });
      linkSync(from, to);
    };
    syncBuiltinESMExports();`;
  const env = { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(hook)}` };

  it.each(['export', 'backup'])('takes a file, and keeps what is there: %s', async (command) => {
    await machine.ok([command, 'file'], { cwd: dir, env });
    const { ino } = statSync(join(dir, 'file'));
    expect((await machine.run([command, 'file'], { cwd: dir, env })).code).toBe(1);
    expect([readdirSync(dir), statSync(join(dir, 'file')).ino]).toEqual([['file'], ino]);
  });
});
