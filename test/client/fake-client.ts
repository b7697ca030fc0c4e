/** What the outbox needs of a client, scripted: whether there is a relay, and what it says to each send. */
import type { ClientEvents, ClientState, Phase } from '../../src/client/client.ts';
import { Emitter } from '../../src/client/emitter.ts';
import type { OutboxOptions } from '../../src/client/outbox.ts';
import { RelayError } from '../../src/protocol/codes.ts';
import type { Draft } from '../../src/protocol/envelope.ts';
import type { SendResult } from '../../src/protocol/verbs.ts';

export class FakeClient {
  readonly events = new Emitter<ClientEvents>();
  readonly sent: Draft[] = [];
  nudges = 0;
  state: ClientState = { phase: 'idle', name: 'CC-1', wanted: undefined, trouble: undefined };
  /** What the relay does with a send. */
  onSend: (draft: Draft) => Promise<SendResult> = async (draft) => this.stored(draft);
  #position = 0;

  on: OutboxOptions['client']['on'] = (event, listener) => this.events.on(event, listener);

  nudge(): void {
    this.nudges += 1;
  }

  request: OutboxOptions['client']['request'] = async (verb, args) => {
    if (this.state.phase !== 'connected') throw new RelayError('not_connected');
    if (verb !== 'send') throw new Error('the outbox only sends');
    const draft = args as Draft;
    this.sent.push(draft);
    return (await this.onSend(draft)) as never;
  };

  stored(draft: Draft): SendResult {
    this.#position += 1;
    return { id: draft.id ?? '', position: this.#position, at: 1, to: [] };
  }

  enter(phase: Phase): void {
    this.state = { ...this.state, phase };
    this.events.emit('state', this.state);
    if (phase === 'connected') {
      this.events.emit('welcome', { type: 'welcome', v: 1, epoch: 'e', position: 0, unread: 0, version: '1' });
    }
  }

  rename(now: string, why: 'renamed' | 'suffixed'): void {
    const was = this.state.name ?? '';
    this.state = { ...this.state, name: now };
    this.events.emit('name', { was, now, why });
  }

  get bodies(): readonly string[] {
    return this.sent.map((draft) => draft.body);
  }
}
