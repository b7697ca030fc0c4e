/** T24: few packages, pinned and hashed, nothing that runs at an installation, nothing shipped that nobody needs. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ensure, npm, ROOT } from '../../scripts/ensure.mjs';
import { checkLock } from '../../scripts/lock.mjs';
import { packedPaths, packProblems } from '../../scripts/pack.mjs';
import { record } from '../faults/support/figures.ts';

ensure();

const read = (path: string) => JSON.parse(readFileSync(join(ROOT, path), 'utf8'));

interface Locked {
  readonly dev?: boolean;
  readonly version?: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
}

const packages: [string, Locked][] = Object.entries(read('package-lock.json').packages);
const runtime = packages.filter(([path, { dev }]) => path !== '' && !dev);

describe('T24: what a user installs', () => {
  it('is at most ten packages, pinned, each with its hash', () => {
    expect(runtime.length).toBeLessThanOrEqual(10);
    expect(runtime.filter(([, { integrity }]) => !/^sha512-/.test(integrity ?? ''))).toEqual([]);
    expect(checkLock(ROOT)).toEqual([]);
    record('T24', { 'runtime packages': runtime.length, packages: packages.length - 1 });
  });

  it('runs nothing when it is installed', () => {
    const own = Object.keys(read('package.json').scripts).filter((name) =>
      /^(pre|post)?(install|prepare|publish|pack)/.test(name),
    );
    expect(own).toEqual([]);
    // Only what developers have may wish to, and is never let: everything here installs with --ignore-scripts.
    const scripts = runtime.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path);
    const works = scripts.every((path) => existsSync(join(ROOT, path, 'prebuilds')));
    expect(works).toBe(true);
    record('T24', { 'install scripts needed': 0 });
  });

  it('is exactly these files', () => {
    expect(packProblems(ROOT)).toEqual([]);
    const [command, args] = npm(['pack', '--dry-run', '--json', '--ignore-scripts']);
    const { stdout } = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8' });
    const files = packedPaths(JSON.parse(stdout));
    expect(files.filter((file) => /\.(ts|map|sqlite|log|env|pem|key)$|(^|\/)(test|src|scripts|\.)/.test(file))).toEqual(
      [],
    );
    record('T24', { 'files shipped': files.length });
  });

  it('comes with the licence of everything that is in it', () => {
    const notices = readFileSync(join(ROOT, 'THIRD-PARTY-NOTICES'), 'utf8');
    for (const [path, { version }] of runtime) {
      const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
      // A native part for another system is not installed here, and is of the package that it belongs to.
      if (existsSync(join(ROOT, path))) expect(notices).toContain(`${name} ${version} (`);
    }
    for (const name of ['ws', 'hono', 'commander', 'pino', '@modelcontextprotocol/server'])
      expect(notices).toMatch(new RegExp(`^${name} \\d`, 'm'));
  });
});
