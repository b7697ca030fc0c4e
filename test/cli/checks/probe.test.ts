import { describe, expect, it } from 'vitest';
import { doorOf, isOver, isSeen, type Probe, probeOf, progressOf, timeWords } from '../../../src/cli/checks/probe.ts';
import { RECEIPT_STATES, type Receipt } from '../../../src/protocol/receipt.ts';
import type { SessionInfo } from '../../../src/protocol/session.ts';

const PEER: SessionInfo = {
  name: 'CC-1',
  kind: 'agent',
  here: true,
  last_seen: 0,
  program: 'claude-code',
  doing: 'busy',
  tool: 'Bash',
  door: 'inbox socket',
};

function probe(receipt: Partial<Receipt>, over: Partial<Parameters<typeof probeOf>[0]> = {}): Probe {
  return probeOf({
    receipt: { name: 'CC-1', state: 'stored', ...receipt },
    peer: PEER,
    door: 'inbox socket',
    wasHere: true,
    sentAt: 5_000,
    now: 9_000,
    todo: () => 'do this',
    ...over,
  });
}

describe('a probe', () => {
  it('that was seen has its times by the clock of the relay, its door, and nothing in the way', () => {
    expect(probe({ state: 'seen', handed_at: 5_120, seen_at: 6_250 })).toEqual({
      name: 'CC-1',
      state: 'seen',
      here: true,
      program: 'claude-code',
      door: 'inbox socket',
      doing: 'busy',
      tool: 'Bash',
      handed_ms: 120,
      seen_ms: 1_250,
    });
  });

  it('that was not seen says what is in the way, and what to do', () => {
    const doorless = { door: undefined };
    expect(probe({}, doorless)).toMatchObject({ in_the_way: expect.stringContaining('busy in Bash'), todo: 'do this' });
    expect(probe({}, { ...doorless, todo: () => undefined })).not.toHaveProperty('todo');
  });

  it('that a door has, or had, is not a matter of what is installed', () => {
    expect(probe({})).not.toHaveProperty('todo');
    expect(probe({ state: 'handed', unseen: 'held by its own policy' })).not.toHaveProperty('todo');
  });

  it('of a session that the relay does not list asks nobody what to do', () => {
    const { here, todo, door } = probe({}, { peer: undefined, door: undefined, wasHere: false });
    expect([here, todo, door]).toEqual([false, undefined, undefined]);
  });

  it('is seen when it was answered, too, and over at every end', () => {
    expect(RECEIPT_STATES.filter((state) => isSeen({ state }))).toEqual(['seen', 'replied']);
    expect(RECEIPT_STATES.filter((state) => !isOver({ state }))).toEqual(['stored', 'handed']);
  });
});

describe('in words', () => {
  it.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1_000, '1.0 s'],
    [61_240, '61.2 s'],
    [-3, '0 ms'],
  ])('%d ms are %s', (ms, words) => {
    expect(timeWords(ms)).toBe(words);
  });

  it('a door is the one that was open, or the session’s own doing, or none', () => {
    expect(doorOf(probe({}))).toBe('inbox socket');
    expect(doorOf(probe({ state: 'handed', handed_at: 5_001 }, { door: undefined }))).toBe('its own hook or call');
    expect(doorOf(probe({}, { door: undefined }))).toBe('none');
    expect(doorOf(probe({}, { door: undefined, peer: undefined }))).toBe('');
  });

  it('a step is told with its time', () => {
    expect(progressOf(probe({ state: 'seen', handed_at: 5_120, seen_at: 6_250 }))).toBe('seen after 1.3 s');
    expect(progressOf(probe({ state: 'replied' }))).toBe('seen');
    expect(progressOf(probe({ state: 'handed', handed_at: 5_120 }))).toMatch(
      /^handed after 120 ms by inbox socket; busy in Bash; it reads it/,
    );
    expect(progressOf(probe({}))).toMatch(/^busy in Bash/);
  });
});
