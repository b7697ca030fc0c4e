import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../../scripts/ensure.mjs';
import { PLANTS } from '../plants.ts';
import { editsOf, planted, plantPlugin } from './planting.ts';

describe('a planted bug', () => {
  it.each(PLANTS)('called “$name” still finds its place in the sources', ({ edits }) => {
    for (const edit of edits) {
      const source = readFileSync(join(ROOT, edit.file), 'utf8');
      expect(planted(source, edit)).toContain(edit.put);
    }
  });

  it('changes the files that it names, and no other', () => {
    const [{ name, edits } = { name: '', edits: [] }] = PLANTS;
    const plugin = plantPlugin(name);
    const [file = ''] = edits.map((edit) => join(ROOT, edit.file));
    expect(plugin.transform(readFileSync(file, 'utf8'), file)).not.toBe(readFileSync(file, 'utf8'));
    expect(plugin.transform('anything', join(ROOT, 'src/serve.ts'))).toBeUndefined();
  });

  it('is an error when its place is gone, or is there twice', () => {
    const edit = { file: 'a.ts', find: 'x', put: 'y' };
    expect(planted('axb', edit)).toBe('ayb');
    expect(() => planted('ab', edit)).toThrow('a.ts has 0 times');
    expect(() => planted('axbx', edit)).toThrow('a.ts has 2 times');
    expect(() => editsOf('no such bug')).toThrow('There is no bug called no such bug');
  });
});
