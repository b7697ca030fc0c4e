/**
 * Configurations as people have them, for every file that an installer changes: the same content in many layouts, and what
 * may stand where the file should be.
 */
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { TOML_TEXTS } from './toml-texts.ts';

/** What a file of a program may be written like. */
export type Format = 'json' | 'json with comments' | 'jsonc' | 'toml' | 'ours';

/** Makes the file at `path`, or what stands for it. */
export type Sample = readonly [name: string, make: (path: string) => void];

export function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

type Layout = readonly [name: string, text: (value: object) => string];

const pretty = (value: object, space: number | string): string => JSON.stringify(value, undefined, space);
const oneLine = (value: object): string => pretty(value, 1).replace(/\n */g, ' ');
const reversed = (value: object): object => Object.fromEntries(Object.entries(value).reverse());

/** Every object and list in it without what it holds, to the second level. */
function emptied(value: object): object {
  const inner = ([name, each]: [string, unknown]) => [
    name,
    Array.isArray(each) ? [] : isObject(each) ? emptied(each) : each,
  ];
  return Object.fromEntries(Object.entries(value).map(inner));
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

const STRICT: readonly Layout[] = [
  ['an empty file', () => ''],
  ['a file of white space', () => ' \n\t\n'],
  ['an empty object', () => '{}'],
  ['an empty object of two lines', () => '{\n}\n'],
  ['two spaces', (value) => `${pretty(value, 2)}\n`],
  ['four spaces, CRLF', (value) => `${pretty(value, 4)}\n`.replaceAll('\n', '\r\n')],
  ['tabs, no final line break', (value) => pretty(value, '\t')],
  ['minified', (value) => JSON.stringify(value)],
  ['one line', oneLine],
  ['one line, then two empty ones', (value) => `${oneLine(value)}\n\n`],
  ['odd order', (value) => pretty(reversed(value), 3)],
  ['odd white space', (value) => pretty(value, 2).replaceAll(': ', '  :\t').replaceAll(',\n', ' ,\n\n')],
  ['the opening braces of another school', (value) => pretty(value, 2).replaceAll(/: ([{[])\n/g, ':\n  $1\n')],
  ['empty containers', (value) => pretty(emptied(value), 2)],
  ['empty containers, one line', (value) => JSON.stringify(emptied(value))],
  ['members twice', (value) => `{"x": {"y": 1}, ${pretty(value, 2).slice(1, -1)}, "x": {}}`],
  [
    'numbers and letters as nobody writes them',
    (value) =>
      `{"n": [1.0, -0, 1E400, 12345678901234567890], "\\u0061\\/": "\\u00e9é\u{1f600}", ${pretty(value, 2).slice(1)}`,
  ],
];

const COMMENTS: readonly Layout[] = [
  ['comments before and after', (value) => `// one\n/* two */\n${pretty(value, 2)}\n// three`],
  [
    'a comment at the end of every line',
    (value) =>
      pretty(value, 2)
        .replaceAll(/([[{,])\n/g, '$1 // x { "\n')
        .replace(/\n}$/, ' // last\n}'),
  ],
  ['comments between everything', (value) => pretty(value, 2).replaceAll('\n', '\n  /* a, "b" // */ \n')],
  [
    'comments in empty containers',
    (value) => pretty(emptied(value), 2).replaceAll('{}', '{ /* none */ }').replaceAll('[]', '[\n// none\n]'),
  ],
  ['a member commented out', (value) => pretty(value, 2).replace(/\n}$/, '\n  // , "relay": {}\n}')],
];

const TRAILING: readonly Layout[] = [
  ['trailing commas', (value) => pretty(value, 2).replaceAll(/([^[{,\s])\n( *)([\]}])/g, '$1,\n$2$3')],
  [
    'trailing commas before comments',
    (value) => pretty(value, 4).replaceAll(/([^[{,\s])\n( *)([\]}])/g, '$1, // x\n$2/* y */ $3'),
  ],
  ['a trailing comma in one line', (value) => oneLine(value).replace(/ }$/, ', }')],
];

const LAYOUTS: Readonly<Record<Exclude<Format, 'toml' | 'ours'>, readonly Layout[]>> = {
  json: STRICT,
  'json with comments': [...STRICT, ...COMMENTS],
  jsonc: [...STRICT, ...COMMENTS, ...TRAILING],
};

/** Where the file is not just a file. `text` is an ordinary one. */
function places(text: string): Sample[] {
  return [
    ['no file', () => undefined],
    ['its directory, empty', (path) => mkdirSync(dirname(path), { recursive: true })],
    ['a neighbour', (path) => write(join(dirname(path), 'neighbour.json'), '{}')],
    ['readable by all', (path) => withMode(path, text, 0o644)],
    ['readable by few', (path) => withMode(path, text, 0o600)],
    ['executable, of all things', (path) => withMode(path, text, 0o775)],
    ['a link', (path) => linked(path, text)],
    ['a link to a link', (path) => linkedTwice(path, text)],
    ['a link to nothing', linkedToNothing],
    ['a directory that is a link', (path) => linkedDirectory(path, text)],
  ];
}

function withMode(path: string, text: string, mode: number): void {
  write(path, text);
  chmodSync(path, mode);
}

function linkedTwice(path: string, text: string): void {
  linked(`${path}.second`, text);
  symlinkSync(`${path}.second`, path);
}

function linkedToNothing(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync('nothing.here', path);
}

/** A relative link into a directory of dotfiles. */
function linked(path: string, text: string): void {
  const real = join(dirname(path), 'dotfiles', 'real');
  write(real, text);
  symlinkSync(relative(dirname(path), real), path);
}

function linkedDirectory(path: string, text: string): void {
  const dir = dirname(path);
  write(join(`${dir}.real`, 'inner', 'x'), text);
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dirname(dir), { recursive: true });
  symlinkSync(`${dir}.real/inner`, dir);
  write(path, text);
}

/** `theirs` is what the user has in the file. */
export function samplesOf(format: Format, theirs: object, takesMark: boolean): Sample[] {
  const texts = format === 'toml' ? TOML_TEXTS : format === 'ours' ? [] : laidOut(LAYOUTS[format], theirs);
  const ordinary = format === 'toml' ? 'model = "x"\n' : pretty(theirs, 2);
  const all = takesMark ? [...texts, ['a byte order mark', `\ufeff${ordinary}`] as const] : texts;
  const around = format === 'ours' ? places(ordinary).slice(0, 3) : places(ordinary);
  return [...around, ...all.map(([name, text]): Sample => [name, (path) => write(path, text)])];
}

function laidOut(layouts: readonly Layout[], theirs: object): (readonly [string, string])[] {
  return layouts.map(([name, text]) => [name, text(theirs)] as const);
}

/** Every file, directory and link below, with its mode and what it holds. */
export function snapshot(dir: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of readdirSync(dir).sort()) {
    const path = join(dir, name);
    const stats = lstatSync(path);
    const mode = (stats.mode & 0o7777).toString(8);
    if (stats.isSymbolicLink()) found[path] = `link to ${readlinkSync(path)}`;
    else if (stats.isDirectory()) Object.assign(found, { [path]: `directory ${mode}` }, snapshot(path));
    else found[path] = `${mode} ${readFileSync(path, 'base64')}`;
  }
  return found;
}
