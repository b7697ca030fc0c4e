import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { benchReadme, headOf, kept, type Measured } from '../../bench/readme.mjs';
import { ROOT } from '../../scripts/ensure.mjs';
import { tempDir } from '../support/temp-dir.ts';

function measured(hook: readonly Measured[]): string {
  const root = tempDir();
  mkdirSync(join(root, 'bench'), { recursive: true });
  cpSync(join(ROOT, 'bench/rows'), join(root, 'bench/rows'), { recursive: true });
  const machine = { cpus: 2, kernel: '6.1' };
  writeFileSync(join(root, 'bench/results.json'), JSON.stringify({ machine, rows: { hook } }));
  return root;
}

const at = '2026-11-26T10:00:00.000Z';
const bounds = { unit: 'x', atLeast: 1.5, lookFor: 1.2, better: 'less' } as const;
const FIGURES = [
  { what: 'misses', value: 1.6, note: '32 : 20 ms', ...bounds },
  { what: 'might be better', value: 1.3, ...bounds },
  { what: 'is good', value: 1.1, ...bounds },
  { what: 'is for orientation', value: 321.4, unit: 'ms' },
] as const;

describe('the page of the benchmarks', () => {
  it('has what a row says at the head of its file, and a line for each figure with its mark', () => {
    const text = benchReadme(measured([{ node: 'v24.1.0', at, figures: [...FIGURES] }]));
    expect(text).toContain(headOf(readFileSync(join(ROOT, 'bench/rows/hook.mjs'), 'utf8')));
    expect(text).toContain('| ✗ | misses | 1.60 x | 1.5 | 1.2 | 32 : 20 ms |');
    expect(text).toContain('| · | might be better | 1.30 x | 1.5 | 1.2 |  |');
    expect(text).toContain('|  | is good | 1.10 x | 1.5 | 1.2 |  |');
    expect(text).toContain('|  | is for orientation | 321 ms |  |  |  |');
    expect(text).toContain('Node v24.1.0, 2026-11-26.');
  });

  it('has what was measured with an older Node beside it, as far as it was', () => {
    const [, second] = FIGURES;
    const text = benchReadme(
      measured([
        { node: 'v24.1.0', at, figures: [...FIGURES] },
        { node: 'v20.1.0', at: '2026-11-25T10:00:00.000Z', figures: [{ ...second, value: 1.7 }] },
      ]),
    );
    expect(text).toContain('| ours : theirs | Node 20 |\n|---|---|---|---|---|---|---|\n');
    expect(text).toContain('| · | might be better | 1.30 x | 1.5 | 1.2 |  | ✗ 1.70 x |');
    expect(text).toContain('|  | is good | 1.10 x | 1.5 | 1.2 |  |  |');
    expect(text).toContain('Node v24.1.0, 2026-11-26; Node v20.1.0, 2026-11-25.');
  });

  it('keeps the last of each Node, the newest Node first', () => {
    const of = (node: string, day: number): Measured => ({ node, at: `2026-11-0${day}`, figures: [] });
    expect(kept(undefined, of('v20.1.0', 1))).toEqual([of('v20.1.0', 1)]);
    expect(kept([of('v24.1.0', 2), of('v20.1.0', 1)], of('v24.2.0', 3))).toEqual([of('v24.2.0', 3), of('v20.1.0', 1)]);
    expect(kept([of('v20.1.0', 1)], of('v24.1.0', 2))).toEqual([of('v24.1.0', 2), of('v20.1.0', 1)]);
  });

  it('does not come from nothing', () => {
    expect(() => benchReadme(tempDir())).toThrow('Nothing was measured: npm run bench');
  });

  it('takes the first comment of a file, in one line or in many', () => {
    expect(headOf('/** As `x`. */\ncode')).toBe('As `x`.');
    expect(headOf('/**\n * One.\n *\n *   Two.\n */\n/** other */')).toBe('One.\n\nTwo.');
    expect(headOf('code')).toBe('');
  });
});
