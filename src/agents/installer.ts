/**
 * The seam between `install` and one agent program: where its files are, and what of ours goes into them. An installer
 * reads; it writes nothing and starts nothing.
 */
import type { Ran } from '../util/run.ts';
import type { FilePlan } from './edit/file-plan.ts';
import type { ProgramId } from './ids.ts';
import type { Launch } from './launch.ts';

/** What an installer may know of the machine; a test makes one up. */
export interface Machine {
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  readonly userHome: string;
  readonly launch: Launch;
  /** The directory of this build. */
  readonly dist: string;
}

export interface PlanOptions {
  /** Also a rule that lets the model use our tools without asking, where the program has such rules. */
  readonly allowTools?: boolean;
}

export interface Installer {
  readonly id: ProgramId;
  /** As the vendor writes it. */
  readonly title: string;
  /** Undefined when there is no trace of the program. */
  detect(machine: Machine): Detected | undefined;
  plan(machine: Machine, options: PlanOptions): Plan;
}

export interface Detected {
  /** Its executable, or its directory of configuration. */
  readonly where: string;
  readonly version?: string;
}

export interface Plan {
  /** In the order in which they are written. Empty for a program that we only know how to advise on. */
  readonly files: readonly FilePlan[];
  /** What the user has to know or to do, a sentence each. */
  readonly notes: readonly string[];
  /** The program's own answer to whether it sees us. */
  readonly check?: Check;
  /** What to add by hand. */
  readonly snippet?: string;
}

export interface Check {
  /** The first word is looked up in PATH. It may start the program's servers, and the program may write files of its own. */
  readonly command: readonly [string, ...string[]];
  read(ran: Ran): Seen;
}

/** `connected`: it started us and we answered. `listed`: it knows us; it starts no servers to find out more. */
export type Seen = 'connected' | 'listed' | 'not seen';
