/**
 * Serves one client of the first generation: its frames (`protocol/legacy.ts`) become this protocol's, and back.
 *
 *     connected ──register──→ a session of the relay ──register with another id──→ that one instead
 *         └── get_peers, get_sessions, ping: answered; message, get_history: refused
 *
 * Answers come in the order of what they answer, since these clients match them so. Names stay without a key, so that
 * the session can later be taken over by a process of this generation; a name that has a key is never given out here.
 */
import { ALL, addressKind, isName } from '../protocol/address.ts';
import { asRelayError, RelayError } from '../protocol/codes.ts';
import type { Envelope } from '../protocol/envelope.ts';
import { PROTOCOL_VERSION, type PresenceFrame, type RelayFrame, type Welcome } from '../protocol/frames.ts';
import type { LegacyFrame, LegacyMessage, LegacyRequest } from '../protocol/legacy.ts';
import { LIMITS } from '../protocol/limits.ts';
import type { HistoryResult, Results, SendResult } from '../protocol/verbs.ts';
import type { Clock, Timer } from '../util/clock.ts';
import { instanceId, messageId, type Random } from '../util/random.ts';
import { LegacyLink } from './legacy-link.ts';
import { LegacyQueue } from './legacy-queue.ts';
import type { Relay } from './relay.ts';
import type { Socket, SocketListener } from './socket.ts';

export interface LegacyOptions {
  readonly relay: Pick<Relay, 'connect' | 'perform'>;
  readonly clock: Clock;
  readonly random: Random;
}

/** Envelopes on their way to one client that it has not ponged for. */
const WINDOW = 32;
/** Pages of its history that one request reads at most: what one name said may lie far apart. */
const PAGES = 100;
/** A client that says nothing and is nobody is let go, milliseconds. */
const NOBODY = 60_000;

type Registering = Extract<LegacyRequest, { type: 'register' }>;

export function connectLegacy(wire: Socket, options: LegacyOptions): void {
  wire.listen(new LegacyClient(wire, options));
}

class LegacyClient implements SocketListener {
  readonly #wire: Socket;
  readonly #options: LegacyOptions;
  readonly #queue: LegacyQueue;
  readonly #peers = new Set<string>();
  /** What came before `registered` could be said. */
  #early: RelayFrame[] | undefined;
  #link: LegacyLink | undefined;
  #wanted: string | undefined;
  #name: string | undefined;
  #onWelcome: ((welcome: Welcome) => void) | undefined;
  #nobody: Timer;

  constructor(wire: Socket, options: LegacyOptions) {
    this.#wire = wire;
    this.#options = options;
    this.#queue = new LegacyQueue(
      (request) => this.#answer(request),
      (frame) => this.#say(frame),
    );
    this.#nobody = this.#waitForName();
  }

  onText(text: string): void {
    if (!this.#link) this.#restartNobody();
    this.#queue.push(text);
  }

  onPong(mark: string): void {
    this.#link?.pong(mark);
  }

  onDrain(): void {
    this.#link?.drained();
  }

  onClose(code: number): void {
    this.#nobody.cancel();
    this.#queue.clear();
    this.#link?.lost(code);
    this.#link = undefined;
  }

  #answer(request: LegacyRequest): Promise<LegacyFrame | undefined> | LegacyFrame {
    switch (request.type) {
      case 'register':
        return this.#register(request);
      case 'message':
        return this.#send(request.to, request.content);
      case 'get_history':
        return this.#history(request.count, request.from);
      case 'get_peers':
        return this.#tellPeers();
      case 'get_sessions':
        return this.#tellSessions();
      case 'ping':
        return { type: 'pong', timestamp: this.#options.clock.now() };
      default:
        return request satisfies never;
    }
  }

  /** Answers by itself: the mail that waited must come after it. */
  async #register(request: Registering): Promise<undefined> {
    if (!isName(request.clientId)) throw new RelayError('name_invalid');
    if (this.#wanted !== request.clientId || !this.#link) await this.#enter(request);
    const { peers } = await this.#linked().request('peers', {});
    this.#peers.clear();
    for (const peer of peers) this.#peers.add(peer.name);
    const self = this.#name ?? request.clientId;
    this.#say({ type: 'registered', clientId: self, peers: [...this.#peers].filter((peer) => peer !== self) });
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const frame of early) this.#onFrame(frame);
    return undefined;
  }

  async #enter(request: Registering): Promise<void> {
    const { relay, random } = this.#options;
    this.#leave();
    this.#early = [];
    const link: LegacyLink = new LegacyLink(this.#wire, {
      onFrame: (frame) => this.#link === link && this.#onFrame(frame),
      onEnd: (code, reason) => this.#link === link && this.#onEnd(code, reason),
    });
    this.#link = link;
    this.#nobody.cancel();
    // If the relay refuses, it says so and ends the connection: then nobody waits here any more.
    const welcome = new Promise<Welcome>((resolve) => {
      this.#onWelcome = resolve;
    });
    relay.connect(link, { keyless: true });
    link.say({
      type: 'hello',
      v: PROTOCOL_VERSION,
      name: request.clientId,
      instance: instanceId(random),
      seat: true,
      window: WINDOW,
      presence: true,
      about: {
        kind: 'agent',
        program: 'claude-relay 1',
        ...(request.host === undefined ? {} : { host: request.host }),
        ...(request.cwd === undefined ? {} : { cwd: request.cwd }),
      },
    });
    this.#name = (await welcome).name;
    this.#wanted = request.clientId;
  }

  /** One socket is one session: the name that it had before is free, and leaves no ghost. */
  #leave(): void {
    const link = this.#link;
    this.#link = undefined;
    this.#name = undefined;
    this.#wanted = undefined;
    link?.say({ type: 'bye' });
    this.#restartNobody();
  }

  async #send(to: string, content: string): Promise<LegacyFrame> {
    const link = this.#linked();
    const id = messageId(this.#options.random, this.#options.clock.now());
    const offline: LegacyFrame = { type: 'error', message: `Client ${to} not connected` };
    try {
      const result = await link.request('send', { id, to: [to], body: content });
      const delivered = hereOf(result);
      // It is kept and will be delivered; but whoever reads only this protocol must not be told that it was.
      if (delivered === 0 && addressKind(to) === 'session') return offline;
      return { type: 'sent', id, to, delivered };
    } catch (error) {
      const { code } = asRelayError(error);
      if (code === 'unknown_recipient' || code === 'address_invalid') return offline;
      throw error;
    }
  }

  /** What this session may see, by page until there are enough. */
  async #history(count: number, from: string | undefined): Promise<LegacyFrame> {
    const found: Envelope[] = [];
    let before: number | undefined;
    for (let pages = 0; pages < PAGES; pages += 1) {
      const page = await this.#page(from, before);
      found.unshift(...page.messages.filter((each) => from === undefined || each.from === from));
      before = page.messages[0]?.position;
      if (!page.more || before === undefined || found.length >= count) break;
    }
    return { type: 'history', messages: found.slice(-count).map((envelope) => toLegacy(envelope, this.#name)) };
  }

  async #page(from: string | undefined, before: number | undefined): Promise<HistoryResult> {
    const filter = { ...(from === undefined ? {} : { with: from }), ...(before === undefined ? {} : { before }) };
    try {
      return await this.#linked().request('history', { ...filter, count: LIMITS.page });
    } catch (error) {
      const { code } = asRelayError(error);
      if (code === 'unknown_recipient' || code === 'name_invalid' || code === 'name_reserved')
        return { messages: [], more: false };
      throw error;
    }
  }

  async #tellPeers(): Promise<LegacyFrame> {
    const { peers } = (await this.#options.relay.perform('peers', {}, {})) as Results['peers'];
    return { type: 'peers', peers: peers.map((peer) => peer.name), self: this.#name ?? null };
  }

  async #tellSessions(): Promise<LegacyFrame> {
    const { sessions } = (await this.#options.relay.perform('sessions', {}, {})) as Results['sessions'];
    const told = sessions.map(({ name, here, last_seen }) => ({
      clientId: name,
      connected: here,
      lastSeen: iso(last_seen),
    }));
    return { type: 'sessions', sessions: told };
  }

  #onFrame(frame: RelayFrame): void {
    if (frame.type === 'welcome') this.#onWelcome?.(frame);
    else if (frame.type === 'error') this.#say({ type: 'error', message: frame.message });
    else if (this.#early) this.#early.push(frame);
    else if (frame.type === 'deliver') this.#deliver(frame.messages);
    else if (frame.type === 'presence') this.#onPresence(frame);
    // `more` and `receipt` have no counterpart: what was not pushed comes when the client has read.
  }

  #onEnd(code: number, reason: string): void {
    this.#link = undefined;
    this.#wire.close(code, reason);
  }

  #deliver(messages: readonly Envelope[]): void {
    for (const envelope of messages) this.#say(toLegacy(envelope, this.#name));
    this.#link?.written(messages.map((envelope) => envelope.position));
  }

  #onPresence({ event, name, was }: PresenceFrame): void {
    // This protocol has no word for it.
    if (event === 'doing') return;
    const gone = event === 'joined' ? undefined : event === 'renamed' ? was : name;
    if (gone !== undefined && this.#peers.delete(gone)) this.#tellPresence('peer_left', gone);
    if (event !== 'joined' && event !== 'renamed') return;
    this.#peers.add(name);
    this.#tellPresence('peer_joined', name);
  }

  #tellPresence(type: 'peer_joined' | 'peer_left', clientId: string): void {
    this.#say({ type, clientId, peers: [...this.#peers] });
  }

  /** Throws `name_required`. */
  #linked(): LegacyLink {
    if (!this.#link || this.#name === undefined)
      throw new RelayError('name_required', 'Not registered: send register first');
    return this.#link;
  }

  #restartNobody(): void {
    this.#nobody.cancel();
    this.#nobody = this.#waitForName();
  }

  #waitForName(): Timer {
    return this.#options.clock.after(NOBODY, () => this.#wire.close(4408, 'register first'));
  }

  #say(frame: LegacyFrame): void {
    this.#wire.send(JSON.stringify(frame));
  }
}

/** A first-generation `to` is one name or `all`. */
function toLegacy(envelope: Envelope, self: string | undefined): LegacyMessage {
  const { id, from, to, body, at } = envelope;
  const address = to.includes(ALL) ? ALL : (to.find((each) => each === self) ?? to[0] ?? ALL);
  return { type: 'message', id, from, to: address, content: body, timestamp: iso(at) };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}

function hereOf(result: SendResult): number {
  return result.to.reduce((sum, reach) => sum + reach.here, 0);
}
