/**
 * Whether a session may be woken after it has ended: its owner's choice, `<home>/resume/policy/<NAME>.json`, before what its
 * session process was started with. Nobody's choice is no.
 */
import { join } from 'node:path';
import type { Conversation } from '../config/conversations.ts';
import { fieldsOf, parsed } from '../util/fields.ts';
import { ensurePrivateDir, readPrivate, writeAtomic } from '../util/files.ts';

export interface Policy {
  readonly name: string;
  readonly isAllowed: boolean;
  /** Milliseconds since 1970; from then on nobody has chosen. */
  readonly until?: number;
}

/** Durable when it returns. */
export function writePolicy(home: string, policy: Policy): void {
  ensurePrivateDir(join(home, 'resume'));
  ensurePrivateDir(folder(home));
  writeAtomic(fileOf(home, policy.name), `${JSON.stringify(policy)}\n`);
}

/** What holds for it now. A choice that cannot be read is a no. */
export function policyFor(home: string, { name, isAllowed }: Conversation, now: number): Policy {
  const chosen = read(fileOf(home, name), name);
  return chosen === undefined || (chosen.until ?? Number.POSITIVE_INFINITY) <= now ? { name, isAllowed } : chosen;
}

function read(path: string, name: string): Policy | undefined {
  try {
    const text = readPrivate(path);
    if (text === undefined) return undefined;
    const value = parsed(text);
    return isPolicy(value) && value.name === name ? value : { name, isAllowed: false };
  } catch {
    return { name, isAllowed: false }; // open to others, or a link: somebody else may have chosen
  }
}

function isPolicy(value: unknown): value is Policy {
  const { name, isAllowed, until } = fieldsOf(value);
  const isUntil = until === undefined || typeof until === 'number';
  return typeof name === 'string' && typeof isAllowed === 'boolean' && isUntil;
}

function folder(home: string): string {
  return join(home, 'resume', 'policy');
}

function fileOf(home: string, name: string): string {
  return join(folder(home), `${name}.json`);
}
