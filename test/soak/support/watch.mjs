/**
 * Loaded into a process before its own program (`node --import`): tells how the process is, and what nobody caught in it. The program knows nothing of it.
 * Each is one JSON line, appended at once to a file of the process in SOAK_WATCH: who is killed has no last words.
 */
import { appendFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread } from 'node:worker_threads';
import { privateMemory } from '../../../bench/measure.mjs';

const { SOAK_WATCH = '.', SOAK_AS = '', SOAK_SAMPLE_MS = '10000' } = process.env;
const file = join(SOAK_WATCH, `${SOAK_AS}.${process.pid}.jsonl`);

/** @param {object} line */
function tell(line) {
  appendFileSync(file, `${JSON.stringify(line)}\n`);
}

/** Timers that may still fire. Node's own list leaves out those that do not keep the process alive, and the relay has no others. */
/** @type {Set<WeakRef<NodeJS.Timeout>>} */
const timers = new Set();

/**
 * The same function, whose timers are known here.
 * @template {(...args: any[]) => NodeJS.Timeout} F
 * @param {F} set @returns {F}
 */
function counted(set) {
  const counting = (/** @type {Parameters<F>} */ ...args) => {
    const timer = set(...args);
    timers.add(new WeakRef(timer));
    return timer;
  };
  return /** @type {F} */ (Object.defineProperties(counting, Object.getOwnPropertyDescriptors(set)));
}

function liveTimers() {
  for (const ref of timers) {
    const timer = /** @type {{ _destroyed: boolean } | undefined} */ (/** @type {unknown} */ (ref.deref()));
    if (!timer || timer._destroyed) timers.delete(ref);
  }
  return timers.size;
}

/** Looked at is what is held, not what has not been thrown away yet. */
function collector() {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc');
}

function watchResources() {
  const collect = collector();
  const sample = () => {
    const live = liveTimers();
    collect();
    const { heapUsed, external } = process.memoryUsage();
    tell({
      at: Date.now(),
      heap: heapUsed + external,
      memory: privateMemory(process.pid),
      descriptors: readdirSync('/proc/self/fd').length,
      timers: live,
      handles: process.getActiveResourcesInfo().filter((each) => each !== 'Timeout' && each !== 'Immediate').length,
    });
  };
  setInterval(sample, Number(SOAK_SAMPLE_MS)).unref();
  globalThis.setTimeout = counted(globalThis.setTimeout);
  globalThis.setInterval = counted(globalThis.setInterval);
}

/** Of these nobody has to do anything. */
const HARMLESS = ['ExperimentalWarning', 'DeprecationWarning'];

/** @param {string | symbol} event @param {readonly any[]} args @returns {string | undefined} */
function troubleIn(event, [what, origin]) {
  if (event === 'unhandledRejection') return event;
  // An unhandled rejection ends up here, too, where the program does not listen for it.
  if (event === 'uncaughtExceptionMonitor' && origin !== 'unhandledRejection') return 'uncaughtException';
  return event === 'warning' && !HARMLESS.includes(what?.name) ? what?.name : undefined;
}

/** Seen on its way, since a listener would change what becomes of it. */
function watchTroubles() {
  const { emit } = process;
  /** @param {string | symbol} event @param {...any} args */
  const watched = (event, ...args) => {
    const trouble = troubleIn(event, args);
    if (trouble) tell({ trouble, what: String(args[0]?.stack ?? args[0]) });
    return Reflect.apply(emit, process, [event, ...args]);
  };
  process.emit = watched;
}

watchTroubles();
if (isMainThread) watchResources();
