/**
 * What a project says of messages to the sessions in it: `.claude-relay.json` in its directory or in one above,
 *
 *     { "messages": "hold" }
 *
 * It comes with a checkout, so it can only be stricter than its user: of several files the strictest counts, and one that
 * cannot be understood holds everything.
 */
import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { STANCES, type Stance, stricter } from '../protocol/stance.ts';
import { fieldsOf, parsed } from '../util/fields.ts';

export const PROJECT_FILE = '.claude-relay.json';

interface Project {
  readonly messages: Stance;
  /** One sentence each. */
  readonly warnings: readonly string[];
}

/** Nobody writes more by hand. Bytes. */
const LARGEST = 64 * 1024;
const HOLD: Stance = 'hold';

export function readProject(cwd: string): Project {
  let messages: Stance = 'accept';
  const warnings: string[] = [];
  for (const dir of upwards(cwd)) {
    const path = join(dir, PROJECT_FILE);
    const said = read(path);
    if (said === undefined) continue;
    messages = stricter(messages, said ?? HOLD);
    if (said === null)
      warnings.push(
        `${path} must say { "messages": "accept", "hold" or "refuse" } and nothing else; until then messages are held.`,
      );
  }
  return { messages, warnings };
}

function* upwards(cwd: string): Generator<string> {
  for (let dir = cwd; ; dir = dirname(dir)) {
    yield dir;
    if (dir === dirname(dir)) return;
  }
}

/** Undefined when there is none; null when it says nothing that is understood. */
function read(path: string): Stance | null | undefined {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (!stats) return undefined;
    if (!stats.isFile() || stats.size > LARGEST) return null;
    const { messages, ...others } = fieldsOf(parsed(readFileSync(path, 'utf8')));
    const stance = STANCES.find((each) => each === messages);
    return stance === undefined || Object.keys(others).length > 0 ? null : stance;
  } catch {
    return null; // it is there, and cannot be read
  }
}
