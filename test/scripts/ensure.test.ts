import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import {
  BUILT_FROM,
  ensure,
  hashSources,
  isMain,
  isOldNode,
  npm,
  whyBuild,
  whyInstall,
} from '../../scripts/ensure.mjs';
import { tempDir } from '../support/temp-dir.ts';

type Entry = Readonly<Record<string, unknown>>;

const LOCKED: Readonly<Record<string, Entry>> = {
  '': { name: 'claude-relay' },
  'node_modules/ws': { version: '8.23.0', integrity: 'sha512-ws' },
  'node_modules/native-mac': { version: '1.0.0', integrity: 'sha512-mac', optional: true },
};
const HERE = { 'node_modules/ws': LOCKED['node_modules/ws'] ?? {} };

function put(root: string, path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** A clone with a lock file and some source; nothing installed, nothing built. */
function clone(): string {
  const root = tempDir();
  put(root, 'package.json', '{"name":"claude-relay"}');
  put(root, 'package-lock.json', JSON.stringify({ packages: LOCKED }));
  put(root, 'src/cli/main.ts', 'export {};');
  put(root, 'src/util/clock.ts', 'export const now = 1;');
  put(root, 'scripts/build.mjs', '// builds');
  return root;
}

function install(root: string, packages: Readonly<Record<string, Entry>> = HERE): void {
  put(root, 'node_modules/.package-lock.json', JSON.stringify({ packages }));
}

const build = (root: string): void => put(root, BUILT_FROM, `${hashSources(root)}\n`);

describe('whether to install', () => {
  it('says so of a fresh clone', () => {
    expect(whyInstall(clone())).toBe('there is no node_modules');
  });

  it('says so of an installation that did not finish', () => {
    const root = clone();
    mkdirSync(join(root, 'node_modules'));
    expect(whyInstall(root)).toBe('the last installation did not finish');
  });

  it('leaves a finished one alone, without the packages for other systems', () => {
    const root = clone();
    install(root);
    expect(whyInstall(root)).toBeUndefined();
  });

  it('is not misled by the time of a lock file that has not changed', () => {
    const root = clone();
    install(root);
    utimesSync(join(root, 'package-lock.json'), new Date('2100-01-01'), new Date('2100-01-01'));
    expect(whyInstall(root)).toBeUndefined();
  });

  const stale: readonly [what: string, installed: Readonly<Record<string, Entry>>, why: string][] = [
    ['a package is missing', {}, 'node_modules/ws is not what the lock file says'],
    [
      'a package has another version',
      { 'node_modules/ws': { version: '8.22.0', integrity: 'sha512-ws' } },
      'node_modules/ws is not what the lock file says',
    ],
    [
      'a package has another hash',
      { 'node_modules/ws': { version: '8.23.0', integrity: 'sha512-other' } },
      'node_modules/ws is not what the lock file says',
    ],
    [
      'an optional package has another version',
      { ...HERE, 'node_modules/native-mac': { version: '0.9.0', integrity: 'sha512-mac' } },
      'node_modules/native-mac is not what the lock file says',
    ],
    [
      'a package is no longer wanted',
      { ...HERE, 'node_modules/left': { version: '1.0.0', integrity: 'sha512-left' } },
      'node_modules/left is not in the lock file',
    ],
  ];
  it.each(stale)('says so when %s', (_what, installed, why) => {
    const root = clone();
    install(root, installed);
    expect(whyInstall(root)).toBe(why);
  });
});

describe('whether to build', () => {
  it('says so when there is no dist', () => {
    expect(whyBuild(clone())).toBe('there is no finished dist');
  });

  it('leaves a build of these sources alone', () => {
    const root = clone();
    build(root);
    expect(whyBuild(root)).toBeUndefined();
  });

  it('is not misled by the time of a source that has not changed', () => {
    const root = clone();
    build(root);
    utimesSync(join(root, 'src/cli/main.ts'), new Date('2100-01-01'), new Date('2100-01-01'));
    expect(whyBuild(root)).toBeUndefined();
  });

  const changes: readonly [what: string, change: (root: string) => void][] = [
    ['a source has changed', (root) => put(root, 'src/util/clock.ts', 'export const now = 2;')],
    [
      'an old text is back with an old time',
      (root) => {
        put(root, 'src/util/clock.ts', 'export const now = 0;');
        utimesSync(join(root, 'src/util/clock.ts'), new Date('2000-01-01'), new Date('2000-01-01'));
      },
    ],
    ['a source is new', (root) => put(root, 'src/util/random.ts', '')],
    ['a source is gone', (root) => rmSync(join(root, 'src/util/clock.ts'))],
    [
      'a source has another name',
      (root) => {
        rmSync(join(root, 'src/util/clock.ts'));
        put(root, 'src/util/time.ts', 'export const now = 1;');
      },
    ],
    [
      'text has moved from one file to the next',
      (root) => {
        put(root, 'src/cli/main.ts', 'export {};export const now');
        put(root, 'src/util/clock.ts', ' = 1;');
      },
    ],
    ['a bundled package may have changed', (root) => put(root, 'package-lock.json', '{"packages":{}}')],
    ['the build itself has changed', (root) => put(root, 'scripts/build.mjs', '// builds better')],
  ];
  it.each(changes)('says so when %s', (_what, change) => {
    const root = clone();
    build(root);
    change(root);
    expect(whyBuild(root)).toBe('src has changed');
  });
});

describe('making a clone ready', () => {
  /** Stands in for npm and the bundler: does what they leave behind. */
  function recorder(root: string) {
    const said: string[] = [];
    const run = (say: string, _command: string, args: readonly string[]) => {
      said.push(say);
      if (args.includes('ci')) install(root);
      else build(root);
    };
    return { said, run };
  }

  it('installs, then builds', () => {
    const root = clone();
    const { said, run } = recorder(root);
    ensure({ root, run });
    expect(said).toEqual([
      'Installing the packages: there is no node_modules.',
      'Building: there is no finished dist.',
    ]);
  });

  it('does nothing the second time', () => {
    const root = clone();
    const { said, run } = recorder(root);
    ensure({ root, run });
    said.length = 0;
    ensure({ root, run });
    expect(said).toEqual([]);
  });

  it('only installs when that is all that is wanted', () => {
    const root = clone();
    const { said, run } = recorder(root);
    ensure({ root, run, build: false });
    expect(said).toHaveLength(1);
    expect(existsSync(join(root, 'dist'))).toBe(false);
  });

  it('does not build after an installation that failed', () => {
    const said: string[] = [];
    const run = (say: string) => {
      said.push(say);
      throw new Error('no network');
    };
    expect(() => ensure({ root: clone(), run })).toThrow('no network');
    expect(said).toHaveLength(1);
  });

  it('installs what is needed to build even where production is set, and runs no script of a package', () => {
    const root = clone();
    const calls: (readonly string[])[] = [];
    ensure({ root, build: false, run: (_say, _command, args) => calls.push(args) });
    expect(calls[0]).toEqual(expect.arrayContaining(['ci', '--include=dev', '--ignore-scripts']));
  });
});

describe('the Node that runs the scripts', () => {
  it.each([
    ['20.19.0', false],
    ['20.19.1', false],
    ['24.0.0', false],
    ['20.18.9', true],
    ['18.20.0', true],
    ['9.99.99', true],
  ])('of version %s is too old: %s', (version, old) => {
    expect(isOldNode(version)).toBe(old);
  });

  it('is as old as package.json says', () => {
    const { engines } = JSON.parse(readFileSync('package.json', 'utf8'));
    const [, oldest = ''] = /^>=(.*)$/.exec(engines.node) ?? [];
    expect(isOldNode(oldest)).toBe(false);
    const [major, minor] = oldest.split('.').map(Number);
    expect(isOldNode(`${major}.${(minor ?? 0) - 1}.99`)).toBe(true);
  });
});

describe('npm', () => {
  const before = process.env.npm_execpath;
  afterEach(() => {
    if (before === undefined) delete process.env.npm_execpath;
    else process.env.npm_execpath = before;
  });

  it('is the one that started this, run by this Node', () => {
    process.env.npm_execpath = '/opt/npm-cli.js';
    expect(npm(['ci'])).toEqual([process.execPath, ['/opt/npm-cli.js', 'ci']]);
  });

  it('is the one on the PATH otherwise', () => {
    delete process.env.npm_execpath;
    expect(npm(['ci'])).toEqual(['npm', ['ci']]);
  });

  it('is not another package manager', () => {
    process.env.npm_execpath = '/opt/other';
    expect(npm(['ci'])).toEqual(['npm', ['ci']]);
  });
});

describe('being the script that was started', () => {
  const [, before = ''] = process.argv;
  afterEach(() => {
    process.argv[1] = before;
  });

  it('holds through a link', () => {
    const root = tempDir();
    put(root, 'real.mjs', '');
    symlinkSync(join(root, 'real.mjs'), join(root, 'link.mjs'));
    process.argv[1] = join(root, 'link.mjs');
    expect(isMain(pathToFileURL(join(root, 'real.mjs')).href)).toBe(true);
  });

  it('does not hold for a module that is imported', () => {
    expect(isMain(import.meta.url)).toBe(false);
  });

  it('does not hold where there is no such file', () => {
    process.argv[1] = '/nowhere/a.mjs';
    expect(isMain('file:///nowhere/a.mjs')).toBe(false);
  });
});
