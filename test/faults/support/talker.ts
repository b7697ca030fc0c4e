/**
 * Load that survives its relay: senders and readers over the real client connection, which come back at once whenever
 * they lost it (the client's own back-off is the subject of R12, not of every run). Both write the history.
 */
import { Connection, type ConnectionOptions } from '../../../src/client/connection.ts';
import { Receipts } from '../../../src/client/receipts.ts';
import { connectWebSocket } from '../../../src/client/socket.ts';
import { asRelayError, RelayError } from '../../../src/protocol/codes.ts';
import type { Envelope } from '../../../src/protocol/envelope.ts';
import type { Hello, Welcome } from '../../../src/protocol/frames.ts';
import type { Receipt } from '../../../src/protocol/receipt.ts';
import type { ReceiptsResult } from '../../../src/protocol/verbs.ts';
import { sleep, systemClock } from '../../../src/util/clock.ts';
import { type History, hashOf } from './history.ts';
import type { Seeded } from './seeded.ts';

/** Before the next try at a relay that is away, milliseconds. */
const AGAIN_MS = 15;
/** Requests of one sender that asks what became of its messages. */
const ASKED_AT_ONCE = 32;
/** The sender of what the relay itself has to say. */
const RELAY = '(relay)';

export interface Place {
  /** Asked at each try: a relay may come back elsewhere. */
  readonly url: () => string;
  readonly token: () => string;
}

/** One name that is there as often as it can be. */
export abstract class Talker {
  readonly name: string;
  /** How often it was welcomed. */
  welcomes = 0;
  protected readonly history: History;
  protected connection: Connection | undefined;
  readonly #place: Place;
  readonly #instance: string;
  readonly #life = new AbortController();
  #key: string | undefined;
  #running: Promise<void> | undefined;
  #changed: (() => void)[] = [];

  constructor(name: string, place: Place, history: History, chance: Seeded) {
    this.name = name;
    this.#place = place;
    this.history = history;
    this.#instance = `i${name}${chance.below(2 ** 31)}`;
  }

  protected abstract hello(): Partial<Hello>;
  protected abstract onPush: ConnectionOptions['onPush'];
  /** Ends with the connection, or before. */
  protected abstract live(connection: Connection, welcome: Welcome): Promise<void>;

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#life.abort();
    this.connection?.bye();
    await this.#running;
  }

  /** Resolves as soon as `holds` does, looking whenever something has changed here. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#changed.push(resolve));
  }

  protected change(): void {
    for (const resolve of this.#changed.splice(0)) resolve();
  }

  async #run(): Promise<void> {
    const { signal } = this.#life;
    while (!signal.aborted) {
      await this.#once().catch(() => undefined);
      this.connection = undefined;
      if (!signal.aborted) await sleep(systemClock, AGAIN_MS, signal).catch(() => undefined);
    }
  }

  async #once(): Promise<void> {
    const socket = await connectWebSocket({ url: this.#place.url(), token: this.#place.token() });
    const connection = new Connection({ socket, clock: systemClock, onPush: (frame) => this.onPush(frame) });
    this.connection = connection;
    try {
      const key = this.#key === undefined ? {} : { key: this.#key };
      const welcome = await connection.open({
        name: this.name,
        instance: this.#instance,
        seat: true,
        ...key,
        ...this.hello(),
      });
      this.#key = welcome.key ?? this.#key;
      if (welcome.name !== this.name) throw new Error(`${this.name} was called ${welcome.name}`);
      this.welcomes += 1;
      this.change();
      await Promise.race([this.live(connection, welcome), connection.closed]);
      await connection.closed;
    } finally {
      connection.drop(new RelayError('not_connected'));
    }
  }
}

export interface SenderOptions {
  /** Address and who reads what is sent there. */
  readonly to: readonly { readonly address: string; readonly readers: readonly string[] }[];
  /** Under way at a time; each is sent again, with its id, until it was answered. */
  readonly window: number;
  /** In all; without it, until it is told to finish. */
  readonly count?: number;
  /** Between two new ones, milliseconds; without it, none. */
  readonly pauseMs?: number;
  readonly body?: (n: number) => string;
}

interface Draft {
  readonly id: string;
  readonly address: string;
  readonly readers: readonly string[];
  readonly body: string;
}

/** Sends without pause, in order, each again until it is answered. */
export class Sender extends Talker {
  protected override onPush = () => undefined;
  readonly #options: SenderOptions;
  readonly #chance: Seeded;
  readonly #answered: string[] = [];
  #next = 0;
  #waiting: Draft[] = [];
  #isFinishing = false;
  #wake: () => void = () => {};

  constructor(name: string, place: Place, history: History, chance: Seeded, options: SenderOptions) {
    super(name, place, history, chance);
    this.#chance = chance;
    this.#options = options;
  }

  /** Answered for good so far, with yes or with no. */
  settled = 0;

  /** Answered with yes so far. */
  get answered(): number {
    return this.#answered.length;
  }

  /** How far all that was answered came, as the relay tells its sender at the end of a run. */
  async askStates(): Promise<void> {
    const left = [...this.#answered];
    const askOn = async () => {
      for (let id = left.pop(); id !== undefined; id = left.pop())
        for (const { name, state } of await this.#receiptsOf(id)) this.history.note({ kind: 'state', id, name, state });
    };
    await Promise.all(Array.from({ length: ASKED_AT_ONCE }, askOn));
  }

  /** No new ones; resolves when all are answered. */
  async finish(): Promise<void> {
    this.#isFinishing = true;
    this.#wake();
    await this.until(() => this.#waiting.length === 0);
  }

  protected override hello(): Partial<Hello> {
    return {};
  }

  protected override async live(connection: Connection): Promise<void> {
    for (;;) {
      await this.#round(connection);
      if (this.#waiting.length === 0 && this.#isOver) await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  get #isOver(): boolean {
    return this.#isFinishing || this.#next >= (this.#options.count ?? Number.POSITIVE_INFINITY);
  }

  /**
   * All that wait go out once more in their order, then new ones while the answers come. After a refusal nothing new
   * goes out until everything under way is settled: else a later message would overtake the one that is tried again.
   */
  async #round(connection: Connection): Promise<void> {
    let isRefused = false;
    let failure: RelayError | undefined;
    const underWay = new Set<Promise<void>>();
    const again = [...this.#waiting];
    for (;;) {
      while (!isRefused && underWay.size < this.#options.window) {
        if (this.#options.pauseMs && again.length === 0) await sleep(systemClock, this.#options.pauseMs);
        const draft = again.shift() ?? this.#fresh();
        if (!draft) break;
        const sending = this.#send(connection, draft).then(
          () => void underWay.delete(sending),
          (error: unknown) => {
            underWay.delete(sending);
            isRefused = true;
            failure = asRelayError(error);
          },
        );
        underWay.add(sending);
      }
      if (underWay.size === 0) break;
      await Promise.race(underWay);
    }
    if (failure?.code === 'not_connected') throw failure;
    if (failure) await sleep(systemClock, 50);
  }

  #fresh(): Draft | undefined {
    const [first, ...others] = this.#options.to;
    if (this.#isOver || !first) return undefined;
    const { address, readers } = this.#chance.pick([first, ...others]);
    const n = this.#next++;
    const draft = {
      id: `${this.name}-${n}`,
      address,
      readers,
      body: this.#options.body?.(n) ?? `${this.name} says ${n}`,
    };
    this.#waiting.push(draft);
    return draft;
  }

  async #send(connection: Connection, draft: Draft): Promise<void> {
    const { id, address, readers, body } = draft;
    this.history.note({ kind: 'sent', id, by: this.name, to: readers, hash: hashOf(body) });
    try {
      const result = await connection.request('send', { id, to: [address], body });
      if (result.id !== id) this.history.note({ kind: 'crossed', id, got: result.id });
      this.history.note({ kind: 'answered', id, position: result.position, duplicate: result.duplicate === true });
      this.#answered.push(id);
      this.#settle(draft);
    } catch (error) {
      const { code, retry } = asRelayError(error);
      if (code !== 'not_connected') this.history.note({ kind: 'refused', id, code, retry });
      if (!retry && code !== 'not_connected') this.#settle(draft);
      else this.change();
      throw error;
    }
  }

  /** None where the relay refuses to tell. */
  async #receiptsOf(id: string): Promise<readonly Receipt[]> {
    for (;;) {
      try {
        const told = await this.connection?.request('receipts', { id });
        if (told) return (told as ReceiptsResult).recipients;
      } catch (error) {
        if (asRelayError(error).code !== 'not_connected') return [];
      }
      await sleep(systemClock, AGAIN_MS);
    }
  }

  #settle(draft: Draft): void {
    this.#waiting = this.#waiting.filter((other) => other !== draft);
    this.settled += 1;
    this.change();
  }
}

/** Resolves when so many were answered for good by all together: then a run has something to judge, however slow the machine. */
export async function settledBy(senders: readonly Sender[], least: number): Promise<void> {
  while (senders.reduce((sum, { settled }) => sum + settled, 0) < least) await sleep(systemClock, AGAIN_MS);
}

export interface ReaderOptions {
  /** Envelopes pushed without a receipt; 0: it pulls. */
  readonly window: number;
}

/** Reads whatever comes, says `handed` for it, and shows nothing twice while it lives: as a session process does. */
export class Reader extends Talker {
  readonly notices: Envelope[] = [];
  protected override onPush: ConnectionOptions['onPush'] = (frame) => this.#onPush(frame);
  readonly #receipts = new Receipts(systemClock);
  readonly #window: number;
  /** Of the present connection: there may be something to pull. */
  #wake: () => void = () => {};
  #hasMore = false;
  unread = Number.POSITIVE_INFINITY;

  constructor(name: string, place: Place, history: History, chance: Seeded, { window }: ReaderOptions) {
    super(name, place, history, chance);
    this.#window = window;
  }

  protected override hello(): Partial<Hello> {
    return { window: this.#window };
  }

  protected override async live(connection: Connection): Promise<void> {
    await this.#receipts.attach((args) => connection.request('receipt', args));
    connection.closed.then(() => this.#receipts.detach());
    this.#hasMore = true;
    while (this.#window === 0) await this.#pull(connection);
  }

  /** All that is there was read, and the relay knows. */
  async drained(): Promise<void> {
    for (;;) {
      const status = await this.connection?.request('status', {}).catch(() => undefined);
      if (status?.unread === 0 && this.#receipts.pending === 0) return;
      await sleep(systemClock, AGAIN_MS);
    }
  }

  async #pull(connection: Connection): Promise<void> {
    if (!this.#hasMore) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#hasMore = false;
    for (;;) {
      const { messages, more } = await connection.request('receive', { count: 20 });
      this.#show(messages);
      if (messages.length === 0 && more === 0) return;
    }
  }

  #onPush(frame: Parameters<ConnectionOptions['onPush']>[0]): void {
    if (frame.type === 'deliver') this.#show(frame.messages);
    else if (frame.type === 'more') {
      this.#hasMore = true;
      this.#wake();
    }
  }

  #show(messages: readonly Envelope[]): void {
    const fresh = this.#receipts.admit(messages);
    for (const message of fresh) {
      if (message.from === RELAY) this.notices.push(message);
      else this.history.note(readOf(this.name, message));
    }
    this.#receipts.handed(fresh.map(({ position }) => position));
    this.change();
  }
}

export function readOf(by: string, { id, position, body, redelivered }: Envelope) {
  return { kind: 'read', id, by, position, hash: hashOf(body), redelivered: redelivered === true } as const;
}
