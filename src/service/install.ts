/** Puts a unit's file in place and takes it away; the supervisor does the rest. */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { ensureHome } from '../config/paths.ts';
import { Failure } from '../util/failure.ts';
import { createPrivate, ensurePrivateDir, writeAtomic } from '../util/files.ts';
import { Background, isKept } from './background.ts';
import { Launchd } from './launchd.ts';
import type { Supervisor, SupervisorInput } from './supervisor.ts';
import { Systemd } from './systemd.ts';
import { UNITS, type Unit, type UnitName } from './unit.ts';

export function supervisorFor(platform: NodeJS.Platform, input: SupervisorInput): Supervisor {
  if (platform === 'darwin') return new Launchd(input);
  if (platform === 'linux') return new Systemd(input);
  throw new Failure(
    'error',
    `Services are written for launchd and systemd, and ${platform} has neither.`,
    'Run `claude-relay serve` under what starts your programs.',
  );
}

/** What there is besides launchd and systemd: this program itself. */
interface Own {
  readonly platform: NodeJS.Platform;
  /** The state directory. */
  readonly home: string;
  readonly node: string;
  readonly script: string;
}

/** The supervisor that can be reached from here, else our own background process. */
export async function reachableSupervisor(own: Own, input: SupervisorInput): Promise<Supervisor> {
  try {
    const supervisor = supervisorFor(own.platform, input);
    await supervisor.check();
    return supervisor;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return new Background({ ...own, env: input.env });
  }
}

/** The one that has the unit. Where nobody has: our own if that keeps another one, else the platform's, if there is one. */
export function supervisorOf(unit: UnitName, own: Own, input: SupervisorInput): Supervisor {
  const background = new Background({ ...own, env: input.env });
  if (isKept(own.home, unit) || (own.platform !== 'darwin' && own.platform !== 'linux')) return background;
  const supervisor = supervisorFor(own.platform, input);
  return UNITS.some((each) => isKept(own.home, each)) && !existsSync(supervisor.file(unit)) ? background : supervisor;
}

/** Nothing is written when the supervisor cannot be reached. The log files are made first: the supervisor would make them readable to others. */
export async function installUnit(supervisor: Supervisor, unit: Unit, home: string): Promise<void> {
  const text = supervisor.render(unit);
  await supervisor.check();
  ensurePrivateDir(ensureHome(home).logs);
  for (const log of [unit.logs.out, unit.logs.error]) createPrivate(log, '');
  const file = supervisor.file(unit.name);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeAtomic(file, text);
  await supervisor.load(unit.name);
}

/** Answers whether there was anything to remove. */
export async function uninstallUnit(supervisor: Supervisor, unit: UnitName): Promise<boolean> {
  const file = supervisor.file(unit);
  const { isInstalled, state } = await supervisor.status(unit);
  if (!isInstalled && state === 'not loaded') return false;
  await supervisor.unload(unit);
  if (existsSync(file)) rmSync(file);
  await supervisor.reload();
  return true;
}
