/**
 * Sends on disk: `<dir>/<name>/<seq>-<id>.json`, one file an envelope, there (and durable) before the first try and
 * gone after the answer. What a dead process left under a name belongs to the next process that holds that name; what
 * a live one has there is left alone.
 */
import { readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isName } from '../protocol/address.ts';
import { RelayError } from '../protocol/codes.ts';
import { type Draft, draftShape, ID_PATTERN } from '../protocol/envelope.ts';
import { errno, isShortage } from '../util/failure.ts';
import { ensurePrivateDir, readPrivate, syncDir, writeAtomic } from '../util/files.ts';
import { isRunning, type ProcessMark } from '../util/processes.ts';

export interface Entry {
  /** The order of sending; 16 digits, microseconds of the clock unless that would go backwards. */
  readonly seq: number;
  readonly id: string;
  /** The name it was first kept under. */
  readonly name: string;
  /** When it was sent by its author, milliseconds. */
  readonly at: number;
  readonly draft: Draft;
  readonly owner: ProcessMark;
}

/** A send that the relay will never take. */
export interface Refused {
  readonly id: string;
  readonly at: number;
  readonly draft: Draft;
  readonly code: string;
  readonly message: string;
}

export interface StoreOptions {
  /** `<home>/outbox`. */
  readonly dir: string;
  readonly owner: ProcessMark;
  readonly isAlive?: (owner: ProcessMark) => boolean;
  /** Hears of files that cannot be read, by where they were set aside. */
  readonly onCorrupt?: (path: string, error: unknown, what: Kind) => void;
}

/** A send that waits for its answer, or the note of a refusal that was told. */
export type Kind = 'send' | 'refusal';

const FILE = /^(\d{16})-([A-Za-z0-9_-]{1,64})\.json$/;
const REFUSED_FILE = /^refused-\d{16}-[A-Za-z0-9_-]{1,64}\.json$/;
/** Refused sends that are kept for the asking, newest first. */
const REFUSED_KEPT = 50;

export class OutboxStore {
  readonly #options: StoreOptions;
  /** Under which name an entry is: a move may have failed half way. */
  readonly #places = new WeakMap<Entry, string>();

  constructor(options: StoreOptions) {
    this.#options = options;
  }

  /** Durable when it returns. Throws `outbox_full` when the disk does not take it. */
  add(name: string, entry: Omit<Entry, 'name' | 'owner'>): Entry {
    const kept: Entry = { ...entry, name, owner: this.#options.owner };
    try {
      ensurePrivateDir(this.#options.dir);
      ensurePrivateDir(this.#dirOf(name));
      writeAtomic(join(this.#dirOf(name), fileName(entry)), `${JSON.stringify(kept)}\n`);
    } catch (error) {
      const why = errno(error) ?? 'its directory is not usable';
      throw new RelayError('outbox_full', `The outbox could not be written (${why}); the message was not sent.`, error);
    }
    this.#places.set(kept, name);
    return kept;
  }

  /** What this process or a dead one has under that name, in the order of sending. Throws when it cannot be read now. */
  list(name: string): readonly Entry[] {
    const alive = new Map<string, boolean>();
    const isOurs = ({ owner }: Entry): boolean => {
      if (isSame(owner, this.#options.owner)) return true;
      const key = `${owner.pid}/${owner.start ?? ''}`;
      const runs = alive.get(key) ?? (this.#options.isAlive ?? isRunning)(owner);
      alive.set(key, runs);
      return !runs;
    };
    return this.#read(name).filter(isOurs);
  }

  /** The highest place in the order that is used under that name, by anybody. */
  lastSeq(name: string): number {
    return Math.max(0, ...this.#files(name).map((file) => Number(FILE.exec(file)?.[1] ?? 0)));
  }

  /** Gone already is fine: a second sender of a dead process's entry may have been faster. */
  remove(entry: Entry): void {
    rmSync(this.#pathOf(entry), { force: true });
  }

  /** Keeps it as refused instead, for whoever asks what became of it. */
  refuse(name: string, entry: Entry, error: RelayError): Refused {
    const refused = refusedOf(entry, error);
    ensurePrivateDir(this.#dirOf(name));
    writeAtomic(join(this.#dirOf(name), `refused-${fileName(entry)}`), `${JSON.stringify(refused)}\n`);
    this.remove(entry);
    for (const file of this.#refusedFiles(name).slice(REFUSED_KEPT))
      rmSync(join(this.#dirOf(name), file), { force: true });
    return refused;
  }

  /** The refused sends of that name, newest first. */
  refused(name: string): readonly Refused[] {
    return this.#refusedFiles(name).flatMap((file) => this.#decoded(name, file, decodeRefused, 'refusal') ?? []);
  }

  /** Moves entries to another name. Each moves by one rename, so a crash or an error leaves it under the one or the other. */
  move(was: string, now: string, entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    ensurePrivateDir(this.#dirOf(now));
    for (const entry of entries) {
      this.#rename(this.#pathOf(entry), join(this.#dirOf(now), fileName(entry)));
      this.#places.set(entry, now);
    }
    syncDir(this.#dirOf(now));
    syncDir(this.#dirOf(was));
  }

  #dirOf(name: string): string {
    return join(this.#options.dir, name);
  }

  #pathOf(entry: Entry): string {
    return join(this.#dirOf(this.#places.get(entry) ?? entry.name), fileName(entry));
  }

  #rename(from: string, to: string): void {
    try {
      renameSync(from, to);
    } catch (error) {
      if (errno(error) !== 'ENOENT') throw error; // gone: it was answered meanwhile
    }
  }

  #files(name: string): readonly string[] {
    return filesIn(this.#dirOf(name));
  }

  #refusedFiles(name: string): readonly string[] {
    const files = this.#files(name).filter((file) => REFUSED_FILE.test(file));
    return files.sort().reverse();
  }

  #read(name: string): readonly Entry[] {
    const files = this.#files(name).filter((file) => FILE.test(file));
    const decode = (file: string) => this.#decoded(name, file, (text) => decodeEntry(text, file), 'send');
    const entries = files.sort().flatMap((file) => decode(file) ?? []);
    for (const entry of entries) this.#places.set(entry, name);
    return entries.filter((entry) => !isOtherCase(entry.name, name));
  }

  /** What can never be read is set aside, so that it neither stops the others nor is lost to whoever looks. */
  #decoded<T>(name: string, file: string, decode: (text: string) => T, what: Kind): T | undefined {
    const path = join(this.#dirOf(name), file);
    try {
      const text = readPrivate(path);
      return text === undefined ? undefined : decode(text);
    } catch (error) {
      if (isShortage(error)) throw error;
      const aside = join(this.#dirOf(name), `corrupt-${file}`);
      this.#rename(path, aside);
      this.#options.onCorrupt?.(aside, error, what);
      return undefined;
    }
  }
}

/** How many sends wait under each name whose process is gone. Only looks: what cannot be read is not counted. Throws when the directory cannot be read. */
export function strandedSends(
  dir: string,
  isAlive: (owner: ProcessMark) => boolean = isRunning,
): ReadonlyMap<string, number> {
  const isStranded = (name: string, file: string): boolean => {
    try {
      const text = FILE.test(file) ? readPrivate(join(dir, name, file)) : undefined;
      return text !== undefined && !isAlive(decodeEntry(text, file).owner);
    } catch {
      return false; // whoever sends them sets it aside, and says so
    }
  };
  const counts = filesIn(dir)
    .filter(isName)
    .map((name) => [name, filesIn(join(dir, name)).filter((file) => isStranded(name, file)).length] as const);
  return new Map(counts.filter(([, count]) => count > 0));
}

function filesIn(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    if (errno(error) === 'ENOENT') return [];
    throw error;
  }
}

export function refusedOf({ id, at, draft }: Entry, { code, message }: RelayError): Refused {
  return { id, at, draft, code, message };
}

function fileName({ seq, id }: { readonly seq: number; readonly id: string }): string {
  return `${String(seq).padStart(16, '0')}-${id}.json`;
}

/** On a disk that does not tell cases apart, `cc-1` finds the directory of `CC-1`: another session's. */
function isOtherCase(a: string, b: string): boolean {
  return a !== b && a.toLowerCase() === b.toLowerCase();
}

function isSame(a: ProcessMark, b: ProcessMark): boolean {
  return a.pid === b.pid && a.start === b.start;
}

function decodeEntry(text: string, file: string): Entry {
  const value: Partial<Record<keyof Entry, unknown>> = object(JSON.parse(text));
  const { seq, id, name, at, owner } = value;
  if (typeof seq !== 'number' || typeof id !== 'string' || typeof name !== 'string' || typeof at !== 'number')
    throw notOne();
  if (fileName({ seq, id }) !== file || !ID_PATTERN.test(id)) throw notOne();
  return { seq, id, name, at, draft: draftShape.read(value.draft, 'draft'), owner: decodeMark(owner) };
}

function decodeMark(value: unknown): ProcessMark {
  const { pid, start }: { pid?: unknown; start?: unknown } = object(value);
  if (typeof pid !== 'number' || (start !== undefined && typeof start !== 'string')) throw notOne();
  return start === undefined ? { pid } : { pid, start };
}

function decodeRefused(text: string): Refused {
  const value: Partial<Record<keyof Refused, unknown>> = object(JSON.parse(text));
  const { id, at, code, message } = value;
  if (typeof id !== 'string' || typeof at !== 'number' || typeof code !== 'string' || typeof message !== 'string')
    throw notOne();
  return { id, at, code, message, draft: draftShape.read(value.draft, 'draft') };
}

function object(value: unknown): object {
  if (typeof value !== 'object' || value === null) throw notOne();
  return value;
}

function notOne(): Error {
  return new Error('This is not a file of the outbox.');
}
