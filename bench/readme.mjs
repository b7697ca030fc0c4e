/** `bench/README.md`: how to measure and how to read it, and of each row what its file says at its head and the last figures. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fallsShort, misses, short } from './row.mjs';

/**
 * @typedef {import('./row.mjs').Figure} Figure
 * @typedef {{ node: string, at: string, figures: Figure[] }} Measured with one Node, at a time
 * @typedef {{ machine: { cpu?: string, cpus: number, kernel: string }, rows: Record<string, Measured[]> }} Results
 */

export const RESULTS = 'bench/results.json';

const OPENING = `<!-- Written by \`npm run gen\` from ${RESULTS}. -->
# Benchmarks

    npm run bench                      every row, some twenty minutes; writes ${RESULTS}, and ends with what falls short
    npm run bench -- direct hook       only these
    npm run bench -- --rounds=3        fewer rounds than 7
    npm run bench -- --node24          under Node 24, and not under the Node that runs this

Ours, and all that is compared with it and runs in Node, run under the same Node. Where there are figures of two, those of the newer stand first:
Node 20 has its SQLite from a package; Node 24 has one of its own, and lets the part of memory that is new grow to four times as much, which counts with
\`connections\`.

Every figure with \`x\` is a ratio to what is named beside it, measured in the same run: the two take turns, and the ratio is the median over the
rounds. So it means something on a shared machine, too; what stands in parentheses (ours : theirs) means something on that machine and day only.
Of two that do not take turns (\`ms\`, \`MB\`, bytes) a busy machine makes the worse one.

\`✗\` misses what it must at least reach, \`·\` what we look for. A line without either is for orientation.
What we are compared with is started by the run: a bare \`ws\` relay (\`bench/servers/bare.mjs\`), Socket.IO, and \`nats-server\` and \`redis-server\` where they are installed.
Where it says *with a log*, that bare relay also writes what it passes on into one file and syncs it, and could find none of it again: about as
far as anything that syncs before it answers can come here.
`;

/** @param {string} root */
export function benchReadme(root) {
  const file = join(root, RESULTS);
  if (!existsSync(file)) throw new Error('Nothing was measured: npm run bench');
  /** @type {Results} */
  const { machine, rows } = JSON.parse(readFileSync(file, 'utf8'));
  const where = `Last measured on ${machine.cpus} cores (${machine.cpu ?? 'unknown'}, Linux ${machine.kernel}).\n`;
  const sections = Object.entries(rows).map(([name, measured]) => {
    const head = headOf(readFileSync(join(root, `bench/rows/${name}.mjs`), 'utf8'));
    const of = measured.map(({ node, at }) => `Node ${node}, ${at.slice(0, 10)}`);
    return `## ${name}\n\n${head}\n\n${table(measured)}\n${of.join('; ')}.\n`;
  });
  return [OPENING, where, ...sections].join('\n');
}

/** What is kept of a row: the last of each Node, the newest Node first. @param {readonly Measured[]} before @param {Measured} now */
export function kept(before = [], now) {
  const others = before.filter(({ node }) => majorOf(node) !== majorOf(now.node));
  return [...others, now].sort((a, b) => majorOf(b.node) - majorOf(a.node));
}

/** @param {string} node as in `process.version` */
function majorOf(node) {
  return Number(/^v(\d+)/.exec(node)?.[1]);
}

/** The comment that a file begins with. @param {string} text */
export function headOf(text) {
  const [, comment = ''] = /^\/\*\*([\s\S]*?)\*\//.exec(text) ?? [];
  return comment
    .split('\n')
    .map((line) => line.replace(/^ \* ?/, '').trim())
    .join('\n')
    .trim();
}

/** @param {readonly Measured[]} measured */
function table([first, ...others]) {
  const lines = (first?.figures ?? []).map((figure) => {
    const { what, value, unit, atLeast, lookFor, note } = figure;
    const beside = others.map(({ figures }) => cellOf(figures.find((each) => each.what === what)));
    const cells = [
      markOf(figure),
      what,
      `${short(value)} ${unit}`,
      atLeast ?? '',
      lookFor ?? '',
      note ?? '',
      ...beside,
    ];
    return rowOf(cells);
  });
  const head = ['', 'what', 'measured', 'at least', 'look for', 'ours : theirs'];
  const nodes = others.map(({ node }) => `Node ${majorOf(node)}`);
  return `${[rowOf([...head, ...nodes]), `|${'---|'.repeat(head.length + nodes.length)}`, ...lines].join('\n')}\n`;
}

/** @param {readonly (string | number)[]} cells */
function rowOf(cells) {
  return `| ${cells.join(' | ')} |`;
}

/** @param {Figure} figure */
function markOf(figure) {
  return fallsShort(figure) ? '✗' : misses(figure) ? '·' : '';
}

/** @param {Figure | undefined} figure */
function cellOf(figure) {
  return figure ? `${markOf(figure)} ${short(figure.value)} ${figure.unit}`.trim() : '';
}
