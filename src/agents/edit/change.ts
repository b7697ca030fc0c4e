/** What would be written, worked out in full before anything is: an error in one file leaves all of them alone. */
import { Failure } from '../../util/failure.ts';
import type { Undo } from './edit.ts';
import type { FilePlan } from './file-plan.ts';
import type { Installed } from './record.ts';
import { checkWritable, missingDirs, readTarget, type Target } from './target.ts';

export interface Change {
  readonly program: string;
  readonly plan: FilePlan;
  readonly target: Target;
  /** Undefined: the file goes. */
  readonly after: string | undefined;
  /** What is remembered from now on; undefined: nothing. */
  readonly installed: Installed | undefined;
  /** To be made for the file, the outermost first. */
  readonly dirs: readonly string[];
}

export type Kind = 'created' | 'changed' | 'removed' | 'unchanged';

export function kindOf({ target, after }: Change): Kind {
  if (target.text === after) return 'unchanged';
  if (target.text === undefined) return 'created';
  return after === undefined ? 'removed' : 'changed';
}

/** Throws a Failure when a file is broken, or could not be given back as it was. */
export function changesToInstall(program: string, plans: readonly FilePlan[], record: readonly Installed[]): Change[] {
  return plans.map((plan) => {
    const known = record.find(({ path }) => path === plan.path);
    return plan.isWanted === false ? takeOut(program, plan, known) : putIn(program, plan, known);
  });
}

/** Also of files that are not where the program's variables point now, but did when they were written. */
export function changesToUninstall(
  program: string,
  plans: readonly FilePlan[],
  record: readonly Installed[],
): Change[] {
  const known = record.filter((each) => each.program === program);
  const elsewhere = known.flatMap(({ path, role }) => {
    const plan = plans.some((each) => each.path === path) ? undefined : plans.find((each) => each.role === role);
    return plan === undefined ? [] : [{ ...plan, path }];
  });
  return [...plans, ...elsewhere].map((plan) =>
    takeOut(
      program,
      plan,
      known.find(({ path }) => path === plan.path),
    ),
  );
}

function putIn(program: string, plan: FilePlan, known: Installed | undefined): Change {
  const target = readTarget(plan.path);
  const { text, undo } = plan.edit.put(target.text, plan.path, known?.undo);
  if (text !== target.text) checkWritable(target);
  checkReversible(plan, target, text, undo, known?.undo);
  const isNew = target.text === undefined;
  const dirs = isNew ? missingDirs(target.real) : [];
  const { role, path } = plan;
  return { program, plan, target, after: text, installed: { program, role, path, undo }, dirs };
}

function takeOut(program: string, plan: FilePlan, known: Installed | undefined): Change {
  const target = readTarget(plan.path);
  const after = target.text === undefined ? undefined : plan.edit.take(target.text, plan.path, known?.undo);
  if (after !== target.text) checkWritable(target);
  return { program, plan, target, after, installed: undefined, dirs: [] };
}

/** Nothing is put in that could not be taken out: whatever this file has that nobody thought of, it is not written then. */
function checkReversible(
  { edit, path }: FilePlan,
  { text: before }: Target,
  after: string,
  undo: Undo,
  known?: Undo,
): void {
  const without = before === undefined ? undefined : edit.take(before, path, known);
  if (edit.take(after, path, undo) === without) return;
  throw new Failure(
    'error',
    `${path} is laid out in a way that could not be given back byte for byte.`,
    'Nothing was written. Add claude-relay by hand: claude-relay install generic',
  );
}
