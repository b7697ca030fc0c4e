/** What our plugin inside OpenCode and our extension beside Copilot CLI do besides waking them. */
import { describe, expect, it } from 'vitest';
import { type Machine, type McpSession, machine, until } from '../support/cli.ts';
import type { Agent } from './agent.ts';
import { arrives, idles, isSeen, lineOf, peerOf, receipt, timesShown } from './arrival.ts';
import { Copilot } from './copilot.ts';
import { evidence } from './evidence.ts';
import { scriptedModel } from './model/model.ts';
import { call, say } from './model/reply.ts';
import { OpenCode } from './opencode.ts';
import { killProcess, sessionProcesses } from './processes.ts';
import { needsPrograms } from './program.ts';
import type { Terminal } from './terminal.ts';

const idIn = (answer: string): string => /\bm[0-9a-z]{12}\b/.exec(answer)?.[0] ?? '';

async function sends(peer: McpSession, { options }: Agent, message: string, more: object = {}): Promise<string> {
  return idIn(await peer.call('relay_send', { to: options.name, message, ...more }));
}

async function doing(here: Machine, name: string, what: string): Promise<void> {
  await until(
    () => peerOf(here, name),
    (peer) => peer?.doing === what,
  );
}

interface Beside {
  readonly here: Machine;
  readonly peer: McpSession;
  readonly agent: Agent;
  readonly terminal: Terminal;
}

async function installed<A extends Agent>(make: (here: Machine) => Promise<A>): Promise<Beside & { agent: A }> {
  const here = machine();
  await here.relay();
  const peer = await here.session('PEER');
  await peer.connected();
  const agent = await make(here);
  await here.ok(['install', agent.program]);
  const terminal = await agent.interactive();
  await agent.seesTools(terminal);
  return { here, peer, agent, terminal };
}

describe('OpenCode', () => {
  needsPrograms('opencode');

  const opencode = (config: object = {}) =>
    installed(async (here) => new OpenCode(here, await scriptedModel('opencode'), { name: 'OC-1', config }));

  it('in plan mode is still in plan mode when a message has woken it', async () => {
    const { here, peer, agent, terminal } = await opencode();
    await idles(here, 'OC-1', 'plugin');
    terminal.press('Tab');
    await terminal.shows(/^ *┃ +Plan\b/m);
    await terminal.type('Make a plan.');
    await agent.model.saw(/^Make a plan\.$/m);
    await idles(here, 'OC-1', 'plugin');
    const { request } = await arrives(peer, agent, 'Write the file.');
    expect(request.text).toContain('Plan mode ACTIVE');
    expect(request.text).not.toContain('no longer in read-only mode');
  });

  it.each([
    ['of its own', /^bash$/, { command: 'echo done', description: 'says so' }],
    ['of an MCP server', /relay_status$/, {}],
  ])('at work takes an urgent message in with the result of a tool %s', async (_whose, tool, input) => {
    const { here, peer, agent, terminal } = await opencode();
    await idles(here, 'OC-1', 'plugin');
    const held = agent.model.hold(/^Work\.$/m);
    await terminal.type('Work.');
    await held.asked;
    await doing(here, 'OC-1', 'busy');
    const id = await sends(peer, agent, 'Stop, the disk is full.', { priority: 'urgent' });
    held.answer(call(tool, input));
    const request = await agent.model.saw(lineOf('Stop, the disk is full.'));
    expect(request.fresh.find(({ text }) => text.includes('the disk is full'))?.role).toBe('tool');
    await isSeen(here, 'PEER', id, 'OC-1');
    expect(timesShown(agent, 'Stop, the disk is full.')).toBe(1);
  });

  it('that asks its person keeps what comes until the turn is over', async () => {
    const { here, peer, agent, terminal } = await opencode({ permission: { bash: 'ask' } });
    await idles(here, 'OC-1', 'plugin');
    agent.model.on(/^Ask me\.$/m, call(/^bash$/, { command: 'echo asked', description: 'asks' }));
    await terminal.type('Ask me.');
    await terminal.shows(/Permission required/);
    await doing(here, 'OC-1', 'waiting');
    const id = await sends(peer, agent, 'When you have time.');
    expect((await receipt(here, 'PEER', id, 'OC-1'))?.state).toBe('stored');
    terminal.press('Enter');
    await isSeen(here, 'PEER', id, 'OC-1');
    expect(timesShown(agent, 'When you have time.')).toBe(1);
  });

  it('goes on when its session process is killed, and is given its mail when it is opened again, before anybody types', async () => {
    const { here, peer, agent, terminal } = await opencode();
    await idles(here, 'OC-1', 'plugin');
    const [beside] = sessionProcesses(here).filter(({ env }) => env['OPENCODE_PID'] !== undefined);
    await killProcess(beside?.pid ?? 0);
    const id = await sends(peer, agent, 'While you were cut off.');
    await terminal.type('Still there?');
    await agent.model.saw(/^Still there\?$/m);
    terminal.kill();
    await terminal.ended();
    terminal.close();
    await agent.interactive('--continue');
    await isSeen(here, 'PEER', id, 'OC-1');
    expect(timesShown(agent, 'While you were cut off.')).toBe(1);
  });
});

describe('Copilot CLI', () => {
  needsPrograms('copilot');

  const copilot = (...args: readonly string[]) =>
    installed(async (here) => new Copilot(here, await scriptedModel('copilot'), { name: 'CO-1', args }));

  it('at work takes an urgent message in before its next request', async () => {
    const { here, peer, agent, terminal } = await copilot('--experimental');
    await idles(here, 'CO-1', 'extension');
    const held = agent.model.hold(/^Work\.$/m);
    await terminal.type('Work.');
    await held.asked;
    await doing(here, 'CO-1', 'busy');
    const id = await sends(peer, agent, 'Stop, the disk is full.', { priority: 'urgent' });
    await until(
      () => receipt(here, 'PEER', id, 'CO-1'),
      (told) => told?.state === 'handed',
    );
    held.answer(say('done'));
    await agent.model.saw(lineOf('Stop, the disk is full.'));
    await isSeen(here, 'PEER', id, 'CO-1');
    expect(timesShown(agent, 'Stop, the disk is full.')).toBe(1);
  });

  it('is given its mail in the session that it begins after /clear', async () => {
    const { here, peer, agent, terminal } = await copilot('--experimental');
    await idles(here, 'CO-1', 'extension');
    const inside = () => sessionProcesses(here).filter(({ env }) => env['COPILOT_AGENT_SESSION_ID'] !== undefined);
    const [before] = inside();
    evidence(`the session processes; before it was ${before?.pid}`, () =>
      inside()
        .map(({ pid, env }) => `${pid} ${env['COPILOT_AGENT_SESSION_ID']}`)
        .join('\n'),
    );
    await terminal.type('/clear');
    // Until the old one is gone, what comes goes into what was cleared.
    await until(inside, ([now, ...others]) => now !== undefined && now.pid !== before?.pid && others.length === 0);
    await until(
      () => peerOf(here, 'CO-1'),
      (each) => each?.door === 'extension',
    );
    const id = await sends(peer, agent, 'In the new session.');
    let last: unknown;
    evidence('what became of it', () => JSON.stringify(last));
    await until(
      async () => {
        last = await receipt(here, 'PEER', id, 'CO-1');
        return agent.model.sightings(lineOf('In the new session.'));
      },
      (shown) => shown.length > 0,
    );
    const request = await agent.model.saw(lineOf('In the new session.'));
    expect(request.raw).not.toContain('Ready 1');
    await isSeen(here, 'PEER', id, 'CO-1');
  });

  it('without its experimental mode is not woken: its sender is told why, and its next turn shows the message', async () => {
    const { here, peer, agent, terminal } = await copilot();
    await idles(here, 'CO-1');
    expect((await peerOf(here, 'CO-1'))?.door).toBeUndefined();
    const id = await sends(peer, agent, 'Whenever you come by.');
    const told = await until(
      () => receipt(here, 'PEER', id, 'CO-1'),
      (each) => each?.unseen !== undefined,
    );
    expect(told?.unseen).toMatch(/experimental/);
    expect(timesShown(agent, 'Whenever you come by.')).toBe(0);
    await terminal.type('Here I am.');
    await isSeen(here, 'PEER', id, 'CO-1');
    expect(timesShown(agent, 'Whenever you come by.')).toBe(1);
  });
});
