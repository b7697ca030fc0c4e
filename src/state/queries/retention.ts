/**
 * What a policy would have forgotten, in pages, so that whoever goes through it can let others in between. Whether
 * somebody has yet to read it is for the command to say (`commands/prune.ts`), at the moment when it is applied.
 */
import { utf8Bytes } from '../../protocol/check.ts';
import { RELAY_CHANNEL } from '../schema.ts';
import type { Store } from '../store.ts';
import { type EnvelopeRow, envelopeRow, envelopesAfter } from './envelopes.ts';
import { sentTo } from './routes.ts';

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

type Rows = Generator<readonly EnvelopeRow[]>;

/** In order of position within a page; a page may be empty, and an envelope may come twice. */
export function* outdated(store: Store, policy: Policy): Rows {
  if (policy.before !== undefined) yield* byAge(store, policy.before, policy.channel);
  if (policy.count !== undefined || policy.bytes !== undefined) yield* bySize(store, policy);
}

/** In order of position, which is that of time but for a clock that was set back: the first that is newer ends it. */
function* byAge(store: Store, before: number, channel: number | undefined): Rows {
  for (let after = 0; ; ) {
    const rows = envelopesAfter(store, after, PAGE);
    const old = rows.filter((row) => row.at < before);
    yield old.filter((row) => channel === undefined || isOnly(row, channel));
    if (old.length < PAGE) return;
    after = rows.at(-1)?.position ?? after;
  }
}

function* bySize(store: Store, policy: Policy): Rows {
  const bounds = new Bounds(store, policy);
  for (const channel of policy.channel === undefined ? channelIds(store) : [policy.channel]) {
    yield* beyond(store, channel, bounds);
  }
}

/** What lies beyond the bound in that channel, and in every other that it was sent to. */
function* beyond(store: Store, channel: number, bounds: Bounds): Rows {
  const bound = bounds.of(channel);
  for (let after = 0; after < bound; ) {
    const positions = sentTo(store, channel, { after, before: bound + 1, ascending: true }, PAGE);
    const rows = positions.flatMap((position) => envelopeRow(store, position) ?? []);
    yield rows.filter((row) => bounds.excludes(row));
    if (positions.length < PAGE) return;
    after = positions.at(-1) ?? bound;
  }
}

function isOnly(row: EnvelopeRow, channel: number): boolean {
  return row.channels.every((each) => each === channel);
}

function* channelIds(store: Store): Generator<number> {
  for (let after = RELAY_CHANNEL; ; ) {
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

  excludes(row: EnvelopeRow): boolean {
    if (this.#policy.channel !== undefined && !isOnly(row, this.#policy.channel)) return false;
    return row.channels.every((channel) => row.position <= this.of(channel));
  }

  #byCount(channel: number): number {
    const { count } = this.#policy;
    if (count === undefined) return 0;
    const { tail } = this.#store;
    const recent = tail.sentTo(channel);
    if (count < recent.length) return recent.at(-1 - count) ?? 0;
    const sql =
      'SELECT position FROM route WHERE channel = ? AND position <= ? ORDER BY position DESC LIMIT 1 OFFSET ?';
    const row = this.#store.get<{ position: number }>(sql, channel, tail.start, count - recent.length);
    return row?.position ?? 0;
  }

  #byBytes(channel: number): number {
    let left = this.#policy.bytes;
    if (left === undefined) return 0;
    for (let before = Number.MAX_SAFE_INTEGER; ; ) {
      const positions = sentTo(this.#store, channel, { after: 0, before, ascending: false }, PAGE);
      for (const position of positions) {
        left -= this.#bytesAt(position);
        if (left < 0) return position;
      }
      const last = positions.at(-1);
      if (last === undefined || positions.length < PAGE) return 0;
      before = last;
    }
  }

  #bytesAt(position: number): number {
    const recent = this.#store.tail.row(position);
    if (recent) return utf8Bytes(recent.body);
    const sql = 'SELECT octet_length(body) AS bytes FROM envelope WHERE position = ?';
    return this.#store.get<{ bytes: number }>(sql, position)?.bytes ?? 0;
  }
}
