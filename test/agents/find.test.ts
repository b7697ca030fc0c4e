import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { directory, findProgram } from '../../src/agents/find.ts';
import { world } from './programs.ts';
import { write } from './samples.ts';

function executable(path: string): void {
  write(path, '#!/bin/sh\nexit 9\n');
  chmodSync(path, 0o755);
}

/** An npm package with its executable, linked from a directory of PATH. */
function packaged(name: string, manifest: string) {
  const here = world();
  const modules = join(here.root, 'lib/node_modules', name);
  executable(join(modules, 'bin/run.js'));
  write(join(modules, 'package.json'), manifest);
  mkdirSync(join(here.root, 'bin'));
  symlinkSync(join(modules, 'bin/run.js'), join(here.root, 'bin/tool'));
  return { ...here, env: { PATH: join(here.root, 'bin') } };
}

const TRACES = { commands: ['other', 'tool'], packages: ['@v/tool'], files: [] };

describe('a program', () => {
  it('is found on PATH, with the version of its package', () => {
    const here = packaged('@v/tool', '{"name": "@v/tool", "version": "1.2.3"}');
    expect(findProgram(here, TRACES)).toEqual({ where: join(here.root, 'bin/tool'), version: '1.2.3' });
  });

  it.each([
    ['of somebody else', '{"name": "other", "version": "1.2.3"}'],
    ['without a version', '{"name": "@v/tool"}'],
    ['that is broken', '{'],
  ])('has no version when the package is one %s', (_what, manifest) => {
    const here = packaged('@v/tool', manifest);
    expect(findProgram(here, TRACES)).toEqual({ where: join(here.root, 'bin/tool') });
  });

  it.each(['share/claude/versions/2.1.330', 'Cellar/codex/v0.169.0/bin/codex'])(
    'has the version of its path %s',
    (path) => {
      const here = world();
      executable(join(here.root, path));
      mkdirSync(join(here.root, 'bin'));
      symlinkSync(join(here.root, path), join(here.root, 'bin/tool'));
      const found = findProgram({ ...here, env: { PATH: join(here.root, 'bin') } }, TRACES);
      expect(found?.version).toBe(/\d+\.\d+\.\d+/.exec(path)?.[0]);
    },
  );

  it('is found by its files when it is not on PATH', () => {
    const here = world();
    const files = [join(here.userHome, '.a'), join(here.userHome, '.b')];
    expect(findProgram(here, { ...TRACES, files })).toBeUndefined();
    mkdirSync(join(here.userHome, '.b'));
    expect(findProgram(here, { ...TRACES, files })).toEqual({ where: join(here.userHome, '.b') });
  });
});

it('a directory is where the variable says, unless it is empty', () => {
  const here = world({ A: '/a', B: '' });
  expect([directory(here, 'A', 'x'), directory(here, 'B', 'x', 'y'), directory(here, 'C')]).toEqual([
    '/a',
    join(here.userHome, 'x', 'y'),
    here.userHome,
  ]);
});
