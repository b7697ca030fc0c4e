/** `doctor --prove` beside real session processes: those that read, only get it, are held, are at work, and are gone. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { afterEveryTest } from '../support/cleanup.ts';
import { type Machine, type McpSession, machine, type Started } from '../support/cli.ts';

async function session(m: Machine, name: string, client = 'test', env: Readonly<Record<string, string>> = {}) {
  const mcp = await m.session(name, env, client);
  await mcp.connected();
  return mcp;
}

/** Under way: the probe is stored. */
async function proving(m: Machine, args: readonly string[] = []): Promise<Started> {
  const doctor = await m.start(['doctor', '--prove', ...args]);
  await doctor.says(/^Probing /m, 'stderr');
  return doctor;
}

/** Its model asks for its mail and acts on it. */
async function reads(mcp: McpSession): Promise<void> {
  expect(await mcp.call('relay_receive', { wait_seconds: 60 })).toContain('> A probe by claude-relay doctor');
  await mcp.call('relay_status');
}

const servers: { close(): void }[] = [];
afterEveryTest(async () => {
  for (const server of servers.splice(0)) server.close();
});

/** Claude Code's inbox socket and its transcript: `onLine` is called with what is written to the socket. */
function claude(m: Machine, onLine: (line: string, write: (entry: object) => void) => void): Record<string, string> {
  const [socket, id] = [join(m.user, 'inbox.sock'), '11111111-2222-4333-8444-555555555555'];
  const folder = join(m.user, '.claude/projects', m.user.replaceAll(/[^A-Za-z0-9]/g, '-'));
  const transcript = join(folder, `${id}.jsonl`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(transcript, '');
  const write = (entry: object) => appendFileSync(transcript, `${JSON.stringify(entry)}\n`);
  const server = createServer((connection) => {
    let text = '';
    connection.on('data', (chunk) => (text += chunk));
    connection.on('end', () =>
      text
        .split('\n')
        .filter(Boolean)
        .forEach((line) => {
          onLine(line, write);
        }),
    );
  }).listen(socket);
  servers.push(server);
  return { CLAUDE_CODE_MESSAGING_SOCKET: socket, CLAUDE_CODE_SESSION_ID: id };
}

describe('doctor --prove', () => {
  it('proves each session that runs here, without their names', async () => {
    const m = machine();
    await m.relay();
    const sessions = [await session(m, 'CC-1'), await session(m, 'CC-2')];
    const doctor = await proving(m);
    await Promise.all(sessions.map(reads));
    const { code, stdout, stderr } = await doctor.ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^CC-1 +seen +its own hook or call +[\d.]+ m?s +[\d.]+ m?s\nCC-2 +seen .*\n$/m);
    expect(stderr).toMatch(/^Probing CC-1, CC-2 for up to 50 s\.$/m);
    for (const mcp of sessions) expect(await mcp.call('relay_receive')).toMatch(/^No unread messages/);
  });

  it('tells of a Claude Code that is woken by its inbox socket, and of what its transcript shows', async () => {
    const m = machine();
    await m.relay();
    const env = claude(m, (line, write) => write({ type: 'user', message: { role: 'user', content: line } }));
    await session(m, 'CC-1', 'claude-code', env);
    const { code, stdout } = await (await proving(m, ['CC-1'])).ended;
    expect(stdout).toMatch(/^CC-1 +seen +inbox socket +[\d.]+ m?s +[\d.]+ m?s$/m);
    expect(code).toBe(0);
  });

  it('names the setting by which a session holds it back', async () => {
    const m = machine();
    await m.relay();
    const content =
      'Held peer message — from an unidentified session; preview: «1 mess…» — not delivered to Claude (1 held).';
    const env = claude(m, (line, write) => line.includes('A probe by') && write({ type: 'system', content }));
    await session(m, 'CC-1', 'claude-code', env);
    const doctor = await proving(m, ['CC-1']);
    const held =
      /CC-1: handed .* by inbox socket; given by inbox socket, and held by its own policy \(crossSessionInbound\)/;
    await doctor.says(held, 'stderr');
    const { code, stdout } = await doctor.kill('SIGINT');
    expect(code).toBe(5);
    expect(stdout).toMatch(
      /^CC-1 +handed +inbox socket +[\d.]+ m?s +- +given by .*\(crossSessionInbound\) until its person decides$/m,
    );
  });

  it('tells of one that only gets it handed, and then closes', async () => {
    const m = machine();
    await m.relay();
    const one = await session(m, 'CC-1');
    const doctor = await proving(m, ['CC-1']);
    await one.call('relay_receive', { wait_seconds: 60 });
    await doctor.says(
      /^CC-1: handed after [\d.]+ m?s by its own hook or call; no sign yet that it was read/m,
      'stderr',
    );
    await one.kill();
    const { code, stdout } = await doctor.ended;
    expect(code).toBe(5);
    expect(stdout).toMatch(
      /^CC-1 +handed +its own hook or call +[\d.]+ m?s +- +closed or cut off before there was a sign that it was read$/m,
    );
  });

  it('tells of one that is at work, and of one whose hooks say nothing', async () => {
    const m = machine();
    await m.relay();
    await session(m, 'CC-1', 'claude-code');
    const silent = await proving(m, ['CC-1', '--for', '3600']);
    await silent.says(
      /^CC-1: reached only when it asks \(relay_receive\): no door is open, and no hook of it has told/m,
      'stderr',
    );
    const untold = await silent.kill('SIGINT');
    expect(untold.stdout).toMatch(/^ +→ not installed: claude-relay install claude-code$/m);
    const hook = await m.start(['hook', 'claude-code', 'UserPromptSubmit'], { input: '{"prompt":"build it"}' });
    // The message that the first one left goes in here.
    expect((await hook.ended).stdout).toContain('A probe by');
    const busy = await proving(m, ['CC-1']);
    await busy.says(
      /^CC-1: reached at its next turn only: it has opened no inbox socket, .*; busy for \d+ s$/m,
      'stderr',
    );
    expect((await busy.kill('SIGINT')).code).toBe(5);
  });

  it('is told of a session that is gone without waiting, and of a name that never was', async () => {
    const m = machine();
    await m.relay();
    await (await session(m, 'CC-1')).kill('SIGTERM');
    const away = await m.run(['doctor', '--prove', 'CC-1', '--for', '3600']);
    expect(away.code).toBe(5);
    expect(away.stdout).toMatch(/^CC-1 +stored .* not here since [\d-]+ [\d:]+; a message waits until it is back$/m);
    expect(await m.run(['doctor', '--prove', 'CC-7'])).toMatchObject({ code: 4, stdout: '' });
    expect(await m.run(['doctor', '--prove'])).toMatchObject({ code: 5, stdout: '' });
  });

  it('outlives a restart of the relay, and does not take those for closed that are on their way back', async () => {
    const m = machine();
    const relay = await m.relay();
    const one = await session(m, 'CC-1');
    const doctor = await proving(m, ['CC-1', '--for', '3600', '--json']);
    await one.call('relay_receive', { wait_seconds: 60 });
    await doctor.says(/^CC-1: handed/m, 'stderr');
    // So that the doctor is back first.
    one.started.child.kill('SIGSTOP');
    await relay.kill('SIGKILL');
    await doctor.says(/^claude-relay: /m, 'stderr');
    await m.relay();
    await doctor.says(/^CC-1: handed .* closed or cut off/m, 'stderr');
    one.started.child.kill('SIGCONT');
    await one.connected();
    const { code, stdout } = await doctor.ended;
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, probes: [{ name: 'CC-1', state: 'seen' }] });
    expect(code).toBe(0);
  });
});
