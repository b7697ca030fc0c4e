/**
 * Who gets which name. A name belongs to the key that the relay gave to its first holder; a live holder is never
 * pushed out by another process, and never by process ids or claims:
 *
 *     name is new                              → made, with a key
 *     key fits, nobody holds it                → seated
 *     key fits, the same process holds it      → seated (its old socket is dead or dying)
 *     key fits, another process holds it       → probed: no answer, and silent for 3 s → seated; alive → NAME.2 with a key of its own
 *     key does not fit                         → NAME.2
 *     no key, but the same process asks again  → what it was given before: the welcome was lost, not the name
 *
 * Only who takes a seat is given a key: looking on under a name that scripts use must not lock them out of it.
 */
import { createHash } from 'node:crypto';
import { RelayError } from '../protocol/codes.ts';
import type { Hello } from '../protocol/frames.ts';
import { TIMES } from '../protocol/limits.ts';
import type { Kind } from '../protocol/session.ts';
import type { Entered } from '../state/command.ts';
import { inward } from '../state/queries/people.ts';
import { type SessionRow, sessionByAnyName, sessionById, sessionByName } from '../state/queries/sessions.ts';
import { type Clock, sleep } from '../util/clock.ts';
import { secret } from '../util/random.ts';
import type { Connection } from './connection.ts';
import { type Identity, THE_OWNER } from './identity.ts';
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
  /** Absent: the owner, on the relay's own machine. */
  readonly identity?: Identity;
  readonly name?: string;
  readonly key?: string;
  /** For a name that is new. */
  readonly kind?: Kind;
}

/** Who wants a seat, and whether its name is to stay without a key. */
interface Wish {
  readonly hello: Hello;
  readonly keyless: boolean;
  readonly identity: Identity;
}

/** Keys are stored as digests: a copy of the relay's data lets nobody in. */
export function keyDigest(key: string): string {
  return createHash('sha256').update(key).digest('base64url');
}

/** What a hello may have: a name that it can prove, or one that is free. */
interface Claim {
  readonly name: string;
  /** Proves the name; a new one needs none. */
  readonly key?: string;
  readonly suffixed: boolean;
  /** The session that will be recognised; undefined when one will be made. */
  readonly session?: number;
}

/** A key that was made for an instance and that nobody has presented since: its welcome may have been lost. */
interface Grant {
  readonly key: string;
  readonly suffixed: boolean;
  /** Who asked for what name: it may have got another one. */
  readonly instance: string;
  readonly name: string;
  /** False: the connection was gone before the key could be told, so that nobody has it. */
  readonly isTold: boolean;
}

/** How often a hello that lost a race for a name looks again; each time somebody else has come further. */
const TRIES = 10;

export class Seats {
  readonly #services: Services;
  /** By session. */
  readonly #grants = new Map<number, Grant>();
  /** Instance and name asked for → session, where that has another name: the same process asking again gets the same one. */
  readonly #asked = new Map<string, number>();
  /** Suffixed names that are being made. */
  readonly #reserved = new Set<string>();

  constructor(services: Services) {
    this.#services = services;
  }

  /**
   * Finds the seat and calls `sit` with it, undefined for a hello without a name, in the same turn in which nobody
   * else holds it: two that ask at one moment never both sit. `sit` answers false when its connection is gone.
   */
  async take(wish: Wish, sit: (seat: Seat | undefined) => boolean): Promise<void> {
    const { hello, identity } = wish;
    if (hello.name === undefined) return void sit(undefined);
    const name = inward(this.#services.store, identity.person, hello.name);
    for (let left = TRIES; ; left--) {
      try {
        const seat = await this.#find(wish, name);
        const isFree = !hello.seat || !this.#isHeldByOther(hello, seat.session);
        this.#note(hello, name, seat, isFree && sit(seat));
        if (isFree) return;
      } catch (error) {
        // Somebody made or took that name since we looked.
        if (left <= 0 || !isTaken(error)) throw error;
      }
    }
  }

  /** The session that an HTTP caller acts as; made keyless when its name is new. Throws `name_taken`. */
  async act(caller: Caller): Promise<Actor | undefined> {
    const { key, identity = THE_OWNER } = caller;
    if (caller.name === undefined) return undefined;
    const name = inward(this.#services.store, identity.person, caller.name);
    const row = sessionByAnyName(this.#services.store, name);
    if (row && row.key === null) return { session: row.id };
    if (row && fits(row, key)) {
      this.#forget(row.id);
      return { session: row.id };
    }
    if (row && sessionByName(this.#services.store, name)) throw keyWanted(caller.name);
    const about = { kind: caller.kind ?? ('script' as const) };
    const command = { type: 'enter', at: this.#services.now(), name, ...identity, about } as const;
    const { outcome } = await this.#services.journal.submit(command).catch((error: unknown) => {
      throw isTaken(error) && caller.name !== undefined ? keyWanted(caller.name) : error;
    });
    return { session: outcome.session };
  }

  async #find(wish: Wish, name: string): Promise<Seat> {
    for (const claim of this.#claims(wish, name)) {
      if (await this.#isFree(wish.hello, claim)) return this.#enter(wish, claim);
    }
    return this.#suffix(wish, name);
  }

  /** In the order in which they are tried. */
  #claims({ hello, keyless }: Wish, name: string): Claim[] {
    const { store } = this.#services;
    const row = sessionByAnyName(store, name);
    const again = keyless ? [] : this.#again(hello, name, row);
    if (row && hello.key !== undefined && fits(row, hello.key))
      return [{ name, key: hello.key, suffixed: false, session: row.id }, ...again];
    if (again.length > 0) return again;
    if (row?.key === null && row.name === name) return [{ name, suffixed: false, session: row.id }];
    // An old name is only kept for whoever has the key: to others it is free.
    return !row || row.name !== name ? [{ name, suffixed: false }] : [];
  }

  /** What was granted to this very process, or to one that never heard of it. */
  #again(hello: Hello, name: string, row: SessionRow | undefined): Claim[] {
    const session = this.#asked.get(asker(hello.instance, name)) ?? row?.id;
    const grant = session === undefined ? undefined : this.#grants.get(session);
    const granted = session === undefined ? undefined : sessionById(this.#services.store, session);
    if (!grant || !granted || (grant.isTold && grant.instance !== hello.instance)) return [];
    return [
      { name: granted.name, key: grant.key, session: granted.id, suffixed: grant.suffixed && granted.name !== name },
    ];
  }

  async #isFree(hello: Hello, { session }: Claim): Promise<boolean> {
    if (!hello.seat || session === undefined) return true;
    const holder = this.#services.presence.holder(session);
    return !holder || holder.instance === hello.instance || !(await this.#isAlive(holder));
  }

  #isHeldByOther(hello: Hello, session: number): boolean {
    const holder = this.#services.presence.holder(session);
    return holder !== undefined && holder.instance !== hello.instance;
  }

  /** The first free number after the name. Its key is its own: what is sent to one fork is not for the next. */
  async #suffix(wish: Wish, name: string): Promise<Seat> {
    const [own = name, person] = name.split('@');
    const base = /^(.+)\.\d+$/.exec(own)?.[1] ?? own;
    for (let n = 2; ; n++) {
      const end = `.${n}`;
      const candidate = `${base.slice(0, 64 - end.length)}${end}${person === undefined ? '' : `@${person}`}`;
      if (this.#reserved.has(candidate) || sessionByAnyName(this.#services.store, candidate)) continue;
      this.#reserved.add(candidate);
      try {
        return await this.#enter(wish, { name: candidate, suffixed: true });
      } finally {
        this.#reserved.delete(candidate);
      }
    }
  }

  async #enter({ hello, keyless, identity }: Wish, claim: Claim): Promise<Seat> {
    const { journal, random, now } = this.#services;
    const { name, key, suffixed } = claim;
    const fresh = secret(random);
    const { outcome }: { outcome: Entered } = await journal.submit({
      type: 'enter',
      at: now(),
      name,
      ...identity,
      ...(key === undefined ? {} : { key: keyDigest(key) }),
      ...(keyless || !hello.seat ? {} : { grant: keyDigest(fresh) }),
      about: hello.about ?? {},
    });
    // A key that the hello did not bring is told, whether it was made now or for a welcome that was lost.
    const told = outcome.granted ? fresh : key === hello.key ? undefined : key;
    return { session: outcome.session, name: outcome.name, suffixed, ...(told === undefined ? {} : { key: told }) };
  }

  /** A key that was told now is remembered until it is presented. */
  #note({ instance }: Hello, asked: string, { session, name, key, suffixed }: Seat, isTold: boolean): void {
    if (key === undefined) return isTold ? this.#forget(session) : undefined;
    // What was told once stays told, even if this welcome did not get out.
    const wasTold = this.#grants.get(session)?.isTold ?? false;
    this.#forget(session);
    this.#grants.set(session, { key, suffixed, instance, name: asked, isTold: isTold || wasTold });
    if (asked !== name) this.#asked.set(asker(instance, asked), session);
  }

  #forget(session: number): void {
    const grant = this.#grants.get(session);
    if (!grant) return;
    this.#grants.delete(session);
    const asked = asker(grant.instance, grant.name);
    if (this.#asked.get(asked) === session) this.#asked.delete(asked);
  }

  /**
   * Asks the holder for a sign of life. One that is going away answers too, so it must also still be there two
   * seconds later. One that does not answer is dropped once it has said nothing for three seconds: what it says
   * meanwhile may have been on its way since before it died, and its end may come right behind.
   */
  async #isAlive(holder: Connection): Promise<boolean> {
    const { pulse } = holder;
    const { clock } = this.#services;
    const start = clock.monotonic();
    const asked = pulse.ping();
    await waited(clock, TIMES.probe, holder.gone);
    for (;;) {
      if (holder.isClosed) return false;
      if (pulse.hasAnswered(asked)) return true;
      const now = clock.monotonic();
      const left = Math.min(Math.max(pulse.heard, start) + TIMES.probeSilence, start + TIMES.silence) - now;
      if (left <= 0) break;
      await waited(clock, left, holder.gone);
    }
    holder.fail(new RelayError('silent'));
    return false;
  }
}

/** After `ms`, or as soon as the holder is gone. */
async function waited(clock: Clock, ms: number, gone: AbortSignal): Promise<void> {
  await sleep(clock, ms, gone).catch(() => undefined); // gone is an answer too
}

function fits(row: SessionRow, key: string | undefined): boolean {
  return key !== undefined && row.key === keyDigest(key);
}

/** Instances hold no space. */
function asker(instance: string, name: string): string {
  return `${instance} ${name}`;
}

function isTaken(error: unknown): boolean {
  return error instanceof RelayError && error.code === 'name_taken';
}

function keyWanted(name: string): RelayError {
  return new RelayError(
    'name_taken',
    `${name} belongs to a session with a resume key: give it as Relay-Key (it is in the state directory, under keys/), or choose another name.`,
  );
}
