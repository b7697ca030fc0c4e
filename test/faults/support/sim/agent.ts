/** A session process of the simulation: the real client, outbox and receipts, and a model that reads and writes now and then. */
import { RelayClient } from '../../../../src/client/client.ts';
import type { KeyStore } from '../../../../src/client/keys.ts';
import { Outbox } from '../../../../src/client/outbox.ts';
import { type Entry, OutboxStore, type StoreOptions } from '../../../../src/client/outbox-store.ts';
import type { Connect } from '../../../../src/client/socket.ts';
import { asRelayError } from '../../../../src/protocol/codes.ts';
import type { Envelope } from '../../../../src/protocol/envelope.ts';
import type { ReceiveResult } from '../../../../src/protocol/verbs.ts';
import { instanceId } from '../../../../src/util/random.ts';
import { type History, hashOf } from '../history.ts';
import type { Seeded } from '../seeded.ts';
import { readOf } from '../talker.ts';
import type { Life } from './process.ts';

const RELAY = '(relay)';

export interface AgentOptions {
  readonly name: string;
  readonly life: Life;
  readonly pid: number;
  readonly alive: ReadonlySet<number>;
  readonly chance: Seeded;
  readonly history: History;
  readonly keys: KeyStore;
  /** Of the outboxes of everybody. */
  readonly dir: string;
  readonly connect: Connect;
  /** Envelopes that are pushed to it before it has said of one that it got it, as to a chat; 0: it asks for its mail. */
  readonly window: number;
  /** Of the relay that runs now. */
  readonly relay: () => Life | undefined;
  /** Who reads what is sent to an address. */
  readonly readers: (address: string, sender: string) => readonly string[];
}

/** Writes nothing any more once its process is dead. */
class MortalStore extends OutboxStore {
  readonly #life: Life;

  constructor(options: StoreOptions, life: Life) {
    super(options);
    this.#life = life;
  }

  override add(name: string, entry: Omit<Entry, 'name' | 'owner'>): Entry {
    if (this.#life.isOver) throw new Error('This process is dead.');
    return super.add(name, entry);
  }

  override remove(entry: Entry): void {
    if (!this.#life.isOver) super.remove(entry);
  }
}

export class Agent {
  readonly name: string;
  readonly client: RelayClient;
  readonly outbox: Outbox;
  /** Does not look at its mail. */
  isBusy = false;
  readonly #options: AgentOptions;
  #isReading = false;
  /** Shown, and no sign yet that it was read. */
  readonly #unseen: number[] = [];
  #hasMail = false;
  /** What was pushed to it, with the relay that did. */
  readonly #pushed: { readonly id: string; readonly relay: Life | undefined }[] = [];

  constructor(options: AgentOptions) {
    this.#options = options;
    const { name, life, pid, alive, chance, keys, dir, connect, window } = options;
    this.name = name;
    const { clock } = life;
    this.client = new RelayClient({
      url: () => 'ws://localhost:9999',
      token: () => 'token',
      hello: { name, seat: true, window, about: { kind: 'agent' } },
      instance: instanceId(chance),
      keys,
      clock,
      random: chance,
      connect,
    });
    const store = new MortalStore({ dir, owner: { pid }, isAlive: ({ pid: other }) => alive.has(other) }, life);
    this.outbox = new Outbox({
      client: this.client,
      store,
      name,
      clock,
      random: chance,
      onRefused: ({ id, code }) => this.#note({ kind: 'refused', id, code, retry: false }),
    });
    this.client.on('mail', (unread) => {
      if (unread > 0) this.#hasMail = true;
      void this.read();
    });
    this.client.on('deliver', ({ messages }) => {
      for (const { id } of messages) this.#pushed.push({ id, relay: options.relay() });
      this.#show(messages);
    });
    this.client.on('gap', ({ why }) => {
      if (why !== 'missed') this.#note({ kind: 'gap', by: name });
    });
    this.client.start();
  }

  /** A tool call that sends. */
  async send(id: string, address: string, body: string, ttl?: number): Promise<void> {
    const to = this.#options.readers(address, this.name);
    this.#note({ kind: 'sent', id, by: this.name, to, hash: hashOf(body), ends: ttl !== undefined });
    try {
      const draft = { id, to: [address], body, ...(ttl === undefined ? {} : { ttl_seconds: ttl }) };
      const result = await this.outbox.send(draft);
      if ('kept' in result) this.#note({ kind: 'kept', id });
      else this.#note({ kind: 'answered', id, position: result.position, duplicate: result.duplicate === true });
    } catch (error) {
      const { code, retry } = asRelayError(error);
      this.#note({ kind: 'refused', id, code, retry });
    }
  }

  /** A tool call that receives, again until there is nothing left. */
  async read(): Promise<void> {
    if (this.#isReading || this.isBusy || this.#options.window > 0) return;
    this.#isReading = true;
    try {
      while (this.#hasMail && !this.isBusy && !this.#options.life.isOver) {
        this.#hasMail = false;
        const { messages, more } = await this.#receive();
        if (messages.length > 0) this.#show(messages);
        if (more > 0 || messages.length > 0) this.#hasMail = true;
      }
    } catch {
      // The relay went away, or its disk failed: a model would call the tool again.
      this.#hasMail = true;
      this.#options.life.clock.after(1_000, () => void this.read());
    } finally {
      this.#isReading = false;
    }
  }

  /** Waits for mail now and then, and now and then no longer than its model does. */
  #receive(): Promise<ReceiveResult> {
    const { chance, life } = this.#options;
    const wait = chance.chance(0.3) ? { wait_seconds: chance.between(1, 10) } : {};
    const model = new AbortController();
    if (chance.chance(0.15)) life.clock.after(chance.below(3_000), () => model.abort(new Error('The model goes on.')));
    return this.client.request('receive', { count: chance.between(1, 8), ...wait }, { signal: model.signal });
  }

  wake(): void {
    this.isBusy = false;
    this.#hasMail = true;
    this.client.receipts.seen(this.#unseen.splice(0));
    void this.read();
  }

  /** `kill -9`. */
  end(): void {
    for (const { id, relay } of this.#pushed)
      if (!relay || relay.isOver) this.#note({ kind: 'doubt', id, by: this.name });
    this.#options.life.end();
  }

  #show(messages: readonly Envelope[]): void {
    if (this.#options.life.isOver) return;
    for (const message of messages) {
      if (message.from === RELAY)
        this.#note({ kind: 'notice', id: message.id, by: this.name, about: message.reply_to ?? '' });
      else this.#note({ ...readOf(this.name, message), life: this.#options.pid });
    }
    const positions = messages.map(({ position }) => position);
    this.client.receipts.handed(positions);
    this.#unseen.push(...positions);
    if (this.#options.chance.chance(0.5)) this.client.receipts.seen(this.#unseen.splice(0));
  }

  #note(event: Parameters<History['note']>[0]): void {
    if (!this.#options.life.isOver) this.#options.history.note(event);
  }
}
