import { describe, expect, it } from 'vitest';
import { check } from '../../faults/support/check.ts';
import { type Event, History, hashOf } from '../../faults/support/history.ts';
import { told, UNTOLD } from './told.ts';

const sent = (id: string, by: string, to: string): Event => ({ kind: 'sent', id, by, to: [to], hash: hashOf(id) });
const answered = (id: string, position: number): Event => ({ kind: 'answered', id, position, duplicate: false });
const read = (id: string, words: string, by: string, position: number): Event => ({
  kind: 'read',
  id,
  by,
  position,
  hash: hashOf(words),
  redelivered: false,
});

function judge(...events: readonly Event[]): string[] {
  const history = new History();
  for (const event of events) history.note(event);
  return check(told(history)).map(({ rule }) => rule);
}

describe('what session processes said and read', () => {
  const asked = [sent('R-0', 'R', 'M'), answered('R-0', 1), read('R-0', 'R-0', 'M', UNTOLD)];
  const written = [sent('M-0', 'M', 'R'), answered('M-0', UNTOLD)];

  it('has the ids and positions that the others were told', () => {
    expect(judge(...asked, ...written, read('m7', 'M-0', 'R', 2))).toEqual([]);
  });

  it('is known by its words when its process died before it knew the id', () => {
    expect(judge(sent('M-0', 'M', 'R'), read('m7', 'M-0', 'R', 2))).toEqual([]);
  });

  it('is lost when nobody has read it, doubled when somebody has twice, and unsent when nobody said so', () => {
    expect(judge(...asked, ...written)).toEqual(['lost']);
    expect(judge(...written, read('m7', 'M-0', 'R', 2), read('m7', 'M-0', 'R', 2))).toContain('doubled');
    expect(judge(read('m7', 'something else', 'R', 2))).toEqual(['unsent']);
  });

  it('is out of order when its reader had it after what came later', () => {
    const later = [sent('R-1', 'R', 'M'), answered('R-1', 2)];
    expect(judge(...asked.slice(0, 2), ...later, read('R-1', 'R-1', 'M', UNTOLD), ...asked.slice(2))).toEqual([
      'misordered',
    ]);
  });
});
