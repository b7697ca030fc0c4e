/** What a request at `/mcp` says, as far as its name's seat must know before the protocol's library reads it. */
import type { RequestId } from '@modelcontextprotocol/server';

/** The fields of one JSON-RPC message; none of what is something else: the library says what is wrong with it. */
export type Message = Readonly<Record<string, unknown>>;

/** With what a client says its first words, before the modern era and in it. */
const BEGINNINGS: ReadonlySet<unknown> = new Set(['initialize', 'server/discover']);

export function messageOf(body: string): Message {
  try {
    return fieldsOf(JSON.parse(body));
  } catch {
    return {};
  }
}

export function isBeginning({ method }: Message): boolean {
  return BEGINNINGS.has(method);
}

/** Its answer is a stream, which stays open and tells of mail. */
export function isWatching({ method }: Message): boolean {
  return method === 'subscriptions/listen';
}

/** Before the modern era a call is cancelled by a notification of its own, and the connection of the call stays open. */
export function cancelledBy({ method, params }: Message): RequestId | undefined {
  if (method !== 'notifications/cancelled') return undefined;
  const { requestId } = fieldsOf(params);
  return typeof requestId === 'string' || typeof requestId === 'number' ? requestId : undefined;
}

function fieldsOf(value: unknown): Message {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
