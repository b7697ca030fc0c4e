/** Who speaks to us, as its first message says: in `initialize`, or with every request since the revision of July 2026. */
import { CLIENT_INFO_META_KEY, type JSONRPCMessage } from '@modelcontextprotocol/server';

export interface ClientInfo {
  readonly name: string;
  readonly version?: string;
}

/** Undefined where a message does not say. */
export function clientInfoOf(message: JSONRPCMessage): ClientInfo | undefined {
  if (!('method' in message)) return undefined;
  const params = fields(message.params);
  const said = fields(message.method === 'initialize' ? params.clientInfo : fields(params._meta)[CLIENT_INFO_META_KEY]);
  if (typeof said.name !== 'string' || said.name === '') return undefined;
  return { name: said.name, ...(typeof said.version === 'string' ? { version: said.version } : {}) };
}

type Fields = Readonly<Record<string, unknown>> & { readonly clientInfo?: unknown; readonly _meta?: unknown };

function fields(value: unknown): Fields & { readonly name?: unknown; readonly version?: unknown } {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
