/** A session without a relay: an inbox in memory, and everything that a test wants to see or to break. */

import type { Kept, RefusedSend, Session, SessionState } from '../../src/mcp/session.ts';
import { RelayError } from '../../src/protocol/codes.ts';
import type { Draft, Envelope } from '../../src/protocol/envelope.ts';
import type { Args, Results, SendResult, Verb } from '../../src/protocol/verbs.ts';

export const AT = Date.UTC(2026, 10, 22, 8, 12, 33);

export function envelope(over: Partial<Envelope> & { position: number }): Envelope {
  return {
    id: `m${over.position}`,
    from: 'CC-2',
    to: ['CC-1'],
    at: AT + over.position * 1000,
    body: `body ${over.position}`,
    ...over,
  };
}

type Answers = { [V in Verb]?: Results[V] | RelayError | ((args: Args<V>) => Results[V] | Promise<Results[V]>) };

class FakeState implements SessionState {
  name = 'CC-1';
  wanted?: string;
  connected = true;
  trouble?: string;
  relay = 'ws://localhost:9999';
  unread = 0;
  outbox = 0;
  refused?: readonly RefusedSend[];
  notice: string | undefined;
  /** Notices whose answer was written. */
  told = 0;

  takeNotice(): string | undefined {
    const { notice } = this;
    this.notice = undefined;
    return notice;
  }

  noticeTold(): void {
    this.told += 1;
  }
}

export class FakeSession implements Session {
  readonly state = new FakeState();
  /** Unread mail that nobody has taken. */
  readonly inbox: Envelope[] = [];
  /** Taken and not handed. */
  readonly taken: Envelope[] = [];
  readonly requests: { verb: Verb; args: unknown }[] = [];
  readonly sent: Draft[] = [];
  readonly handedPositions: number[] = [];
  /** Tools that were called, and those whose call was answered. */
  readonly calls: string[] = [];
  readonly answeredCalls: string[] = [];
  /** What a verb answers instead of the default. */
  readonly answers: Answers = {};
  /** Instead of the default answer to a send. */
  onSend: ((draft: Draft) => SendResult | Kept | Promise<SendResult | Kept>) | undefined;
  /** Held requests wait until it resolves. */
  gate: Promise<void> = Promise.resolve();
  private readonly listeners = new Set<() => void>();

  async request<V extends Verb>(verb: V, args: Args<V>): Promise<Results[V]> {
    this.requests.push({ verb, args });
    await this.gate;
    const answer = this.answers[verb] as Answers[V];
    if (answer instanceof RelayError) throw answer;
    if (typeof answer === 'function') return (await answer(args)) as Results[V];
    if (answer !== undefined) return answer as Results[V];
    if (verb === 'receive') return this.receive(args as Args<'receive'>) as Results[V];
    throw new RelayError('unknown_verb');
  }

  async send(draft: Draft): Promise<SendResult | Kept> {
    this.sent.push(draft);
    if (this.onSend) return this.onSend(draft);
    const to = (draft.to ?? ['CC-2']).map((address) => ({ address, recipients: 1, here: 1, absent: [] }));
    return { id: draft.id ?? 'mnone', position: 100 + this.sent.length, at: AT, to };
  }

  onMail(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  get watching(): number {
    return this.listeners.size;
  }

  handed(messages: readonly Envelope[]): void {
    const positions = messages.map(({ position }) => position);
    this.handedPositions.push(...positions);
    for (const position of positions) this.drop(position);
  }

  called(tool: string): () => void {
    this.calls.push(tool);
    return () => void this.answeredCalls.push(tool);
  }

  /** Mail comes in, and whoever waits is woken. */
  deliver(...messages: Envelope[]): void {
    this.inbox.push(...messages);
    this.state.unread += messages.length;
    this.wake();
  }

  wake(): void {
    for (const listener of [...this.listeners]) listener();
  }

  private drop(position: number): void {
    const at = this.taken.findIndex((message) => message.position === position);
    if (at >= 0) this.taken.splice(at, 1);
  }

  /** As the relay does it: oldest first, each to one taker; `more` counts what nobody has taken. */
  private receive({ count = 10, from, thread, reply_to }: Args<'receive'>): Results['receive'] {
    const fits = (message: Envelope) =>
      (from === undefined || message.from === from) &&
      (thread === undefined || message.thread === thread) &&
      (reply_to === undefined || message.reply_to === reply_to);
    const messages = this.inbox.filter(fits).slice(0, count);
    for (const message of messages) this.inbox.splice(this.inbox.indexOf(message), 1);
    const more = this.inbox.filter(fits).length;
    this.taken.push(...messages);
    return { messages, more };
  }
}
