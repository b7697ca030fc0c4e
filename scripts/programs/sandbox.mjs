/**
 * The place that agent programs run in: a network with nothing but a loopback, processes that die with it, a /tmp of
 * its own, and no variable of whoever runs the tests. Made by root, or by a user where the kernel lets users do that.
 */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { ROOT } from '../ensure.mjs';

const INSIDE = join(ROOT, 'scripts/programs/inside.mjs');
const NAMESPACES = ['--net', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child'];
const USER = ['--user', '--map-root-user'];
/** The first process of a pid namespace has to collect those that lost their parent, and Node does not; a shell does. */
const INIT = ['sh', '-c', '"$@"; exit $?', 'sh'];

/**
 * @typedef {object} Sandbox
 * @property {readonly string[]} as flags that its maker needs
 *
 * @typedef {(program: string, args: readonly string[]) => { status: number | null, stderr: string, error?: Error }} Run
 *
 * @typedef {object} Task
 * @property {string} tmp the directory that is /tmp inside
 * @property {readonly string[]} [keep] what stays where it is although it lies in /tmp
 * @property {readonly string[]} command
 */

/**
 * Answers with how one can be made here, or with the reason why none can.
 * @param {{ platform?: string, run?: Run }} [options] @returns {Sandbox | { why: string }}
 */
export function findSandbox({ platform = process.platform, run = runQuietly } = {}) {
  if (platform !== 'linux') return { why: 'namespaces are a thing of Linux' };
  const reasons = [];
  for (const as of [[], USER]) {
    const [program, ...args] = commandLine({ as }, { tmp: '/tmp', command: ['true'] });
    const { status, stderr, error } = run(program, args);
    if (status === 0) return { as };
    reasons.push(error ? error.message : stderr.trim().split('\n').at(-1));
  }
  return { why: `no namespaces can be made: ${reasons.join('; ')}` };
}

/**
 * What to run to have a command run in there. Without variables but a PATH, and those of `env`.
 * @param {Sandbox} sandbox @param {Task} task @param {Readonly<Record<string, string>>} env
 * @returns {[string, ...string[]]}
 */
export function commandLine({ as }, { tmp, keep = [], command }, env = {}) {
  const variables = Object.entries({ PATH: searchPath(), LANG: 'C.UTF-8', TERM: 'xterm-256color', ...env });
  const kept = keep.flatMap((path) => ['--keep', path]);
  return [
    'env',
    ...['-i', ...variables.map(([name, value]) => `${name}=${value}`)],
    ...['unshare', ...as, ...NAMESPACES, '--', ...INIT],
    ...[process.execPath, INSIDE, '--tmp', tmp, ...kept, '--', ...command],
  ];
}

/** @type {Run} */
function runQuietly(program, args) {
  return spawnSync(program, args, { encoding: 'utf8' });
}

/** Node, and what every Linux has. */
function searchPath() {
  return [dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin'].join(':');
}
