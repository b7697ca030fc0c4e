/** The real session process over stdio: what it does when the relay, its parent, or its input is not as it should be. */
import { cpSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execPath } from 'node:process';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../scripts/ensure.mjs';
import { isRunning, markProcess } from '../../src/util/processes.ts';
import { FakeAppServer } from '../agents/codex/fake-app-server.ts';
import { parseWrapper } from '../mcp/parse-wrapper.ts';
import { CLI, idsIn, type Machine, McpSession, machine, type Started, turn, until } from '../support/cli.ts';

/** A raw session process, before `initialize`. */
async function process(
  on: Machine,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<McpSession> {
  return new McpSession('raw', await on.start(['mcp', ...args], { env }));
}

const lines = (started: Started) =>
  started.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

/** Resident memory that is this process's alone, KiB (Linux). */
function privateMemory(pid: number | undefined): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return [...rollup.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+)/gm)].reduce((sum, found) => sum + Number(found[1]), 0);
}

describe('T15: a session process', () => {
  it('sends no secret, with a relay and without, and has no argument that would let it', async () => {
    const here = machine();
    const secret = `glpat-${'x7Kq2'.repeat(4)}`;
    const one = await here.session('CC-1', { CLAUDE_RELAY_ALLOW_SECRET: '1', RELAY_ALLOW_SECRET: '1' });
    const away = await one.tool('relay_send', { message: `use ${secret}`, to: 'all' });
    expect(away).toMatchObject({ isError: true, text: expect.stringContaining('(GitLab token in line 1)') });
    expect(away.text).not.toContain(secret);
    await here.relay();
    await one.connected();
    expect((await one.tool('relay_send', { message: secret, to: 'all' })).text).toContain('nothing was sent');
    const allowed = await one.tool('relay_send', { message: secret, to: 'all', allow_secret: true });
    expect(allowed.isError).toBe(true);
    await one.call('relay_send', { message: 'it is in the vault', to: 'all' });
    const history = await one.call('relay_history');
    expect(idsIn(history)).toHaveLength(1);
    expect(history).not.toContain(secret);
  });
});

describe('a session process without a relay', () => {
  it('answers initialize, keeps what is sent, and delivers it when the relay comes', async () => {
    const here = machine();
    const one = await here.session('CC-1');
    expect(await one.call('relay_status')).toMatch(/^You are CC-1\.\nNot connected to .*claude-relay serve/);
    const kept = await one.call('relay_send', { message: 'are you there?', to: 'all' });
    expect(kept).toMatch(/^Kept on this machine as m/);
    expect(await one.tool('relay_receive')).toMatchObject({
      isError: true,
      text: expect.stringContaining('claude-relay serve'),
    });
    await here.relay();
    const two = await here.session('CC-2');
    await two.connected();
    await one.connected();
    const history = await until(
      () => one.call('relay_history'),
      (text) => idsIn(text).length > 0,
    );
    expect(idsIn(history)).toEqual(idsIn(kept));
  });

  it('wakes a waiting call when the relay comes back with mail', async () => {
    const here = machine();
    const relay = await here.relay();
    const one = await here.session('CC-1');
    const two = await here.session('CC-2');
    await one.connected();
    await two.connected();
    const waiting = one.call('relay_receive', { wait_seconds: 40 });
    await relay.kill('SIGKILL');
    await here.relay();
    await two.connected();
    const sent = await two.call('relay_send', { message: 'back again', to: 'CC-1' });
    const text = await waiting;
    expect(parseWrapper(text)).toMatchObject([{ body: 'back again', header: { from: 'CC-2', id: idsIn(sent)[0] } }]);
  });

  it('shows no message twice while it lives, although the relay is killed in between', async () => {
    const here = machine();
    let relay = await here.relay();
    const one = await here.session('CC-1');
    const two = await here.session('CC-2');
    await one.connected();
    await two.connected();
    const sent: string[] = [];
    const shown: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      for (let i = 0; i < 4; i += 1)
        sent.push(...idsIn(await two.call('relay_send', { message: `r${round}.${i}`, to: 'CC-1' })));
      shown.push(...parseWrapper(await one.call('relay_receive', { count: 3 })).map(({ header }) => String(header.id)));
      await relay.kill('SIGKILL');
      relay = await here.relay();
      await one.connected();
      await two.connected();
    }
    while (shown.length < sent.length) {
      const page = parseWrapper(await one.call('relay_receive', { count: 5, wait_seconds: 5 }));
      if (page.length === 0) break;
      shown.push(...page.map(({ header }) => String(header.id)));
    }
    expect(shown).toEqual(sent);
    expect(await one.call('relay_receive')).toMatch(/^No unread messages/);
  }, 60_000);
});

describe('receipts of a session process', () => {
  it('reach handed, seen and replied', async () => {
    const here = machine();
    await here.relay();
    const one = await here.session('CC-1');
    const two = await here.session('CC-2');
    await two.connected();
    await one.connected();
    const [id] = idsIn(await one.call('relay_send', { message: 'Done?', to: 'CC-2' }));
    const state = () =>
      one.call('relay_status').then((text) => new RegExp(`${id} to CC-2 at \\S+: (\\w+)`).exec(text)?.[1]);
    expect(await state()).toBe('stored');
    await two.call('relay_receive');
    await until(state, (now) => now === 'handed');
    await two.call('relay_peers');
    await until(state, (now) => now === 'seen');
    await two.call('relay_send', { message: 'yes', reply_to: id });
    await until(state, (now) => now === 'replied');
  });
});

describe('a second live session of one name', () => {
  it('gets another, is told so once with a tool, and keeps it over a restart of the relay', async () => {
    const here = machine();
    const relay = await here.relay();
    const one = await here.session('CC-1');
    await one.connected();
    const fork = await here.session('CC-1');
    await until(
      () => fork.call('relay_status'),
      (text) => text.includes('CC-1.2'),
    );
    const told = await until(
      () => fork.call('relay_peers'),
      (text) => !text.startsWith('Note:'),
    );
    expect(told).toContain('CC-1');
    await relay.kill();
    await here.relay();
    await fork.connected();
    expect(await fork.call('relay_status')).toMatch(/^You are CC-1\.2/m);
    expect(await one.call('relay_status')).toMatch(/^You are CC-1\.$/m);
  }, 40_000);
});

describe('bad input', () => {
  it('is answered line by line, and the process lives on', async () => {
    const session = await process(machine(), ['--client-id', 'CC-1']);
    session.line('{"broken');
    session.line('[1,2]');
    await session.initialize();
    await session.initialize();
    expect(await session.ask('no/such')).toMatchObject({ error: { code: -32_601 } });
    expect(await session.ask('ping')).toMatchObject({ result: {} });
    expect((await session.tool('relay_send')).isError).toBe(true);
    const errors = lines(session.started).filter((line) => line.id === null);
    expect(errors.map((line) => line.error.code)).toEqual([-32_700, -32_600]);
    expect(session.started.stderr).toBe('');
  });

  it.each([
    [['--client'], /no flag "--client"/],
    [['--client-id'], /--client-id needs a value/],
    [['--client-id', '7up'], /CC-1|letter/],
    [['--client-id=all'], /all|reserved|everybody/i],
    [['--relay-url=ftp://x'], /ws:\/\//],
    [['now'], /takes flags only/],
  ])('on the command line %j is one sentence and exit code 2', async (args, sentence) => {
    const { code, stdout, stderr } = await machine().run(['mcp', ...args]);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(sentence);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it.each([
    [['--client-id', 'A'], {}, 'A'],
    [['--client-id=A'], { RELAY_CLIENT_ID: 'B' }, 'A'],
    [['--client-id', 'A'], { CLAUDE_RELAY_SESSION_ID: 'C', RELAY_CLIENT_ID: 'B' }, 'C'],
    [[], { RELAY_CLIENT_ID: 'B' }, 'B'],
  ])('%j with %j is called %s', async (args, env, name) => {
    const session = await process(machine(), args, env);
    await session.initialize();
    expect(await session.call('relay_status')).toMatch(new RegExp(`^You are ${name}\\.`));
  });

  it('says how it is used', async () => {
    const { code, stdout } = await machine().run(['mcp', '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: claude-relay mcp/);
  });
});

describe('a session process whose files an update takes away', () => {
  it('reaches the app server of its Codex all the same', async () => {
    const here = machine();
    await here.relay();
    const server = await new FakeAppServer().listen();
    const dist = join(here.user, 'dist');
    cpSync(dirname(CLI), dist, { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(here.user, 'node_modules'));
    const session = here.spawn(execPath, [join(dist, 'cli.mjs'), 'mcp', '--client-id', 'CX-1'], {
      env: { CODEX_HOME: server.codexHome },
    });
    const say = (id: number, method: string, params: object) =>
      session.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    const clientInfo = { name: 'codex-mcp-client', version: '0.169.0' };
    say(1, 'initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo });
    say(2, 'tools/call', { name: 'relay_peers', _meta: { threadId: 't-1' } });
    await session.says(/Nobody else is here now/);
    rmSync(dist, { recursive: true });
    const peer = await here.session('PEER');
    await peer.connected();
    await peer.tool('relay_send', { to: 'CX-1', message: 'Is the build green?' });
    const queued = await until(
      () => server.queued,
      (texts) => texts.length > 0,
    );
    expect(queued).toEqual([expect.stringContaining('Is the build green?')]);
    await server.close();
  });
});

describe('the end', () => {
  it.each(['with', 'without'])('comes soon after that of stdin, %s a relay, with exit code 0', async (relay) => {
    const here = machine();
    if (relay === 'with') await here.relay();
    const one = await here.session('CC-1');
    if (relay === 'with') await one.connected();
    const started = performance.now();
    one.started.child.stdin.end();
    const { code, stderr } = await one.started.ended;
    expect(code).toBe(0);
    expect(stderr).toBe('');
    expect(performance.now() - started).toBeLessThan(4_000);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('comes with %s, with exit code 0', async (signal) => {
    const here = machine();
    await here.relay();
    const one = await here.session('CC-1');
    await one.connected();
    expect((await one.kill(signal)).code).toBe(0);
  });

  it('is a goodbye: peers see it leave at once, and receipts are not lost', async () => {
    const here = machine();
    await here.relay();
    const one = await here.session('CC-1');
    const two = await here.session('CC-2');
    await one.connected();
    await two.connected();
    await one.call('relay_send', { message: 'hi', to: 'CC-2' });
    await two.call('relay_receive');
    two.started.child.stdin.end();
    await two.started.ended;
    expect(await one.call('relay_peers')).toMatch(/^Nobody else/);
    expect(await one.call('relay_status')).toMatch(/to CC-2 at \S+: handed/);
  });

  it('lets answers out that were asked for before stdin ended', async () => {
    const here = machine();
    await here.relay();
    const { code, stdout } = await here.run(['mcp', '--client-id', 'CC-1'], {
      input: [
        '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}',
        '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"relay_peers","arguments":{}}}',
      ].join('\n'),
    });
    expect(code).toBe(0);
    const answers = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(answers.map((answer) => answer.id)).toEqual([1, 2]);
    expect(answers[1].result.content[0].text).toMatch(/^Nobody else is here now/);
  });

  it('comes within 10 s when the process that started it is gone', async () => {
    const here = machine();
    // The shell's stdin and stdout stay open: this test holds their other ends.
    const shell = here.spawn('/bin/sh', [
      '-c',
      'exec 3<&0; claude-relay mcp --client-id CC-1 <&3 & echo "{\\"pid\\":$!}"; wait',
    ]);
    const pid = Number(/\d+/.exec(await shell.says(/"pid":\d+/))?.[0]);
    shell.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' })}\n`);
    await shell.says(/"id":1/);
    const mark = markProcess(pid);
    expect(isRunning(mark)).toBe(true);
    shell.child.kill('SIGKILL');
    const killed = performance.now();
    while (isRunning(mark)) await turn();
    expect(performance.now() - killed).toBeLessThan(10_000);
  });
});

describe('a client of the SDK', () => {
  it.each(['legacy', 'auto'] as const)('that negotiates %s talks to it', async (mode) => {
    const here = machine();
    await here.relay();
    const one = await here.session('CC-1');
    await one.connected();
    const client = new Client({ name: 'sdk', version: '1' }, { versionNegotiation: { mode } });
    await client.connect(
      new StdioClientTransport({ command: 'claude-relay', args: ['mcp', '--client-id', 'CC-2'], env: here.env }),
    );
    await one.call('relay_room', { action: 'join', room: '#x' });
    const sent = await client.callTool({ name: 'relay_send', arguments: { message: 'from the SDK', to: 'CC-1' } });
    expect(sent.isError).toBeUndefined();
    expect(parseWrapper(await one.call('relay_receive', { wait_seconds: 5 }))).toMatchObject([
      { body: 'from the SDK' },
    ]);
    expect((await client.listResources()).resources).toHaveLength(1);
    await client.close();
  });
});

describe('the cost of a session process', () => {
  it('is small', async () => {
    const here = machine();
    const started = performance.now();
    const session = await here.session('CC-1');
    const startUp = performance.now() - started;
    const { tools } = await session.request('tools/list');
    const facts = {
      startUpMs: Math.round(startUp),
      privateKiB: globalThis.process.platform === 'linux' ? privateMemory(session.started.child.pid) : 0,
      toolListBytes: Buffer.byteLength(JSON.stringify({ tools })),
    };
    // Measured, for the closing note; only what cannot depend on the machine is held.
    console.info(`mcp: ${JSON.stringify(facts)}`);
    expect(facts.toolListBytes).toBeLessThanOrEqual(6_000);
    expect(facts.privateKiB).toBeLessThan(120 * 1024);
  });
});
