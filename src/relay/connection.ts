/**
 * One live socket.
 *
 *     opened ──hello──→ greeting ──seated──→ open ──bye, close, silence──→ closed
 *        └──── no hello in 5 s, anything else: a fatal error ────────────────↑
 */
import { setMaxListeners } from 'node:events';
import { utf8Bytes } from '../protocol/check.ts';
import { decodeClientFrame, encode, requestIdOf } from '../protocol/codec.ts';
import { asRelayError, RelayError } from '../protocol/codes.ts';
import type { Envelope } from '../protocol/envelope.ts';
import {
  type BrakedFrame,
  type HeldFrame,
  type Hello,
  type PausedFrame,
  PROTOCOL_VERSION,
  type PresenceFrame,
  type RelayFrame,
  type Request,
} from '../protocol/frames.ts';
import { LIMITS, TIMES } from '../protocol/limits.ts';
import { answerText } from '../protocol/texts.ts';
import type { Effect } from '../state/command.ts';
import { personNameOf } from '../state/queries/people.ts';
import { nameOf, sessionById } from '../state/queries/sessions.ts';
import type { Timer } from '../util/clock.ts';
import { dispatchText } from './dispatch.ts';
import type { Ear } from './hub.ts';
import { type Identity, THE_OWNER } from './identity.ts';
import type { Holder } from './presence.ts';
import { Pulse } from './pulse.ts';
import type { Outlet } from './pump.ts';
import type { Seat, Seats } from './seats.ts';
import type { Services } from './services.ts';
import type { Socket } from './socket.ts';
import type { Call } from './verb.ts';
import type { View } from './view.ts';

export interface ConnectOptions {
  /** Its names are given no key, for clients that could not keep one. */
  readonly keyless?: boolean;
  /** As its credential proved; absent: the owner, on the relay's own machine. */
  readonly identity?: Identity;
}

/** Who holds the connections. */
export interface Connections {
  /** It has said hello, and was welcomed. */
  opened(connection: Connection): void;
  closed(connection: Connection): void;
}

type Phase = 'opened' | 'greeting' | 'open' | 'closed';

export class Connection implements Holder, Outlet, Ear {
  readonly taker = 'connection';
  instance = '';
  window = 0;
  since = 0;
  readonly pulse: Pulse;
  readonly #services: Services;
  readonly #seats: Seats;
  readonly #socket: Socket;
  readonly #all: Connections;
  readonly #keyless: boolean;
  readonly identity: Identity;
  readonly #view: View;
  /** Aborts when nobody waits for anything here any more. Made when somebody asks: most connections are idle, and many. */
  #waits: AbortController | undefined;
  #stopPresence: (() => void) | undefined;
  #helloTimer: Timer | undefined;
  #phase: Phase = 'opened';
  #isSeated = false;
  #wantsReceipts = false;
  #watches = false;
  #session: number | undefined;
  #call: Call | undefined;
  #underWay = 0;
  #isFinishing = false;
  #onIdle: (() => void) | undefined;
  /** Presence and receipts that were not pushed because the reader is slow: it is told to look again. */
  #isBehind = false;
  /** It was told that there is more since it became slow. */
  #isTold = false;

  constructor(
    services: Services,
    seats: Seats,
    socket: Socket,
    all: Connections,
    { keyless = false, identity = THE_OWNER }: ConnectOptions = {},
  ) {
    this.#keyless = keyless;
    this.identity = identity;
    this.#view = services.views.of(identity.person);
    this.#services = services;
    this.#seats = seats;
    this.#socket = socket;
    this.#all = all;
    this.pulse = new Pulse(services.clock, socket);
    this.#helloTimer = services.clock.after(TIMES.hello, () => this.fail(new RelayError('hello_timeout')));
    socket.listen(this);
  }

  /** Aborts when the connection ends, or is told that it will. */
  get gone(): AbortSignal {
    if (!this.#waits) {
      this.#waits = new AbortController();
      // Every request that waits listens to it; Node warns from eleven on.
      setMaxListeners(LIMITS.requests, this.#waits.signal);
      if (this.isClosed || this.#isFinishing) this.#waits.abort();
    }
    return this.#waits.signal;
  }

  get isClosed(): boolean {
    return this.#phase === 'closed';
  }

  get unsent(): number {
    return this.#socket.unsent;
  }

  get isSlow(): boolean {
    return this.#socket.unsent > LIMITS.unsentBytes;
  }

  /** Part of the relay's round every second, so that silence is noticed when it is long enough, and not up to a ping later. */
  checkPulse(): void {
    if (!this.pulse.check()) this.#lose();
  }

  onPong(mark: string): void {
    this.pulse.onPong(mark);
  }

  onDrain(): void {
    if (this.#phase !== 'open' || this.#session === undefined) return;
    const { pumps } = this.#services;
    const isBehind = this.#isBehind;
    this.#isBehind = false;
    if (isBehind) this.more(pumps.unread(this.#session));
    pumps.wake(this.#session);
  }

  onMail(): void {
    if (this.#session !== undefined) this.#services.pumps.wake(this.#session);
  }

  onNews(): void {
    if (this.#watches && this.#session !== undefined) this.more(this.#services.pumps.unread(this.#session));
  }

  onReceipt({ id, session, name, state, at, reason, unseen }: Effect & { kind: 'receipt' }): void {
    if (!this.#wantsReceipts || !this.#view.seesSession(session)) return;
    const why = { ...(reason === undefined ? {} : { reason }), ...(unseen === undefined ? {} : { unseen }) };
    this.#push({ type: 'receipt', id, name: this.#view.outward(name), state, at, ...why });
  }

  onText(text: string): void {
    this.pulse.hear();
    if (this.#phase === 'closed') return;
    if (this.#phase !== 'open' && utf8Bytes(text) > LIMITS.helloBytes)
      return this.fail(new RelayError('frame_too_large'));
    try {
      const frame = decodeClientFrame(text);
      if (frame.type === 'hello') this.#onHello(frame);
      else if (frame.type === 'bye') this.#end('left', 1000, 'bye');
      else if (this.#phase === 'open') this.#onRequest(frame);
      else this.fail(new RelayError('hello_required'));
    } catch (error) {
      this.#refuse(asRelayError(error), requestIdOf(text));
    }
  }

  onClose(): void {
    this.#end('lost', 1006, '');
  }

  /** Tells why, and ends the connection with the code's close code. */
  fail(error: RelayError): void {
    if (this.#phase === 'closed') return;
    this.#write({ type: 'error', code: error.code, message: error.message, retry: error.retry });
    this.#end('lost', error.close ?? 1011, error.code);
  }

  deliver(messages: readonly Envelope[], unread: number): void {
    this.#services.count('delivered', messages.length);
    // What an agent writes because of it may be much at once, and nobody else is to wait for that.
    if (this.#isAgent) this.#socket.readLittle?.();
    const { isOwner } = this.#view;
    const told = isOwner ? messages : messages.map((envelope) => this.#view.envelope(envelope));
    this.#write({ type: 'deliver', messages: told, unread });
  }

  /** Said once to a slow reader, and again when it has caught up: what it does not read must not grow. */
  more(unread: number): void {
    if (this.isSlow && this.#isTold) {
      this.#isBehind = true;
      return;
    }
    this.#isTold = this.isSlow;
    this.#write({ type: 'more', unread });
  }

  /** For the sessions of one person, or without one for everybody. */
  tell(person: string | undefined, frame: HeldFrame | BrakedFrame | PausedFrame): void {
    if (this.#session === undefined) return;
    if (person === undefined || personNameOf(this.#services.store, this.#session) === person) this.#push(frame);
  }

  /** A refusal of what came: fatal for the connection if the code says so, or if nobody has said hello yet. */
  #refuse(error: RelayError, id: number | undefined): void {
    this.#services.count('refused');
    if (error.code === 'internal') this.#services.log.error({ error: error.cause }, 'a request failed');
    if (error.close !== undefined || this.#phase !== 'open') return this.fail(error);
    this.#refuseOne(error, id);
  }

  #refuseOne(error: RelayError, id: number | undefined): void {
    const { code, message, retry } = error;
    this.#write({ type: 'error', ...(id === undefined ? {} : { id }), code, message, retry });
  }

  #onHello(hello: Hello): void {
    if (this.#phase !== 'opened') throw new RelayError('hello_twice');
    this.#cancelHelloTimer();
    this.instance = hello.instance;
    this.#isSeated = hello.seat;
    this.#phase = 'greeting';
    this.#seats
      .take({ hello, keyless: this.#keyless, identity: this.identity }, (seat) => this.#sit(hello, seat))
      .catch((error) => this.#refuse(asRelayError(error), undefined));
  }

  /** Synchronous, so that nobody sits down between the look at the seat and this. False when we are gone. */
  #sit(hello: Hello, seat: Seat | undefined): boolean {
    if (this.isClosed) return false;
    const { presence, now, store } = this.#services;
    this.#phase = 'open';
    this.#all.opened(this);
    this.since = now();
    this.#session = seat?.session;
    const row = seat && hello.seat ? sessionById(store, seat.session) : undefined;
    const before = row && presence.holder(row.id);
    if (row) presence.enter(row, this);
    this.#welcome(seat);
    this.#subscribe(hello);
    // After we sat down: peers hear nothing of a session that only changes its connection.
    if (before && before !== this) before.fail(new RelayError('replaced'));
    return true;
  }

  #welcome(seat: Seat | undefined): void {
    const { journal, store, pumps, version } = this.#services;
    const missed = seat ? (sessionById(store, seat.session)?.missed ?? 0) : 0;
    this.#write({
      type: 'welcome',
      v: PROTOCOL_VERSION,
      ...(seat ? { name: this.#view.outward(seat.name) } : {}),
      ...(seat?.key ? { key: seat.key } : {}),
      ...(seat?.suffixed ? { suffixed: true as const } : {}),
      epoch: journal.state.epoch ?? '',
      position: journal.state.position,
      unread: seat ? pumps.unread(seat.session) : 0,
      ...(missed > 0 ? { missed } : {}),
      version,
    });
  }

  #subscribe(hello: Hello): void {
    const { hub, presence, pumps } = this.#services;
    if (hello.presence) this.#stopPresence = presence.onChange((frame, who) => this.#onPresence(frame, who));
    if (this.#session === undefined) return;
    this.window = hello.window ?? 0;
    this.#wantsReceipts = hello.receipts ?? false;
    this.#watches = hello.watch ?? false;
    if (hello.seat) pumps.attach(this.#session, this);
    hub.add(this.#session, this);
  }

  #onPresence(frame: PresenceFrame, session: number): void {
    const told = session === this.#session ? undefined : this.#view.presence(frame, session);
    if (told) this.#push(told);
  }

  /** For what can be asked again: a slow reader is told later that there is more. */
  #push(frame: RelayFrame): void {
    if (this.isSlow) this.#isBehind = true;
    else this.#write(frame);
  }

  #onRequest(request: Request): void {
    if (this.#isFinishing) return this.#refuseOne(new RelayError('shutting_down'), request.id);
    if (this.#underWay >= LIMITS.requests || this.isSlow)
      throw new RelayError('too_many_requests', 'Too much is under way on this connection; read the answers first.');
    this.#underWay++;
    dispatchText(this.#callOf(), request.verb, request.args).then(
      (result) => this.#onAnswered(() => this.#say(answerText(request.id, result))),
      (error) => this.#onAnswered(() => this.#refuse(asRelayError(error), request.id)),
    );
  }

  /** The same for each request once we sit. */
  #callOf(): Call {
    this.#call ??= {
      services: this.#services,
      view: this.#view,
      taker: this,
      signal: this.gone,
      ...(this.#session === undefined ? {} : { actor: { session: this.#session } }),
    };
    return this.#call;
  }

  get #isAgent(): boolean {
    return this.#session !== undefined && sessionById(this.#services.store, this.#session)?.kind === 'agent';
  }

  #onAnswered(answer: () => void): void {
    try {
      answer();
    } finally {
      this.#underWay--;
      if (this.#underWay === 0) this.#onIdle?.();
    }
  }

  /** The relay goes down: ends what waits, refuses what comes, resolves when everything that was accepted is answered. */
  finish(): Promise<void> {
    this.#isFinishing = true;
    this.#waits?.abort();
    if (this.#underWay === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }

  #write(frame: RelayFrame): void {
    this.#say(encode(frame));
  }

  #say(text: string): void {
    if (this.#phase !== 'closed') this.#socket.send(text);
  }

  #cancelHelloTimer(): void {
    this.#helloTimer?.cancel();
    this.#helloTimer = undefined;
  }

  #lose(): void {
    this.#services.count('lost');
    this.#socket.terminate();
    this.#end('lost', new RelayError('silent').close ?? 1006, 'silent');
  }

  #end(event: 'left' | 'lost', code: number, reason: string): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#cancelHelloTimer();
    this.#waits?.abort();
    this.#stopPresence?.();
    this.#tryLeave(event);
    // 1006 means that the socket is gone already; it must not be sent (RFC 6455, 7.4.1).
    if (code !== 1006) this.#socket.close(code, reason);
    this.#all.closed(this);
  }

  /** A disk that fails meanwhile keeps nobody here. */
  #tryLeave(event: 'left' | 'lost'): void {
    try {
      if (this.#session !== undefined) this.#leave(this.#session, event);
    } catch (error) {
      this.#services.log.error({ error }, 'a connection went, and what follows from that could not all be done');
    }
  }

  #leave(session: number, event: 'left' | 'lost'): void {
    const { hub, presence, pumps, unseen, journal, store, now, log } = this.#services;
    hub.remove(session, this);
    if (this.#isSeated) presence.leave(session, () => nameOf(store, session), this, event, now());
    pumps.release(session, this);
    if (this.#isSeated && !presence.isHere(session)) unseen.left(session);
    journal
      .post({ type: 'depart', session, at: now() })
      .catch((error) => log.debug({ error }, 'last seen could not be written'));
  }
}
