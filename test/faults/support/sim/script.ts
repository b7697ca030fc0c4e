/**
 * Programs that speak HTTP under one name: each call is a process of its own, which may be gone before it is answered, or
 * die with what it was given before it said so. What it was given is leased, and given again.
 */
import { asRelayError } from '../../../../src/protocol/codes.ts';
import type { Envelope } from '../../../../src/protocol/envelope.ts';
import type { ReceiveResult } from '../../../../src/protocol/verbs.ts';
import type { Relay } from '../../../../src/relay/relay.ts';
import { type History, hashOf } from '../history.ts';
import type { Seeded } from '../seeded.ts';
import { readOf } from '../talker.ts';
import type { Network } from './network.ts';
import type { Life } from './process.ts';

export interface ScriptOptions {
  readonly name: string;
  readonly network: Network;
  readonly chance: Seeded;
  readonly history: History;
  /** The relay that runs now. */
  readonly relay: () => { readonly relay: Relay; readonly life: Life } | undefined;
  readonly pid: () => number;
  readonly readers: (address: string, sender: string) => readonly string[];
}

/** The sender of what the relay itself has to say. */
const RELAY = '(relay)';

export class Script {
  readonly name: string;
  readonly #options: ScriptOptions;
  /** None of its processes is gone or dies before it has done what it came for. */
  isCareful = false;
  #isReading = false;
  #isSending = false;

  constructor(options: ScriptOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get isAtRest(): boolean {
    return !this.#isReading && !this.#isSending;
  }

  /** It is known from then on. */
  async begin(): Promise<void> {
    await this.#call('status', {});
  }

  /** Tried again with its id when no answer came, as a program would. */
  async send(id: string, address: string, body: string, ttl?: number): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    const to = this.#options.readers(address, this.name);
    const draft = { id, to: [address], body, ...(ttl === undefined ? {} : { ttl_seconds: ttl }) };
    try {
      for (let tries = 0; tries < 3; tries += 1) {
        this.#options.history.note({
          kind: 'sent',
          id,
          by: this.name,
          to,
          hash: hashOf(body),
          ends: ttl !== undefined,
        });
        const answer = await this.#call('send', draft, this.#patience());
        if (answer === undefined) continue;
        if (answer instanceof Error) return this.#refused(id, answer);
        const { position, duplicate } = answer as { position: number; duplicate?: boolean };
        this.#options.history.note({ kind: 'answered', id, position, duplicate: duplicate === true });
        return;
      }
    } finally {
      this.#isSending = false;
    }
  }

  /** Until there is nothing left, or one of its processes dies. */
  async read(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (await this.#readOnce());
    } finally {
      this.#isReading = false;
    }
  }

  /** Is there more? */
  async #readOnce(): Promise<boolean> {
    const { chance } = this.#options;
    const wait = chance.chance(0.3) ? { wait_seconds: chance.between(1, 10) } : {};
    const answer = await this.#call('receive', { count: chance.between(1, 8), ...wait }, this.#patience());
    if (answer === undefined || answer instanceof Error) return false;
    const { messages, more } = answer as ReceiveResult;
    this.#show(messages);
    if (messages.length > 0 && (this.isCareful || chance.chance(0.8))) {
      const positions = messages.map(({ position }) => position);
      await this.#call('receipt', { state: 'seen', positions });
    }
    return more > 0;
  }

  #show(messages: readonly Envelope[]): void {
    const { history } = this.#options;
    const life = this.#options.pid();
    for (const message of messages) {
      if (message.from === RELAY)
        history.note({ kind: 'notice', id: message.id, by: this.name, about: message.reply_to ?? '' });
      else history.note({ ...readOf(this.name, message), life });
    }
  }

  #refused(id: string, error: Error): void {
    const { code, retry } = asRelayError(error);
    this.#options.history.note({ kind: 'refused', id, code, retry });
  }

  /** Milliseconds after which it is gone; most wait as long as it takes. */
  #patience(): number | undefined {
    const { chance } = this.#options;
    return !this.isCareful && chance.chance(0.15) ? chance.below(3_000) : undefined;
  }

  /** What the relay says, or how it refuses; undefined when nobody is there, or nobody any more, on either side. */
  async #call(verb: string, args: object, patience?: number): Promise<unknown> {
    const { network, relay } = this.#options;
    await new Promise<void>((resolve) => network.clock.after(network.latency(), resolve));
    const up = relay();
    if (!up || up.life.isOver) return undefined;
    const caller = new AbortController();
    return await new Promise((resolve) => {
      const gone = () => {
        caller.abort();
        resolve(undefined);
      };
      up.life.onEnd(gone);
      if (patience !== undefined) network.clock.after(patience, gone);
      const caught = (answer: unknown) => (up.life.isOver ? undefined : resolve(answer));
      up.relay.perform(verb, args, { name: this.name, kind: 'script' }, caller.signal).then(caught, caught);
    });
  }
}
