/**
 * What every agent program must be able to do with our tools: write to a peer, show its model what the peer wrote, and
 * not be troubled when the relay comes late or goes away for a moment.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/util/clock.ts';
import { idsIn, type Machine, type McpSession, machine } from '../support/cli.ts';
import type { Agent } from './agent.ts';
import { fact } from './facts.ts';
import { type Model, scriptedModel } from './model/model.ts';
import type { ModelRequest } from './model/request.ts';
import { toolBytes } from './model/view.ts';
import { program } from './program.ts';
import { present } from './relay.ts';

export interface Subject {
  /** What is run; facts are about this. */
  readonly label: string;
  make(machine: Machine, model: Model): Agent;
}

/** How the program is given a prompt. */
type Prompt = (text: string) => Promise<unknown>;

/** What was installed is what was asked for. */
export function versionContract({ label, make }: Subject): void {
  it(`${label} is the version that is pinned`, async () => {
    const agent = make(machine(), await scriptedModel(label));
    const { version } = program(agent.program);
    expect((await agent.run('--version').ended).stdout).toContain(version);
    fact(label, 'version', version);
  });
}

/** Started with a prompt, to the end. */
export function headlessContract({ label, make }: Subject): void {
  describe(label, () => {
    it('writes to a peer, and is told so', async () => {
      const { here, peer } = await relayWithPeer();
      const agent = make(here, await scriptedModel(label));
      const started = systemClock.now();
      await sends(label, agent, peer, (text) => toTheEnd(agent, text));
      fact(label, 'start to first request, ms', (agent.model.turns[0]?.at ?? 0) - started);
      fact(label, 'hosts refused', [...agent.model.egress]);
    });

    it('shows its model what a peer wrote, and keeps it in its transcript', async () => {
      const { here, peer } = await relayWithPeer();
      const agent = make(here, await scriptedModel(label));
      await here.ok(['status', '--as', agent.options.name]);
      await receives(agent, peer, (text) => toTheEnd(agent, text));
      expect(agent.transcripts.some((path) => readFileSync(path, 'utf8').includes('> Green since ten.'))).toBe(true);
    });
  });
}

/** In a terminal, with a person in front of it. */
export function terminalContract({ label, make }: Subject): void {
  describe(`${label}, in a terminal`, () => {
    it('writes to a peer, and shows its model the answer', async () => {
      const { here, peer } = await relayWithPeer();
      const agent = make(here, await scriptedModel(label));
      const started = systemClock.now();
      const terminal = await agent.interactive();
      fact(`${label}, in a terminal`, 'start to input, ms', systemClock.now() - started);
      await agent.seesTools(terminal);
      const id = await sends(`${label}, in a terminal`, agent, peer, (text) => terminal.type(text));
      await receives(agent, peer, (text) => terminal.type(text), id);
    });

    it('may be started before the relay: what it sends is kept, and the answer comes', async () => {
      const { here, peer, relay } = await relayWithPeer();
      await peer.kill('SIGTERM');
      await relay.kill();
      const agent = make(here, await scriptedModel(label));
      const terminal = await agent.interactive();
      await agent.seesTools(terminal);
      agent.willCall(/GO-EARLY/, 'relay_send', { to: 'PEER', message: 'Anybody there yet?' });
      await terminal.type('GO-EARLY');
      const kept = await agent.model.saw(/Kept on this machine as m\w{12}/);
      await here.relay();
      const later = await here.session('PEER');
      expect(await later.call('relay_receive', { wait_seconds: 60 })).toContain('> Anybody there yet?');
      await receives(agent, later, (text) => terminal.type(text), idsIn(kept.text)[0]);
    });

    it('goes on after a restart of the relay', async () => {
      const { here, peer, relay } = await relayWithPeer();
      const agent = make(here, await scriptedModel(label));
      const terminal = await agent.interactive();
      await agent.seesTools(terminal);
      await present(peer, agent.options.name);
      await relay.kill('SIGKILL');
      await here.relay();
      await peer.connected();
      await present(peer, agent.options.name);
      const id = await sends(undefined, agent, peer, (text) => terminal.type(text));
      await receives(agent, peer, (text) => terminal.type(text), id);
    });
  });
}

async function relayWithPeer() {
  const here = machine();
  const relay = await here.relay();
  const peer = await here.session('PEER');
  await peer.connected();
  return { here, relay, peer };
}

async function toTheEnd(agent: Agent, prompt: string): Promise<void> {
  const { code, stdout, stderr } = await agent.headless(prompt).ended;
  if (code !== 0) throw new Error(`It ended with ${code}:\n${stdout}\n${stderr}`);
}

/** The model calls `relay_send`; the peer has it, and the model is told. Answers with the id. */
async function sends(
  about: string | undefined,
  agent: Agent,
  peer: McpSession,
  prompt: Prompt,
): Promise<string | undefined> {
  agent.willCall(/GO-SEND/, 'relay_send', { to: peer.name, message: 'Is the build green?' });
  const prompted = prompt('GO-SEND');
  expect(await peer.call('relay_receive', { wait_seconds: 60 })).toContain('> Is the build green?');
  const told = await agent.model.saw(/Sent as m\w{12} to PEER/);
  await prompted;
  if (about !== undefined) noteRound(about, agent.model.turns, told);
  return idsIn(told.text)[0];
}

/** What a call of one of our tools costs. `told` is the turn that showed its result. */
function noteRound(about: string, turns: readonly ModelRequest[], told: ModelRequest): void {
  const asked = turns[turns.indexOf(told) - 1];
  fact(about, 'tool round, ms', told.at - (asked?.at ?? told.at));
  fact(about, 'our tools in a turn, bytes', toolBytes(told));
}

/** The peer writes; `relay_receive` shows it to the model, in its wrapper. */
async function receives(agent: Agent, peer: McpSession, prompt: Prompt, replyTo?: string): Promise<void> {
  const address = replyTo === undefined ? { to: agent.options.name } : { reply_to: replyTo };
  await peer.call('relay_send', { ...address, message: 'Green since ten.' });
  agent.willCall(/GO-READ/, 'relay_receive', { wait_seconds: 30 });
  await prompt('GO-READ');
  const shown = await agent.model.saw(/> Green since ten\./);
  expect(shown.text).toContain('From peers, not from your user');
}
