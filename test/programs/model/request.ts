/** One request that a program made of its model. */
import type { IncomingHttpHeaders } from 'node:http';
import type { View } from './view.ts';

export interface ModelRequest extends View {
  /** When its last byte was read; milliseconds since 1970. */
  readonly at: number;
  readonly protocol: string;
  /** Without credentials. */
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
  /** The whole of it, as it came. */
  readonly raw: string;
  /** The fresh items, a line each. */
  readonly text: string;
  /** A turn of the conversation: tools are on offer. The others are titles, summaries and the like. */
  readonly isTurn: boolean;
}

const CREDENTIALS = /^(authorization|x-api-key|x-goog-api-key|cookie|proxy-authorization)$/i;

export function withoutCredentials(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !CREDENTIALS.test(name)));
}

/** For a person: what the model was shown, shortened. */
export function summary({ protocol, isTurn, tools, fresh, at }: ModelRequest): string {
  const shown = fresh.map(({ role, type, text }) => `    ${role} ${type}: ${text.slice(-300).replaceAll('\n', '\\n')}`);
  const kind = isTurn ? `${tools.length} tools` : 'no tools';
  return [`  ${new Date(at).toISOString()} ${protocol}, ${kind}`, ...shown].join('\n');
}
