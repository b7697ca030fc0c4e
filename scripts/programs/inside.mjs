/**
 * Runs in the new namespaces, before the tests: brings the loopback up and puts another directory in the place of /tmp,
 * where agent programs keep sockets by process id, which are small numbers here. Then runs the command, with its exit code.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { isMain, runScript } from '../ensure.mjs';

const TMP = '/tmp';

/** @param {string} program @param {readonly string[]} args */
function must(program, args) {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (status === 0) return;
  throw new Error(error?.message ?? (stderr.trim() || `${program} ${args.join(' ')} failed`));
}

/** What lies in the /tmp that goes out of sight, and is needed: at the same path in the new one. @param {string} tmp @param {string} path */
function keep(tmp, path) {
  const below = relative(TMP, path);
  if (below === '' || below.startsWith('..')) return;
  const place = join(tmp, below);
  if (statSync(path).isDirectory()) mkdirSync(place, { recursive: true });
  else {
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, '', { flag: 'a' });
  }
  must('mount', ['--bind', path, place]);
}

function main() {
  const { values, positionals } = parseArgs({
    options: { tmp: { type: 'string', default: TMP }, keep: { type: 'string', multiple: true, default: [] } },
    allowPositionals: true,
  });
  const [program = '', ...args] = positionals;
  must('ip', ['link', 'set', 'lo', 'up']);
  for (const path of values.keep) keep(values.tmp, path);
  must('mount', ['--rbind', values.tmp, TMP]);
  const { status, error } = spawnSync(program, args, { stdio: 'inherit' });
  if (error) throw error;
  return status ?? 1;
}

if (isMain(import.meta.url)) await runScript(main);
