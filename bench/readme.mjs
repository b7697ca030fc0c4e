/** `bench/README.md`: how to measure and how to read it, and of each row what its file says at its head and the last figures. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fallsShort, misses, short } from './row.mjs';

/**
 * @typedef {import('./row.mjs').Figure} Figure
 * @typedef {{ machine: { node: string, cpu?: string, cpus: number, kernel: string }, rows: Record<string, { at: string, figures: Figure[] }> }} Results
 */

export const RESULTS = 'bench/results.json';

const OPENING = `<!-- Written by \`npm run gen\` from ${RESULTS}. -->
# Benchmarks

    npm run bench                      every row, some twenty minutes; writes ${RESULTS}, and ends with what falls short
    npm run bench -- direct hook       only these
    npm run bench -- --rounds=3        fewer rounds than 7

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
  const where = `Last measured with Node ${machine.node} on ${machine.cpus} cores (${machine.cpu ?? 'unknown'}, Linux ${machine.kernel}).\n`;
  const sections = Object.entries(rows).map(([name, { at, figures }]) => {
    const head = headOf(readFileSync(join(root, `bench/rows/${name}.mjs`), 'utf8'));
    return `## ${name}\n\n${head}\n\n${table(figures)}\nOf ${at.slice(0, 10)}.\n`;
  });
  return [OPENING, where, ...sections].join('\n');
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

/** @param {readonly Figure[]} figures */
function table(figures) {
  const lines = figures.map((figure) => {
    const { what, value, unit, atLeast, lookFor, note } = figure;
    const mark = fallsShort(figure) ? '✗' : misses(figure) ? '·' : '';
    return `| ${mark} | ${what} | ${short(value)} ${unit} | ${atLeast ?? ''} | ${lookFor ?? ''} | ${note ?? ''} |`;
  });
  return `${['| | what | measured | at least | look for | ours : theirs |', '|---|---|---|---|---|---|', ...lines].join('\n')}\n`;
}
