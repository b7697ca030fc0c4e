/**
 * The revisions of the Model Context Protocol that are spoken, and how a message says of which it is. Until November 2025
 * a connection begins with `initialize`, which says it once. Since July 2026 each request says it, in an envelope in its
 * `_meta` (https://modelcontextprotocol.io/specification).
 */
import { type Fields, fieldsOf, isObject } from '../util/fields.ts';
import { isRequestId } from './jsonrpc.ts';

export type Era = 'legacy' | 'modern';

/** Newest first: whoever asks for one that we do not know is told of the first. */
export const LEGACY_REVISIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05', '2024-10-07'] as const;
const MODERN_SINCE = '2026-07-28';
export const MODERN_REVISIONS: readonly string[] = [MODERN_SINCE];

/** Structured output came with this one; dates compare as text. */
export const STRUCTURED_SINCE = '2025-06-18';

/** Keys in `_meta` that are the protocol's own. */
export const META = {
  revision: 'io.modelcontextprotocol/protocolVersion',
  client: 'io.modelcontextprotocol/clientInfo',
  capabilities: 'io.modelcontextprotocol/clientCapabilities',
  logLevel: 'io.modelcontextprotocol/logLevel',
  server: 'io.modelcontextprotocol/serverInfo',
  subscription: 'io.modelcontextprotocol/subscriptionId',
} as const;

const ENVELOPE: ReadonlySet<string> = new Set([META.revision, META.client, META.capabilities, META.logLevel]);

const LOG_LEVELS: readonly unknown[] = 'debug info notice warning error critical alert emergency'.split(' ');

/** A request's envelope. Whoever names a revision there has one; it is wrong when a key of it is. */
export type Envelope =
  | { readonly is: 'absent' }
  | { readonly is: 'wrong'; readonly key: string; readonly problem: string }
  | { readonly is: 'unknown'; readonly revision: string }
  | { readonly is: 'good'; readonly revision: string };

export function envelopeOf(params: Fields): Envelope {
  const meta = fieldsOf(params._meta);
  const revision = meta[META.revision];
  if (revision === undefined) return { is: 'absent' };
  if (typeof revision !== 'string') return wrong(META.revision, 'must be text');
  if (!(META.capabilities in meta)) return wrong(META.capabilities, 'missing');
  if (!isObject(meta[META.capabilities])) return wrong(META.capabilities, 'must be an object');
  const { [META.client]: client, [META.logLevel]: level, progressToken: token } = meta;
  const { name, version } = fieldsOf(client);
  if (client !== undefined && (typeof name !== 'string' || typeof version !== 'string'))
    return wrong(META.client, 'must have a name and a version');
  if (level !== undefined && !LOG_LEVELS.includes(level))
    return wrong(META.logLevel, `must be one of ${LOG_LEVELS.join(', ')}`);
  if (token !== undefined && !isRequestId(token)) return wrong('progressToken', 'must be text or a whole number');
  return { is: MODERN_REVISIONS.includes(revision) ? 'good' : 'unknown', revision };
}

/** A good one, or one that is of a revision which we do not know yet. */
export function isModern(envelope: Envelope): boolean {
  return 'revision' in envelope && envelope.revision >= MODERN_SINCE;
}

function wrong(key: string, problem: string): Envelope {
  return { is: 'wrong', key, problem };
}

/** What a sender says beside its request, without what is the protocol's own. */
export function metaOf(params: Fields): Fields {
  return Object.fromEntries(Object.entries(fieldsOf(params._meta)).filter(([key]) => !ENVELOPE.has(key)));
}
