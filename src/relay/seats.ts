/**
 * Who gets which name. A name belongs to the key that the relay gave to its first holder; a live holder is never
 * pushed out by another process, and never by process ids or claims:
 *
 *     name is new                              → made, with a key
 *     key fits, nobody holds it                → seated
 *     key fits, the same process holds it      → seated (its old socket is dead or dying)
 *     key fits, another process holds it       → probed: silent for 3 s → seated; alive → NAME.2 with a key of its own
 *     key does not fit                         → NAME.2
 */
import { createHash } from 'node:crypto';
import { RelayError } from '../protocol/codes.ts';
import type { Hello } from '../protocol/frames.ts';
import { TIMES } from '../protocol/limits.ts';
import type { Kind } from '../protocol/session.ts';
import type { Entered } from '../state/command.ts';
import { sessionByAnyName, sessionByName } from '../state/queries/sessions.ts';
import { sleep } from '../util/clock.ts';
import { secret } from '../util/random.ts';
import type { Connection } from './connection.ts';
import type { Services } from './services.ts';
import type { Actor } from './verb.ts';

export interface Seat {
  readonly session: number;
  readonly name: string;
  /** A key that was made just now. */
  readonly key?: string;
  readonly suffixed: boolean;
}

/** Who acts over HTTP. */
export interface Caller {
  readonly name?: string;
  readonly key?: string;
  /** For a name that is new. */
  readonly kind?: Kind;
}

/** Keys are stored as digests: a copy of the relay's data lets nobody in. */
export function keyDigest(key: string): string {
  return createHash('sha256').update(key).digest('base64url');
}

export class Seats {
  readonly #services: Services;
  /** Two that ask for one name are served one after the other. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(services: Services) {
    this.#services = services;
  }

  /** Undefined for a hello without a name. */
  async take(hello: Hello): Promise<Seat | undefined> {
    const { name } = hello;
    if (name === undefined) return undefined;
    const turn = (this.#turns.get(name) ?? Promise.resolve()).then(() => this.#take(hello, name));
    const settled = turn.catch(() => undefined);
    this.#turns.set(name, settled);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(name) === settled) this.#turns.delete(name);
    }
  }

  /** The session that an HTTP caller acts as; made keyless when its name is new. Throws `name_taken`. */
  async act(caller: Caller): Promise<Actor | undefined> {
    const { name, key } = caller;
    if (name === undefined) return undefined;
    const row = sessionByAnyName(this.#services.store, name);
    if (row && row.key === null) return { session: row.id };
    if (row && key !== undefined && row.key === keyDigest(key)) return { session: row.id };
    if (row && sessionByName(this.#services.store, name)) {
      throw new RelayError(
        'name_taken',
        `${name} belongs to a session with a resume key: give it as Relay-Key (it is in the state directory, under keys/), or choose another name.`,
      );
    }
    const about = { kind: caller.kind ?? ('script' as const) };
    const { outcome } = await this.#services.journal.submit({ type: 'enter', at: this.#services.now(), name, about });
    return { session: outcome.session };
  }

  async #take(hello: Hello, name: string): Promise<Seat> {
    const { store, presence } = this.#services;
    const row = sessionByAnyName(store, name);
    const isOwn = !row || row.key === null || (hello.key !== undefined && row.key === keyDigest(hello.key));
    const isAliasOfOther = row && !isOwn && row.name !== name;
    if (!isOwn && !isAliasOfOther) return this.#suffix(hello, name);
    const holder = row && isOwn ? presence.holder(row.id) : undefined;
    if (hello.seat && holder && holder.instance !== hello.instance && (await this.#isAlive(holder)))
      return this.#suffix(hello, name);
    return this.#enter(hello, name, hello.key);
  }

  /** The first free number after the name. Its key is its own: what is sent to one fork is not for the next. */
  #suffix(hello: Hello, name: string): Promise<Seat> {
    const base = /^(.+)\.\d+$/.exec(name)?.[1] ?? name;
    for (let n = 2; ; n++) {
      const end = `.${n}`;
      const candidate = `${base.slice(0, 64 - end.length)}${end}`;
      if (!sessionByAnyName(this.#services.store, candidate) && !this.#turns.has(candidate))
        return this.#enter(hello, candidate, undefined, true);
    }
  }

  async #enter(hello: Hello, name: string, key: string | undefined, suffixed = false): Promise<Seat> {
    const { journal, random, now } = this.#services;
    const fresh = secret(random);
    const { outcome }: { outcome: Entered } = await journal.submit({
      type: 'enter',
      at: now(),
      name,
      ...(key === undefined ? {} : { key: keyDigest(key) }),
      grant: keyDigest(fresh),
      about: hello.about ?? {},
    });
    return { session: outcome.session, name: outcome.name, suffixed, ...(outcome.granted ? { key: fresh } : {}) };
  }

  /**
   * Asks the holder for a sign of life. One that is going away answers too, so it must also still be there a second
   * later. One that says nothing for three seconds is dropped.
   */
  async #isAlive(holder: Connection): Promise<boolean> {
    const { clock } = this.#services;
    const asked = holder.heard;
    holder.ping();
    await sleep(clock, TIMES.probe);
    if (!holder.isClosed && holder.heard === asked) await sleep(clock, TIMES.probeSilence - TIMES.probe);
    if (holder.isClosed) return false;
    if (holder.heard !== asked) return true;
    holder.fail(new RelayError('silent'));
    return false;
  }
}
