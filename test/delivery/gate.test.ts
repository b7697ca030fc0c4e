import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BURST_MS, judge, POUR, type Standing } from '../../src/delivery/gate.ts';

const IDLE = { doing: 'idle', since: 0 } as const;
const BUSY = { doing: 'busy', since: 0 } as const;
const WAITING = { doing: 'waiting', since: 0 } as const;

const standing = (over: Partial<Standing> = {}): Standing => ({
  waiting: [{}],
  waited: BURST_MS,
  activity: IDLE,
  interrupts: false,
  budgetWait: 0,
  pace: { calm: 0, spacing: Number.POSITIVE_INFINITY },
  wokenAgo: Number.POSITIVE_INFINITY,
  ...over,
});
const URGENT = [{}, { priority: 'urgent' as const }];
const QUIET = [{ priority: 'quiet' as const }];

describe('the gate', () => {
  it.each([
    ['wakes an idle session', {}, { go: 'now', urgent: false, isWake: true }],
    ['wakes an idle session for something urgent, too', { waiting: URGENT }, { go: 'now', urgent: true, isWake: true }],
    [
      'wakes one of which nobody tells what it does',
      { activity: undefined },
      { go: 'now', urgent: false, isWake: true },
    ],
    ['puts together what comes in one moment', { waited: 20 }, { go: 'later', inMs: BURST_MS - 20, because: 'burst' }],
    [
      'wakes at once for the next message of a conversation',
      { wokenAgo: 700, pace: { calm: 60, spacing: 700 } },
      { go: 'now', urgent: false, isWake: true },
    ],
    [
      'waits for mail that pours in after a wake to cease',
      { wokenAgo: 300, pace: { calm: 50, spacing: 80 } },
      { go: 'later', inMs: POUR.calm - 50, because: 'burst' },
    ],
    [
      'waits no longer for it than a while',
      { wokenAgo: 4_200, pace: { calm: 50, spacing: 80 }, waited: POUR.longest - 20 },
      { go: 'later', inMs: 20, because: 'burst' },
    ],
    [
      'wakes when it has ceased',
      { wokenAgo: 900, pace: { calm: POUR.calm, spacing: 80 } },
      { go: 'now', urgent: false, isWake: true },
    ],
    [
      'wakes when it was waited for long enough',
      { wokenAgo: 4_300, pace: { calm: 50, spacing: 80 }, waited: POUR.longest },
      { go: 'now', urgent: false, isWake: true },
    ],
    [
      'does not wait for it when something is urgent',
      { waiting: URGENT, wokenAgo: 300, pace: { calm: 50, spacing: 80 } },
      { go: 'now', urgent: true, isWake: true },
    ],
    ['lets a session finish its turn', { activity: BUSY }, { go: 'wait', because: 'at work' }],
    ['lets a person answer first', { activity: WAITING }, { go: 'wait', because: 'at work' }],
    [
      'interrupts for something urgent',
      { waiting: URGENT, activity: BUSY, interrupts: true },
      { go: 'now', urgent: true, isWake: false },
    ],
    [
      'interrupts at once, and without a budget',
      { waiting: URGENT, activity: BUSY, interrupts: true, waited: 0, budgetWait: 9 },
      { go: 'now', urgent: true, isWake: false },
    ],
    [
      'interrupts nobody through a door that cannot',
      { waiting: URGENT, activity: BUSY },
      { go: 'wait', because: 'at work' },
    ],
    [
      'interrupts nobody for a normal message',
      { activity: BUSY, interrupts: true },
      { go: 'wait', because: 'at work' },
    ],
    ['waits for the budget', { budgetWait: 5_000 }, { go: 'later', inMs: 5_000, because: 'budget' }],
    ['wakes nobody for quiet mail', { waiting: QUIET }, { go: 'wait', because: 'quiet' }],
    ['takes quiet mail along with other mail', { waiting: [...QUIET, {}] }, { go: 'now', urgent: false, isWake: true }],
  ] as const)('%s', (_what, over, verdict) => {
    expect(judge(standing(over))).toEqual(verdict);
  });

  it('never wakes a session that is at work or has no budget, whatever else holds', () => {
    const any = fc.record({
      waiting: fc.array(fc.record({ priority: fc.constantFrom('urgent', 'quiet', undefined) }), { minLength: 1 }),
      waited: fc.nat(200),
      activity: fc.constantFrom(IDLE, BUSY, WAITING, undefined),
      interrupts: fc.boolean(),
      budgetWait: fc.constantFrom(0, 1, 1_000),
      pace: fc.record({ calm: fc.nat(1_000), spacing: fc.nat(1_000) }),
      wokenAgo: fc.nat(10_000),
    });
    fc.assert(
      fc.property(any, (each) => {
        const verdict = judge(each as Standing);
        if (verdict.go !== 'now') return;
        const isAtWork = each.activity !== undefined && each.activity !== IDLE;
        expect(verdict.isWake).toBe(!isAtWork);
        if (verdict.isWake) expect(each.budgetWait).toBe(0);
        expect(each.waiting.some(({ priority }) => priority !== 'quiet')).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
