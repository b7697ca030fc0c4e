/**
 * Sessions, what they follow, and what channels are called: in memory from the first look on, since every command and
 * every delivery asks. Changes are made here and written with the commit, however often a batch changes a session.
 */
import { KINDS, type Kind } from '../protocol/session.ts';
import { STANCES, type Stance } from '../protocol/stance.ts';
import type { Store, Value } from './store.ts';
import { AlteredRow, type SummedTable, sumOf } from './summed.ts';

export interface SessionRow {
  readonly id: number;
  /** As the owner calls it: with `@person` when it is another person's. */
  readonly name: string;
  readonly person: number;
  /** The device that it came from last; null: the owner's own machine. */
  readonly device: string | null;
  readonly kind: Kind;
  readonly key: string | null;
  readonly host: string | null;
  readonly cwd: string | null;
  readonly program: string | null;
  readonly version: string | null;
  readonly agent_session: string | null;
  readonly created_at: number;
  readonly last_seen: number;
  /** Cursor: everything of its inbox up to here is handed or ended, but for the rows in `receipt`. */
  readonly handed: number;
  /** Cursor: group mail up to here is seen. Never past `handed`. */
  readonly seen: number;
  /** Position → how often it was given out without being handed. */
  readonly claims: ReadonlyMap<number, number>;
  /** Envelopes for it that ended before it was handed them: expired or dead. Only grows. */
  readonly missed: number;
  /** Positions that were held and have been accepted, and that it was not handed yet. */
  readonly released: ReadonlySet<number>;
  /** What is to happen at least with messages to it, as its own side says. */
  readonly messages: Stance;
}

/** What changes all the time. */
export type Progress = Partial<Pick<SessionRow, 'last_seen' | 'handed' | 'seen' | 'claims' | 'missed' | 'released'>>;

/** What a session gets: what is sent to `channel` after `since`, up to and with `until`. */
export interface Interval {
  readonly channel: number;
  readonly since: number;
  readonly until: number;
}

/** Sessions and names in memory; beyond it they are looked up again. */
const MOST = 20_000;

const SESSION = 'SELECT session.*, channel.name FROM session JOIN channel ON channel.id = session.id';

const UPDATE = 'UPDATE session SET handed = ?, seen = ?, claims = ?, missed = ?, released = ?, sum = ? WHERE id = ?';

/** Apart from the rest: it has an index, which SQLite writes whether or not the value is another one. */
const LAST_SEEN = 'UPDATE session SET last_seen = ? WHERE id = ?';

/** Most have none: one for all of them. */
export const NO_CLAIMS: ReadonlyMap<number, number> = new Map();
const NONE_RELEASED: ReadonlySet<number> = new Set();

export class Roster {
  readonly #store: Store;
  readonly #sessions = new Map<number, SessionRow>();
  readonly #ids = new Map<string, number>();
  /** Of channels that are no session's. */
  readonly #names = new Map<number, string>();
  readonly #intervals = new Map<number, readonly Interval[]>();
  readonly #changed = new Set<SessionRow>();
  /** Those whose `last_seen` is among it. */
  readonly #seen = new Set<SessionRow>();

  constructor(store: Store) {
    this.#store = store;
  }

  session(id: number): SessionRow | undefined {
    return this.#sessions.get(id) ?? this.#load(`${SESSION} WHERE session.id = ?`, id);
  }

  /** By its present name. */
  sessionNamed(name: string): SessionRow | undefined {
    const id = this.#ids.get(name);
    return id === undefined ? this.#load(`${SESSION} WHERE channel.name = ?`, name) : this.session(id);
  }

  /** What a channel is called now. */
  nameOf(channel: number): string {
    const known = this.#sessions.get(channel)?.name ?? this.#names.get(channel);
    if (known !== undefined) return known;
    const sql = 'SELECT name FROM channel WHERE id = ?';
    const name = this.#store.get<{ name: string }>(sql, channel)?.name;
    if (name !== undefined) this.#names.set(channel, name);
    return name ?? '?';
  }

  /** What the session follows, and what it followed once. */
  intervals(session: number): readonly Interval[] {
    const known = this.#intervals.get(session);
    if (known) return known;
    const sql = 'SELECT channel, since, until FROM follow WHERE session = ?';
    const intervals = this.#store.all<Interval>(sql, session).map(toInterval);
    this.#intervals.set(session, intervals);
    return intervals;
  }

  /** Writes by SQL what this holds; all of it is looked up again. */
  run(table: SummedTable, sql: string, ...values: Value[]): void {
    this.#store.flush();
    this.#store.writeSummed(table, sql, ...values);
    this.clear();
  }

  /** Remembers it until the flush. */
  change(session: SessionRow, progress: Progress): void {
    if (progress.last_seen !== undefined) this.#seen.add(session);
    Object.assign(session, progress);
    this.#changed.add(session);
    this.#store.changed();
  }

  flush(): void {
    for (const session of this.#changed) this.#write(session);
    for (const { id, last_seen } of this.#seen) this.#store.write(LAST_SEEN, last_seen, id);
    this.#changed.clear();
    this.#seen.clear();
  }

  /** Nothing is changed, and nobody holds a row: too many of them are let go. */
  trim(): void {
    if (this.#sessions.size > MOST || this.#names.size > MOST) this.clear();
  }

  clear(): void {
    for (const held of [this.#sessions, this.#ids, this.#names, this.#intervals, this.#changed, this.#seen])
      held.clear();
  }

  #load(sql: string, key: string | number): SessionRow | undefined {
    const found = this.#store.get<Stored & { readonly sum: number | null }>(sql, key);
    if (!found) return undefined;
    if (found.sum !== sumOf(said(found))) throw this.#store.onError(new AlteredRow('session'));
    const row = toRow(found);
    this.#sessions.set(row.id, row);
    this.#ids.set(row.name, row.id);
    return row;
  }

  #write(row: SessionRow): void {
    const claims = row.claims.size === 0 ? '{}' : JSON.stringify(Object.fromEntries(row.claims));
    const released = row.released.size === 0 ? '[]' : JSON.stringify([...row.released]);
    const { handed, seen, missed, id } = row;
    const sum = sumOf(said({ ...row, claims, released }));
    this.#store.write(UPDATE, handed, seen, claims, missed, released, sum, id);
  }
}

type Stored = Omit<SessionRow, 'claims' | 'released'> & { readonly claims: string; readonly released: string };

/** In the order of the columns. */
function said(row: Stored): Value[] {
  return [
    row.id,
    row.kind,
    row.key,
    row.host,
    row.cwd,
    row.program,
    row.version,
    row.agent_session,
    row.created_at,
    row.last_seen,
    row.handed,
    row.seen,
    row.claims,
    row.missed,
    row.person,
    row.device,
    row.released,
    row.messages,
  ];
}

/** Field by field, and words that many have in common only once: what the driver makes takes twice the memory, and there may be thousands of them. */
function toRow(stored: Stored): SessionRow {
  return {
    id: stored.id,
    name: stored.name,
    person: stored.person,
    device: stored.device,
    kind: KINDS.find((kind) => kind === stored.kind) ?? stored.kind,
    key: stored.key,
    host: stored.host,
    cwd: stored.cwd,
    program: stored.program,
    version: stored.version,
    agent_session: stored.agent_session,
    created_at: stored.created_at,
    last_seen: stored.last_seen,
    handed: stored.handed,
    seen: stored.seen,
    claims: readClaims(stored.claims),
    missed: stored.missed,
    released: stored.released === '[]' ? NONE_RELEASED : new Set<number>(JSON.parse(stored.released)),
    messages: STANCES.find((stance) => stance === stored.messages) ?? stored.messages,
  };
}

function toInterval({ channel, since, until }: Interval): Interval {
  return { channel, since, until };
}

function readClaims(text: string): ReadonlyMap<number, number> {
  if (text === '{}') return NO_CLAIMS;
  const claims: Record<string, number> = JSON.parse(text);
  return new Map(Object.entries(claims).map(([position, attempts]) => [Number(position), attempts]));
}
