/** Claude Code and Codex write to each other, each in its own program, each shown the other's words by `relay_receive`. */
import { describe, expect, it } from 'vitest';
import { idsIn, machine } from '../support/cli.ts';
import type { Agent } from './agent.ts';
import { ClaudeCode } from './claude-code.ts';
import { Codex } from './codex.ts';
import { scriptedModel } from './model/model.ts';
import { needsPrograms } from './program.ts';
import { reached, tunnelTo } from './relay.ts';
import type { Terminal } from './terminal.ts';

needsPrograms('claude-code', 'codex');

async function inTerminal(agent: Agent): Promise<Terminal> {
  const terminal = await agent.interactive();
  await agent.seesTools(terminal);
  return terminal;
}

describe.each(['one machine', 'two machines'])('Claude Code and Codex on %s', (where) => {
  it('ask and answer in both directions, with receipts up to replied', async () => {
    const here = machine();
    const tunnel = await tunnelTo(here);
    await here.relay(['--allow-host', tunnel.host]);
    const there = where === 'one machine' ? here : tunnel.machine();
    const claude = new ClaudeCode(here, await scriptedModel('claude-code'), { name: 'CC-1' });
    const codex = new Codex(there, await scriptedModel('codex'), { name: 'CX-1' });
    const [left, right] = [await inTerminal(claude), await inTerminal(codex)];

    codex.willCall(/GO-WAIT/, 'relay_receive', { wait_seconds: 60 });
    await right.type('GO-WAIT');
    claude.willCall(/GO-ASK/, 'relay_send', { to: 'CX-1', message: 'Is the build green?' });
    await left.type('GO-ASK');
    const question = idsIn((await codex.model.saw(/> Is the build green\?/)).text)[0] ?? '';

    claude.willCall(/GO-WAIT/, 'relay_receive', { wait_seconds: 60 });
    await left.type('GO-WAIT');
    codex.willCall(/GO-ANSWER/, 'relay_send', { reply_to: question, message: 'Green since ten. Yours?' });
    await right.type('GO-ANSWER');
    const answer = idsIn((await claude.model.saw(/> Green since ten\. Yours\?/)).text)[0] ?? '';
    expect(answer).not.toBe('');
    await reached(here, question, { from: 'CC-1', to: 'CX-1' }, 'replied');

    claude.willCall(/GO-ANSWER/, 'relay_send', { reply_to: answer, message: 'Red.' });
    await left.type('GO-ANSWER');
    codex.willCall(/GO-READ/, 'relay_receive', { wait_seconds: 60 });
    await right.type('GO-READ');
    await codex.model.saw(/> Red\./);
    await reached(there, answer, { from: 'CX-1', to: 'CC-1' }, 'replied');
  });
});
