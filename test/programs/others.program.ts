/** OpenCode and Copilot CLI are woken by what we put into them; Gemini CLI is told at the end of its turn. */
import { describe, expect, it } from 'vitest';
import { type Machine, machine } from '../support/cli.ts';
import type { Agent } from './agent.ts';
import { arrives, idles, isSeen, latencies, lineOf, timesShown } from './arrival.ts';
import { Copilot } from './copilot.ts';
import { Gemini } from './gemini.ts';
import { type Model, scriptedModel } from './model/model.ts';
import { say } from './model/reply.ts';
import { OpenCode } from './opencode.ts';
import { needsPrograms } from './program.ts';

async function relayed(make: (here: Machine, model: Model) => Agent, label: string) {
  const here = machine();
  await here.relay();
  const peer = await here.session('PEER');
  await peer.connected();
  const agent = make(here, await scriptedModel(label));
  await here.ok(['install', agent.program]);
  const terminal = await agent.interactive();
  await agent.seesTools(terminal);
  return { here, peer, agent, terminal };
}

const WOKEN = [
  {
    label: 'opencode',
    program: 'opencode',
    make: (here: Machine, model: Model) => new OpenCode(here, model, { name: 'OC-1' }),
  },
  {
    label: 'copilot --experimental',
    program: 'copilot',
    make: (here: Machine, model: Model) => new Copilot(here, model, { name: 'CO-1', args: ['--experimental'] }),
  },
] as const;

describe.each(WOKEN)('an idle $label', ({ label, program, make }) => {
  needsPrograms(program);

  it('begins a turn on each message, and its sender is told that it was seen', async () => {
    const { here, peer, agent } = await relayed(make, label);
    const { name } = agent.options;
    const took: number[] = [];
    for (let round = 1; round <= 10; round += 1) {
      await idles(here, name, '.');
      const { id, afterSend } = await arrives(peer, agent, `Wake up, ${round} of 10.`);
      took.push(afterSend);
      await isSeen(here, 'PEER', id, name);
    }
    expect(took.map((_ms, at) => timesShown(agent, `Wake up, ${at + 1} of 10.`))).toEqual(took.map(() => 1));
    latencies(label, 'relay_send called to model request', took);
  });
});

describe('a busy gemini', () => {
  needsPrograms('gemini');

  it('gets what came meanwhile at the end of its turn', async () => {
    const { here, peer, agent, terminal } = await relayed(
      (at, model) => new Gemini(at, model, { name: 'GE-1' }),
      'gemini',
    );
    const held = agent.model.hold(/Think long\.$/m);
    await terminal.type('Think long.');
    await held.asked;
    const answer = await peer.call('relay_send', { to: 'GE-1', message: 'The build is red.' });
    held.answer(say('done'));
    await agent.model.saw(lineOf('The build is red.'));
    await isSeen(here, 'PEER', /m\w{12}/.exec(answer)?.[0] ?? '', 'GE-1');
    expect(timesShown(agent, 'The build is red.')).toBe(1);
  });
});
