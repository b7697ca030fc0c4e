import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { benchReadme, headOf } from '../../bench/readme.mjs';
import { ROOT } from '../../scripts/ensure.mjs';
import { tempDir } from '../support/temp-dir.ts';

function measured(figures: readonly object[]): string {
  const root = tempDir();
  mkdirSync(join(root, 'bench'), { recursive: true });
  cpSync(join(ROOT, 'bench/rows'), join(root, 'bench/rows'), { recursive: true });
  const machine = { node: 'v20.1.0', cpus: 2, kernel: '6.1' };
  const rows = { hook: { at: '2026-11-26T10:00:00.000Z', figures } };
  writeFileSync(join(root, 'bench/results.json'), JSON.stringify({ machine, rows }));
  return root;
}

describe('the page of the benchmarks', () => {
  it('has what a row says at the head of its file, and a line for each figure with its mark', () => {
    const bounds = { unit: 'x', atLeast: 1.5, lookFor: 1.2, better: 'less' };
    const text = benchReadme(
      measured([
        { what: 'misses', value: 1.6, note: '32 : 20 ms', ...bounds },
        { what: 'might be better', value: 1.3, ...bounds },
        { what: 'is good', value: 1.1, ...bounds },
        { what: 'is for orientation', value: 321.4, unit: 'ms' },
      ]),
    );
    expect(text).toContain(headOf(readFileSync(join(ROOT, 'bench/rows/hook.mjs'), 'utf8')));
    expect(text).toContain('| ✗ | misses | 1.60 x | 1.5 | 1.2 | 32 : 20 ms |');
    expect(text).toContain('| · | might be better | 1.30 x | 1.5 | 1.2 |  |');
    expect(text).toContain('|  | is good | 1.10 x | 1.5 | 1.2 |  |');
    expect(text).toContain('|  | is for orientation | 321 ms |  |  |  |');
    expect(text).toContain('Of 2026-11-26.');
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
