/**
 * The seam to what keeps programs running: launchd or systemd. Each writes its own kind of file and calls its own loader,
 * by argument list, through the runner that it is given.
 */
import type { Runner } from '../util/run.ts';
import type { Unit, UnitName } from './unit.ts';

export interface Supervised {
  readonly unit: UnitName;
  /** The unit's file. */
  readonly file: string;
  readonly isInstalled: boolean;
  readonly isRunning: boolean;
  readonly pid?: number;
  /** As the supervisor says it: `running`, `active (running)`, `not loaded`. */
  readonly state: string;
  /** How the last run ended, when it did. */
  readonly lastExit?: number;
}

export interface Supervisor {
  /** `launchd` or `systemd`. */
  readonly name: string;
  /** Absolute path of the unit's file. */
  file(unit: UnitName): string;
  /** The text of the file. Throws a Failure for a path that its format cannot hold. */
  render(unit: Unit): string;
  /** Throws a Failure with the remedy when the supervisor cannot be reached; changes nothing. */
  check(): Promise<void>;
  /** Starts what the unit's file says, also when an older one runs; from now on it starts with the user's session. */
  load(unit: UnitName): Promise<void>;
  /** Stops it and forgets it; nothing happens when it is not loaded. The file is removed by the caller, then `reload` is called. */
  unload(unit: UnitName): Promise<void>;
  /** After a file was removed. */
  reload(): Promise<void>;
  /** Throws like `check`. */
  status(unit: UnitName): Promise<Supervised>;
}

export interface SupervisorInput {
  readonly run: Runner;
  readonly env: NodeJS.ProcessEnv;
  readonly userHome: string;
  readonly uid: number;
}
