/**
 * SECURITY.md: each row of the threats with what stops it, what proves that, and the figures of the last recorded run. A test
 * of `test/security` belongs to the row that its name begins with; other tests are named by the row itself.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RESULTS } from './security.mjs';

const FOLDER = 'test/security';
const ROWS = `${FOLDER}/rows.json`;

/**
 * @typedef {{ row: string, attack: string, mitigation: string, tests: string[] }} Row
 * @typedef {import('./security.mjs').Results} Results
 */

const HEAD = `# Security

What might be done to a relay and its sessions, what stops it, and the test that proves it. This page is generated from \`${ROWS}\`
and from the figures of a run: \`npm run test:security -- --record\`, then \`npm run gen\`.

## To report something

Write to the maintainers through the repository's private security advisories, not in a public issue. Say the version
(\`claude-relay --version\`), what you did and what happened. You hear from us within three days.

## What is out of reach

- **root, and whoever runs as you.** A process of the same user can read the token and trace our processes.
- **A model that believes a peer.** What a permitted peer writes is read by a model; we bound the damage, not the belief.
- **The relay's own disk.** Messages lie there in the clear: whoever owns the relay reads them, and could write others.
- **Physical access and backups of the state directory.** They hold the token.
- **Clients of the first generation** (\`serve --legacy\`) show no token: whoever reaches the loopback, as any user, may be one.
`;

/** @param {string} root */
export function securityPage(root) {
  /** @type {Row[]} */
  const rows = JSON.parse(readFileSync(join(root, ROWS), 'utf8'));
  const files = readdirSync(join(root, FOLDER)).filter((name) => name.endsWith('.security.ts'));
  const missing = rows.flatMap(({ tests }) => tests).find((path) => !existsSync(join(root, path)));
  if (missing) throw new Error(`${ROWS} names ${missing}, which is not there.`);
  const results = join(root, RESULTS);
  return renderPage(rows, files.sort(), existsSync(results) ? JSON.parse(readFileSync(results, 'utf8')) : undefined);
}

/**
 * Throws for a test without a row: it would prove nothing that anybody can find; and for figures without a test.
 * @param {readonly Row[]} rows @param {readonly string[]} files @param {Results | undefined} results
 */
export function renderPage(rows, files, results) {
  const known = new Set(rows.map(({ row }) => row));
  const stray = files.find((file) => !known.has(rowOf(file)));
  if (stray) throw new Error(`${stray} is of no row in ${ROWS}; add ${rowOf(stray)} there.`);
  const tested = new Set(files.map(rowOf));
  const stale = Object.keys(results?.threats ?? {}).find((row) => !tested.has(row));
  if (stale) throw new Error(`${RESULTS} has figures of ${stale}, which has no test in ${FOLDER}.`);
  const untold = results && [...tested].find((row) => !results.threats[row]);
  if (untold) throw new Error(`${RESULTS} has no figures of ${untold}: run \`npm run test:security -- --record\`.`);
  const lines = rows.map((row) => line(row, files, results?.threats[row.row]));
  const run =
    results && `\nFigures of ${results.at}: Node ${results.node}, ${results.cpus} cores, ${results.seconds} s.\n`;
  return [
    HEAD,
    '## The rows\n',
    '| | attack | what stops it | proof | figures |',
    '|---|---|---|---|---|',
    ...lines,
    run ?? '',
  ].join('\n');
}

/** `t05-guessing.security.ts` → `T5` @param {string} file */
function rowOf(file) {
  return `T${Number(/^t(\d+)/.exec(file)?.[1])}`;
}

/** @param {Row} row @param {readonly string[]} files @param {Record<string, number | string> | undefined} figures */
function line({ row, attack, mitigation, tests }, files, figures) {
  const own = files.filter((file) => rowOf(file) === row).map((file) => `${FOLDER}/${file}`);
  const proof = [...own, ...tests].map((path) => `[${nameOf(path)}](${path})`).join(', ') || 'not yet';
  const told = Object.entries(figures ?? {}).map(([name, value]) => `${name} ${value}`);
  return `| ${row} | ${attack} | ${mitigation} | ${proof} | ${told.join(', ')} |`;
}

/** @param {string} path */
function nameOf(path) {
  return path.slice(path.lastIndexOf('/') + 1).replace(/\.(security|test)\.ts$/, '');
}
