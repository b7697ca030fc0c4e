/**
 * Which conversation of which agent program a name is: `<home>/resume/conversations/<NAME>.json`. Written by its session
 * process whenever the program says which one it is, and kept after both have ended: it is what `resume` goes by.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isName } from '../protocol/address.ts';
import { fieldsOf, parsed } from '../util/fields.ts';
import { ensurePrivateDir, readPrivate, writeAtomic } from '../util/files.ts';

export interface Conversation {
  readonly name: string;
  /** `claude-code` */
  readonly program: string;
  /** As the program calls it; fit to stand on a command line. */
  readonly id: string;
  readonly cwd: string;
  /** Programs keep their conversations on the machine that they had them on. */
  readonly host: string;
  /** The program's own file, where the system tells. */
  readonly executable?: string;
  /** Variables that say where the program keeps its conversations, and nothing else of its environment. */
  readonly variables: Readonly<Record<string, string>>;
  /** The session was started with `--resume`. */
  readonly isAllowed: boolean;
  /** Milliseconds since 1970: when it was last said. */
  readonly at: number;
}

/** What could be taken for a flag is no id. */
const ID = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$/;

export function isConversationId(id: string): boolean {
  return ID.test(id);
}

/** Durable when it returns. */
export function writeConversation(home: string, conversation: Conversation): void {
  ensurePrivateDir(join(home, 'resume'));
  ensurePrivateDir(folder(home));
  writeAtomic(fileOf(home, conversation.name), `${JSON.stringify(conversation)}\n`);
}

/** Undefined for a name that had none here, and when its file cannot be read. */
export function conversationOf(home: string, name: string): Conversation | undefined {
  const found = isName(name) ? read(fileOf(home, name)) : undefined;
  // A disk that does not tell `cc-1` from `CC-1`.
  return found?.name === name ? found : undefined;
}

/** Sorted by name. */
export function conversations(home: string): readonly Conversation[] {
  const files = filesIn(folder(home)).filter((file) => file.endsWith('.json'));
  const found = files.flatMap((file) => read(join(folder(home), file)) ?? []);
  return found.sort((a, b) => a.name.localeCompare(b.name));
}

function folder(home: string): string {
  return join(home, 'resume', 'conversations');
}

function fileOf(home: string, name: string): string {
  return join(folder(home), `${name}.json`);
}

function filesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return []; // there never was one
  }
}

function read(path: string): Conversation | undefined {
  try {
    const value = parsed(readPrivate(path) ?? '');
    return isConversation(value) ? value : undefined;
  } catch {
    return undefined; // open to others, or a link: then nothing in it is ours
  }
}

function isConversation(value: unknown): value is Conversation {
  const { name, program, id, cwd, host, executable, variables, isAllowed, at } = fieldsOf(value);
  const texts = [program, cwd, host, ...Object.values(fieldsOf(variables))];
  return (
    isName(name) &&
    typeof id === 'string' &&
    isConversationId(id) &&
    texts.every((text) => typeof text === 'string') &&
    typeof variables === 'object' &&
    (executable === undefined || typeof executable === 'string') &&
    typeof isAllowed === 'boolean' &&
    typeof at === 'number'
  );
}
