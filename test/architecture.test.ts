/** Holds the arrows of ARCHITECTURE.md, section 4, and shows for each kind of wrong import that it would be caught. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cruise } from '../scripts/arrows.mjs';
import { ROOT } from '../scripts/ensure.mjs';

/** Cruising all of `src` takes seconds, and twice that beside other tests. */
const TIMEOUT = 120_000;

describe('the imports of src', () => {
  it('go along the arrows', { timeout: TIMEOUT }, () => {
    const { cruised, violations } = cruise(ROOT);
    expect(violations).toEqual([]);
    expect(cruised).toBeGreaterThan(100);
  });
});

type Files = Readonly<Record<string, string>>;

const empty = 'export {};';
const wrong: readonly [name: string, files: Files, violation: RegExp][] = [
  [
    'util to protocol',
    { 'src/util/a.ts': "import '../protocol/b.ts';", 'src/protocol/b.ts': empty },
    /^arrow-util: src\/util\/a.ts -> src\/protocol\/b.ts$/,
  ],
  [
    'protocol to state, of a type only',
    {
      'src/protocol/a.ts': "import type { B } from '../state/b.ts';\nexport type A = B;",
      'src/state/b.ts': 'export type B = 1;',
    },
    /^arrow-protocol: /,
  ],
  ['state to journal', { 'src/state/a.ts': "import '../journal/b.ts';", 'src/journal/b.ts': empty }, /^arrow-state: /],
  ['journal to relay', { 'src/journal/a.ts': "import '../relay/b.ts';", 'src/relay/b.ts': empty }, /^arrow-journal: /],
  ['relay to http', { 'src/relay/a.ts': "import '../http/b.ts';", 'src/http/b.ts': empty }, /^arrow-relay: /],
  ['relay to client', { 'src/relay/a.ts': "import '../client/b.ts';", 'src/client/b.ts': empty }, /^relay-apart/],
  [
    'relay to client, round a corner',
    {
      'src/relay/a.ts': "import '../util/m.ts';",
      'src/util/m.ts': "import '../client/b.ts';",
      'src/client/b.ts': empty,
    },
    /^relay-apart-from-client: src\/relay\/a.ts -> src\/client\/b.ts$/,
  ],
  ['client to relay', { 'src/client/a.ts': "import '../relay/b.ts';", 'src/relay/b.ts': empty }, /^client-apart/],
  [
    'client to relay, when it is asked to',
    { 'src/client/a.ts': "export const b = () => import('../relay/b.ts');", 'src/relay/b.ts': empty },
    /^client-apart/,
  ],
  ['mcp to http', { 'src/mcp/a.ts': "import '../http/b.ts';", 'src/http/b.ts': empty }, /^arrow-mcp: /],
  ['mcp to relay', { 'src/mcp/a.ts': "import '../relay/b.ts';", 'src/relay/b.ts': empty }, /^arrow-mcp: /],
  ['config to client', { 'src/config/a.ts': "import '../client/b.ts';", 'src/client/b.ts': empty }, /^arrow-config: /],
  ['service to cli', { 'src/service/a.ts': "import '../cli/b.ts';", 'src/cli/b.ts': empty }, /^arrow-service: /],
  ['serve to cli', { 'src/serve/a.ts': "import '../cli/b.ts';", 'src/cli/b.ts': empty }, /^arrow-serve: /],
  ['cli to serve, at once', { 'src/cli/a.ts': "import '../serve/b.ts';", 'src/serve/b.ts': empty }, /^arrow-cli: /],
  [
    'protocol to a module of Node, round a corner',
    { 'src/protocol/a.ts': "import '../util/b.ts';", 'src/util/b.ts': "import 'node:fs';" },
    /^protocol-runs-in-a-browser: src\/protocol\/a.ts -> (node:)?fs$/,
  ],
  [
    'state to chance',
    { 'src/state/a.ts': "import { b } from '../util/random.ts';\nb;", 'src/util/random.ts': 'export const b = 1;' },
    /^state-is-deterministic: /,
  ],
  ['state to the disk', { 'src/state/a.ts': "import 'node:fs/promises';" }, /^state-touches-nothing: /],
  ['state to a socket', { 'src/state/a.ts': "import 'node:net';" }, /^state-touches-nothing: /],
  ['state to timers', { 'src/state/a.ts': "import 'node:timers/promises';" }, /^state-touches-nothing: /],
  ['a second place that opens databases', { 'src/relay/a.ts': "import 'node:sqlite';" }, /^one-database-driver: /],
  [
    'a second place that opens databases, hidden from the parser of imports',
    { 'src/relay/a.ts': "export const sqlite = process.getBuiltinModule('node:sqlite');" },
    /^one-database-driver: /,
  ],
  [
    'a circle',
    {
      'src/util/a.ts': "import { b } from './b.ts';\nexport const a = () => b;",
      'src/util/b.ts': "import { a } from './a.ts';\nexport const b = () => a;",
    },
    /^no-circle: src\/util\/a.ts -> src\/util\/b.ts$/,
  ],
  [
    'a folder without arrows',
    { 'src/helpers/a.ts': "import '../util/b.ts';", 'src/util/b.ts': empty },
    /^unknown-folder: /,
  ],
  ['src to a test', { 'src/util/a.ts': "import '../../test/b.ts';", 'test/b.ts': empty }, /^not-from-outside: /],
  ['a module that is not there', { 'src/util/a.ts': "import './b.ts';" }, /^resolves: src\/util\/a.ts -> /],
];

const right: readonly [name: string, files: Files][] = [
  [
    'cli to serve, when it is asked to',
    { 'src/cli/a.ts': "export const b = () => import('../serve/b.ts');", 'src/serve/b.ts': empty },
  ],
  ['http to mcp', { 'src/http/a.ts': "import '../mcp/b.ts';", 'src/mcp/b.ts': empty }],
  ['the one driver', { 'src/journal/driver.ts': "export const sqlite = process.getBuiltinModule('node:sqlite');" }],
  [
    'a circle of types only',
    {
      'src/util/a.ts': "import type { B } from './b.ts';\nexport type A = B | 1;",
      'src/util/b.ts': "import type { A } from './a.ts';\nexport type B = A[];",
    },
  ],
];

/** Each case in files of its own, so that one cruise does for all: `a.ts` of the third one becomes `a3.ts`. */
function numbered(files: Files, n: number): Files {
  const rename = (text: string) => text.replace(/\b([abm])\.ts/g, `$1${n}.ts`);
  return Object.fromEntries(Object.entries(files).map(([path, text]) => [rename(path), rename(text)]));
}

function plant(root: string, files: Files): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

describe('a planted import', () => {
  const roots: string[] = [];
  const violations: Record<'wrong' | 'right', readonly string[]> = { wrong: [], right: [] };

  function newRoot(): string {
    const root = mkdtempSync(join(tmpdir(), 'arrows-'));
    roots.push(root);
    return root;
  }

  function cruiseAll(files: readonly Files[]): readonly string[] {
    const root = newRoot();
    for (const [n, each] of files.entries()) plant(root, numbered(each, n));
    return cruise(root).violations;
  }

  beforeAll(() => {
    violations.wrong = cruiseAll(wrong.map(([, files]) => files));
    violations.right = cruiseAll(right.map(([, files]) => files));
  }, TIMEOUT);
  afterAll(() => {
    for (const root of roots) rmSync(root, { recursive: true });
  });

  it.each(wrong.map((entry, n) => [...entry, n] as const))('is caught: %s', (_name, _files, violation, n) => {
    const own = violations.wrong.filter((line) => new RegExp(`/[abm]${n}\\.ts ->`).test(line));
    const plain = own.map((line) => line.replace(/\b([abm])\d+\.ts/g, '$1.ts'));
    expect(plain).toContainEqual(expect.stringMatching(violation));
  });

  it('is allowed along an arrow', () => {
    expect(right.length).toBeGreaterThan(0);
    expect(violations.right).toEqual([]);
  });

  it('is found in a copy of the real src', { timeout: TIMEOUT }, () => {
    const root = newRoot();
    cpSync(join(ROOT, 'src'), join(root, 'src'), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
    plant(root, {
      'src/relay/planted.ts': "export { connection } from '../client/connection.ts';",
      'src/state/planted.ts': "import { systemClock } from '../util/clock.ts';\nexport const now = systemClock.now();",
      'src/protocol/planted.ts': "import { readFileSync } from 'node:fs';\nexport const read = readFileSync;",
    });
    expect(cruise(root).violations).toEqual(
      expect.arrayContaining([
        'arrow-relay: src/relay/planted.ts -> src/client/connection.ts',
        'state-is-deterministic: src/state/planted.ts -> src/util/clock.ts',
        expect.stringMatching(/^protocol-runs-in-a-browser: src\/protocol\/planted.ts -> (node:)?fs$/),
      ]),
    );
  });

  it('cannot hide behind a cruise of nothing', { timeout: TIMEOUT }, () => {
    const root = newRoot();
    plant(root, { 'src/util/notes.txt': 'no module' });
    expect(() => cruise(root)).toThrow('No module was cruised.');
  });

  it('cannot hide behind a cruise that broke', { timeout: TIMEOUT }, () => {
    expect(() => cruise(newRoot())).toThrow(/could not be cruised/);
  });
});
