/** `resume`: which sessions that have ended may be woken for their mail, and the waker that does it. */
import { programById } from '../../agents/programs.ts';
import { type Conversation, conversationOf, conversations } from '../../config/conversations.ts';
import { ensureHome } from '../../config/paths.ts';
import { whyNot } from '../../resume/obstacle.ts';
import { type Policy, policyFor, writePolicy } from '../../resume/policy.ts';
import { Waker } from '../../resume/waker.ts';
import { Watch } from '../../resume/watch.ts';
import { systemClock } from '../../util/clock.ts';
import { EXIT, Failure } from '../../util/failure.ts';
import { ensurePrivateDir } from '../../util/files.ts';
import { withLock } from '../../util/lock.ts';
import { endGroup, runGroup } from '../../util/run-group.ts';
import type { Argument, Command, Context } from '../command.ts';
import type { Cell } from '../output.ts';
import { hereOf, RelayMail, refuseVariable } from '../waker.ts';
import { duration, when } from '../words.ts';

const NAME: Argument = { name: 'name', sentence: 'of a session that ran on this machine' };
const MINUTE = 60_000;
const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: MINUTE, h: 60 * MINUTE, d: 24 * 60 * MINUTE };
const LIMIT_MINUTES = 10;

const allow: Command = {
  name: 'allow',
  summary: 'Let a session be woken for mail to it, once it has ended.',
  arguments: [NAME],
  options: [{ flag: '--for', value: 'time', sentence: 'only so long: 90s, 10m, 2h or 7d' }],
  examples: [
    { line: 'claude-relay resume allow CC-1', says: 'until you deny it', needs: 'system' },
    { line: 'claude-relay resume allow CC-1 --for 10m', says: 'for ten minutes', needs: 'system' },
  ],
  run(ctx) {
    const { program, name } = known(ctx);
    if (programById(program)?.resume === undefined)
      throw new Failure('error', `${program} has no way to go on with a conversation unattended.`);
    const span = spanOf(ctx.given.text('--for'));
    choose(ctx, { name, isAllowed: true, ...(span === undefined ? {} : { until: systemClock.now() + span }) });
    ctx.out.line(
      `${name} may be woken${span === undefined ? '' : ` for ${duration(span)}`}, while claude-relay resume watch runs.`,
    );
    return EXIT.ok;
  },
};

const deny: Command = {
  name: 'deny',
  summary: 'Let a session rest, whatever it was started with.',
  arguments: [NAME],
  examples: [{ line: 'claude-relay resume deny CC-1', says: 'from now on', needs: 'system' }],
  run(ctx) {
    const { name } = known(ctx);
    choose(ctx, { name, isAllowed: false });
    ctx.out.line(`${name} is not woken.`);
    return EXIT.ok;
  },
};

const watch: Command = {
  name: 'watch',
  summary: 'Wake sessions that have ended and may be woken, when there is mail to them; until you end it.',
  details: `One at a time on a machine, each once for one message. Its program decides what it may do, by its own settings. Its last words
go back to the sender as the answer, unless it answered itself; a failure is told too. A session that is open anywhere is left alone.`,
  options: [
    { flag: '--limit', value: 'minutes', sentence: `of one run (default: ${LIMIT_MINUTES}); then it is ended` },
  ],
  settings: ['relayUrl'],
  examples: [
    { line: 'claude-relay resume watch', says: 'in the foreground', needs: 'terminal' },
    { line: 'claude-relay resume watch --limit 2', says: 'with two minutes for each run', needs: 'terminal' },
  ],
  async run(ctx) {
    const { home } = ensureHome(ctx.config.settings.home);
    const limit = (ctx.given.number('--limit', { min: 0.1, max: 24 * 60 }) ?? LIMIT_MINUTES) * MINUTE;
    const { signal, out } = ctx;
    refuseVariable(ctx);
    const mail = new RelayMail(ctx);
    const here = hereOf(ctx);
    const say = (what: string) => out.line(`${when(systemClock.now())} ${what}`);
    const clock = systemClock;
    const waker = new Waker({ here, mail, clock, run: runGroup, endGroup, limit, signal, say });
    const listen = (name: string, onNews: () => void) => mail.listen(name, onNews);
    ensurePrivateDir(`${home}/resume`);
    await withLock(
      `${home}/resume/watch.lock`,
      () => {
        out.line('Ready! Waiting for mail to sessions that may be woken.');
        return new Watch({ home, waker, clock, signal, listen, warn: (what) => out.warn(what) }).run();
      },
      { patience: 0 },
    );
    return EXIT.ok;
  },
};

export const resume: Command = {
  name: 'resume',
  summary: 'Wake sessions that have ended for their mail: which may be, and the waker.',
  details: `Lists the sessions that ran on this machine, whether they may be woken, and what stands in the way now. None may unless you
say so: here, or by starting its session process with --resume.`,
  json: true,
  subcommands: [allow, deny, watch],
  examples: [
    { line: 'claude-relay resume', says: 'which sessions may be woken?', needs: 'nothing' },
    { line: 'claude-relay resume allow CC-1 --for 2h', says: 'this one, for two hours', needs: 'system' },
    { line: 'claude-relay resume watch', says: 'the waker', needs: 'terminal' },
  ],
  run(ctx) {
    const { out, config } = ctx;
    const { home } = config.settings;
    const here = hereOf(ctx);
    const rows = conversations(home).map((each) => ({
      conversation: each,
      policy: policyFor(home, each, systemClock.now()),
      why: whyNot(here, each),
    }));
    if (out.isJson) out.json({ sessions: rows.map(asJson) });
    else if (rows.length === 0) out.say('No session of a program that can be resumed has run on this machine.');
    else out.table(['NAME', 'MAY BE WOKEN', 'NOW', 'PROGRAM', 'DIRECTORY'], rows.map(asRow));
    return EXIT.ok;
  },
};

interface Row {
  readonly conversation: Conversation;
  readonly policy: Policy;
  readonly why: string | undefined;
}

function asJson({ conversation, policy, why }: Row): object {
  const { name, program, id, cwd, host } = conversation;
  const until = policy.until === undefined ? {} : { until: policy.until };
  return {
    name,
    allowed: policy.isAllowed,
    ...until,
    ...(why === undefined ? {} : { why_not: why }),
    program,
    id,
    cwd,
    host,
  };
}

function asRow({ conversation, policy, why }: Row): (string | Cell)[] {
  const { name, program, cwd } = conversation;
  const until = policy.until === undefined ? '' : ` until ${when(policy.until)}`;
  return [
    { text: name, style: 'cyan' },
    policy.isAllowed ? { text: `yes${until}`, style: 'green' } : { text: 'no', style: 'dim' },
    why ?? 'ended',
    program,
    cwd,
  ];
}

function known({ given, config }: Context): Conversation {
  const name = given.required('name');
  const found = conversationOf(config.settings.home, name);
  if (found) return found;
  const remedy = 'claude-relay resume lists those that did.';
  throw new Failure('error', `No session of that name has said on this machine which conversation it is.`, remedy);
}

function choose({ config }: Context, policy: Policy): void {
  writePolicy(ensureHome(config.settings.home).home, policy);
}

/** Milliseconds. */
function spanOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const span = Number(count) * (UNITS[unit] ?? 0);
  if (span > 0) return span;
  throw new Failure('usage', '--for must be a time such as 90s, 10m, 2h or 7d.');
}
