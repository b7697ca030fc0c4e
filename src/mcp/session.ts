/**
 * What a tool call may do. The tools know nothing of sockets: over stdio this is the client's connection with its
 * outbox (`client-session.ts`), over HTTP it is the relay in the same process (`http/mcp.ts`).
 */
import type { Draft, Envelope } from '../protocol/envelope.ts';
import type { Args, Results, SendResult, Verb } from '../protocol/verbs.ts';

export interface SessionState {
  /** The name that is held, or wanted while the relay has not granted one yet. */
  readonly name: string;
  /** Set when a live session holds the wanted name and this one was given another. */
  readonly wanted?: string | undefined;
  readonly connected: boolean;
  /** Why not, in one sentence with what to do, when not connected. */
  readonly trouble?: string | undefined;
  readonly relay: string;
  /** Unread envelopes as last told by the relay. */
  readonly unread: number;
  /** Sends kept on this machine until the relay is back. */
  readonly outbox: number;
  /** Sends that were kept in the outbox and then refused by the relay. */
  readonly refused?: readonly RefusedSend[];
  /** Said once to the model, then cleared: renamed by conflict, a gap after a restore, and the like. */
  takeNotice(): string | undefined;
  /** An answer that holds what was taken last is written. Never throws. */
  noticeTold?(): void;
}

export interface RefusedSend {
  readonly id: string;
  readonly to: readonly string[];
  /** One sentence. */
  readonly reason: string;
}

export type Kept = { readonly id: string; readonly kept: true };

export interface Session {
  readonly state: SessionState;
  /** One verb at the relay. Rejects with a RelayError; ends by itself in bounded time. */
  request<V extends Verb>(verb: V, args: Args<V>, signal?: AbortSignal): Promise<Results[V]>;
  /** Sends, or keeps it in the outbox (said by `kept`) when the relay is away. Its id exists before anything can fail. */
  send(draft: Draft, signal?: AbortSignal): Promise<SendResult | Kept>;
  /** Calls whenever unread mail may have come (connected, `more`, `deliver`). Returns the way to stop. */
  onMail(listener: () => void): () => void;
  /** An answer that holds these was written. Called after the write; the receipts are kept until the relay has answered. */
  handed(messages: readonly Envelope[]): void;
  /** The agent calls a tool: what was handed before that was in its context. Returns what to call when it is answered. */
  called(tool: string): () => void;
}
