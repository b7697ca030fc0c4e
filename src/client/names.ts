/**
 * Which name a working directory and agent session had: `<home>/names.json`, so that a resumed session is itself again
 * without anybody configuring it. Written as a whole under a lock; the 1,000 newest are kept; a damaged file is set
 * aside, since all that it can cost is a name.
 */
import { renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { isName } from '../protocol/address.ts';
import type { Clock } from '../util/clock.ts';
import { ensurePrivateDir, readPrivate, writeAtomic } from '../util/files.ts';
import { withLock } from '../util/lock.ts';

interface Had {
  readonly cwd: string;
  readonly agent_session: string;
  readonly name: string;
  /** When it last had it, milliseconds. */
  readonly at: number;
}

const KEPT = 1_000;

export class Names {
  readonly #path: string;
  readonly #clock: Clock;

  /** `path`: `<home>/names.json`. */
  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  /** The name that it had, or undefined. */
  find(cwd: string, agentSession: string): string | undefined {
    return this.#read().find((had) => had.cwd === cwd && had.agent_session === agentSession)?.name;
  }

  /** Durable when it resolves. Rejects when the lock or the disk cannot be had. */
  async remember(cwd: string, agentSession: string, name: string): Promise<void> {
    if (this.find(cwd, agentSession) === name) return;
    ensurePrivateDir(dirname(this.#path));
    await withLock(`${this.#path}.lock`, () => {
      const others = this.#read().filter((had) => had.cwd !== cwd || had.agent_session !== agentSession);
      const newest = [{ cwd, agent_session: agentSession, name, at: this.#clock.now() }, ...others].slice(0, KEPT);
      writeAtomic(this.#path, `${JSON.stringify({ version: 1, names: newest })}\n`);
    });
  }

  /** Newest first, as it was written. */
  #read(): readonly Had[] {
    const text = readPrivate(this.#path);
    if (text === undefined) return [];
    const names = decode(text);
    if (!names) this.#setAside();
    return names ?? [];
  }

  #setAside(): void {
    try {
      renameSync(this.#path, `${this.#path}.corrupt-${this.#clock.now()}`);
    } catch {
      // Best-effort: another process set it aside in the same moment.
    }
  }
}

function decode(text: string): readonly Had[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('names' in value) || !Array.isArray(value.names))
      return undefined;
    return value.names.filter(isHad);
  } catch {
    return undefined; // not JSON: damaged
  }
}

function isHad(value: unknown): value is Had {
  if (typeof value !== 'object' || value === null) return false;
  const { cwd, agent_session, name }: { cwd?: unknown; agent_session?: unknown; name?: unknown } = value;
  return typeof cwd === 'string' && typeof agent_session === 'string' && isName(name);
}
