/** Who speaks to us, as its messages say: in `initialize`, or with every request since the revision of July 2026. */
import { fieldsOf } from '../util/fields.ts';
import type { Message } from './jsonrpc.ts';
import { META } from './revisions.ts';

export interface ClientInfo {
  readonly name: string;
  readonly version?: string;
}

/** Undefined where a message does not say. */
export function clientInfoOf(message: Message): ClientInfo | undefined {
  if (message.kind === 'answer') return undefined;
  const { method, params } = message;
  const said = method === 'initialize' ? params.clientInfo : fieldsOf(params._meta)[META.client];
  const { name, version } = fieldsOf(said);
  if (typeof name !== 'string' || name === '') return undefined;
  return { name, ...(typeof version === 'string' ? { version } : {}) };
}
