/** A door that is closed while mail is under way: another one delivers, once, or its sender is told what is in the way. */
import { lstatSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { machine, until } from '../support/cli.ts';
import type { Agent } from './agent.ts';
import { arrives, idles, isSeen, lineOf, receipt, timesShown } from './arrival.ts';
import { ClaudeCode } from './claude-code.ts';
import { Codex } from './codex.ts';
import { type Model, scriptedModel } from './model/model.ts';
import { call, say } from './model/reply.ts';
import { needsPrograms } from './program.ts';
import type { Terminal } from './terminal.ts';

needsPrograms('claude-code', 'codex');

const BURST = 50;

async function claude(settings: object = {}) {
  const here = machine();
  await here.relay();
  const peer = await here.session('PEER');
  await peer.connected();
  const agent = new ClaudeCode(here, await scriptedModel('claude-code'), { name: 'CC-1', servers: {}, settings });
  await here.ok(['install', 'claude-code', '--allow-tools']);
  const terminal = await agent.interactive();
  await agent.seesTools(terminal);
  return { here, peer, agent, terminal };
}

async function codex(model: Model) {
  const here = machine();
  await here.relay();
  const peer = await here.session('PEER');
  await peer.connected();
  const agent: Agent = new Codex(here, model, { name: 'CX-1' });
  const terminal: Terminal = await agent.interactive();
  await agent.seesTools(terminal);
  return { here, peer, agent, terminal };
}

/** Where the running Claude Code takes messages, as it says itself. */
function inboxSocket(home: string): string {
  const dir = join(home, '.claude/sessions');
  const [file] = readdirSync(dir).filter((name) => name.endsWith('.json'));
  return JSON.parse(readFileSync(join(dir, file ?? ''), 'utf8')).messagingSocketPath;
}

const sentId = (answer: string): string => /\bm[0-9a-z]{12}\b/.exec(answer)?.[0] ?? '';

describe('Claude Code', () => {
  it('whose socket is gone is told at its next turn, and woken by its waiting hook from then on', async () => {
    const { here, peer, agent, terminal } = await claude();
    await idles(here, 'CC-1', 'inbox');
    rmSync(inboxSocket(here.user));
    const id = sentId(await peer.call('relay_send', { to: 'CC-1', message: 'The door is shut.' }));
    await terminal.type('Anything new?');
    await agent.model.saw(lineOf('The door is shut.'));
    await isSeen(here, 'PEER', id, 'CC-1');
    expect(timesShown(agent, 'The door is shut.')).toBe(1);

    await idles(here, 'CC-1', 'waiting hook');
    const second = await arrives(peer, agent, 'Through the other door.');
    await isSeen(here, 'PEER', second.id, 'CC-1');
    expect(timesShown(agent, 'Through the other door.')).toBe(1);
  });

  it('whose socket is gone goes on with its turn for what came meanwhile', async () => {
    const { here, peer, agent, terminal } = await claude();
    await idles(here, 'CC-1', 'inbox');
    rmSync(inboxSocket(here.user));
    const held = agent.model.hold(/Think long\.$/m);
    await terminal.type('Think long.');
    await held.asked;
    const id = sentId(await peer.call('relay_send', { to: 'CC-1', message: 'Before you go.' }));
    held.answer(say('done'));
    await agent.model.saw(lineOf('Before you go.'));
    await isSeen(here, 'PEER', id, 'CC-1');
    expect(timesShown(agent, 'Before you go.')).toBe(1);
    expect(terminal.screen()).not.toMatch(/hook (error|reported a problem)/i);
  });

  it('whose person holds messages of peers is told by its hooks, marked, and the sender hears of it within a minute', async () => {
    const { here, peer, agent, terminal } = await claude({ crossSessionInbound: 'hold' });
    await idles(here, 'CC-1');
    const began = Date.now();
    const id = sentId(await peer.call('relay_send', { to: 'CC-1', message: 'Held at the door.' }));
    const told = await until(
      () => receipt(here, 'PEER', id, 'CC-1'),
      (each) => each?.unseen !== undefined || each?.state === 'seen',
    );
    expect(Date.now() - began).toBeLessThan(60_000);
    expect(told?.unseen ?? '').toMatch(/held|policy|crossSessionInbound/i);
    await terminal.type('Anything new?');
    await isSeen(here, 'PEER', id, 'CC-1');
    const shown = agent.model.sightings(lineOf('Held at the door.'));
    expect(shown).toHaveLength(1);
    expect(shown[0]?.text).toMatch(/redelivered/);
  });

  it('whose person refuses messages of peers: the sender hears within a minute, and a turn shows it', async () => {
    const { here, peer, agent, terminal } = await claude({ crossSessionInbound: 'refuse' });
    await idles(here, 'CC-1');
    const began = Date.now();
    const id = sentId(await peer.call('relay_send', { to: 'CC-1', message: 'Refused at the door.' }));
    await until(
      () => receipt(here, 'PEER', id, 'CC-1'),
      (each) => each?.unseen !== undefined || each?.state === 'seen',
    );
    expect(Date.now() - began).toBeLessThan(60_000);
    await terminal.type('Anything new?');
    await isSeen(here, 'PEER', id, 'CC-1');
    expect(agent.model.sightings(lineOf('Refused at the door.')).length).toBeGreaterThan(0);
  });

  it('is woken three times at most by a burst, and is shown all of it in order', async () => {
    const { here, peer, agent } = await claude();
    await idles(here, 'CC-1', 'inbox');
    await burst(here, peer.name, agent, (text) => peer.call('relay_send', { to: 'CC-1', message: text }));
  });

  it('is told between two tools of its turn what is urgent', async () => {
    const { here, peer, agent, terminal } = await claude();
    const held = agent.model.hold(/Think long\.$/m);
    await terminal.type('Think long.');
    await held.asked;
    const id = sentId(await peer.call('relay_send', { to: 'CC-1', message: 'Stop the rollout.', priority: 'urgent' }));
    await until(
      () => receipt(here, 'PEER', id, 'CC-1'),
      (told) => told?.state === 'handed',
    );
    held.answer(call(/relay_peers$/));
    const shown = await agent.model.saw(lineOf('Stop the rollout.'));
    expect(shown.fresh.map(({ type }) => type)).toContain('tool_result');
    await isSeen(here, 'PEER', id, 'CC-1');
  });
});

describe('Codex', () => {
  it('whose app server is not to be reached is told through its queue', async () => {
    const { here, peer, agent } = await codex(await scriptedModel('codex'));
    await idles(here, 'CX-1', 'app server');
    const control = join(here.user, '.codex/app-server-control/app-server-control.sock');
    expect(lstatSync(control, { throwIfNoEntry: false })).toBeDefined();
    rmSync(control);
    await idles(here, 'CX-1', 'queue');
    const { id } = await arrives(peer, agent, 'By the queue.');
    await isSeen(here, 'PEER', id, 'CX-1');
    expect(timesShown(agent, 'By the queue.')).toBe(1);
  });

  it('is woken three times at most by a burst, and is shown all of it in order', async () => {
    const { here, peer, agent } = await codex(await scriptedModel('codex'));
    await idles(here, 'CX-1', 'app server');
    await burst(here, peer.name, agent, (text) => peer.call('relay_send', { to: 'CX-1', message: text }));
  });
});

async function burst(
  here: ReturnType<typeof machine>,
  from: string,
  agent: Agent,
  send: (text: string) => Promise<string>,
): Promise<void> {
  const texts = Array.from({ length: BURST }, (_, at) => `Number ${at + 1} of ${BURST}.`);
  const answers = await Promise.all(texts.map(send));
  for (const answer of answers) await isSeen(here, from, sentId(answer), agent.options.name);
  const shown = agent.model.turns.flatMap(({ text }) =>
    [...text.matchAll(/Number (\d+) of/g)].map(([, n]) => Number(n)),
  );
  expect(shown).toEqual(texts.map((_text, at) => at + 1));
  expect(agent.model.sightings(/Number \d+ of/).length).toBeLessThanOrEqual(3);
}
