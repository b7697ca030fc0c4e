/** Sessions that have ended are asked something, and answer: each woken in its own program, as nobody sits before it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { berths } from '../../src/config/rendezvous.ts';
import { systemClock } from '../../src/util/clock.ts';
import { idsIn, type Machine, type McpSession, machine, type Started, until } from '../support/cli.ts';
import type { Agent } from './agent.ts';
import { ClaudeCode } from './claude-code.ts';
import { Codex } from './codex.ts';
import { fact } from './facts.ts';
import { type Model, scriptedModel } from './model/model.ts';
import { say } from './model/reply.ts';
import { needsPrograms, type ProgramName, program } from './program.ts';
import { present, reached } from './relay.ts';

interface Subject {
  readonly program: ProgramName;
  readonly name: string;
  make(here: Machine, model: Model): Agent;
  /** Where the user has the program's variables: a waker is started from a shell, as the program was. */
  env(model: Model): Record<string, string>;
}

const KEY = `sk-ant-scripted-${'0'.repeat(40)}`;

const CLAUDE: Subject = {
  program: 'claude-code',
  name: 'CC-1',
  make: (here, model) => new ClaudeCode(here, model, { name: 'CC-1' }),
  env: (model) => ({
    ANTHROPIC_BASE_URL: model.url,
    ANTHROPIC_API_KEY: KEY,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
    IS_SANDBOX: '1',
  }),
};

const CODEX: Subject = {
  program: 'codex',
  name: 'CX-1',
  make: (here, model) => new Codex(here, model, { name: 'CX-1' }),
  env: () => ({ SCRIPTED_KEY: 'scripted' }),
};

/** As little as makes one. */
function repositoryIn(dir: string): void {
  for (const folder of ['objects', 'refs']) mkdirSync(join(dir, '.git', folder), { recursive: true });
  writeFileSync(join(dir, '.git/HEAD'), 'ref: refs/heads/main\n');
  writeFileSync(join(dir, '.git/config'), '[core]\n\trepositoryformatversion = 0\n');
}

/** It has written to a peer, so that its session process knows which conversation this is; then it ended. */
async function headlessOnce(agent: Agent, peer: McpSession): Promise<void> {
  agent.willCall(/GO-SEND/, 'relay_send', { to: 'PEER', message: 'I am done.' });
  const { code, stdout, stderr } = await agent.headless('GO-SEND').ended;
  if (code !== 0) throw new Error(`It ended with ${code}:\n${stdout}\n${stderr}`);
  expect(await peer.call('relay_receive', { wait_seconds: 30 })).toContain('> I am done.');
}

async function waker(here: Machine, model: Model, { env, program: name }: Subject): Promise<Started> {
  const [file = ''] = program(name).command;
  const path = `${here.env.PATH}:${file.slice(0, file.lastIndexOf('/'))}`;
  const started = await here.start(['resume', 'watch'], { env: { ...model.proxy, ...env(model), PATH: path } });
  await started.says(/^Ready!/m);
  return started;
}

async function ask(peer: McpSession, to: string, message: string): Promise<string> {
  return idsIn(await peer.call('relay_send', { to, message }))[0] ?? '';
}

async function allowedOf(here: Machine, name: string): Promise<{ allowed?: boolean; why_not?: string }> {
  const { sessions } = (await here.json(['resume'])) as { sessions: { name: string; allowed: boolean }[] };
  return sessions.find((each) => each.name === name) ?? {};
}

describe.each([CLAUDE, CODEX])('a session of $program that has ended', (subject) => {
  needsPrograms(subject.program);
  const { name } = subject;

  it('is woken for a message when its owner lets it, and its last words are the answer', async () => {
    const here = machine();
    await here.relay();
    const peer = await here.session('PEER');
    await peer.connected();
    const model = await scriptedModel(subject.program);
    const agent = subject.make(here, model);
    // Codex goes on unattended only where work can be undone.
    repositoryIn(agent.cwd);
    await headlessOnce(agent, peer);
    const before = model.turns.length;

    const watching = await waker(here, model, subject);
    expect(await allowedOf(here, name)).toMatchObject({ allowed: false });
    agent.willCall(/Messages wait for you there/, 'relay_receive', {});
    model.on(/> What did you do\?/, say('I moved the file, and nothing else.'));
    const asked = systemClock.now();
    const id = await ask(peer, name, 'What did you do?');
    await here.ok(['resume', 'allow', name]);
    const answer = await peer.call('relay_receive', { wait_seconds: 90 });
    fact(`${subject.program}, resumed`, 'asked to answered, ms', systemClock.now() - asked);
    expect(answer).toContain('> I moved the file, and nothing else.');
    expect(answer).toContain(id);
    await watching.says(/is done with .* exit code 0\./);
    // The same conversation: what was said before is in it.
    expect(model.turns[before]?.raw).toContain('GO-SEND');
    await reached(here, id, { from: 'PEER', to: name }, 'replied');
  });

  it('is left alone while it is open in a terminal, also when its session process is gone', async () => {
    const here = machine();
    await here.relay();
    const peer = await here.session('PEER');
    await peer.connected();
    const model = await scriptedModel(subject.program);
    const agent = subject.make(here, model);
    const terminal = await agent.interactive();
    await agent.seesTools(terminal);
    await present(peer, name);
    agent.willCall(/GO-SEND/, 'relay_send', { to: 'PEER', message: 'I am here.' });
    await terminal.type('GO-SEND');
    expect(await peer.call('relay_receive', { wait_seconds: 30 })).toContain('> I am here.');
    await here.ok(['resume', 'allow', name]);
    expect((await allowedOf(here, name)).why_not).toMatch(/^open/);
    const berth = berths(here.home).find((each) => each.name === name);
    process.kill(berth?.pid ?? Number.NaN, 'SIGKILL');
    const watching = await waker(here, model, subject);
    await ask(peer, name, 'Are you still there?');
    await until(
      () => watching.stdout + watching.stderr,
      (text) => /is not woken: open/.test(text),
    );
    expect(watching.stdout).not.toContain('is woken for');
    expect(model.turns.some(({ text }) => text.includes('Messages wait for you there'))).toBe(false);
  });
});
