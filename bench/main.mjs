/**
 * `npm run bench`: measures every row of the table and what it is compared with, side by side; names as arguments measure
 * only those. Prints the figures, writes `bench/results.json` and `bench/README.md`, and ends with what falls short.
 * Everything runs under the Node that runs this; with `--node24`, under that one.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { ensure, isMain, ROOT, runScript } from '../scripts/ensure.mjs';
import { node24 } from '../scripts/node24.mjs';
import { runLoad } from './load/run.mjs';
import { benchReadme, kept, RESULTS } from './readme.mjs';
import { fallsShort, misses, short } from './row.mjs';

/** In the order of the table; the last three are for orientation. */
const ROWS = [
  'direct',
  'direct-64',
  'direct-4k',
  'stores',
  'single',
  'latency',
  'storm',
  'broadcast',
  'connections',
  'joins',
  'history',
  'start',
  'mcp',
  'hook',
  'disk',
  'socket-io',
  'growth',
];

const FILE = join(ROOT, RESULTS);
const MILLION = 1_000_000;

/**
 * @typedef {import('./row.mjs').Figure} Figure
 * @typedef {import('./readme.mjs').Results['rows']} Rows
 */

/** @param {readonly string[]} args */
function readArgs(args) {
  const number = (/** @type {string} */ name, /** @type {number} */ standard) => {
    const given = args.find((arg) => arg.startsWith(`--${name}=`));
    return given ? Number(given.slice(name.length + 3)) : standard;
  };
  const names = args.filter((arg) => !arg.startsWith('--'));
  const on24 = args.includes('--node24');
  const unknown = names.find((name) => !ROWS.includes(name));
  if (unknown) throw new Error(`There is no row named ${unknown}; there are ${ROWS.join(', ')}.`);
  return {
    on24,
    names: names.length > 0 ? ROWS.filter((name) => names.includes(name)) : ROWS,
    rounds: number('rounds', 7),
    seconds: number('seconds', 2),
  };
}

/** A million messages are stored once a run, by whichever row needs them first. */
class Million {
  /** @type {Promise<import('./row.mjs').Stored> | undefined} */
  #made;
  /** @type {string | undefined} */
  #dir;

  get() {
    this.#made ??= this.#make();
    return this.#made;
  }

  remove() {
    if (this.#dir) rmSync(this.#dir, { recursive: true, force: true });
  }

  async #make() {
    const { newDir, relayIn } = await import('./servers/start.mjs');
    const dir = newDir();
    this.#dir = dir;
    say('  (storing a million messages)');
    const { stop, ...server } = await relayIn(dir, { keep: true });
    const { name, key } = await runLoad('fill', { server, messages: MILLION, sessions: 64, bytes: 200 });
    // The full text is filled once it is quiet.
    await new Promise((resolve) => setTimeout(resolve, 15_000));
    await stop();
    return { dir, name, key, messages: MILLION };
  }
}

/** @param {string} text */
function say(text) {
  process.stdout.write(`${text}\n`);
}

/** @param {Figure} figure */
function line(figure) {
  const { what, value, unit, atLeast, lookFor, note } = figure;
  const wanted = atLeast === undefined ? '' : `  at least ${atLeast}, look for ${lookFor}`;
  const state = fallsShort(figure) ? '✗' : misses(figure) ? '·' : ' ';
  const shown = `${short(value)} ${unit}`.padStart(12);
  return ` ${state} ${what.padEnd(48)} ${shown}${wanted.padEnd(34)}${note ? `  (${note})` : ''}`;
}

/** @param {string} name @param {readonly Figure[]} figures */
function shortfalls(name, figures) {
  return figures.filter(fallsShort).map((figure) => `${name}: ${line(figure).trim()}`);
}

/** @returns {Rows} */
function earlier() {
  return existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')).rows : {};
}

/** @param {Rows} rows */
function write(rows) {
  const [cpu] = cpus();
  const machine = { cpu: cpu?.model.trim(), cpus: cpus().length, kernel: release() };
  const ordered = Object.fromEntries(ROWS.flatMap((name) => (rows[name] ? [[name, rows[name]]] : [])));
  writeFileSync(FILE, `${JSON.stringify({ machine, rows: ordered }, null, 2)}\n`);
  writeFileSync(join(ROOT, 'bench/README.md'), benchReadme(ROOT));
}

async function main() {
  const { on24, names, ...setup } = readArgs(process.argv.slice(2));
  if (on24) {
    const [, script = '', ...args] = process.argv;
    const rest = args.filter((arg) => arg !== '--node24');
    return spawnSync(node24(), [script, ...rest], { stdio: 'inherit' }).status ?? 1;
  }
  ensure();
  const million = new Million();
  const rows = earlier();
  /** @type {string[]} */
  const left = [];
  try {
    for (const name of names) {
      say(name);
      const { run } = await import(`./rows/${name}.mjs`);
      /** @type {Figure[]} */
      const figures = await run({ ...setup, stored: () => million.get() });
      rows[name] = kept(rows[name], { node: process.version, at: new Date().toISOString(), figures });
      for (const figure of figures) say(line(figure));
      left.push(...shortfalls(name, figures));
      write(rows);
    }
  } finally {
    million.remove();
  }
  say(left.length === 0 ? '\nNothing falls short.' : `\nThese fall short:\n${left.join('\n')}`);
  return 0;
}

if (isMain(import.meta.url)) {
  await runScript(main);
  // A server that a row left behind would hold this process.
  process.exit();
}
