import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../scripts/ensure.mjs';
import { checkLock, lockProblems } from '../../scripts/lock.mjs';

const HASH = { version: '1.0.0', integrity: 'sha512-x' };
const MANIFEST = { dependencies: { addon: '1.0.0' }, devDependencies: { tool: '1.0.0', alias: 'npm:other@2.0.0' } };

type Entries = Parameters<typeof lockProblems>[0]['packages'];

const withEntries = (packages: Entries) => lockProblems({ packages: { '': {}, ...packages } }, MANIFEST);

describe('the lock file', () => {
  it('of this project is complete', () => {
    expect(checkLock(ROOT)).toEqual([]);
  });

  it('of this project names no address', () => {
    expect(readFileSync('package-lock.json', 'utf8')).not.toMatch(/"resolved"|https?:\/\/[^"]*\.tgz/);
  });

  it('is complete when every optional package has an entry', () => {
    const native = { optionalDependencies: { '@native/mac': '1.0.0' } };
    expect(
      withEntries({
        'node_modules/tool': { ...HASH, dev: true, ...native },
        'node_modules/@native/mac': { ...HASH, dev: true },
      }),
    ).toEqual([]);
  });

  it('is complete when the entry lies beside, inside or further out', () => {
    const wants = { ...HASH, dev: true, optionalDependencies: { native: '1.0.0' } };
    const inner = 'node_modules/a/node_modules/@b/c';
    for (const place of [`${inner}/node_modules/native`, 'node_modules/a/node_modules/native', 'node_modules/native'])
      expect(withEntries({ [inner]: wants, [place]: { ...HASH, dev: true } })).toEqual([]);
  });

  it('is not complete with an entry that Node would not find from there', () => {
    const wants = { ...HASH, dev: true, optionalDependencies: { native: '1.0.0' } };
    const elsewhere = { ...HASH, dev: true };
    expect(withEntries({ 'node_modules/tool': wants, 'node_modules/other/node_modules/native': elsewhere })).toEqual([
      'node_modules/tool wants native, which has no entry in the lock file.',
    ]);
  });

  it('of this project would be seen to lack any one native part', () => {
    const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
    const natives = Object.keys(lock.packages).filter((path) => lock.packages[path].optional && lock.packages[path].os);
    expect(natives.length).toBeGreaterThan(20);
    for (const native of natives) {
      const { [native]: _gone, ...packages } = lock.packages;
      expect(lockProblems({ packages }, MANIFEST), native).toHaveLength(1);
    }
  });

  const wrong: readonly [what: string, packages: Entries, problem: RegExp][] = [
    [
      'an address',
      { 'node_modules/a': { ...HASH, dev: true, resolved: 'https://registry.example/a.tgz' } },
      /names an address/,
    ],
    ['no hash', { 'node_modules/a': { version: '1.0.0', dev: true } }, /node_modules\/a has no hash/],
  ];
  it.each(wrong)('is told off for %s', (_what, packages, problem) => {
    expect(withEntries(packages)).toEqual([expect.stringMatching(problem)]);
  });

  it('may leave out the hash of a package that lies in another', () => {
    expect(withEntries({ 'node_modules/a/node_modules/b': { version: '1.0.0', dev: true, inBundle: true } })).toEqual(
      [],
    );
  });
});

describe('the runtime packages', () => {
  const many = (count: number): Entries =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`node_modules/a${n}`, HASH]));

  it('may be ten', () => {
    expect(withEntries(many(10))).toEqual([]);
  });

  it('may not be eleven', () => {
    expect(withEntries(many(11))).toEqual(['11 runtime packages; at most 10.']);
  });

  it('are not those of development', () => {
    expect(withEntries({ ...many(10), 'node_modules/tool': { ...HASH, dev: true } })).toEqual([]);
  });

  it('may not be six that we name ourselves', () => {
    const dependencies = Object.fromEntries('abcdef'.split('').map((name) => [name, '1.0.0']));
    expect(lockProblems({ packages: {} }, { dependencies })).toEqual(['6 direct runtime packages; at most 5.']);
  });
});

describe('a version in package.json', () => {
  it.each(['1.0.0', 'npm:@scope/other@2.0.0'])('is pinned as %s', (version) => {
    expect(lockProblems({ packages: {} }, { devDependencies: { a: version } })).toEqual([]);
  });

  it.each(['^1.0.0', '~1.0.0', '1', '1.x', '*', 'latest', 'npm:other@^2.0.0', 'github:a/b', '>=1.0.0'])(
    'is not pinned as %s',
    (version) => {
      expect(lockProblems({ packages: {} }, { devDependencies: { a: version } })).toEqual([
        `a is not pinned: ${version}`,
      ]);
    },
  );
});
