/** What a request at `/mcp` says, as far as its name's seat must know before the protocol's library reads it. */
import { isRequestId, type RequestId } from '../mcp/jsonrpc.ts';
import { LIMITS } from '../protocol/limits.ts';
import { type Fields, fieldsOf } from '../util/fields.ts';

/** The fields of one JSON-RPC message; none of what is something else: the library says what is wrong with it. */
export type Message = Fields;

/** With what a client says its first words, before the modern era and in it. */
const BEGINNINGS: ReadonlySet<unknown> = new Set(['initialize', 'server/discover']);

/** One as a rule; before June 2025 the protocol had several at once, too. */
export function messagesOf(body: string): Message[] {
  try {
    const said: unknown = JSON.parse(body);
    return Array.isArray(said) ? said.map(fieldsOf) : [fieldsOf(said)];
  } catch {
    return [];
  }
}

/** What its sender calls it is repeated in all that is said to it: a stream would be mostly that. */
export function hasLongId({ id, params }: Message): boolean {
  return [id, fieldsOf(fieldsOf(params)._meta).progressToken].some(
    (said) => typeof said === 'string' && said.length > LIMITS.mcpIdChars,
  );
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
  return isRequestId(requestId) ? requestId : undefined;
}
