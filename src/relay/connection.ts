/**
 * One live socket.
 *
 *     opened ──hello──→ greeting ──seated──→ open ──bye, close, silence──→ closed
 *        └──── no hello in 5 s, anything else: a fatal error ────────────────↑
 */
import { decodeClientFrame, encode, requestIdOf } from '../protocol/codec.ts';
import { asRelayError, RelayError } from '../protocol/codes.ts';
import type { Envelope } from '../protocol/envelope.ts';
import { type Hello, PROTOCOL_VERSION, type PresenceFrame, type RelayFrame, type Request } from '../protocol/frames.ts';
import { LIMITS, TIMES } from '../protocol/limits.ts';
import type { Effect } from '../state/command.ts';
import { sessionById } from '../state/queries/sessions.ts';
import type { Timer } from '../util/clock.ts';
import { dispatch } from './dispatch.ts';
import type { Holder } from './presence.ts';
import type { Outlet } from './pump.ts';
import type { Seats } from './seats.ts';
import type { Services } from './services.ts';
import type { Socket } from './socket.ts';

type Phase = 'opened' | 'greeting' | 'open' | 'closed';

export class Connection implements Holder, Outlet {
  readonly taker = 'connection';
  window = 0;
  since = 0;
  /** Milliseconds, monotonic: when anything was last heard. */
  heard: number;
  readonly #services: Services;
  readonly #seats: Seats;
  readonly #socket: Socket;
  readonly #onClosed: (connection: Connection) => void;
  readonly #gone = new AbortController();
  readonly #stops: (() => void)[] = [];
  readonly #helloTimer: Timer;
  #phase: Phase = 'opened';
  #hello: Hello | undefined;
  #session: number | undefined;
  #underWay = 0;
  /** Presence and receipts that were not pushed because the reader is slow: it is told to look again. */
  #isBehind = false;

  constructor(services: Services, seats: Seats, socket: Socket, onClosed: (connection: Connection) => void) {
    this.#services = services;
    this.#seats = seats;
    this.#socket = socket;
    this.#onClosed = onClosed;
    this.heard = services.clock.monotonic();
    this.#helloTimer = services.clock.after(TIMES.hello, () => this.fail(new RelayError('hello_timeout')));
    socket.listen(this);
  }

  get instance(): string {
    return this.#hello?.instance ?? '';
  }

  get isOpen(): boolean {
    return this.#phase === 'open';
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

  /** Part of the relay's round every 5 s. */
  checkPulse(): void {
    if (this.#services.clock.monotonic() - this.heard > TIMES.silence) this.#lose();
    else this.#socket.ping();
  }

  ping(): void {
    this.#socket.ping();
  }

  onPong(): void {
    this.heard = this.#services.clock.monotonic();
  }

  onDrain(): void {
    if (this.#phase !== 'open' || this.#session === undefined) return;
    if (this.#isBehind) this.more(this.#services.pumps.of(this.#session).unread());
    this.#isBehind = false;
    this.#services.pumps.of(this.#session).wake();
  }

  onText(text: string): void {
    this.heard = this.#services.clock.monotonic();
    if (this.#phase === 'closed') return;
    if (this.#phase !== 'open' && text.length > LIMITS.helloBytes) return this.fail(new RelayError('frame_too_large'));
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
    this.#write({ type: 'deliver', messages, unread });
  }

  more(unread: number): void {
    this.#write({ type: 'more', unread });
  }

  /** A refusal of what came: fatal for the connection if the code says so, or if nobody has said hello yet. */
  #refuse(error: RelayError, id: number | undefined): void {
    this.#services.count('refused');
    if (error.code === 'internal') this.#services.log.error({ error: error.cause }, 'a request failed');
    if (error.close !== undefined || this.#phase !== 'open') return this.fail(error);
    this.#write({
      type: 'error',
      ...(id === undefined ? {} : { id }),
      code: error.code,
      message: error.message,
      retry: error.retry,
    });
  }

  #onHello(hello: Hello): void {
    if (this.#phase !== 'opened') throw new RelayError('hello_twice');
    this.#helloTimer.cancel();
    if (hello.v !== PROTOCOL_VERSION)
      return this.fail(
        new RelayError(
          'version_unsupported',
          `This relay speaks version ${PROTOCOL_VERSION} of the protocol; update the older side.`,
        ),
      );
    this.#hello = hello;
    this.#phase = 'greeting';
    this.#greet(hello).catch((error) => this.#refuse(asRelayError(error), undefined));
  }

  async #greet(hello: Hello): Promise<void> {
    const { journal, presence, now, pumps, version } = this.#services;
    const seat = await this.#seats.take(hello);
    if (this.isClosed) return;
    this.#phase = 'open';
    this.since = now();
    this.#session = seat?.session;
    if (seat && hello.seat) {
      const before = presence.holder(seat.session);
      if (before && before !== this) before.fail(new RelayError('replaced'));
      const row = sessionById(this.#services.store, seat.session);
      if (row) presence.enter(row, this);
    }
    this.#write({
      type: 'welcome',
      v: PROTOCOL_VERSION,
      ...(seat ? { name: seat.name } : {}),
      ...(seat?.key ? { key: seat.key } : {}),
      ...(seat?.suffixed ? { suffixed: true as const } : {}),
      epoch: journal.state.epoch ?? '',
      position: journal.state.position,
      unread: seat ? pumps.of(seat.session).unread() : 0,
      version,
    });
    this.#subscribe(hello);
  }

  #subscribe(hello: Hello): void {
    const { hub, presence, pumps } = this.#services;
    if (hello.presence) this.#stops.push(presence.onChange((frame) => this.#onPresence(frame)));
    if (this.#session === undefined) return;
    const session = this.#session;
    this.window = hello.window ?? 0;
    if (hello.seat) pumps.of(session).attach(this);
    const stop = hub.listen(session, {
      onMail: () => pumps.of(session).wake(),
      ...(hello.watch ? { onNews: () => this.more(pumps.of(session).unread()) } : {}),
      ...(hello.receipts ? { onReceipt: (effect) => this.#onReceipt(effect) } : {}),
    });
    this.#stops.push(stop);
  }

  #onPresence(frame: PresenceFrame): void {
    const own = this.#session === undefined ? undefined : sessionById(this.#services.store, this.#session)?.name;
    if (frame.name !== own) this.#push(frame);
  }

  #onReceipt({ id, name, state, at, reason }: Effect & { kind: 'receipt' }): void {
    this.#push({ type: 'receipt', id, name, state, at, ...(reason === undefined ? {} : { reason }) });
  }

  /** For what can be asked again: a slow reader is told later that there is more. */
  #push(frame: RelayFrame): void {
    if (this.isSlow) this.#isBehind = true;
    else this.#write(frame);
  }

  #onRequest(request: Request): void {
    if (this.#underWay >= LIMITS.requests || this.isSlow)
      throw new RelayError('too_many_requests', 'Too much is under way on this connection; read the answers first.');
    this.#underWay++;
    const call = {
      services: this.#services,
      taker: this,
      signal: this.#gone.signal,
      ...(this.#session === undefined ? {} : { actor: { session: this.#session } }),
    };
    dispatch(call, request.verb, request.args)
      .then(
        (result) => this.#write({ type: 'answer', id: request.id, result }),
        (error) => this.#refuse(asRelayError(error), request.id),
      )
      .finally(() => this.#underWay--);
  }

  #write(frame: RelayFrame): void {
    if (this.#phase !== 'closed') this.#socket.send(encode(frame));
  }

  #lose(): void {
    this.#services.count('lost');
    this.#socket.terminate();
    this.#end('lost', TIMES.silence, 'silent');
  }

  #end(event: 'left' | 'lost', code: number, reason: string): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#helloTimer.cancel();
    this.#gone.abort();
    for (const stop of this.#stops) stop();
    if (this.#session !== undefined) this.#leave(this.#session, event);
    this.#socket.close(code >= 1000 && code < 5000 && code !== 1006 ? code : 1000, reason);
    this.#onClosed(this);
  }

  #leave(session: number, event: 'left' | 'lost'): void {
    const { presence, pumps, journal, store, now, log } = this.#services;
    pumps.release(session, this);
    const row = sessionById(store, session);
    if (row && this.#hello?.seat) presence.leave(session, row.name, this, event, now());
    journal
      .post({ type: 'depart', session, at: now() })
      .catch((error) => log.debug({ error }, 'last seen could not be written'));
  }
}
