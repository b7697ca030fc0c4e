/**
 * JSON-RPC 2.0 as the Model Context Protocol has it: parameters by name, ids that are text or whole numbers, nothing in
 * batches. Checked by hand: a schema library is most of what a session process would load before its first answer.
 */
import { type Fields, fieldsOf, isObject } from '../util/fields.ts';

export type RequestId = string | number;

export interface Request {
  readonly kind: 'request';
  readonly id: RequestId;
  readonly method: string;
  readonly params: Fields;
}

export interface Notification {
  readonly kind: 'notification';
  readonly method: string;
  readonly params: Fields;
}

/** The answer to something that this side has asked. */
export interface Answer {
  readonly kind: 'answer';
}

export type Message = Request | Notification | Answer;

/** Codes of JSON-RPC; the last is the Model Context Protocol's. */
export const RPC = {
  parseError: -32_700,
  invalidRequest: -32_600,
  methodNotFound: -32_601,
  invalidParams: -32_602,
  internalError: -32_603,
  unsupportedRevision: -32_022,
} as const;

/** What a request is answered with when it cannot be served. */
export class RpcError extends Error {
  readonly code: number;
  readonly data: Fields | undefined;

  constructor(code: number, message: string, data?: Fields) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/** What a parsed line is; undefined when it is no message. Members that nobody knows are passed over. */
export function messageOf(value: unknown): Message | undefined {
  const { jsonrpc, id, method, params = {}, result, error } = fieldsOf(value);
  if (jsonrpc !== '2.0') return undefined;
  if (method === undefined) return result === undefined && error === undefined ? undefined : { kind: 'answer' };
  if (typeof method !== 'string' || !isObject(params)) return undefined;
  const asked = { method, params: fieldsOf(params) };
  if (id === undefined) return { kind: 'notification', ...asked };
  return isRequestId(id) ? { kind: 'request', id, ...asked } : undefined;
}

/** The id of what may not even be a message; null where there is none, as JSON-RPC answers then. */
export function idOf(value: unknown): RequestId | null {
  const { id } = fieldsOf(value);
  return isRequestId(id) ? id : null;
}

export function isRequestId(value: unknown): value is RequestId {
  return typeof value === 'string' || (typeof value === 'number' && Number.isSafeInteger(value));
}

/** A message of ours, as it goes out. */
export type Outgoing = Fields & { readonly jsonrpc: '2.0' };

export function resultMessage(id: RequestId, result: object): Outgoing {
  return { jsonrpc: '2.0', id, result };
}

export function errorMessage(id: RequestId | null, { code, message, data }: RpcError): Outgoing {
  return { jsonrpc: '2.0', id, error: { code, message, ...(data && { data }) } };
}

export function notificationMessage(method: string, params: Fields): Outgoing {
  return { jsonrpc: '2.0', method, params };
}
