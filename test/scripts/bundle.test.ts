import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeDist } from '../../scripts/build.mjs';
import {
  bundle,
  bundledPackages,
  carried,
  entries,
  heavyInMcp,
  loadedAtStart,
  packageOf,
} from '../../scripts/bundle.mjs';
import { BUILT_FROM } from '../../scripts/ensure.mjs';
import { tempDir } from '../support/temp-dir.ts';

function sources(files: Readonly<Record<string, string>>): string {
  const root = tempDir();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const chunk = (fileName: string, imports: string[] = [], moduleIds: string[] = []) => ({
  fileName,
  imports,
  moduleIds,
});

describe('the entries', () => {
  it('are the files right in src, and the folders with a main', () => {
    const root = sources({
      'src/cli/main.ts': '',
      'src/serve.ts': '',
      'src/serve/log.ts': '',
      'src/util/clock.ts': '',
    });
    expect(entries(root)).toEqual({ cli: join(root, 'src/cli/main.ts'), serve: join(root, 'src/serve.ts') });
  });

  it('are not worth a build without the command itself', () => {
    expect(() => entries(sources({ 'src/mcp/main.ts': '' }))).toThrow('src/cli/main.ts is not there');
  });
});

describe('what an entry loads at its start', () => {
  const chunks = [
    chunk('mcp.mjs', ['chunks/a.mjs', 'node:fs']),
    chunk('chunks/a.mjs', ['chunks/b.mjs']),
    chunk('chunks/b.mjs', ['chunks/a.mjs']),
    chunk('chunks/lazy.mjs'),
  ];

  it('is all that it imports, round circles too, and not what waits for a dynamic import', () => {
    expect(loadedAtStart(chunks, 'mcp.mjs').map(({ fileName }) => fileName)).toEqual([
      'mcp.mjs',
      'chunks/a.mjs',
      'chunks/b.mjs',
    ]);
  });

  const commander = '/p/node_modules/commander/lib/command.js';
  const heavy: readonly [what: string, chunks: Parameters<typeof heavyInMcp>[0], found: readonly string[]][] = [
    ['itself', [chunk('mcp.mjs', [], [commander])], ['commander (through mcp.mjs)']],
    [
      'a chunk of a chunk',
      [chunk('mcp.mjs', ['a.mjs']), chunk('a.mjs', ['b.mjs']), chunk('b.mjs', [], [commander])],
      ['commander (through b.mjs)'],
    ],
    [
      'a package that stays outside',
      [chunk('mcp.mjs', ['@photostructure/sqlite'])],
      ['@photostructure/sqlite (through mcp.mjs)'],
    ],
    [
      'a package with a scope',
      [chunk('mcp.mjs', [], ['/p/node_modules/@hono/node-server/dist/index.mjs'])],
      ['@hono/node-server (through mcp.mjs)'],
    ],
    ['nothing: only the command line has it', [chunk('mcp.mjs'), chunk('cli.mjs', [], [commander])], []],
    ['nothing: it is another package', [chunk('mcp.mjs', [], ['/p/node_modules/hono-like/a.js'])], []],
  ];
  it.each(heavy)('is found to be heavy through %s', (_what, list, found) => {
    expect(heavyInMcp(list)).toEqual(found);
  });
});

describe('the package of a module', () => {
  it.each([
    ['/p/node_modules/ws/lib/socket.js', 'ws'],
    ['/p/node_modules/@a/b/dist/c.js', '@a/b'],
    ['/p/node_modules/a/node_modules/b/c.js', 'b'],
    ['/p/src/util/clock.ts', undefined],
  ])('%s is %s', (path, name) => {
    expect(packageOf(path)).toBe(name);
  });
});

describe('a package inside another', () => {
  it('is told from the comments that a bundler leaves', () => {
    const source = [
      '//#region ../../node_modules/.pnpm/content-type@1.0.5/node_modules/content-type/index.js',
      '//#region ../../node_modules/.pnpm/content-type@1.0.5/node_modules/content-type/other.js',
      '//#region ../../node_modules/.pnpm/@a+b@2.0.0_peer@1.0.0/node_modules/@a/b/index.js',
      '//#region src/own.ts',
      'const text = "node_modules/.pnpm/no@1.0.0/node_modules/no";',
    ];
    expect(carried(source.join('\n'))).toEqual(['content-type@1.0.5', '@a/b@2.0.0']);
  });

  it('is known where there are none', () => {
    expect(carried('', '@secretlint/secretlint-rule-preset-recommend')).toContain('lodash.uniq@4.5.0');
    expect(carried('', 'another')).toEqual([]);
  });
});

describe('the rules for secrets', () => {
  it('come without what opens key files, and not before the first send', { timeout: 120_000 }, async () => {
    const chunks = await bundle();
    const withRules = chunks.filter(({ moduleIds }) =>
      moduleIds.some((id) => packageOf(id)?.startsWith('@secretlint/')),
    );
    // The relay has them in its own file, for its log.
    const apart = withRules.filter(({ fileName }) => fileName !== 'serve.mjs');
    expect([apart.length, withRules.length]).toEqual([1, 2]);
    expect(apart[0]?.code.length).toBeLessThan(200 * 1024);
    expect(chunks.flatMap(({ moduleIds }) => moduleIds).join('\n')).not.toContain('index-BDnqZat0');
    const names = loadedAtStart(chunks, 'mcp.mjs').map(({ fileName }) => fileName);
    expect(names).toContain('mcp.mjs');
    for (const { fileName } of withRules) expect(names).not.toContain(fileName);
    // A session that started before an update finds it under the same name.
    const atStart = chunks.filter(({ fileName }) => names.includes(fileName));
    expect(atStart.flatMap(({ dynamicImports }) => dynamicImports)).toContain('secrets.mjs');
  });
});

describe('the bundle', () => {
  const files = {
    'src/cli/main.ts':
      "if (process.argv[2] === 'mcp') await import('../mcp/main.ts');\nelse console.log('cli', process.argv[2]);",
    'src/mcp/main.ts': "import { wait } from '../util/wait.ts';\nconsole.log(wait satisfies string);",
    'src/util/wait.ts': "import { dep } from 'dep';\nexport const wait: string = dep;",
    'node_modules/dep/package.json': '{"name":"dep","version":"1.0.0","type":"module","exports":"./index.js"}',
    'node_modules/dep/index.js': "export const dep = 'from dep';",
  };

  it('has the command first in line for a shell, and nothing else', async () => {
    const chunks = await bundle(sources(files));
    const shebang = chunks
      .filter(({ code }) => code.startsWith('#!/usr/bin/env node\n'))
      .map(({ fileName }) => fileName);
    expect(shebang).toEqual(['cli.mjs']);
  });

  it('is ASCII, and says the same', async () => {
    const code = "const [s, t, r] = ['→ 😀', `é’`, /^[😀é]+$/u];\nconsole.log(s, t, r.test('é😀'));";
    const chunks = await bundle(sources({ 'src/cli/main.ts': code }));
    const [cli] = chunks;
    expect(cli?.code).not.toMatch(/[\u0080-\uffff]/);
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', cli?.code ?? ''], {
      encoding: 'utf8',
    });
    expect(stdout).toBe('→ 😀 é’ true\n');
  });

  it('takes packages in, and knows which', async () => {
    const root = sources(files);
    const chunks = await bundle(root);
    expect(bundledPackages(root, chunks)).toEqual(['node_modules/dep']);
    expect(chunks.map(({ code }) => code).join('')).toContain('from dep');
  });

  it('reaches one entry from the other without loading it before', async () => {
    const chunks = await bundle(sources(files));
    expect(loadedAtStart(chunks, 'cli.mjs').flatMap(({ moduleIds }) => moduleIds.map(packageOf))).not.toContain('dep');
    expect(chunks.find(({ fileName }) => fileName === 'cli.mjs')?.dynamicImports).toEqual(['mcp.mjs']);
  });

  it('has what is copied to an agent program in one file each, and shares nothing with it', async () => {
    const root = sources({
      ...files,
      'src/some-plugin.ts': "import { wait } from './util/wait.ts';\nexport const Plugin = () => wait;",
      'src/some-extension.ts': "import { wait } from './util/wait.ts';\nconsole.log(wait);",
    });
    const chunks = await bundle(root);
    const alone = chunks.filter(({ fileName }) => /plugin|extension/.test(fileName));
    expect(alone.map(({ fileName }) => fileName).sort()).toEqual(['some-extension.mjs', 'some-plugin.mjs']);
    for (const { imports, dynamicImports, code } of alone) {
      expect([imports, dynamicImports]).toEqual([[], []]);
      expect(code).toContain('from dep');
    }
    expect(alone.find(({ fileName }) => fileName === 'some-plugin.mjs')?.exports).toEqual(['Plugin']);
  });

  it.each([
    ['a part that is loaded later', "export const Plugin = () => import('./util/wait.ts');"],
    ['a package that stays outside', "import '@photostructure/sqlite';\nexport const Plugin = 1;"],
  ])('is not made with a plugin that would miss %s', async (_what, code) => {
    const root = sources({ ...files, 'src/some-plugin.ts': code });
    await expect(bundle(root)).rejects.toThrow(/^some-plugin is one file, and would miss /);
  });

  it('is not made of what cannot be resolved', async () => {
    const root = sources({ 'src/cli/main.ts': "import 'not-installed';" });
    await expect(bundle(root)).rejects.toThrow(/not-installed/);
  });
});

describe('writing dist', () => {
  const first = [
    { fileName: 'cli.mjs', code: 'cli 1' },
    { fileName: 'chunks/old.mjs', code: 'old' },
  ];

  it('leaves the files, the mode of the command, and what they were built from', () => {
    const root = tempDir();
    writeDist(root, first, 'hash');
    expect(readFileSync(join(root, 'dist/chunks/old.mjs'), 'utf8')).toBe('old');
    expect(statSync(join(root, 'dist/cli.mjs')).mode & 0o777).toBe(0o755);
    expect(readFileSync(join(root, BUILT_FROM), 'utf8')).toBe('hash\n');
  });

  it('removes what an earlier build left', () => {
    const root = tempDir();
    writeDist(root, [...first, { fileName: 'old.mjs', code: '' }], 'a');
    writeDist(
      root,
      [
        { fileName: 'cli.mjs', code: 'cli 2' },
        { fileName: 'chunks/new.mjs', code: 'new' },
      ],
      'b',
    );
    expect(readFileSync(join(root, 'dist/cli.mjs'), 'utf8')).toBe('cli 2');
    expect(existsSync(join(root, 'dist/chunks/new.mjs'))).toBe(true);
    expect(['dist/chunks/old.mjs', 'dist/old.mjs'].filter((path) => existsSync(join(root, path)))).toEqual([]);
  });

  it('does not pass for finished when it broke off', () => {
    const root = tempDir();
    writeDist(root, first, 'a');
    mkdirSync(join(root, 'dist/chunks/broken.mjs.new'));
    expect(() => writeDist(root, [...first, { fileName: 'chunks/broken.mjs', code: '' }], 'b')).toThrow();
    expect(existsSync(join(root, BUILT_FROM))).toBe(false);
  });
});
