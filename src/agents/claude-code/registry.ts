/**
 * What a running Claude Code writes of itself, `<config>/sessions/<pid>.json`: whether it is idle, at work or waits for its
 * person, and where its inbox socket is. Seen in 2.1.330; a file that is not there, or says other things, says nothing.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Doing } from '../../protocol/session.ts';
import { fieldsOf, parsed } from '../../util/fields.ts';
import type { Activity } from '../program.ts';

interface Entry {
  readonly activity?: Activity;
  readonly socket?: string;
  readonly session?: string;
}

const DOINGS: Readonly<Record<string, Doing>> = { idle: 'idle', busy: 'busy', waiting: 'waiting' };

export function claudeConfigDir(env: Readonly<Record<string, string | undefined>>, userHome = homedir()): string {
  return env.CLAUDE_CONFIG_DIR || join(userHome, '.claude');
}

/** By pid: the conversation that each says it is in. Also of processes that were killed and could not take theirs away. */
export function registeredSessions(configDir: string): ReadonlyMap<number, string | undefined> {
  const dir = join(configDir, 'sessions');
  const pids = filesIn(dir).flatMap((file) => /^(\d+)\.json$/.exec(file)?.[1] ?? []);
  return new Map(pids.map((pid) => [Number(pid), new SessionRegistry(configDir, Number(pid)).read().session]));
}

function filesIn(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch {
    return []; // none runs, or they are of before there was a registry
  }
}

export class SessionRegistry {
  readonly #path: string;
  #modified = Number.NaN;
  #entry: Entry = {};

  constructor(configDir: string, pid: number) {
    this.#path = join(configDir, 'sessions', `${pid}.json`);
  }

  /** Read again only when it was written again. */
  read(): Entry {
    const modified = modifiedAt(this.#path);
    if (modified === undefined) {
      this.#modified = Number.NaN;
      this.#entry = {};
    } else if (modified !== this.#modified) {
      this.#modified = modified;
      // Caught half written: what it said before still holds, and it is read again.
      this.#entry = entryOf(this.#text()) ?? this.#again();
    }
    return this.#entry;
  }

  #again(): Entry {
    this.#modified = Number.NaN;
    return this.#entry;
  }

  #text(): string {
    try {
      return readFileSync(this.#path, 'utf8');
    } catch {
      return ''; // gone in this moment
    }
  }
}

/** Undefined when it is not there, or not for us: then it says nothing. */
function modifiedAt(path: string): number | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  } catch {
    return undefined;
  }
}

function entryOf(text: string): Entry | undefined {
  const value = parsed(text);
  if (value === undefined) return undefined;
  const { status, statusUpdatedAt, messagingSocketPath, sessionId } = fieldsOf(value);
  const doing = typeof status === 'string' && Object.hasOwn(DOINGS, status) ? DOINGS[status] : undefined;
  return {
    ...(doing && typeof statusUpdatedAt === 'number' ? { activity: { doing, since: statusUpdatedAt } } : {}),
    ...(typeof messagingSocketPath === 'string' ? { socket: messagingSocketPath } : {}),
    ...(typeof sessionId === 'string' ? { session: sessionId } : {}),
  };
}
