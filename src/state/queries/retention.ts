/**
 * What a policy would have forgotten, in pages, so that whoever goes through it can let others in between. Whether
 * somebody has yet to read it is for the command to say (`commands/prune.ts`), at the moment when it is applied.
 */
import type { Store } from '../store.ts';
import { channelsOf, type EnvelopeRow } from './envelopes.ts';

/** Any of the three is enough. An inbox is what was sent to one address: a session, a room, or all. */
export interface Policy {
  /** Stored before then, milliseconds since 1970. */
  readonly before?: number | undefined;
  /** Beyond so many of an inbox, the newest counted first. */
  readonly count?: number | undefined;
  /** Beyond so many bytes of bodies in an inbox, the newest counted first. */
  readonly bytes?: number | undefined;
  /** Only what was sent to this channel, and to no other. */
  readonly channel?: number | undefined;
}

/** Envelopes looked at before the others are let in. */
const PAGE = 200;

type Row = Pick<EnvelopeRow, 'position' | 'at' | 'channels'>;

/** Positions, ascending within a page; a page may be empty, and a position may come twice. */
export function* outdated(store: Store, policy: Policy): Generator<readonly number[]> {
  if (policy.before !== undefined) yield* byAge(store, policy.before, policy.channel);
  if (policy.count !== undefined || policy.bytes !== undefined) yield* bySize(store, policy);
}

/** In order of position, which is that of time but for a clock that was set back: the first that is newer ends it. */
function* byAge(store: Store, before: number, channel: number | undefined): Generator<readonly number[]> {
  const sql = 'SELECT position, at, channels FROM envelope WHERE position > ? ORDER BY position LIMIT ?';
  for (let after = 0; ; ) {
    const rows = store.all<Row>(sql, after, PAGE);
    const old = rows.filter((row) => row.at < before);
    yield old.filter((row) => channel === undefined || isOnly(row, channel)).map((row) => row.position);
    if (old.length < PAGE) return;
    after = rows.at(-1)?.position ?? after;
  }
}

function* bySize(store: Store, policy: Policy): Generator<readonly number[]> {
  const bounds = new Bounds(store, policy);
  for (const channel of policy.channel === undefined ? channelIds(store) : [policy.channel]) {
    yield* beyond(store, channel, bounds);
  }
}

/** What lies beyond the bound in that channel, and in every other that it was sent to. */
function* beyond(store: Store, channel: number, bounds: Bounds): Generator<readonly number[]> {
  const bound = bounds.of(channel);
  const sql = `SELECT envelope.position, at, channels FROM route JOIN envelope ON envelope.position = route.position
    WHERE channel = ? AND route.position > ? AND route.position <= ? ORDER BY route.position LIMIT ?`;
  for (let after = 0; after < bound; ) {
    const rows = store.all<Row>(sql, channel, after, bound, PAGE);
    yield rows.filter((row) => bounds.excludes(row)).map((row) => row.position);
    if (rows.length < PAGE) return;
    after = rows.at(-1)?.position ?? bound;
  }
}

function isOnly(row: Row, channel: number): boolean {
  return channelsOf(row).every((each) => each === channel);
}

function* channelIds(store: Store): Generator<number> {
  for (let after = -1; ; ) {
    const rows = store.all<{ id: number }>('SELECT id FROM channel WHERE id > ? ORDER BY id LIMIT ?', after, PAGE);
    for (const { id } of rows) yield id;
    if (rows.length < PAGE) return;
    after = rows.at(-1)?.id ?? after;
  }
}

/** For each channel the newest position that is too many or too much; 0 when nothing is. */
class Bounds {
  readonly #store: Store;
  readonly #policy: Policy;
  readonly #known = new Map<number, number>();

  constructor(store: Store, policy: Policy) {
    this.#store = store;
    this.#policy = policy;
  }

  of(channel: number): number {
    let bound = this.#known.get(channel);
    if (bound === undefined) {
      bound = Math.max(this.#byCount(channel), this.#byBytes(channel));
      this.#known.set(channel, bound);
    }
    return bound;
  }

  excludes(row: Row): boolean {
    if (this.#policy.channel !== undefined && !isOnly(row, this.#policy.channel)) return false;
    return channelsOf(row).every((channel) => row.position <= this.of(channel));
  }

  #byCount(channel: number): number {
    const { count } = this.#policy;
    if (count === undefined) return 0;
    const sql = 'SELECT position FROM route WHERE channel = ? ORDER BY position DESC LIMIT 1 OFFSET ?';
    return this.#store.get<{ position: number }>(sql, channel, count)?.position ?? 0;
  }

  #byBytes(channel: number): number {
    let left = this.#policy.bytes;
    if (left === undefined) return 0;
    const sql = `SELECT envelope.position, octet_length(body) AS bytes FROM route JOIN envelope ON envelope.position = route.position
      WHERE channel = ? AND route.position < ? ORDER BY route.position DESC LIMIT ?`;
    for (let before = Number.MAX_SAFE_INTEGER; ; ) {
      const rows = this.#store.all<{ position: number; bytes: number }>(sql, channel, before, PAGE);
      for (const { position, bytes } of rows) {
        left -= bytes;
        if (left < 0) return position;
      }
      const last = rows.at(-1);
      if (!last || rows.length < PAGE) return 0;
      before = last.position;
    }
  }
}
