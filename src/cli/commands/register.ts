/**
 * `register NAME --pid PID`, hidden: what the shell function `claude-session` calls. stdout is the name and nothing else,
 * and only when it was registered, so that the function can export exactly what was checked here.
 */
import { checkName } from '../../protocol/address.ts';
import { RelayError } from '../../protocol/codes.ts';
import { systemClock } from '../../util/clock.ts';
import { EXIT, Failure } from '../../util/failure.ts';
import { processFacts } from '../../util/processes.ts';
import { safeJson } from '../../util/safe-text.ts';
import type { Command, Context } from '../command.ts';
import { type Registration, register } from '../registry.ts';

const MAX_PID = 2 ** 31 - 1;

export const registerCommand: Command = {
  name: 'register',
  summary: 'Register a session name for a shell; `claude-session` of shell-init calls it.',
  hidden: true,
  arguments: [{ name: 'name', sentence: 'the name of the session' }],
  options: [{ flag: '--pid', value: 'pid', sentence: 'the process that the name is for; the caller when left out' }],
  examples: [{ line: 'claude-relay register CC-1 --pid $$', says: 'take CC-1 for this shell', needs: 'nothing' }],
  async run(ctx) {
    const session = sessionOf(ctx);
    const warnings = await register({ home: ctx.config.settings.home, session, now: session.registered });
    for (const warning of warnings) ctx.out.warn(warning);
    ctx.out.raw(`${session.name}\n`);
    return EXIT.ok;
  },
};

function sessionOf({ given, cwd }: Context): Registration {
  const name = nameOf(given.required('name'));
  const pid = given.integer('--pid', { min: 1, max: MAX_PID }) ?? process.ppid;
  const facts = processFacts(pid);
  if (facts === undefined && process.platform !== 'win32') {
    throw new Failure('error', `There is no process ${pid}.`, 'Call claude-session from a shell with `shell-init`.');
  }
  const start = facts === undefined ? {} : { start: facts.start };
  return { name, pid, ...start, registered: systemClock.now(), cwd, program: facts?.program ?? 'unknown' };
}

function nameOf(word: string): string {
  try {
    return checkName(word);
  } catch (error) {
    if (!(error instanceof RelayError)) throw error;
    throw new Failure('usage', `${safeJson(word.slice(0, 80))} cannot be a session's name.`, error.message, error);
  }
}
