/** A question and its answer between programs that nobody talks to: each is woken by what the other wrote, and ends by itself. */
import { describe, expect, it } from 'vitest';
import { idsIn, machine } from '../support/cli.ts';
import type { Agent } from './agent.ts';
import { idles, lineOf, receipt, timesShown } from './arrival.ts';
import { ClaudeCode } from './claude-code.ts';
import { Codex } from './codex.ts';
import { fact } from './facts.ts';
import { scriptedModel } from './model/model.ts';
import { call } from './model/reply.ts';
import { needsPrograms } from './program.ts';
import { reached } from './relay.ts';

needsPrograms('claude-code', 'codex');

/** Whoever is shown such a line answers the message that it is in. */
function answers({ model }: Agent, when: RegExp, message: string, repeat = false): void {
  model.step({
    when,
    repeat,
    reply: ({ text }) => [call(/relay_send$/, { reply_to: /\bid=(m\w{12})/.exec(text)?.[1], message })],
  });
}

async function pair() {
  const here = machine();
  await here.relay();
  const claude = new ClaudeCode(here, await scriptedModel('claude-code'), { name: 'CC-1' });
  const codex = new Codex(here, await scriptedModel('codex'), { name: 'CX-1' });
  const [left, right] = [await claude.interactive(), await codex.interactive()];
  await claude.seesTools(left);
  await codex.seesTools(right);
  await idles(here, 'CC-1', 'inbox');
  await idles(here, 'CX-1', 'app server');
  return { here, claude, codex, left };
}

describe('Claude Code and Codex', () => {
  it('ask and answer without a person and without polling', async () => {
    const { here, claude, codex, left } = await pair();
    const asked = 'Which port does the staging database use?';
    const told = 'Port 6543, since Monday.';
    answers(codex, lineOf(asked), told);
    answers(claude, lineOf(told), 'Thanks, that was it.');
    claude.willCall(/GO-ASK/, 'relay_send', { to: 'CX-1', message: asked });
    await left.type('GO-ASK');
    const question = idsIn((await claude.model.saw(/Sent as m\w{12} to CX-1/)).text)[0] ?? '';
    const answer = idsIn((await codex.model.saw(/Sent as m\w{12} to CC-1/)).text)[0] ?? '';
    await codex.model.saw(lineOf('Thanks, that was it.'));
    await reached(here, question, { from: 'CC-1', to: 'CX-1' }, 'replied');
    await reached(here, answer, { from: 'CX-1', to: 'CC-1' }, 'replied');
    expect(timesShown(codex, asked)).toBe(1);
    expect(timesShown(claude, told)).toBe(1);
    const polls = [...claude.model.requests, ...codex.model.requests].filter(({ text }) =>
      text.includes('No messages'),
    );
    expect(polls).toEqual([]);
  });

  it('do not thank each other for ever', async () => {
    const { here, claude, codex, left } = await pair();
    const more = { wakes: 0 };
    for (const agent of [claude, codex]) answers(agent, /^> Thanks!$/m, 'Thanks!', true);
    claude.willCall(/GO-THANK/, 'relay_send', { to: 'CX-1', message: 'Thanks!' });
    await left.type('GO-THANK');
    // The brakes end it, or at last the budget of wakes: what is over is held or waits, and its sender is told so.
    for (;;) {
      const [fromClaude, fromCodex] = [await sent(here, 'CC-1'), await sent(here, 'CX-1')];
      // Neither has begun.
      if (fromClaude.count + fromCodex.count === 0) continue;
      const last = fromClaude.at > fromCodex.at ? { ...fromClaude, to: 'CX-1' } : { ...fromCodex, to: 'CC-1' };
      const state = await receipt(here, last.from, last.id, last.to);
      more.wakes = fromClaude.count + fromCodex.count;
      if (state?.unseen !== undefined) {
        expect(state.unseen).toMatch(/woken 30 times|held until its person accepts it/);
        break;
      }
    }
    fact('claude and codex', 'messages until a loop of thanks stopped', more.wakes);
    expect(more.wakes).toBeLessThanOrEqual(64);
  }, 240_000);
});

interface Sends {
  readonly sends: readonly { readonly id: string; readonly at: string }[];
}

async function sent(here: ReturnType<typeof machine>, from: string) {
  const { sends } = (await here.json(['receipts', '--as', from, '--count', '50'])) as Sends;
  return { from, id: sends[0]?.id ?? '', at: sends[0]?.at ?? '', count: sends.length };
}
