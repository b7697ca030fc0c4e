/** Waking a session that has ended, with the real command line and an agent program of our own. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isRunning } from '../../src/util/processes.ts';
import { idsIn, type Machine, machine, until } from '../support/cli.ts';
import { type Behaviour, putFakeClaude } from './fake-claude.ts';

const CONVERSATION = '5f0c1d7e-0000-4000-8000-000000000001';

interface Run {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly pid: number;
  readonly env: Readonly<Record<string, string>>;
}

function runsOn(here: Machine): Run[] {
  const file = join(here.user, 'runs');
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** A session that was here, said which conversation it is, and has ended; and a peer. */
async function ended(behaviour: Behaviour) {
  const here = machine();
  await here.relay();
  putFakeClaude(here, behaviour);
  // As the program itself says it, about the process that started ours.
  mkdirSync(join(here.user, '.claude/sessions'), { recursive: true });
  writeFileSync(join(here.user, `.claude/sessions/${process.pid}.json`), JSON.stringify({ sessionId: CONVERSATION }));
  const session = await here.session('CC-1', {}, 'claude-code');
  await session.connected();
  await until(
    () => existsSync(join(here.home, 'resume/conversations/CC-1.json')),
    (isThere) => isThere,
  );
  await session.kill('SIGTERM');
  const peer = await here.session('PEER');
  await peer.connected();
  return { here, peer };
}

async function waker(here: Machine, ...args: readonly string[]) {
  const started = await here.start(['resume', 'watch', ...args]);
  await started.says(/^Ready!/m);
  return started;
}

async function write(peer: { call(name: string, args: object): Promise<string> }, message: string): Promise<string> {
  return idsIn(await peer.call('relay_send', { to: 'CC-1', message }))[0] ?? '';
}

describe('claude-relay resume', () => {
  it('leaves a session alone that nobody allowed to be woken, and wakes it once somebody does', async () => {
    const { here, peer } = await ended('read');
    const watching = await waker(here);
    const id = await write(peer, 'What did you decide?');
    expect(await here.json(['resume'])).toMatchObject({
      sessions: [{ name: 'CC-1', allowed: false, program: 'claude-code', id: CONVERSATION }],
    });
    await here.ok(['resume', 'allow', 'CC-1', '--for', '10m']);
    const answer = await peer.call('relay_receive', { wait_seconds: 60 });
    expect(answer).toContain('> I read: What did you decide?');
    expect(answer).toContain(id);
    await watching.says(/CC-1 is done with .* exit code 0\./);
    const [run, ...others] = runsOn(here);
    expect(others).toEqual([]);
    expect(run?.args.slice(0, 3)).toEqual(['-p', '--resume', CONVERSATION]);
    expect(run?.args[3]).not.toContain('What did you decide?');
    expect(await here.json(['receipts', id, '--as', 'PEER'])).toMatchObject({
      recipients: [{ name: 'CC-1', state: 'replied' }],
    });
  });

  it('is let in by the state directory, and hands no token on to what it wakes', async () => {
    const { here, peer } = await ended('read');
    await here.ok(['resume', 'allow', 'CC-1']);
    const watching = await here.start(['resume', 'watch'], { env: { RELAY_TOKEN: here.token } });
    await watching.says(/^Ready!/m);
    await write(peer, 'Who let you in?');
    expect(await peer.call('relay_receive', { wait_seconds: 60 })).toContain('> I read: Who let you in?');
    const [run] = runsOn(here);
    expect(run?.env.CLAUDE_RELAY_HOME).toBe(here.home);
    expect(JSON.stringify(run?.env)).not.toContain(here.token);
  });

  it('does not begin where its only credential is a variable', async () => {
    const here = machine();
    const { code, stderr } = await here.run(['resume', 'watch'], { env: { RELAY_TOKEN: 'x'.repeat(43) } });
    expect([code, stderr]).toEqual([1, expect.stringMatching(/RELAY_TOKEN .*\n {2}.*token/)]);
  });

  it('adds nothing where the session answered itself', async () => {
    const { here, peer } = await ended('answer');
    await here.ok(['resume', 'allow', 'CC-1']);
    const watching = await waker(here);
    await write(peer, 'Ready?');
    expect(await peer.call('relay_receive', { wait_seconds: 60 })).toContain('> Answered by myself.');
    await watching.says(/CC-1 is done with .* exit code 0\./);
    expect(await peer.call('relay_receive')).toMatch(/no unread/i);
  });

  it('ends a run whose time is over with all that it started, and tells the sender', async () => {
    const { here, peer } = await ended('hang');
    await here.ok(['resume', 'allow', 'CC-1']);
    await waker(here, '--limit', '0.1');
    await write(peer, 'Are you quick?');
    const answer = await peer.call('relay_receive', { wait_seconds: 60 });
    expect(answer).toContain('was ended after 6 s, its time limit (exit code 143)');
    const [run] = runsOn(here);
    expect(run && isRunning({ pid: run.pid })).toBe(false);
    // The answer is out before the run is over.
    await until(
      () => existsSync(join(here.home, 'resume/run.json')),
      (isThere) => !isThere,
    );
  });

  it('tells of a run that failed, and does not wake again for the same message', async () => {
    const { here, peer } = await ended('fail');
    await here.ok(['resume', 'allow', 'CC-1']);
    const first = await waker(here);
    await write(peer, 'Hello?');
    expect(await peer.call('relay_receive', { wait_seconds: 60 })).toContain('the run failed (exit code 3)');
    await first.kill('SIGTERM');
    const second = await waker(here);
    await here.ok(['resume', 'deny', 'CC-1']);
    await second.kill('SIGTERM');
    expect(runsOn(here)).toHaveLength(1);
  });

  it('lets one waker run at a time', async () => {
    const here = machine();
    await here.relay();
    await waker(here);
    const { code, stderr } = await here.run(['resume', 'watch']);
    expect(code).toBe(1);
    expect(stderr).toContain('is held by process');
  });
});
