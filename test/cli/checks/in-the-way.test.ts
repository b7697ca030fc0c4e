import { describe, expect, it } from 'vitest';
import { inTheWay, isDoorless } from '../../../src/cli/checks/in-the-way.ts';
import type { Receipt } from '../../../src/protocol/receipt.ts';
import type { SessionInfo } from '../../../src/protocol/session.ts';

const NOW = 1_000_000;

const agent = (more: Partial<SessionInfo> = {}): SessionInfo => ({
  name: 'CC-1',
  kind: 'agent',
  here: true,
  last_seen: 0,
  program: 'claude-code',
  ...more,
});

/** What it is doing, for 40 s. */
const doing = (what: SessionInfo['doing'] & string, more: Partial<SessionInfo> = {}) =>
  agent({ doing: what, doing_since: NOW - 40_000, door: 'inbox socket', ...more });

function way(receipt: Partial<Receipt>, peer: SessionInfo | undefined, wasHere = true): string | undefined {
  return inTheWay({ receipt: { name: 'CC-1', state: 'stored', ...receipt }, peer, wasHere, now: NOW });
}

describe('what is in the way of a message', () => {
  it('is nothing once it was seen, also of one that went away since', () => {
    expect(way({ state: 'seen' }, agent())).toBeUndefined();
    expect(way({ state: 'replied', unseen: 'old' }, agent({ here: false }))).toBeUndefined();
  });

  it('is the end that it came to', () => {
    expect(way({ state: 'refused', reason: 'too large' }, agent())).toBe('refused: too large');
    expect(way({ state: 'expired' }, agent())).toBe('expired');
    expect(way({ state: 'dead', reason: 'given out 5 times' }, undefined)).toBe('dead: given out 5 times');
  });

  it('is what its own side says, before what can be concluded', () => {
    const unseen = 'given by inbox socket, and held by its own policy (crossSessionInbound) until its person decides';
    expect(way({ state: 'handed', unseen }, doing('idle'))).toBe(unseen);
    expect(way({ unseen: 'woken 30 times in the last hour; again in 9 min' }, doing('idle'))).toMatch(
      /^woken 30 times/,
    );
  });
});

describe('of a session that is not here', () => {
  it('says since when, and that the message waits', () => {
    expect(way({}, agent({ here: false }), false)).toMatch(
      /^not here since \d{4}-\d\d-\d\d [\d:]{8}; a message waits until it is back$/,
    );
    expect(way({}, undefined, false)).toBe('not here; a message waits until it is back');
  });

  it('says that it closed after it was sent', () => {
    expect(way({ state: 'handed' }, agent({ here: false }))).toBe(
      'closed or cut off before there was a sign that it was read',
    );
    expect(way({}, agent({ here: false }))).toBe('closed or cut off; a message waits until it is back');
    expect(way({}, undefined)).toBe('closed or cut off; a message waits until it is back');
  });

  it('leaves the word to the relay where it has told of it', () => {
    const unseen = 'CC-1 went away before there was a sign that it was read';
    expect(way({ state: 'handed', unseen }, agent({ here: false }))).toBe(unseen);
  });
});

describe('of what no door has taken', () => {
  it.each([
    [doing('busy', { tool: 'Bash' }), 'busy in Bash for 40 s; it comes at the end of its turn'],
    [doing('busy'), 'busy for 40 s; it comes at the end of its turn'],
    [doing('waiting'), 'waiting for its person for 40 s; it comes after that'],
    [doing('idle'), 'idle for 40 s, and its inbox socket has not taken it yet'],
    [agent({ door: 'queue' }), 'its queue has not taken it yet'],
    [agent({ kind: 'person' }), 'a person, who gets it by asking (claude-relay receive)'],
    [agent({ kind: 'script' }), 'a script, who gets it by asking (claude-relay receive)'],
  ])('tells %j', (peer, says) => {
    expect(way({}, peer)).toBe(says);
  });

  it('says why there is no door, in the words of the program', () => {
    const idle = (program: string) => way({}, { ...agent({ doing: 'idle', doing_since: NOW - 3_000 }), program });
    expect(idle('claude-code')).toMatch(
      /^reached at its next turn only: it has opened no inbox socket.*; idle for 3 s$/,
    );
    expect(idle('codex-mcp-client')).toMatch(
      /^reached at its next turn only: its thread is not known .*; idle for 3 s$/,
    );
    expect(idle('gemini')).toBe('reached at its next turn only: nothing from outside wakes Gemini CLI; idle for 3 s');
    expect(idle('opencode')).toBe(
      'reached at its next turn only: our plugin is not connected, or its door rests after a failure; idle for 3 s',
    );
    expect(way({}, agent({ program: 'copilot', doing: 'busy' }))).toMatch(
      /our extension is not connected.*, or its door rests after a failure; busy$/,
    );
  });

  it('says that nothing has told anything: no door, and no hook', () => {
    const silent = 'reached only when it asks (relay_receive): no door is open, and no hook of it has told anything';
    expect(way({}, agent())).toBe(silent);
    expect(way({}, agent({ program: 'my-own-client' }))).toBe(silent);
    expect(way({}, agent({ program: 'opencode' }))).toMatch(
      /^reached at its next turn only: our plugin is not connected/,
    );
  });
});

describe('of what was given and shows no sign', () => {
  it.each([
    [doing('busy', { tool: 'Bash' }), 'busy in Bash for 40 s; it reads it by the end of its turn'],
    [doing('idle'), 'no sign yet that it was read; idle for 40 s'],
    [doing('waiting'), 'no sign yet that it was read; waiting for its person for 40 s'],
    [agent(), 'no sign yet that it was read: its next call or hook will be one'],
  ])('tells %j', (peer, says) => {
    expect(way({ state: 'handed' }, peer)).toBe(says);
  });
});

describe('a session without a door', () => {
  it('is an agent that is here and has none', () => {
    expect(isDoorless(agent())).toBe(true);
    expect(isDoorless(agent({ door: 'queue' }))).toBe(false);
    expect(isDoorless(agent({ here: false }))).toBe(false);
    expect(isDoorless(agent({ kind: 'person' }))).toBe(false);
  });
});
