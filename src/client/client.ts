/**
 * Stays connected to the relay under one name.
 *
 *     idle ─start→ connecting ─welcome→ connected ─lost→ waiting ─back-off→ connecting …
 *                      │ not allowed, not understood         ↑
 *                      └──────────→ refused ──30 s───────────┘     replaced ─→ ended (for good)
 *
 * The name that was granted is kept: a session that was given `CC-1.2` comes back as `CC-1.2` with that name's key, so
 * two sessions of one wanted name never take turns at throwing each other out.
 *
 * Timers do not keep the process alive: whoever has nothing else that does must hold it while it waits.
 */
import type { Device } from '../config/device.ts';
import { asRelayError, RelayError } from '../protocol/codes.ts';
import type { Envelope } from '../protocol/envelope.ts';
import type {
  BrakedFrame,
  Deliver,
  HeldFrame,
  Hello,
  PausedFrame,
  PresenceFrame,
  ReceiptFrame,
  Welcome,
} from '../protocol/frames.ts';
import type { Args, ReceiveResult, Results, Verb } from '../protocol/verbs.ts';
import { type Clock, sleep } from '../util/clock.ts';
import type { Random } from '../util/random.ts';
import { Backoff } from './backoff.ts';
import { Connection, type Pushed, type RequestOptions } from './connection.ts';
import { Emitter } from './emitter.ts';
import type { KeyStore } from './keys.ts';
import { Pause } from './pause.ts';
import { relayUrl, shownUrl } from './place.ts';
import { unreachable } from './reach.ts';
import { Receipts } from './receipts.ts';
import type { Connect } from './socket.ts';
import { type Gap, type NameChange, Standing } from './standing.ts';
import { isReceiveResult, Stash } from './stash.ts';

export interface ClientOptions {
  /** Read again at each try: the relay's port may change. May throw a RelayError. */
  readonly url: () => string;
  /** Read again at each try: the relay may be started, and make its token, after us. May throw a RelayError. */
  readonly token: () => string | undefined;
  /** This machine's key at a relay that it has joined; goes before the token. Read again at each try. May throw. */
  readonly device?: () => Device | undefined;
  /** How to say hello; `name` is the wanted one. */
  readonly hello: Omit<Hello, 'type' | 'v' | 'key' | 'instance'>;
  /** One per process life (`instanceId`). */
  readonly instance: string;
  readonly keys: KeyStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly connect: Connect;
  /** Never given a body or a secret. */
  readonly log?: (event: string, detail: Readonly<Record<string, unknown>>) => void;
}

export type Phase = 'idle' | 'connecting' | 'connected' | 'waiting' | 'refused' | 'ended';

export interface ClientState {
  readonly phase: Phase;
  /** The name that is held, or wanted while none was granted; undefined for a client without a name. */
  readonly name: string | undefined;
  /** The name that was asked for, when a live session holds it and this one was given another. */
  readonly wanted: string | undefined;
  /** Why it is not connected: one sentence with what to do. */
  readonly trouble: RelayError | undefined;
}

export interface ClientEvents {
  state: ClientState;
  welcome: Welcome;
  /** There may be unread mail; the number is what the relay last said. Also after every welcome. */
  mail: number;
  /** Pushed envelopes that this process has not shown; each wants a receipt. */
  deliver: Deliver;
  receipt: ReceiptFrame;
  presence: PresenceFrame;
  /** What this session's person should know of: something is held for them, a session of theirs is braked, all is paused. */
  held: HeldFrame;
  braked: BrakedFrame;
  paused: PausedFrame;
  /** Said once for each change. */
  gap: Gap;
  name: NameChange;
}

export interface ClientRequest extends RequestOptions {
  /** Milliseconds to wait for a connection first; without it the request is refused while there is none. */
  readonly whenReady?: number | undefined;
}

/** From the first packet to an open socket, milliseconds. */
const CONNECT_MS = 10_000;
/** Between tries that only a change outside can make succeed (a token, a version). Milliseconds, ± a quarter. */
const SLOW_MS = 30_000;
/** How often a `receive` is asked again when all that it gave had been shown before. */
const REASKS = 5;
/** How long goodbye waits for receipts that are on their way, milliseconds. */
const GOODBYE_MS = 1_000;

type Afterwards = {
  readonly [V in Verb]?: (result: Results[V], args: Args<V>, connection: Connection) => Promise<Results[V]>;
};

export class RelayClient {
  readonly receipts: Receipts;
  readonly #options: ClientOptions;
  readonly #events: Emitter<ClientEvents>;
  readonly #backoff: Backoff;
  readonly #stash = new Stash();
  readonly #standing: Standing;
  readonly #afterwards: Afterwards = {
    send: async (result) => {
      this.#standing.saw(result.position);
      return result;
    },
    receive: (result, args, connection) => this.#received(result, args, connection),
    rename: async (result) => {
      this.#renamed(result.name);
      return result;
    },
  };
  #life: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();
  #pause: Pause | undefined;
  #connection: Connection | undefined;
  #phase: Phase = 'idle';
  #trouble: RelayError | undefined;
  #unread = 0;
  /** The relay has said how much is unread since it made its welcome. */
  #isUnreadTold = false;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#events = new Emitter((event, error) => this.#log('listener_failed', { event, error }));
    this.receipts = new Receipts(options.clock, (error) => this.#log('receipt_dropped', { error: error.message }));
    this.#backoff = new Backoff(options.clock, options.random);
    const onKeyLost = (name: string, error: unknown) => this.#log('key_not_kept', { name, error });
    this.#standing = new Standing(options.hello.name, options.keys, onKeyLost);
  }

  get state(): ClientState {
    const { name, missed } = this.#standing;
    return { phase: this.#phase, name, wanted: missed, trouble: this.#trouble };
  }

  /** The last `gap` was told to whoever it concerns; until then each new process of this session hears of it again. Never throws. */
  gapTold(): void {
    this.#standing.gapTold();
  }

  /** Unread envelopes as last told by the relay. */
  get unread(): number {
    return this.#unread;
  }

  /** Where the relay is, as it may be shown; throws when the address is not one. */
  get place(): string {
    return shownUrl(relayUrl(this.#options.url()));
  }

  on<E extends keyof ClientEvents>(event: E, listener: (value: ClientEvents[E]) => void): () => void {
    return this.#events.on(event, listener);
  }

  /** Begins to connect, and stays so until `stop`. May be called twice. */
  start(): void {
    if (this.#life) return;
    this.#life = new AbortController();
    this.#running = this.#run(this.#life.signal);
  }

  /** Says what receipts it has, then goodbye; settles when nothing is under way any more. May be called twice. */
  async stop(): Promise<void> {
    const life = this.#life;
    if (life && !life.signal.aborted) {
      if (this.#connection) await this.#atMost(GOODBYE_MS, this.receipts.flush());
      life.abort(new RelayError('not_connected', 'This session is being closed.'));
      this.#connection?.bye();
    }
    await this.#running;
  }

  /** Resolves when connected. Rejects with the trouble when only a change outside can help, or with the signal's reason. */
  ready(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settled = (done: () => void) => {
        stopListening();
        signal?.removeEventListener('abort', onAbort);
        done();
      };
      const onAbort = () => settled(() => reject(signal?.reason));
      const look = () => {
        if (this.#phase === 'connected') settled(resolve);
        else if (this.#isHopeless()) settled(() => reject(this.#notConnected()));
      };
      const stopListening = this.#events.on('state', look);
      signal?.addEventListener('abort', onAbort, { once: true });
      if (signal?.aborted) onAbort();
      else look();
    });
  }

  /** Tries now instead of at the end of the back-off, but never more than once a second. */
  nudge(): void {
    if (this.#phase === 'waiting') this.#pause?.shorten(this.#backoff.soonest());
  }

  /**
   * One verb. Rejects with a RelayError (`not_connected` when there is no relay, `timeout`), or the signal's reason.
   * Envelopes that a given-up `receive` had taken are in the answer of the next.
   */
  async request<V extends Verb>(verb: V, args: Args<V>, options: ClientRequest = {}): Promise<Results[V]> {
    options.signal?.throwIfAborted();
    if (this.#phase !== 'connected' && options.whenReady) await this.#becomeReady(options.whenReady, options.signal);
    const connection = this.#phase === 'connected' ? this.#connection : undefined;
    if (!connection) throw this.#notConnected();
    const asked = this.#adjust(verb, args);
    const result = await connection.request(verb, asked, options);
    return (await this.#afterwards[verb]?.(result, args, connection)) ?? result;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const why = await this.#attempt(signal).catch(asRelayError);
      if (signal.aborted) break;
      this.#log('not_connected', { code: why.code, message: why.message });
      if (why.code === 'replaced') {
        this.#enter('ended', why);
        return;
      }
      this.#enter(why.retry ? 'waiting' : 'refused', why);
      this.#pause = new Pause(this.#options.clock, why.retry ? this.#backoff.next() : this.#slowly(), signal);
      await this.#pause.over;
    }
    this.#enter('idle', undefined);
  }

  /** One try and, if it succeeds, the life of its connection. Answers or throws why it ended. */
  async #attempt(signal: AbortSignal): Promise<RelayError> {
    const { hello, instance } = this.#options;
    this.#enter('connecting', this.#trouble);
    const url = relayUrl(this.#options.url());
    const connection = await this.#open(url, signal);
    if (signal.aborted) connection.bye();
    const onAbort = () => connection.bye();
    signal.addEventListener('abort', onAbort, { once: true });
    const since = this.#options.clock.monotonic();
    this.#isUnreadTold = false;
    try {
      const welcome = await connection.open({ ...hello, instance, ...this.#standing.claim(url) });
      await this.#welcomed(url, connection, welcome);
      return await connection.closed;
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#backoff.ended(this.#connection === connection ? this.#options.clock.monotonic() - since : 0);
      this.#left(connection);
    }
  }

  async #open(url: URL, signal: AbortSignal): Promise<Connection> {
    const { clock, connect } = this.#options;
    const attempt = new AbortController();
    const giveUp = () => attempt.abort(signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
    const timer = clock.after(CONNECT_MS, () => attempt.abort(unreachable(url)));
    try {
      const target = {
        url: url.href,
        token: this.#options.token(),
        device: this.#options.device?.(),
        signal: attempt.signal,
      };
      this.#backoff.trying();
      const socket = await connect(target);
      return new Connection({
        socket,
        clock,
        onPush: (frame) => this.#onPush(frame),
        onLate: (verb, result) => this.#onLate(verb, result),
      });
    } finally {
      timer.cancel();
      signal.removeEventListener('abort', giveUp);
    }
  }

  /** The order matters: what was shown is said before anybody can ask for more. */
  async #welcomed(url: URL, connection: Connection, welcome: Welcome): Promise<void> {
    const { gap, change } = this.#standing.welcomed(url, welcome);
    // Other positions, or another session's: what was shown before says nothing about them.
    if ((gap && gap.why !== 'missed') || change?.why === 'suffixed') this.receipts.forget();
    if (gap) this.#events.emit('gap', gap);
    if (change) this.#events.emit('name', change);
    this.#connection = connection;
    const say = (args: Args<'receipt'>) => connection.request('receipt', args);
    const said = welcome.name === undefined ? Promise.resolve() : this.receipts.attach(say);
    await Promise.race([said, connection.closed]);
    if (this.#connection !== connection) return;
    if (!this.#isUnreadTold) this.#unread = welcome.unread;
    this.#enter('connected', undefined);
    this.#events.emit('welcome', welcome);
    this.#events.emit('mail', this.#unread);
  }

  #renamed(name: string): void {
    const change = this.#standing.renamed(name);
    if (!change) return;
    this.#events.emit('name', change);
    this.#events.emit('state', this.state);
  }

  #left(connection: Connection): void {
    connection.drop(new RelayError('not_connected'));
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.receipts.detach();
    this.#stash.clear();
  }

  #tell(unread: number): void {
    this.#unread = unread;
    this.#isUnreadTold = true;
  }

  #onPush(frame: Pushed): void {
    switch (frame.type) {
      case 'more':
        this.#tell(frame.unread);
        this.#events.emit('mail', frame.unread);
        break;
      case 'deliver': {
        this.#tell(frame.unread);
        this.#saw(frame.messages);
        const messages = this.receipts.admit(frame.messages);
        if (messages.length > 0) this.#events.emit('deliver', { ...frame, messages });
        break;
      }
      case 'receipt':
        this.#events.emit('receipt', frame);
        break;
      case 'presence':
        this.#events.emit('presence', frame);
        break;
      case 'held':
        this.#events.emit('held', frame);
        break;
      case 'braked':
        this.#events.emit('braked', frame);
        break;
      case 'paused':
        this.#events.emit('paused', frame);
        break;
      default:
        frame satisfies never;
    }
  }

  #saw(messages: readonly Envelope[]): void {
    for (const { position } of messages) this.#standing.saw(position);
  }

  #onLate(verb: Verb, result: unknown): void {
    if (verb !== 'receive' || !isReceiveResult(result)) return;
    const messages = this.receipts.admit(result.messages);
    this.#stash.put(messages);
    if (messages.length > 0) this.#events.emit('mail', Math.max(this.#unread, messages.length));
  }

  #adjust<V extends Verb>(verb: V, args: Args<V>): Args<V> {
    const adjust: { readonly [K in Verb]?: (args: Args<K>) => Args<K> } = {
      receive: (asked) => {
        this.#siftStash();
        return this.#stash.remainder(asked);
      },
    };
    return adjust[verb]?.(args) ?? args;
  }

  /** What the relay gave again may come late, and lie here while what it gave before is shown. */
  #siftStash(): void {
    this.#stash.sift((messages) => this.receipts.admit(messages));
  }

  async #received(first: ReceiveResult, args: Args<'receive'>, connection: Connection): Promise<ReceiveResult> {
    let result = first;
    for (let asked = 0; ; asked += 1) {
      this.#saw(result.messages);
      const messages = this.receipts.admit(result.messages);
      const allShown = messages.length === 0 && result.messages.length > 0;
      if (!allShown || result.more === 0 || asked >= REASKS) {
        const { more } = result;
        if (args.from === undefined && args.thread === undefined && args.reply_to === undefined) this.#unread = more;
        this.#siftStash();
        return this.#stash.merge(args, { ...result, messages });
      }
      await this.receipts.flush();
      result = await connection.request('receive', { ...args, wait_seconds: 0 });
    }
  }

  async #becomeReady(ms: number, signal?: AbortSignal): Promise<void> {
    this.nudge();
    const patience = new AbortController();
    const onAbort = () => patience.abort(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    const timer = this.#options.clock.after(ms, () => patience.abort(this.#notConnected()));
    try {
      await this.ready(patience.signal);
    } finally {
      timer.cancel();
      signal?.removeEventListener('abort', onAbort);
    }
  }

  #isHopeless(): boolean {
    return (
      this.#phase === 'refused' || this.#phase === 'ended' || this.#life === undefined || this.#life.signal.aborted
    );
  }

  #notConnected(): RelayError {
    if (this.#trouble) return this.#trouble;
    const sentence = this.#life?.signal.aborted
      ? 'This session has said goodbye to the relay.'
      : 'The relay is not connected yet; if it does not run, start it with `claude-relay serve`.';
    return new RelayError('not_connected', sentence);
  }

  #slowly(): number {
    return SLOW_MS * (0.75 + this.#options.random.fraction() / 2);
  }

  #enter(phase: Phase, trouble: RelayError | undefined): void {
    this.#phase = phase;
    this.#trouble = trouble;
    this.#events.emit('state', this.state);
  }

  async #atMost(ms: number, work: Promise<void>): Promise<void> {
    const end = new AbortController();
    // Cut short by the abort when the work is done first: that rejection is the point.
    const patience = sleep(this.#options.clock, ms, end.signal).catch(() => {});
    await Promise.race([work, patience]);
    end.abort();
  }

  #log(event: string, detail: Readonly<Record<string, unknown>>): void {
    this.#options.log?.(event, detail);
  }
}
