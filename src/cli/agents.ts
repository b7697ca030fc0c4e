/** What `install` and `uninstall` share: which programs are meant, what would change, and how it is told. */
import { dirname, sep } from 'node:path';
import { type Change, changesToInstall, changesToUninstall, type Kind, kindOf } from '../agents/edit/change.ts';
import { unifiedDiff } from '../agents/edit/diff.ts';
import type { Installed } from '../agents/edit/record.ts';
import { ChangedMeanwhile, recordOf, transact } from '../agents/edit/transaction.ts';
import { isProgramId, type ProgramId } from '../agents/ids.ts';
import type { Detected, Installer, Machine, Plan, PlanOptions } from '../agents/installer.ts';
import { INSTALLERS, installerOf } from '../agents/installers.ts';
import { systemClock } from '../util/clock.ts';
import { Failure } from '../util/failure.ts';
import type { Context, Surroundings } from './command.ts';
import type { Output, Style } from './output.ts';

/** One program that is worked on. */
export interface Job {
  readonly installer: Installer;
  readonly detected: Detected | undefined;
  readonly plan: Plan;
}

export type Action = 'install' | 'uninstall';

/** What of a command's surroundings makes the machine that an installer sees. */
export type AroundMachine = Pick<Surroundings, 'env' | 'platform' | 'userHome' | 'node' | 'script'>;

/** Throws a Failure when the paths that would be written down are of a copy that goes away. */
export function machineOf({ env, platform, userHome, node, script }: AroundMachine): Machine {
  if (script.includes(`${sep}_npx${sep}`)) {
    throw new Failure(
      'error',
      'This copy belongs to npx, which removes it some day.',
      'First: npm install -g claude-relay',
    );
  }
  return { env, platform, userHome, launch: [node, script], dist: dirname(script) };
}

export function jobsFor(ids: readonly ProgramId[], machine: Machine, options: PlanOptions = {}): Job[] {
  return ids.map((id) => {
    const installer = installerOf(id);
    return { installer, detected: installer.detect(machine), plan: installer.plan(machine, options) };
  });
}

/** The programs named on the command line, each once; undefined when none was, nor `--all`. */
export function namedPrograms({ given }: Context, all: () => readonly ProgramId[]): readonly ProgramId[] | undefined {
  const named = given.list('program').filter(isProgramId);
  if (!given.has('--all')) return named.length === 0 ? undefined : [...new Set(named)];
  if (named.length === 0) return all();
  throw new Failure('usage', '--all is every program; name some, or say --all.');
}

export function detectedPrograms(machine: Machine): ProgramId[] {
  return INSTALLERS.filter((installer) => installer.detect(machine) !== undefined).map(({ id }) => id);
}

/** Those that have something of ours, as far as it can be told; a broken file is told of when it is worked on. */
export function programsWithOurs(home: string, machine: Machine): ProgramId[] {
  const record = recordOf(home);
  return INSTALLERS.filter((installer) => stateOf(installer, machine, record) !== 'not installed').map(({ id }) => id);
}

export type State = 'installed' | 'not installed' | 'out of date' | { readonly problem: Failure };

export function stateOf(installer: Installer, machine: Machine, record: readonly Installed[]): State {
  try {
    const { files } = installer.plan(machine, {});
    const isHere = changesToUninstall(installer.id, files, record).some(isChange);
    if (!isHere) return 'not installed';
    return changesToInstall(installer.id, files, record).some(isChange) ? 'out of date' : 'installed';
  } catch (error) {
    if (error instanceof Failure) return { problem: error };
    throw error;
  }
}

const isChange = (change: Change): boolean => kindOf(change) !== 'unchanged';

export function changesOf(action: Action, jobs: readonly Job[], record: readonly Installed[]): Change[] {
  const work = action === 'install' ? changesToInstall : changesToUninstall;
  return jobs.flatMap(({ installer, plan }) => work(installer.id, plan.files, record));
}

/** Programs that run write some of these files all the time; nothing was written when one came between. */
const ATTEMPTS = 5;

export async function carryOut(action: Action, jobs: readonly Job[], home: string): ReturnType<typeof transact> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transact((record) => changesOf(action, jobs, record), { home, clock: systemClock });
    } catch (error) {
      if (!(error instanceof ChangedMeanwhile) || attempt === ATTEMPTS) throw error;
    }
  }
}

const STYLES: Readonly<Record<Kind, Style>> = {
  created: 'green',
  changed: 'green',
  removed: 'green',
  unchanged: 'dim',
};

export function showChanges(out: Output, jobs: readonly Job[], changes: readonly Change[]): void {
  const rows = changes.map((change) => {
    const kind = kindOf(change);
    return [titleOf(jobs, change), { text: kind, style: STYLES[kind] }, change.target.path, change.plan.holds];
  });
  out.table(['program', 'file', 'path', 'of ours'], rows);
}

function titleOf(jobs: readonly Job[], { program }: Change): string {
  return jobs.find(({ installer }) => installer.id === program)?.installer.title ?? program;
}

export function showDiffs(out: Output, changes: readonly Change[]): void {
  for (const change of changes) {
    const diff = unifiedDiff(change);
    if (diff !== '') out.block(diff);
  }
}

/** For `--json`. */
export function toldChange(change: Change, withDiff: boolean): object {
  const { target, plan } = change;
  return {
    path: target.path,
    ...(target.real !== target.path && { link_to: target.real }),
    change: kindOf(change),
    holds: plan.holds,
    ...(withDiff && { diff: unifiedDiff(change) }),
  };
}
