/** What `install` and `uninstall` do. A file of its own, so that no other command waits for it to load. */
import type { Change } from '../agents/edit/change.ts';
import { recordOf } from '../agents/edit/transaction.ts';
import type { Machine } from '../agents/installer.ts';
import { INSTALLERS } from '../agents/installers.ts';
import { type Verdict, verify } from '../agents/verify.ts';
import {
  type Action,
  carryOut,
  changesOf,
  detectedPrograms,
  type Job,
  jobsFor,
  machineOf,
  namedPrograms,
  programsWithOurs,
  type State,
  showChanges,
  showDiffs,
  stateOf,
  toldChange,
} from './agents.ts';
import type { Context } from './command.ts';

export async function runInstall(ctx: Context): Promise<void> {
  const machine = machineOf(ctx);
  const ids = namedPrograms(ctx, () => detectedPrograms(machine));
  if (ids === undefined) return overview(ctx, machine, 'install');
  await perform(ctx, machine, 'install', jobsFor(ids, machine, { allowTools: ctx.given.has('--allow-tools') }));
}

export async function runUninstall(ctx: Context): Promise<void> {
  const machine = machineOf(ctx);
  const ids = namedPrograms(ctx, () => programsWithOurs(ctx.config.settings.home, machine));
  if (ids === undefined) return overview(ctx, machine, 'uninstall');
  await perform(ctx, machine, 'uninstall', jobsFor(ids, machine));
}

async function perform(ctx: Context, machine: Machine, action: Action, jobs: readonly Job[]): Promise<void> {
  const { home } = ctx.config.settings;
  const isDry = ctx.given.has('--dry-run');
  const { changes, backup } = isDry
    ? { changes: changesOf(action, jobs, recordOf(home)), backup: undefined }
    : await carryOut(action, jobs, home);
  const verdicts = ctx.given.has('--verify') && !isDry ? await verified(ctx, machine, jobs) : new Map();
  if (ctx.out.isJson) return tellJson(ctx, { isDry, jobs, changes, verdicts, ...(backup !== undefined && { backup }) });
  if (isDry) showDiffs(ctx.out, changes);
  else if (changes.length > 0) showChanges(ctx.out, jobs, changes);
  talk(ctx, action, jobs, verdicts);
  if (backup !== undefined) ctx.out.say(`The files as they were: ${backup}`);
  if (jobs.length === 0)
    ctx.out.say(action === 'install' ? 'No agent program was found here.' : 'It is installed nowhere.');
}

async function verified(ctx: Context, machine: Machine, jobs: readonly Job[]): Promise<Map<string, Verdict>> {
  const verdicts = new Map<string, Verdict>();
  for (const { installer, plan } of jobs) verdicts.set(installer.id, await verify(plan.check, machine, ctx.run));
  return verdicts;
}

interface Told {
  readonly isDry: boolean;
  readonly jobs: readonly Job[];
  readonly changes: readonly Change[];
  readonly verdicts: ReadonlyMap<string, Verdict>;
  readonly backup?: string;
}

function tellJson({ out }: Context, { isDry, jobs, changes, verdicts, backup }: Told): void {
  const programs = jobs.map(({ installer: { id, title }, detected, plan: { notes, snippet, check } }) => ({
    program: id,
    title,
    ...detected,
    files: changes.filter(({ program }) => program === id).map((change) => toldChange(change, isDry)),
    notes,
    ...(check !== undefined && { check: check.command }),
    ...verdicts.get(id),
    ...(snippet !== undefined && { snippet }),
  }));
  out.json({ dry_run: isDry, ...(backup !== undefined && { backup }), programs });
}

/** What a user must know, and a script need not. */
function talk(
  { out, given }: Context,
  action: Action,
  jobs: readonly Job[],
  verdicts: ReadonlyMap<string, Verdict>,
): void {
  for (const { installer, detected, plan } of action === 'install' ? jobs : []) {
    if (plan.snippet !== undefined) out.block(plan.snippet);
    else if (detected === undefined)
      out.say(`${installer.title} was not found here; it is ready for when it comes.`, 'yellow');
    for (const note of plan.notes) out.say(`${installer.title}: ${note}`);
    const verdict = verdicts.get(installer.id);
    if (verdict !== undefined)
      out.say(`${installer.title}: ${verdict.seen} (${verdict.says})`, verdict.seen === 'not seen' ? 'red' : 'green');
    if (given.has('--dry-run') && given.has('--verify') && plan.check !== undefined)
      out.say(`Would run: ${plan.check.command.join(' ')}`);
  }
  const isDone = jobs.some(({ plan }) => plan.files.length > 0) && !given.has('--dry-run');
  if (isDone) out.say('Programs that are running take notice when they are started again.');
}

function overview({ out, config }: Context, machine: Machine, action: Action): void {
  const record = recordOf(config.settings.home);
  const found = INSTALLERS.map((installer) => ({
    installer,
    detected: installer.detect(machine),
    state: stateOf(installer, machine, record),
  })).filter(({ detected, state }) => (action === 'install' && detected !== undefined) || state !== 'not installed');
  if (out.isJson) {
    const programs = found.map(({ installer: { id, title }, detected, state }) => ({
      program: id,
      title,
      ...detected,
      state: wordOf(state),
    }));
    return out.json({ programs });
  }
  const rows = found.map(({ installer: { id }, detected, state }) => [
    id,
    detected?.version ?? '',
    detected?.where ?? 'not found',
    { text: wordOf(state), style: state === 'installed' ? ('green' as const) : ('yellow' as const) },
  ]);
  if (rows.length > 0) out.table(['program', 'version', 'found', 'relay'], rows);
  for (const { installer, state } of found) {
    if (typeof state === 'object') out.warn(`${installer.title}: ${state.problem.message}`);
  }
  for (const line of hints(action, found.length)) out.say(line);
}

const wordOf = (state: State): string => (typeof state === 'string' ? state : 'cannot be told');

function hints(action: Action, count: number): readonly string[] {
  if (action === 'uninstall') {
    return count === 0
      ? ['It is installed nowhere.']
      : ['Take it out with: claude-relay uninstall <program…>, or --all'];
  }
  const others = 'For a program that is not here yet, name it; for any other MCP client: claude-relay install generic';
  if (count === 0) return ['No agent program was found here.', others];
  return [
    'Nothing was changed. See what would be: claude-relay install --all --dry-run',
    'Do it: claude-relay install <program…>, or --all',
    others,
  ];
}
