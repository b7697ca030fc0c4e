/**
 * `hook` as an agent program runs it at each of its events, beside a session process that has nothing to say: from the start
 * to the end, against a bare `node` that ends at once.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../../scripts/ensure.mjs';
import { alternate, median, medianRatio } from '../measure.mjs';
import { short } from '../row.mjs';
import { startRelay } from '../servers/start.mjs';
import { startSession } from './mcp.mjs';

/** As `install` writes it into an agent program, and by its name. */
const HOOK = join(ROOT, 'dist/hook.cjs');
const CLI = join(ROOT, 'dist/cli.mjs');
const INPUT = JSON.stringify({ session_id: 'bench', hook_event_name: 'PostToolUse', cwd: ROOT, tool_name: 'Bash' });

/** @type {import('../row.mjs').Run} */
export async function run(setup) {
  const relay = await startRelay();
  const session = await startSession(relay.dir);
  const {
    ours = [],
    named = [],
    theirs = [],
  } = await alternate(setup.rounds * 3, {
    ours: () => ended([HOOK, 'claude-code', 'PostToolUse'], relay.dir),
    named: () => ended([CLI, 'hook', 'claude-code', 'PostToolUse'], relay.dir),
    theirs: () => ended(['-e', ''], relay.dir),
  });
  await session.end();
  await relay.stop();
  return [
    {
      what: 'start to end',
      value: medianRatio(ours, theirs),
      unit: 'x',
      atLeast: 1.5,
      lookFor: 1.2,
      better: 'less',
      note: `${short(median(ours))} : ${short(median(theirs))} ms`,
    },
    {
      what: 'the same, as `claude-relay hook`',
      value: medianRatio(named, theirs),
      unit: 'x',
      note: `${short(median(named))} ms`,
    },
  ];
}

/** @param {readonly string[]} args @param {string} home @returns {Promise<number>} milliseconds */
async function ended(args, home) {
  const env = { PATH: process.env.PATH, CLAUDE_RELAY_HOME: home };
  const start = performance.now();
  const child = spawn(process.execPath, args, { cwd: home, env, stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.end(INPUT);
  await new Promise((resolve) => child.once('exit', resolve));
  return performance.now() - start;
}
