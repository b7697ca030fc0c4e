import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../scripts/ensure.mjs';
import { found, kept, readArgs } from '../../scripts/faults.mjs';
import { guarantees, PROMISES, type Proof, RESULTS } from '../../scripts/guarantees.mjs';

describe('the options of the fault tests', () => {
  it.each([
    [[], { isLong: false, keeps: false, json: undefined, vitest: [] }],
    [
      ['--long', '--minutes', '30', 'R21'],
      { isLong: true, keeps: false, json: undefined, minutes: '30', vitest: ['/r21-'] },
    ],
    [
      ['--long', '--record', 'R1', 'r16', '-t', 'name'],
      { isLong: true, keeps: true, json: undefined, vitest: ['/r01-', '/r16-', '-t', 'name'] },
    ],
    [['--json', 'r.json', 'r07'], { isLong: false, keeps: false, json: 'r.json', vitest: ['/r07-'] }],
  ])('%j', (args, read) => {
    expect(readArgs(args)).toEqual(read);
  });

  it.each([[['--minutes', '30']], [['--long', '--minutes', 'many']], [['--long', '--minutes', '0']]])(
    'refuses %j',
    (args) => {
      expect(() => readArgs(args)).toThrow('--minutes wants a number above nothing, and --long.');
    },
  );
});

const line = (promise: string, test: string, figures: object) =>
  JSON.stringify({ promise, file: `test/faults/${promise}.fault.ts`, test, figures });

describe('the figures of a run', () => {
  it('are put together by promise, each in place of what was known', () => {
    const text = `${line('R2', 'cut', { cuts: 2 })}\n${line('R10', 'ends', { ends: 3 })}\n${line('R2', 'control', { lost: 1 })}\n`;
    const before = found(line('R2', 'older', { older: 1 }));
    const known = kept(
      { ci: {}, long: {} },
      { ...before, ...found(line('R1', 'kills', { kills: 1 })) },
      false,
      '2026-01-01',
    );
    const { ci, long } = kept(known, found(text), false, '2026-01-02');
    expect(long).toEqual({});
    expect(Object.keys(ci)).toEqual(['R1', 'R2', 'R10']);
    expect(ci['R1']).toMatchObject({ at: '2026-01-01', figures: { kills: 1 } });
    expect(ci['R2']).toMatchObject({ at: '2026-01-02', tests: ['cut', 'control'], figures: { cuts: 2, lost: 1 } });
  });

  it('with the long counts stand beside the others', () => {
    const known = kept({ ci: {}, long: {} }, found(line('R1', 'kills', { kills: 1 })), false, '2026-01-01');
    const { ci, long } = kept(known, found(line('R1', 'kills', { kills: 9 })), true, '2026-01-02');
    expect([ci['R1']?.figures, long['R1']?.figures]).toEqual([{ kills: 1 }, { kills: 9 }]);
  });
});

describe('GUARANTEES.md', () => {
  const proof: Proof = {
    at: '2026-01-01',
    node: '20.20.2',
    cpus: 2,
    file: 'a.ts',
    tests: ['it is so'],
    figures: { kills: 1_000 },
  };
  const all = Object.fromEntries(Object.keys(PROMISES).map((promise) => [promise, proof]));

  it('tells each promise with its test and the figures of both runs', () => {
    const text = guarantees({ ci: all, long: { R1: { ...proof, figures: { kills: 10_000 } } } });
    expect(text).toContain(
      '## R1\n\nAn answered send survives the death of any process.\n\n`a.ts`:\n- it is so\n\n2026-01-01, Node 20.20.2, 2 cores: kills 1,000.\n\n2026-01-01, Node 20.20.2, 2 cores, many times: kills 10,000.\n',
    );
  });

  it('tells of the soak last, once there is one', () => {
    const soak = { ...proof, tests: ['it lasts'], figures: { minutes: 30, timers: '9 → 9 → 9' } };
    expect(guarantees({ ci: all, long: {} })).not.toContain('npm run test:soak');
    const [, last] = guarantees({ ci: all, long: {} }, soak).split('## Half an hour of faults\n');
    expect(last).toMatch(/`npm run test:soak`\n\n`a.ts`:\n- it lasts\n\n.*: minutes 30, timers 9 → 9 → 9\.\n$/s);
  });

  it('is not made while anything is missing', () => {
    const { R7: _, ...rest } = all;
    expect(() => guarantees({ ci: rest, long: {} })).toThrow('Nothing is recorded of R7');
  });

  it('names tests that there are', () => {
    const { ci } = JSON.parse(readFileSync(join(ROOT, RESULTS), 'utf8')) as { ci: Record<string, Proof> };
    const missing = Object.values(ci).filter(({ file }) => !existsSync(join(ROOT, file)));
    expect(missing).toEqual([]);
  });
});
