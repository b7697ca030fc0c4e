/** What delivery needs of the session's mail. `mcp/client-session.ts` is it; tests bring a small fake. */
import type { Envelope } from '../protocol/envelope.ts';

export interface Inbox {
  readonly isConnected: boolean;
  /** Unread envelopes as last told by the relay. */
  readonly unread: number;
  /** The oldest unread ones. Takes nothing. */
  look(count: number): Promise<readonly Envelope[]>;
  /** Takes the oldest unread ones: nobody else is given them. `more`: those that are left. */
  take(count: number): Promise<{ readonly messages: readonly Envelope[]; readonly more: number }>;
  handed(positions: readonly number[]): void;
  seen(positions: readonly number[]): void;
  /** Tells the senders why these have not been seen. Best effort. */
  unseen(positions: readonly number[], reason: string): void;
  /** Calls when there may be unread mail, also after each connection. Returns the way to stop. */
  onMail(listener: () => void): () => void;
}
