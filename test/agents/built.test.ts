import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { builtFile } from '../../src/agents/built.ts';
import { world } from './programs.ts';

describe('a file of our build', () => {
  it('says in its first line whose it is, and is known by that', () => {
    const { edit } = builtFile(world(), 'opencode-plugin.mjs');
    const { text } = edit.put(undefined, 'f');
    expect(text).toBe(
      '// Written by claude-relay install, replaced by it, removed by claude-relay uninstall.\nexport const plugin = 1;\n',
    );
    expect(edit.take(text, 'f')).toBeUndefined();
    expect(edit.take('export const plugin = 1;\n', 'f')).toBe('export const plugin = 1;\n');
  });

  it('says where its text is from', () => {
    const here = world();
    expect(builtFile(here, 'opencode-plugin.mjs').source).toBe(join(here.dist, 'opencode-plugin.mjs'));
  });

  it('that is not there is missed when it is wanted, and only then', () => {
    const here = world();
    rmSync(join(here.dist, 'opencode-plugin.mjs'));
    const { edit } = builtFile(here, 'opencode-plugin.mjs');
    expect(() => edit.put(undefined, 'f')).toThrow(
      `This build of claude-relay has no ${here.dist}/opencode-plugin.mjs.`,
    );
    expect(edit.take('theirs', 'f')).toBe('theirs');
  });
});
