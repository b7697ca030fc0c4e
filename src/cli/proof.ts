/**
 * `doctor --prove`: one probe to running sessions, and how far it gets with each.
 *
 *     sent ──→ receipt, remark, presence: each is news ──→ look: receipts and sessions, as the relay has them
 *                                                            ├── all seen, at an end, or gone ──→ told
 *                                                            └── the time is over, or a signal ──→ told, with what is in the way
 *
 * The relay wakes us; what we tell is always read from it as a whole, so that a reconnection needs no lines of its own.
 */
import type { RelayClient } from '../client/client.ts';
import { RelayError } from '../protocol/codes.ts';
import type { Receipt } from '../protocol/receipt.ts';
import type { SessionInfo } from '../protocol/session.ts';
import { type Clock, systemClock } from '../util/clock.ts';
import { isOver, type Probe, probeOf, progressOf } from './checks/probe.ts';
import type { Context } from './command.ts';
import type { RelayAccess } from './relay.ts';

/** Costs a model few tokens, and asks nothing of it. */
export const PROBE_BODY =
  'A probe by claude-relay doctor: it measures how long a message takes to reach you. Do nothing, and do not answer.';
/** What was not handed by the end of the probe, and so much later, expires: nobody is to read it the next morning. Seconds. */
const OUTLIVES = 5;
/** A healthy session has seen it by then; of the others it is said what is in the way. Milliseconds. */
const TELL_AFTER = 3_000;

export interface ProofOptions {
  readonly names: readonly string[];
  readonly seconds: number;
  /** What to do about a session that nothing wakes. */
  readonly todo: (peer: SessionInfo) => string | undefined;
  readonly clock?: Clock;
}

export class Proof {
  readonly #out: Context['out'];
  readonly #signal: AbortSignal;
  readonly #relay: RelayAccess;
  readonly #client: RelayClient;
  readonly #options: ProofOptions;
  readonly #clock: Clock;
  readonly #ended: Promise<void>;
  #end: () => void = () => undefined;
  #sent: { readonly id: string; readonly at: number; readonly monotonic: number } | undefined;
  #receipts: readonly Receipt[] = [];
  #peers = new Map<string, SessionInfo>();
  /** Who was here when it was sent. */
  #here = new Set<string>();
  /** By name: the door that was open when it was not handed yet. */
  readonly #doors = new Map<string, string | undefined>();
  readonly #told = new Map<string, string>();
  #isLooking = false;
  #isNews = false;
  /** Our own connection broke: those who are not here may be on their way back, too. */
  #wasCut = false;

  constructor({ out, signal }: Pick<Context, 'out' | 'signal'>, relay: RelayAccess, options: ProofOptions) {
    this.#out = out;
    this.#signal = signal;
    this.#relay = relay;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#client = relay.connect({ seat: false, receipts: true, presence: true });
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** Rejects with the relay's refusal when it does not take the probe. A signal ends it early, with what is known by then. */
  async run(): Promise<readonly Probe[]> {
    await this.#send();
    const timers = [
      this.#clock.after(this.#options.seconds * 1000, this.#end),
      this.#clock.after(TELL_AFTER, () => void this.#look()),
    ];
    this.#listen();
    this.#client.start();
    await this.#ended;
    for (const timer of timers) timer.cancel();
    await this.#client.stop();
    const { trouble } = this.#client.state;
    if (this.#receipts.length === 0 && trouble && !this.#signal.aborted) throw trouble;
    return this.#probes();
  }

  #listen(): void {
    for (const event of ['welcome', 'receipt', 'presence'] as const) this.#client.on(event, () => void this.#look());
    this.#client.on('state', ({ trouble }) => trouble && this.#onTrouble(trouble));
    this.#signal.addEventListener('abort', this.#end, { once: true });
    if (this.#signal.aborted) this.#end();
  }

  #onTrouble({ message }: RelayError): void {
    if (this.#wasCut || this.#signal.aborted) return;
    this.#wasCut = true;
    this.#out.warn(message);
  }

  async #send(): Promise<void> {
    const { names, seconds } = this.#options;
    // Before: the door through which it goes may be another one a moment later.
    this.#note(await this.#relay.ask('sessions', {}, { nameless: true }));
    const draft = { to: [...names], body: PROBE_BODY, ttl_seconds: seconds + OUTLIVES };
    const { id, at } = await this.#relay.ask('send', draft);
    this.#sent = { id, at, monotonic: this.#clock.monotonic() };
    this.#here = new Set([...this.#peers.values()].filter(({ here }) => here).map(({ name }) => name));
    this.#out.say(`Probing ${names.join(', ')} for up to ${seconds} s.`, 'dim');
  }

  /** One look at a time; news that comes meanwhile is seen by the one that is at it. */
  async #look(): Promise<void> {
    this.#isNews = true;
    if (this.#isLooking || !this.#sent) return;
    this.#isLooking = true;
    try {
      while (this.#isNews) {
        this.#isNews = false;
        await this.#read(this.#sent.id);
      }
    } catch (error) {
      // The connection broke: its next welcome makes us look again.
      if (!(error instanceof RelayError)) throw error;
    } finally {
      this.#isLooking = false;
    }
  }

  async #read(id: string): Promise<void> {
    const [sessions, receipts] = await Promise.all([
      this.#client.request('sessions', {}),
      this.#client.request('receipts', { id }),
    ]);
    if ('recipients' in receipts) this.#receipts = receipts.recipients;
    this.#note(sessions);
    this.#tell();
    if (this.#receipts.length > 0 && this.#receipts.every((receipt) => this.#isSettled(receipt))) this.#end();
  }

  #note({ sessions }: { readonly sessions: readonly SessionInfo[] }): void {
    this.#peers = new Map(sessions.map((peer) => [peer.name, peer]));
    const isHanded = new Set(this.#receipts.filter(({ state }) => state !== 'stored').map(({ name }) => name));
    for (const { name, door } of sessions) if (!isHanded.has(name)) this.#doors.set(name, door);
  }

  #isSettled(receipt: Receipt): boolean {
    return isOver(receipt) || (!this.#wasCut && !this.#peers.get(receipt.name)?.here);
  }

  /** Each step of each session once. */
  #tell(): void {
    const isLate = this.#elapsed() >= TELL_AFTER;
    for (const probe of this.#probes()) {
      const { name, state, here, doing, tool, door } = probe;
      const isOpen = state === 'stored' && here && !isLate;
      const key = JSON.stringify(isOpen ? [] : [state, here, ...(isLate ? [doing, tool, door] : [])]);
      if (isOpen || this.#told.get(name) === key) continue;
      this.#told.set(name, key);
      this.#out.say(`${name}: ${progressOf(probe)}`, 'dim');
    }
  }

  #probes(): Probe[] {
    const sent = this.#sent;
    if (!sent) return [];
    return this.#receipts.map((receipt) =>
      probeOf({
        receipt,
        peer: this.#peers.get(receipt.name),
        door: this.#doors.get(receipt.name),
        wasHere: this.#here.has(receipt.name),
        sentAt: sent.at,
        now: sent.at + this.#elapsed(),
        todo: this.#options.todo,
      }),
    );
  }

  #elapsed(): number {
    return this.#sent ? this.#clock.monotonic() - this.#sent.monotonic : 0;
  }
}
