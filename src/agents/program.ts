/**
 * What one agent program looks like to the process beside it: how it is recognised, how its hooks speak, which doors it
 * has. One program is one file or folder here and one line in `programs.ts`; nothing else knows it by name.
 */
import type { Doing } from '../protocol/session.ts';
import type { Clock } from '../util/clock.ts';
import type { Random } from '../util/random.ts';
import type { Runner } from '../util/run.ts';
import type { Dialect, HookEvent } from './dialect.ts';
import type { Door } from './door.ts';
import type { Transcript } from './evidence.ts';
import type { Resume } from './resume.ts';
import type { ClientTraits } from './traits.ts';

export interface AgentProgram {
  /** As it is called on the command line and told to peers: `claude-code`. */
  readonly id: string;
  /** As people write it: `Claude Code`. */
  readonly title: string;
  readonly signs?: Signs;
  /** The beginning of the name that it gives in `initialize`. */
  readonly clientName?: string;
  readonly traits?: Partial<ClientTraits>;
  /** Absent: it has no hooks that we know. */
  readonly dialect?: Dialect;
  /** The name of the door that its plugin is, for programs into which we put one. */
  readonly plugin?: string;
  /** For people, where it can be woken and is not now: why it has no door. Absent: it never has one. */
  readonly doorless?: string;
  /** Absent: a conversation that has ended is gone on with by its person only. */
  readonly resume?: Resume;
  /** Looks at the program that started this process. Absent: its hooks and our tools are all there is. */
  beside?(place: Place): Beside;
}

/** How a process that the program started knows it by its environment. */
export interface Signs {
  /** The program is recognised when one of these is set. */
  readonly marks: readonly string[];
  readonly session?: string;
  readonly version?: string;
}

/** Where this process is. */
export interface Place {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The process that started this one. */
  readonly parent: number;
  readonly pid: number;
  readonly cwd: string;
  readonly userHome: string;
  /** Milliseconds since 1970: when this process began. */
  readonly startedAt: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly run: Runner;
  /** Tells the program something over the protocol that it speaks with us; false when it takes nothing now. */
  notify(method: string, params: Readonly<Record<string, unknown>>): boolean;
  /** Never given a body or a secret. */
  log(message: string): void;
}

export interface Activity {
  readonly doing: Doing;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly tool?: string;
}

/** Capabilities that are no standard ones, by name. */
export type Experimental = Readonly<Record<string, Record<string, string>>>;

/** What can be had of one running program. */
export interface Beside {
  /** In the order in which they are tried. */
  readonly doors: readonly Door[];
  readonly transcript?: Transcript;
  /** What the program itself says that it is doing; undefined when it does not say now. Cheap, and may read a small file. */
  activity?(): Activity | undefined;
  /** The conversation that the program itself says it is in now, for programs that write it down. */
  conversation?(): string | undefined;
  /** A hook, or the `_meta` of a tool call, says which conversation this is. */
  bound?(event: Pick<HookEvent, 'session' | 'transcript'>): void;
  /** Capabilities that the server declares to this program. */
  readonly experimental?: Experimental;
  close?(): void;
}
