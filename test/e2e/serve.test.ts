/** The relay as a process: what it prints, how it ends. */
import { cpSync, existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ROOT } from '../../scripts/ensure.mjs';
import { openJournal } from '../../src/journal/open.ts';
import { CLI, Machine, type Started } from '../support/cli.ts';
import { ask, bearer } from '../support/raw-http.ts';
import { WireClient } from '../support/wire-client.ts';

let machine: Machine;
const clients: WireClient[] = [];
beforeEach(() => {
  machine = new Machine();
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.cut();
  await machine.end();
});

async function connected(token?: string): Promise<WireClient> {
  const client = new WireClient(`ws://127.0.0.1:${machine.port}`, token);
  clients.push(client);
  await client.opened;
  return client;
}

async function timedEnd(relay: Started, signal: NodeJS.Signals) {
  const before = performance.now();
  const ended = await relay.kill(signal);
  return { ...ended, ms: performance.now() - before };
}

describe('claude-relay serve', () => {
  it('prints one line on stdout when it takes connections, with the real port, and nothing more', async () => {
    const relay = await machine.relay();
    expect((await connected(machine.token)).frames).toEqual([]);
    const { stdout } = await relay.kill();
    expect(stdout).toBe(`[Claude Relay] Ready! Listening on ws://localhost:${machine.port}\n`);
  });

  it.each<NodeJS.Signals>(['SIGTERM', 'SIGINT'])(
    'ends with 0 within 3 s on %s, with clients of both generations connected',
    async (signal) => {
      const relay = await machine.relay(['--legacy']);
      const old = await connected();
      old.say({ type: 'register', clientId: 'OLD' });
      await old.next('registered');
      const modern = await connected(machine.token);
      modern.say({ type: 'hello', v: 1, name: 'NEW', instance: 'i', seat: true });
      await modern.next('welcome');
      const silent = await connected(machine.token);
      silent.freeze();
      const { code, ms } = await timedEnd(relay, signal);
      expect(code).toBe(0);
      expect(ms).toBeLessThan(3_000);
      expect([await old.closed, await modern.closed]).toEqual([1001, 1001]);
      expect(existsSync(join(machine.home, 'relay.json'))).toBe(false);
    },
  );

  it('ends at once at the second signal', async () => {
    const relay = await machine.relay();
    (await connected(machine.token)).freeze();
    relay.child.kill('SIGTERM');
    await relay.says(/"stopping"/, 'stderr');
    const { code, ms } = await timedEnd(relay, 'SIGINT');
    expect([0, 130]).toContain(code);
    expect(ms).toBeLessThan(1_000);
  });

  it('goes on when an update takes its files away', async () => {
    const dist = join(machine.user, 'dist');
    await machine.run(['--version']);
    cpSync(dirname(CLI), dist, { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(machine.user, 'node_modules'));
    const relay = machine.spawn(process.execPath, [join(dist, 'cli.mjs'), 'serve', '--port', '0'], {
      env: { RELAY_LOG_LEVEL: 'debug' },
    });
    const port = Number(/\d+$/.exec(await relay.says(/Ready! Listening on \S+:\d+/))?.[0]);
    await relay.says(/"all of the program is loaded"/, 'stderr');
    rmSync(dist, { recursive: true });
    const asked = { port, headers: { ...bearer(machine.token), 'content-type': 'application/json' } };
    const hello = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
    const initialize = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: hello });
    const accept = 'application/json, text/event-stream';
    const answers = [
      await ask({ ...asked, path: '/metrics' }),
      await ask({ ...asked, path: '/v1/status', method: 'POST', body: '{}' }),
      await ask({ ...asked, path: '/mcp', method: 'POST', body: initialize, headers: { ...asked.headers, accept } }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  it('tells a port in use in one line, with exit code 1', async () => {
    await machine.relay();
    const { code, stdout, stderr } = await machine.run([
      'serve',
      String(machine.port),
      '--data',
      join(machine.home, 'other'),
    ]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(new RegExp(`^claude-relay: Port ${machine.port} is in use\\. [^\\n]*--port[^\\n]*\\n$`));
  });

  it('tells a second relay on the same data in one line, with exit code 1', async () => {
    await machine.relay();
    const { code, stderr } = await machine.run(['serve', '0']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^claude-relay: Another relay \(pid \d+, ws:\/\/localhost:\d+\) already uses [^\n]*\n$/);
  });

  it('refuses to be reached from elsewhere, with exit code 78', async () => {
    const { code, stderr } = await machine.run(['serve', '0', '--host', '0.0.0.0']);
    expect(code).toBe(78);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('starts again after it was killed, with everything that it had answered for', async () => {
    const first = await machine.relay();
    await machine.curl('B', 'status', {});
    await machine.curl('A', 'send', { to: 'B', body: 'kept' });
    await first.kill('SIGKILL');
    await machine.relay();
    expect(await machine.curl('B', 'inbox', {})).toMatchObject({ messages: [{ from: 'A', body: 'kept' }] });
  });

  it('on data that are too large to be checked first finds the damage while it runs, and ends with 65', async () => {
    const dir = join(machine.home, 'data');
    const journal = await openJournal({ dir });
    await journal.submit({ type: 'enter', at: 1, name: 'A', about: {} });
    const body = 'x'.repeat(200_000);
    for (let i = 0; i < 90; i++)
      await journal.submit({
        type: 'send',
        at: 1,
        id: `m${i}`,
        sender: 2,
        to: ['A'],
        body,
        priority: 'normal',
        hash: `${i}`,
      });
    await journal.close();
    const path = join(dir, 'relay.sqlite');
    const whole = readFileSync(path);
    writeFileSync(path, Buffer.from(whole).fill(0xa5, 2_000_000, 9_000_000));
    const { code, stdout, stderr } = await (await machine.start(['serve', '--port', '0'])).ended;
    expect([code, stdout]).toEqual([65, expect.stringMatching(/^\[Claude Relay\] Ready! [^\n]+\n$/)]);
    expect(stderr).toMatch(/^claude-relay: The relay's data are damaged \([^\n]+\)\. Restore a backup/m);
    writeFileSync(path, whole);
    await machine.relay();
    expect(await machine.json(['verify'])).toMatchObject({ ok: true, envelopes: 90 });
  });

  it('writes no token and no body to its log', async () => {
    const relay = await machine.relay(['--log-level', 'trace']);
    await machine.curl('B', 'status', {});
    await machine.curl('A', 'send', { to: 'B', body: 'a very private text' });
    const { stderr } = await relay.kill();
    expect(stderr).toContain('"started"');
    expect(stderr).not.toContain(machine.token);
    expect(stderr).not.toContain('very private');
  });
});
