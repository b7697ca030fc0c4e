/**
 * Loaded into a process before anything else (`--require`): writes down which files it opens for writing, makes, moves or
 * removes, and which programs it starts. One JSON line each, into the file that TRAP_LOG names.
 */
const fs = require('node:fs');
const processes = require('node:child_process');
const { syncBuiltinESMExports } = require('node:module');

const log = fs.openSync(process.env.TRAP_LOG ?? '', 'a');

/** @param {string} what @param {readonly unknown[]} args */
function noted(what, args) {
  const named = args.slice(0, 2).filter((arg) => typeof arg === 'string' || arg instanceof URL);
  fs.writeSync(log, `${JSON.stringify({ what, args: named })}\n`);
}

/** @param {object} owner @param {string} name @param {(args: readonly unknown[]) => boolean} [matters] */
function trap(owner, name, matters = () => true) {
  const original = Reflect.get(owner, name);
  /** @this {unknown} @param {readonly unknown[]} args */
  function trapped(...args) {
    if (matters(args)) noted(name, args);
    return Reflect.apply(original, this, args);
  }
  Reflect.set(owner, name, trapped);
}

const CHANGES = ['writeFile', 'appendFile', 'mkdir', 'mkdtemp', 'rename', 'rm', 'rmdir', 'unlink', 'copyFile', 'cp'];
const LINKS = ['symlink', 'link', 'chmod', 'chown', 'truncate', 'utimes'];
for (const name of [...CHANGES, ...LINKS]) {
  const isNamed = (/** @type {readonly unknown[]} */ [path]) => typeof path !== 'number';
  trap(fs, name, isNamed);
  trap(fs, `${name}Sync`, isNamed);
  trap(fs.promises, name, isNamed);
}
const isForWriting = (/** @type {readonly unknown[]} */ [, flags]) =>
  flags !== undefined && flags !== 'r' && flags !== fs.constants.O_RDONLY;
trap(fs, 'open', isForWriting);
trap(fs, 'openSync', isForWriting);
trap(fs.promises, 'open', isForWriting);
trap(fs, 'createWriteStream');
for (const name of ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork'])
  trap(processes, name);
syncBuiltinESMExports();
noted('ready', []);
