import { describe, expect, it } from 'vitest';
import { mayBeWokenAt, noteEnd, noteTry, type Tries, triesOf } from '../../src/resume/tries.ts';
import { tempDir } from '../support/temp-dir.ts';
import { scrawl } from './rig.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NONE: Tries = { messages: [], began: [], failures: 0, failedAt: 0 };

describe('what a name was woken for', () => {
  it('is nothing at first', () => {
    expect(triesOf(tempDir(), 'CC-1')).toEqual(NONE);
  });

  it('is kept on disk, for each name', () => {
    const home = tempDir();
    noteTry(home, 'CC-1', 'm1', 1_000);
    noteTry(home, 'CC-1', 'm2', 2_000);
    noteTry(home, 'CC-2', 'm3', 3_000);
    expect(triesOf(home, 'CC-1')).toEqual({ ...NONE, messages: ['m1', 'm2'], began: [1_000, 2_000] });
  });

  it('does not grow for ever', () => {
    const home = tempDir();
    noteTry(home, 'CC-1', 'm0', 0);
    const many = Array.from({ length: 1_000 }, (_, i) => `n${i}`);
    scrawl(home, 'tries/CC-1.json', JSON.stringify({ name: 'CC-1', messages: many, began: [0] }));
    noteTry(home, 'CC-1', 'm1', HOUR);
    const { messages, began } = triesOf(home, 'CC-1');
    expect([messages.length, messages[0], messages.at(-1), began]).toEqual([1_000, 'n1', 'm1', [HOUR]]);
  });

  it('is of that very name, also where a disk does not tell small letters from capital ones', () => {
    const home = tempDir();
    noteTry(home, 'CC-1', 'm1', 0);
    scrawl(home, 'tries/cc-1.json', JSON.stringify({ name: 'CC-1', messages: ['m1'] }));
    expect(triesOf(home, 'cc-1')).toEqual(NONE);
  });
});

describe('when it may be woken again', () => {
  it('is at once after a run that went well', () => {
    const home = tempDir();
    noteTry(home, 'CC-1', 'm1', 1_000);
    noteEnd(home, 'CC-1', true, 2_000);
    noteEnd(home, 'CC-1', false, 3_000);
    expect(mayBeWokenAt(triesOf(home, 'CC-1'), 3_000)).toBe(0);
  });

  it.each([
    [1, MINUTE],
    [2, 2 * MINUTE],
    [5, 16 * MINUTE],
    [7, HOUR],
    [500, HOUR],
  ])('is later with each failure: after %i of them in %i ms', (failures, pause) => {
    expect(mayBeWokenAt({ ...NONE, failures, failedAt: 5_000 }, 6_000)).toBe(5_000 + pause);
  });

  it('is an hour after the first of ten runs', () => {
    const began = Array.from({ length: 10 }, (_, i) => i * MINUTE);
    expect(mayBeWokenAt({ ...NONE, began }, 20 * MINUTE)).toBe(HOUR);
    expect(mayBeWokenAt({ ...NONE, began: began.slice(1) }, 20 * MINUTE)).toBe(0);
    expect(mayBeWokenAt({ ...NONE, began }, HOUR)).toBeLessThanOrEqual(HOUR);
  });
});
