/**
 * The relay: connections come in, verbs become commands, what is applied wakes pumps. It knows no agent program, no
 * socket library and no HTTP.
 */
import type { Journal } from '../journal/journal.ts';
import { RelayError } from '../protocol/codes.ts';
import { LIMITS, TIMES } from '../protocol/limits.ts';
import type { Effect } from '../state/command.ts';
import { channelOf } from '../state/queries/channels.ts';
import { newestTime } from '../state/queries/envelopes.ts';
import { mayAdminister } from '../state/queries/grants.ts';
import { inward } from '../state/queries/people.ts';
import { countSessions, sessionByAnyName, sessionById } from '../state/queries/sessions.ts';
import { type Clock, sleep, type Timer } from '../util/clock.ts';
import type { Random } from '../util/random.ts';
import { bear, bearing } from './bearing.ts';
import { Brakes } from './brakes.ts';
import { Connection, type Connections, type ConnectOptions } from './connection.ts';
import { dispatch } from './dispatch.ts';
import { Halt } from './halt.ts';
import { HeldNews } from './held-news.ts';
import { Hub } from './hub.ts';
import { type Identity, isGood, THE_OWNER } from './identity.ts';
import type { Log } from './log.ts';
import { People, type PeopleOptions } from './people.ts';
import { mayWait } from './places.ts';
import { Presence } from './presence.ts';
import { Pumps, type Taker } from './pump.ts';
import { type Caller, Seats } from './seats.ts';
import type { Services } from './services.ts';
import type { Socket } from './socket.ts';
import { Unseen } from './unseen.ts';
import { type PruneOptions, type Retention, Upkeep } from './upkeep.ts';
import type { Actor } from './verb.ts';
import { told } from './verbs/held.ts';
import { Views } from './view.ts';
import { Walks } from './walks.ts';

export interface RelayOptions {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly version: string;
  readonly retention?: Retention;
  /** Agents that write because others wrote to them are braked; true when absent. */
  readonly brakes?: boolean;
}

const REVOKED = 'This device was revoked, or its time is over; ask for a new invitation.';

/** How long `stop` waits for answers that are under way, milliseconds: the process has 3 s to end. */
const FINISH = 1_000;

/** How often it is looked who has fallen silent, milliseconds. */
const PULSE = 1_000;
/** How often the brakes forget what is too long ago, milliseconds. */
const FORGET = 60_000;
/** How exact `last_seen` is for callers over HTTP, milliseconds. */
const SEEN_EVERY = 10_000;

export class Relay {
  /** Monotone counters by name, for /metrics. */
  readonly counters = new Map<string, number>();
  readonly #services: Services;
  readonly #seats: Seats;
  readonly #connections = new Set<Connection>();
  /** Those of them that were not welcomed yet, and whose they are. */
  readonly #strangers = new Map<Connection, number>();
  readonly #all: Connections = {
    opened: (connection) => void this.#strangers.delete(connection),
    closed: (connection) => {
      this.#strangers.delete(connection);
      this.#connections.delete(connection);
    },
  };
  readonly #timers: Timer[];
  readonly #stopEffects: () => void;
  /** Of requests without a connection that may wait. */
  readonly #waits = new Map<AbortController, Identity>();
  /** HTTP requests under way. */
  readonly #performing = new Set<Promise<unknown>>();
  readonly #leases = new Set<Timer>();
  /** Positions of envelopes that are not what was stored. */
  readonly #damaged = new Set<number>();
  /** The journal took no commands when it was looked at last. */
  #isStalled = false;
  readonly #upkeep: Upkeep;
  readonly #heldNews: HeldNews;
  #stopped: Promise<void> | undefined;

  constructor(options: RelayOptions) {
    this.#services = this.#assemble(options);
    this.#seats = new Seats(this.#services);
    const { clock, log } = this.#services;
    this.#stopEffects = options.journal.onEffects((effects) => bear(log, () => this.#onEffects(effects)));
    this.#timers = [
      clock.every(PULSE, () => this.#checkPulses()),
      clock.every(FORGET, () => this.#services.brakes.sweep()),
    ];
    this.#upkeep = new Upkeep(this.#services, options.retention);
    this.#heldNews = new HeldNews(this.#services);
  }

  /** The journal takes commands and the relay is not going down. */
  get ready(): boolean {
    return this.#services.journal.ready && this.#stopped === undefined;
  }

  /** Takes over an open socket. Its credential, Host and Origin were checked by the transport. */
  connect(socket: Socket, options: ConnectOptions = {}): void {
    const connection = new Connection(this.#services, this.#seats, socket, this.#all, options);
    const { person } = connection.identity;
    const isFull = this.#connections.size >= LIMITS.connections || !mayWait(person, this.#strangers);
    this.#connections.add(connection);
    this.#strangers.set(connection, person);
    if (this.#stopped) connection.fail(new RelayError('shutting_down'));
    else if (isFull) connection.fail(new RelayError('too_many_connections'));
  }

  /**
   * One verb without a connection. What `receive` takes is held for a minute; without a receipt by then it is given
   * again. Rejects with a RelayError.
   */
  perform(verb: string, args: unknown, caller: Caller, signal?: AbortSignal): Promise<unknown> {
    return this.#finishing(() => this.#perform(verb, args, caller, signal));
  }

  /** Makes the caller's name a session, or says why it may not have it. Rejects with a RelayError. */
  enter(caller: Caller): Promise<void> {
    return this.#finishing(async () => {
      const actor = await this.#seats.act(caller);
      if (actor) this.#noteSeen(actor);
    });
  }

  /** What is begun is finished before the relay stops. */
  async #finishing<T>(begin: () => Promise<T>): Promise<T> {
    if (this.#stopped) throw new RelayError('shutting_down');
    const performed = begin();
    this.#performing.add(performed);
    try {
      return await performed;
    } finally {
      this.#performing.delete(performed);
    }
  }

  async #perform(verb: string, args: unknown, caller: Caller, signal?: AbortSignal): Promise<unknown> {
    const { identity = THE_OWNER } = caller;
    const actor = await this.#seats.act(caller);
    const taker: Taker = { taker: 'http' };
    // Not AbortSignal.any: until Node 22 each one leaves a reference at a source that lives as long as the relay.
    const waits = new AbortController();
    const abort = () => waits.abort();
    signal?.addEventListener('abort', abort, { once: true });
    this.#waits.set(waits, identity);
    if (signal?.aborted || this.#stopped) abort();
    const view = this.#services.views.of(identity.person);
    const call = { services: this.#services, view, taker, signal: waits.signal, ...(actor ? { actor } : {}) };
    let isAnswered = false;
    try {
      const result = await dispatch(call, verb, args);
      // It may have been revoked while this waited.
      if (!this.knows(identity)) throw new RelayError('unauthorized', REVOKED);
      isAnswered = !signal?.aborted;
      return result;
    } finally {
      signal?.removeEventListener('abort', abort);
      this.#waits.delete(waits);
      // First what it has taken: whatever else fails, that comes back.
      if (actor && this.#services.pumps.isHolding(actor.session, taker)) this.#lease(actor, taker, isAnswered);
      if (actor) this.#noteSeen(actor);
    }
  }

  /** Who acts over HTTP was seen. Not written for each request: nobody needs it to the second. Best effort: the answer is made. */
  #noteSeen(actor: Actor): void {
    this.#see(actor).catch((error) => this.#services.log.debug({ error }, 'last seen could not be written'));
  }

  async #see({ session }: Actor): Promise<void> {
    const { store, journal, now } = this.#services;
    const row = sessionById(store, session);
    if (!row || now() - row.last_seen < SEEN_EVERY) return;
    await journal.post({ type: 'depart', session, at: now() });
  }

  /** Calls when there may be mail for that name. Returns the way to stop; a name that nobody knows is never called for. */
  onMail({ name, identity = THE_OWNER }: Caller, listener: () => void): () => void {
    const { store } = this.#services;
    const row = name === undefined ? undefined : sessionByAnyName(store, inward(store, identity.person, name));
    return row ? this.#services.hub.listen(row.id, { onMail: listener }) : () => undefined;
  }

  /** Who may come, and what they may. */
  people(options: Omit<PeopleOptions, 'services' | 'isHere'>): People {
    const isHere = (device: string) => [...this.#connections].some(({ identity }) => identity.device === device);
    return new People({ ...options, services: this.#services, isHere });
  }

  administers({ person }: Identity): boolean {
    return mayAdminister(this.#services.store, person);
  }

  /** Is that credential still worth something? */
  knows(identity: Identity): boolean {
    return isGood(this.#services.store, identity, this.#services.relayTime());
  }

  /** Forgets what the options say, but for what somebody has yet to read. Answers how many that were. */
  async prune(options: PruneOptions): Promise<number> {
    if (this.#stopped) throw new RelayError('shutting_down');
    const { inbox, ...policy } = options;
    const channel = inbox === undefined ? undefined : channelOf(this.#services.store, inbox);
    return this.#upkeep.prune({ ...policy, channel });
  }

  /** Gauges for /metrics. */
  counts(): { connections: number; here: number; sessions: number; performing: number; unsentBytes: number } {
    const connections = [...this.#connections];
    return {
      connections: connections.length,
      here: this.#services.presence.count,
      sessions: countSessions(this.#services.store),
      performing: this.#performing.size,
      unsentBytes: connections.reduce((sum, connection) => sum + connection.unsent, 0),
    };
  }

  /** Tells everybody, finishes what was submitted, closes the journal. May be called twice. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    for (const timer of [...this.#timers, ...this.#leases]) timer.cancel();
    this.#services.unseen.stop();
    this.#services.halt.stop();
    this.#heldNews.stop();
    this.#upkeep.stop();
    for (const waits of this.#waits.keys()) waits.abort();
    await this.#finish();
    this.#services.presence.silence();
    for (const connection of [...this.#connections]) connection.fail(new RelayError('shutting_down'));
    await this.#services.journal.close();
    this.#stopEffects();
  }

  /** Waits until everything that was accepted is answered; a journal that hangs does not keep us. */
  async #finish(): Promise<void> {
    const all = [...this.#performing, ...[...this.#connections].map((connection) => connection.finish())];
    const patience = new AbortController();
    const isOver = sleep(this.#services.clock, FINISH, patience.signal).catch(() => undefined);
    await Promise.race([Promise.allSettled(all), isOver]);
    patience.abort();
  }

  #assemble({ journal, clock, random, log, version, brakes = true }: RelayOptions): Services {
    const { store } = journal.state;
    const started = clock.monotonic();
    let last = newestTime(store);
    // Not the newest time that is stored: a clock that was ahead for a moment would end what is to live longer.
    const anchor = clock.now();
    const services: Unfinished = {
      journal,
      store,
      clock: bearing(clock, log),
      random,
      log,
      version,
      hub: new Hub(store),
      views: new Views(store),
      presence: new Presence<Connection>(clock),
      walks: new Walks(clock),
      now: () => {
        last = Math.max(last, clock.now());
        return last;
      },
      relayTime: () => Math.round(anchor + clock.monotonic() - started),
      uptime: () => Math.round(clock.monotonic() - started),
      onDamaged: (position) => this.#onDamaged(position),
      tell: (person, frame) => {
        for (const connection of this.#connections) connection.tell(person, frame);
      },
      count: (name, by = 1) => this.counters.set(name, (this.counters.get(name) ?? 0) + by),
    };
    return finished(services, brakes);
  }

  /** From the answer on; what could not be answered is free at once. */
  #lease(actor: Actor, taker: Taker, isAnswered: boolean): void {
    const { clock, pumps } = this.#services;
    if (!isAnswered) return pumps.release(actor.session, taker);
    const timer = clock.after(TIMES.lease, () => {
      this.#leases.delete(timer);
      pumps.release(actor.session, taker);
    });
    this.#leases.add(timer);
  }

  #onEffects(effects: readonly Effect[]): void {
    const { hub, pumps, presence, unseen } = this.#services;
    for (const effect of effects) {
      if (effect.kind === 'receipt') {
        unseen.note(effect);
        // A remark moves nothing: what was given out stays so.
        if (effect.unseen === undefined) pumps.settled(effect.session, effect.position);
      } else if (effect.kind === 'renamed')
        presence.renamed(effect.session, effect.was, effect.name, this.#services.now());
      else if (effect.kind === 'revoked') this.#cut();
      else if (effect.kind === 'held') this.#heldNews.note(effect.person);
      else if (effect.kind === 'paused') this.#onPaused(effect.until);
    }
    hub.tell(effects);
  }

  /** Whoever comes with what is worth nothing any more is gone in this moment. */
  #cut(): void {
    for (const connection of [...this.#connections])
      if (!this.knows(connection.identity)) connection.fail(new RelayError('unauthorized', REVOKED));
    for (const [waits, identity] of this.#waits) if (!this.knows(identity)) waits.abort();
  }

  #onPaused(until: number): void {
    const { halt, tell, log } = this.#services;
    log.warn({ until }, until === 0 ? 'messages go on' : 'all messages are paused');
    if (until !== 0) tell(undefined, { type: 'paused', until: told(until) });
    halt.set(until);
  }

  #checkPulses(): void {
    for (const connection of [...this.#connections]) connection.checkPulse();
    this.#services.pumps.sweep();
    this.#checkStorage();
    // Last: it reads the store.
    this.#cut();
  }

  /** What was answered with `storage_failed` may be there all the same: whom it is for has yet to hear of it. */
  #checkStorage(): void {
    const { journal, hub } = this.#services;
    if (this.#isStalled && journal.ready) hub.wakeAll();
    this.#isStalled = !journal.ready;
  }

  /** Each once: whoever asks for it again is not to fill the log. */
  #onDamaged(position: number): void {
    if (this.#damaged.has(position)) return;
    this.#damaged.add(position);
    this.#services.count('damaged');
    this.#services.log.error({ position }, 'an envelope was altered on the disk; it is given to nobody');
  }
}

type Unfinished = Omit<Services, 'pumps' | 'unseen' | 'brakes' | 'halt'>;

/** These need the services that they are part of. */
function finished(services: Unfinished, brakes: boolean): Services {
  const whole = services as { -readonly [S in keyof Services]: Services[S] };
  whole.pumps = new Pumps(whole);
  whole.unseen = new Unseen(whole);
  whole.brakes = new Brakes(whole, brakes);
  whole.halt = new Halt(whole, () => {
    whole.tell(undefined, { type: 'paused' });
    whole.hub.wakeAll();
  });
  return whole;
}
