/** The client's connection as delivery sees it. */
import type { RelayClient } from '../client/client.ts';
import type { Inbox } from '../delivery/inbox.ts';
import type { Envelope } from '../protocol/envelope.ts';

type Client = Pick<RelayClient, 'on' | 'request' | 'receipts' | 'state' | 'unread'>;

export class ClientInbox implements Inbox {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  get isConnected(): boolean {
    return this.#client.state.phase === 'connected';
  }

  get unread(): number {
    return this.#client.unread;
  }

  async look(count: number): Promise<readonly Envelope[]> {
    return (await this.#client.request('inbox', { count })).messages;
  }

  take(count: number): Promise<{ readonly messages: readonly Envelope[]; readonly more: number }> {
    return this.#client.request('receive', { count });
  }

  handed(positions: readonly number[]): void {
    this.#client.receipts.handed(positions);
  }

  seen(positions: readonly number[]): void {
    this.#client.receipts.seen(positions);
  }

  unseen(positions: readonly number[], reason: string): void {
    // Best effort: the relay remarks by itself when we are gone.
    this.#client.request('receipt', { state: 'unseen', positions, reason }).catch(() => undefined);
  }

  onMail(listener: () => void): () => void {
    return this.#client.on('mail', listener);
  }
}
