/** An idle program begins a turn on a message, by itself: from another machine's session process, twenty times of twenty. */
import { describe, expect, it } from 'vitest';
import { type Machine, machine } from '../support/cli.ts';
import type { Agent } from './agent.ts';
import { arrives, idles, isSeen, latencies, timesShown } from './arrival.ts';
import { ClaudeCode } from './claude-code.ts';
import { Codex } from './codex.ts';
import { fact } from './facts.ts';
import { type Model, scriptedModel } from './model/model.ts';
import { needsPrograms } from './program.ts';
import { tunnelTo } from './relay.ts';

needsPrograms('claude-code', 'codex');

const ROUNDS = 20;

interface Idle {
  readonly label: string;
  readonly door: string;
  /** Installed as a person does it. */
  make(here: Machine, model: Model): Promise<Agent>;
}

const PROGRAMS: readonly Idle[] = [
  {
    label: 'claude',
    door: 'inbox',
    async make(here, model) {
      const agent = new ClaudeCode(here, model, { name: 'CC-1', servers: {} });
      await here.ok(['install', 'claude-code', '--allow-tools']);
      return agent;
    },
  },
  {
    label: 'claude --permission-mode bypassPermissions',
    door: 'inbox',
    async make(here, model) {
      const agent = new ClaudeCode(here, model, { name: 'CC-1', servers: {}, permissionMode: 'bypassPermissions' });
      await here.ok(['install', 'claude-code']);
      return agent;
    },
  },
  {
    label: 'codex',
    door: 'app server',
    make: async (here, model) => new Codex(here, model, { name: 'CX-1' }),
  },
];

describe.each(PROGRAMS)('an idle $label', ({ label, door, make }) => {
  it('begins a turn on each message from another machine, and its sender is told that it was seen', async () => {
    const here = machine();
    const tunnel = await tunnelTo(here);
    await here.relay(['--allow-host', tunnel.host]);
    const there = tunnel.machine();
    const peer = await there.session('PEER');
    await peer.connected();
    const agent = await make(here, await scriptedModel(label));
    const name = agent.options.name;
    const terminal = await agent.interactive();
    await agent.seesTools(terminal);

    const took: number[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      await idles(here, name, door);
      const { id, afterSend } = await arrives(peer, agent, `Wake up, ${round} of ${ROUNDS}.`);
      took.push(afterSend);
      await isSeen(there, 'PEER', id, name);
    }
    const shown = took.map((_ms, at) => timesShown(agent, `Wake up, ${at + 1} of ${ROUNDS}.`));
    expect(shown).toEqual(took.map(() => 1));
    latencies(label, 'relay_send called to model request', took);
    fact(label, 'turns begun by a message', `${shown.length} of ${ROUNDS}`);
  });
});
