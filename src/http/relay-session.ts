/** The session of a tool call over HTTP: the relay is in this process, so there is no connection, no outbox, no key to keep. */

import type { Session, SessionState } from '../mcp/session.ts';
import { asRelayError, RelayError } from '../protocol/codes.ts';
import type { Draft, Envelope } from '../protocol/envelope.ts';
import { REMARK } from '../protocol/receipt.ts';
import type { Args, Results, SendResult, Verb } from '../protocol/verbs.ts';
import type { Log } from '../relay/log.ts';
import type { Clock } from '../util/clock.ts';
import { messageId, type Random } from '../util/random.ts';
import type { Caller, RelayFace } from './relay-face.ts';

/** A verb that does not wait is answered in this time or never, milliseconds. */
const PATIENCE = 15_000;
/** Positions that were handed and not yet seen; past it the oldest stay `handed`. */
const HANDED = 1_024;

export interface RelaySessionOptions {
  readonly relay: RelayFace;
  readonly caller: Caller & { readonly name: string };
  /** As told to the model: `http://localhost:9999/mcp`. */
  readonly url: string;
  /** Told to the model once. */
  readonly notice?: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export class RelaySession implements Session {
  readonly state: SessionState;
  readonly #options: RelaySessionOptions;
  readonly #handed = new Set<number>();
  #caller: Caller & { readonly name: string };
  #unread = 0;
  #notice: string | undefined;

  constructor(options: RelaySessionOptions) {
    this.#options = options;
    this.#caller = options.caller;
    this.#notice = options.notice;
    this.state = this.#stateOf();
  }

  async request<V extends Verb>(verb: V, args: Args<V>, signal?: AbortSignal): Promise<Results[V]> {
    const result = await this.#perform(verb, args, signal);
    // The relay's answer to a verb is that verb's result: `protocol/verbs.ts` is the proof of these casts.
    if (verb === 'status' || verb === 'inbox') this.#unread = (result as Results['status' | 'inbox']).unread;
    if (verb === 'rename') this.#caller = { ...this.#caller, name: (result as Results['rename']).name };
    return result as Results[V];
  }

  async send(draft: Draft, signal?: AbortSignal): Promise<SendResult> {
    const { random, clock } = this.#options;
    return await this.request('send', { ...draft, id: draft.id ?? messageId(random, clock.now()) }, signal);
  }

  onMail(listener: () => void): () => void {
    return this.#options.relay.onMail(this.#caller, listener);
  }

  handed(messages: readonly Envelope[]): void {
    const positions = messages.map(({ position }) => position);
    for (const position of positions) this.#handed.add(position);
    for (const position of this.#handed) {
      if (this.#handed.size <= HANDED) break;
      this.#handed.delete(position);
    }
    this.#tell('handed', positions);
  }

  called(): () => void {
    this.#tell('seen', this.#takeHanded());
    return () => undefined;
  }

  /** A client begins. What the one before it was given may never have been read, and no call of this one is evidence that it was. */
  begins(): void {
    const reason = `a client began anew as ${this.state.name} before there was a sign that it was read`;
    this.#tell(REMARK, this.#takeHanded(), reason);
  }

  #takeHanded(): number[] {
    const positions = [...this.#handed];
    this.#handed.clear();
    return positions;
  }

  /** Best effort: without its receipt an envelope is given again, marked as such. */
  #tell(state: 'handed' | 'seen' | typeof REMARK, positions: readonly number[], reason?: string): void {
    if (positions.length === 0) return;
    this.#perform('receipt', { state, positions, ...(reason === undefined ? {} : { reason }) }).catch((error) => {
      this.#options.log.debug({ code: asRelayError(error).code }, 'a receipt was not taken');
    });
  }

  /** In bounded time: what the relay has not answered by then may still happen, and a send with its id may be repeated. */
  async #perform<V extends Verb>(verb: V, args: Args<V>, signal?: AbortSignal): Promise<unknown> {
    const { relay, clock } = this.#options;
    const waits = 'wait_seconds' in args && typeof args.wait_seconds === 'number' ? args.wait_seconds : 0;
    const over = new AbortController();
    const timer = clock.after(waits * 1_000 + PATIENCE, () => over.abort());
    const late = new Promise<never>((_resolve, reject) => {
      over.signal.addEventListener('abort', () => reject(new RelayError('timeout')), { once: true });
    });
    const ends = signal ? AbortSignal.any([signal, over.signal]) : over.signal;
    try {
      return await Promise.race([relay.perform(verb, args, this.#caller, ends), late]);
    } finally {
      timer.cancel();
    }
  }

  #stateOf(): SessionState {
    const name = () => this.#caller.name;
    const unread = () => this.#unread;
    const takeNotice = () => this.#takeNotice();
    const { relay, url } = this.#options;
    return {
      get name() {
        return name();
      },
      get connected() {
        return relay.ready;
      },
      get trouble() {
        return relay.ready ? undefined : 'The relay takes nothing at the moment; try again.';
      },
      get unread() {
        return unread();
      },
      relay: url,
      outbox: 0,
      takeNotice,
    };
  }

  #takeNotice(): string | undefined {
    const notice = this.#notice;
    this.#notice = undefined;
    return notice;
  }
}
