import { describe, expect, it } from 'vitest';
import { type CheckOptions, check, expectKept, expectNone, type Rule, told } from './check.ts';
import { type Event, History, hashOf } from './history.ts';

const sent = (id: string, by = 'A', to: readonly string[] = ['B']): Event => ({
  kind: 'sent',
  id,
  by,
  to,
  hash: hashOf(id),
});
const answered = (id: string, position: number, duplicate = false): Event => ({
  kind: 'answered',
  id,
  position,
  duplicate,
});
const read = (id: string, position: number, more: Partial<Extract<Event, { kind: 'read' }>> = {}): Event => ({
  kind: 'read',
  id,
  by: 'B',
  position,
  hash: hashOf(id),
  redelivered: false,
  ...more,
});

function judge(events: readonly Event[], options?: CheckOptions): Rule[] {
  const history = new History();
  for (const event of events) history.note(event);
  return check(history, options).map(({ rule }) => rule);
}

const GOOD = [sent('m1'), answered('m1', 1), sent('m2'), answered('m2', 2), read('m1', 1), read('m2', 2)];

describe('the checker', () => {
  it('finds nothing in a run in which all was well', () => {
    expect(judge(GOOD)).toEqual([]);
  });

  it('finds nothing wrong with what was never answered, read or not', () => {
    expect(judge([sent('m1'), sent('m2'), read('m2', 1)])).toEqual([]);
    expect(judge([sent('m1'), { kind: 'refused', id: 'm1', code: 'storage_failed', retry: true }])).toEqual([]);
  });

  it('finds what was answered and never read', () => {
    expect(judge([...GOOD, sent('m3'), answered('m3', 3)])).toEqual(['lost']);
    expect(judge([sent('m1', 'A', ['B', 'C']), answered('m1', 1), read('m1', 1)])).toEqual(['lost']);
  });

  it('takes an end for an answer to that, and a stored message only where some may be unread', () => {
    const unread = [sent('m1'), answered('m1', 1)];
    const state = (state: 'expired' | 'stored' | 'seen'): Event => ({ kind: 'state', id: 'm1', name: 'B', state });
    expect(judge([...unread, state('expired')])).toEqual([]);
    expect(judge([...unread, state('stored')])).toEqual(['lost']);
    expect(judge([...unread, state('stored')], { mayBeUnread: true })).toEqual([]);
    expect(judge([...unread, state('seen')], { mayBeUnread: true })).toEqual(['lost']);
  });

  it('finds a second reading without a mark, and none with one', () => {
    expect(judge([...GOOD, read('m1', 1)])).toEqual(['doubled']);
    expect(judge([...GOOD, read('m1', 1, { redelivered: true })])).toEqual([]);
  });

  it('lets what is in doubt come again unmarked, to that reader only, and not to one process', () => {
    const doubt = { kind: 'doubt', id: 'm1', by: 'B' } as const;
    expect(judge([...GOOD, doubt, read('m1', 1)])).toEqual([]);
    expect(judge([...GOOD, { ...doubt, by: 'C' }, read('m1', 1)])).toEqual(['doubled']);
    expect(judge([...GOOD, { ...doubt, id: 'm2' }, read('m1', 1)])).toEqual(['doubled']);
    const twice = [sent('m1'), answered('m1', 1), read('m1', 1, { life: 1 }), doubt, read('m1', 1, { life: 1 })];
    expect(judge(twice)).toEqual(['doubled']);
  });

  it('finds one message at two positions', () => {
    expect(judge([sent('m1'), read('m1', 1), read('m1', 4, { redelivered: true })])).toEqual(['doubled']);
    expect(judge([sent('m1'), answered('m1', 1), answered('m1', 4, true), read('m1', 1)])).toEqual(['moved']);
  });

  it('lets what ends some time be read when it may, and nothing else', () => {
    const both = [sent('m1'), answered('m1', 1), sent('m2'), answered('m2', 2), read('m2', 2), read('m1', 1)];
    expect(judge(both)).toEqual(['misordered']);
    expect(judge(both.map((event) => ('to' in event && event.id === 'm1' ? { ...event, ends: true } : event)))).toEqual(
      [],
    );
  });

  it('finds two messages at one position', () => {
    expect(
      judge([sent('m1'), answered('m1', 1), sent('m2'), answered('m2', 1), read('m1', 1), read('m2', 2)]),
    ).toContain('moved');
  });

  it('finds another body, another reader, and what nobody sent', () => {
    expect(judge([sent('m1'), answered('m1', 1), read('m1', 1, { hash: 'other' })])).toEqual(['altered']);
    expect(judge([...GOOD, read('m1', 1, { by: 'C' })])).toEqual(['unsent']);
    expect(judge([...GOOD, read('m9', 9)])).toEqual(['unsent']);
  });

  it('finds a reader that was given the newer first', () => {
    expect(
      judge([sent('m1'), answered('m1', 1), sent('m2', 'C'), answered('m2', 2), read('m2', 2), read('m1', 1)]),
    ).toEqual(['misordered']);
  });

  it('finds a sender whose second message overtook its first', () => {
    const crossed = [sent('m1'), sent('m2'), answered('m2', 1), answered('m1', 2), read('m2', 1), read('m1', 2)];
    expect(judge(crossed)).toEqual(['misordered']);
    // The first was tried again after the second: then that try may be the one that was stored.
    expect(judge([sent('m1'), sent('m2'), sent('m1'), ...crossed.slice(2)])).toEqual([]);
  });

  it('finds what has no state, once states were asked for', () => {
    expect(judge(GOOD, { wantsStates: true })).toEqual(['limbo', 'limbo']);
    const states = ['m1', 'm2'].map((id): Event => ({ kind: 'state', id, name: 'B', state: 'seen' }));
    expect(judge([...GOOD, ...states], { wantsStates: true })).toEqual([]);
    const waits = { kind: 'state', id: 'm2', name: 'B', state: 'stored' } as const;
    expect(judge([...GOOD, ...states, waits], { wantsStates: true })).toEqual(['limbo']);
  });

  it('lets a reader miss what was answered before it was told of a gap, and nothing after', () => {
    const gap: Event = { kind: 'gap', by: 'B' };
    expect(judge([sent('m1'), answered('m1', 1), gap])).toEqual([]);
    expect(judge([gap, sent('m1'), answered('m1', 1)])).toEqual(['lost']);
    expect(judge([...GOOD, gap, sent('m3'), answered('m3', 1), read('m3', 1)])).toEqual([]);
  });

  it('throws with a line for each rule that was broken, and the first that broke it', () => {
    const history = new History();
    for (const event of [sent('m1'), answered('m1', 1), sent('m2'), answered('m2', 2), read('m3', 3)])
      history.note(event);
    expect(() => expectKept(history)).toThrow(
      /^A promise was broken\.\n2 lost: m1, position 1, was never read by B .*\n1 unsent: m3/,
    );
    expect(told([])).toBe('');
  });

  it('finds an answer that was for another', () => {
    expect(judge([...GOOD, { kind: 'crossed', id: 'm2', got: 'm1' }])).toEqual(['crossed']);
  });

  it('finds what was refused for good, and too little to judge, where all was to be taken', () => {
    const refused = (retry: boolean): Event => ({ kind: 'refused', id: 'm3', code: 'bad_request', retry });
    expect(judge([...GOOD, refused(false)], { least: 2 })).toEqual(['turned away']);
    expect(judge([...GOOD, refused(true)], { least: 2 })).toEqual([]);
    expect(judge(GOOD, { least: 3 })).toEqual(['turned away']);
    expect(judge([...GOOD, refused(false)])).toEqual([]);
  });

  it('finds what was kept and never came', () => {
    const kept: Event = { kind: 'kept', id: 'm1' };
    expect(judge([sent('m1'), kept])).toEqual(['lost']);
    expect(judge([sent('m1'), kept, answered('m1', 1), read('m1', 1)])).toEqual([]);
    expect(judge([sent('m1'), kept, { kind: 'refused', id: 'm1', code: 'inbox_full', retry: false }])).toEqual([]);
  });

  it('finds what one process read twice, marked or not', () => {
    expect(
      judge([...GOOD, read('m1', 1, { redelivered: true, life: 1 }), read('m1', 1, { redelivered: true, life: 2 })]),
    ).toEqual([]);
    const twice = { redelivered: true, life: 1 } as const;
    expect(judge([...GOOD, read('m1', 1, twice), read('m1', 1, twice)])).toEqual(['doubled']);
    const both = [sent('m1', 'A', ['B', 'C']), answered('m1', 1)];
    expect(judge([...both, read('m1', 1, { life: 1 }), read('m1', 1, { by: 'C', life: 1 })])).toEqual([]);
  });

  it('finds an end of which its sender was not told', () => {
    const notice = (id: string): Event => ({ kind: 'notice', id, by: 'A', about: 'm1' });
    const ended = [sent('m1'), answered('m1', 1), { kind: 'state', id: 'm1', name: 'B', state: 'dead' } as const];
    expect(judge(ended, { wantsNotices: true })).toEqual(['untold']);
    expect(judge([...ended, notice('n1')], { wantsNotices: true })).toEqual([]);
    expect(judge(ended)).toEqual([]);
    // The same one may be given again; another one may not be written.
    expect(judge([...ended, notice('n1'), notice('n1')], { wantsNotices: true })).toEqual([]);
    expect(judge([...ended, notice('n1'), notice('n2')], { wantsNotices: true })).toEqual(['told again']);
  });

  it('takes what only one test can know', () => {
    expectNone('late', []);
    expect(() => expectNone('late', ['a', 'b'])).toThrow('A promise was broken.\n2 late: a');
  });
});
