/**
 * The first generation's frames, both of its versions: one WebSocket without path, subprotocol or credential, JSON text.
 * → client to relay, ← relay to client. Unknown fields are passed over: the two versions differ in fields only.
 *
 *     → register     {clientId, meta?, ownerSecret?}  ← registered {clientId, peers}, to the others peer_joined
 *     → message      {to?, content}                   ← sent {id, to, delivered}, or error
 *     → get_history  {count?, from?}                  ← history {messages}
 *     → get_peers    {}                               ← peers {peers, self}
 *     → get_sessions {}                               ← sessions {sessions}
 *     → ping         {}                               ← pong {timestamp}
 */
import { ALL } from './address.ts';
import { RelayError } from './codes.ts';

export type LegacyRequest =
  | { readonly type: 'register'; readonly clientId: string; readonly host?: string; readonly cwd?: string }
  | { readonly type: 'message'; readonly to: string; readonly content: string }
  | { readonly type: 'get_history'; readonly count: number; readonly from?: string }
  | { readonly type: 'get_peers' }
  | { readonly type: 'get_sessions' }
  | { readonly type: 'ping' };

export interface LegacyMessage {
  readonly type: 'message';
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly content: string;
  /** ISO 8601. */
  readonly timestamp: string;
}

export interface LegacySession {
  readonly clientId: string;
  readonly connected: boolean;
  /** ISO 8601. */
  readonly lastSeen: string;
}

export type LegacyFrame =
  | LegacyMessage
  | { readonly type: 'registered'; readonly clientId: string; readonly peers: readonly string[] }
  | { readonly type: 'peer_joined' | 'peer_left'; readonly clientId: string; readonly peers: readonly string[] }
  /** `delivered` counts the recipients that were connected. */
  | { readonly type: 'sent'; readonly id: string; readonly to: string; readonly delivered: number }
  | { readonly type: 'history'; readonly messages: readonly LegacyMessage[] }
  | { readonly type: 'peers'; readonly peers: readonly string[]; readonly self: string | null }
  | { readonly type: 'sessions'; readonly sessions: readonly LegacySession[] }
  /** Milliseconds since 1970. */
  | { readonly type: 'pong'; readonly timestamp: number }
  | { readonly type: 'error'; readonly message: string };

export const LEGACY_HISTORY = { count: 10, most: 100 } as const;

/** Throws `bad_frame` or `bad_request`. */
export function decodeLegacy(text: string): LegacyRequest {
  const frame = parse(text);
  switch (frame['type']) {
    case 'register':
      return { type: 'register', clientId: wanted(frame, 'clientId'), ...about(frame['meta']) };
    case 'message':
      return { type: 'message', to: given(frame, 'to') ?? ALL, content: wanted(frame, 'content') };
    case 'get_history': {
      const from = given(frame, 'from');
      return { type: 'get_history', count: historyCount(frame['count']), ...(from === undefined ? {} : { from }) };
    }
    case 'get_peers':
    case 'get_sessions':
    case 'ping':
      return { type: frame['type'] };
    default:
      throw new RelayError('bad_frame', 'Unknown message type');
  }
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Not JSON: said below, as for JSON that is no object.
  }
  throw new RelayError('bad_frame', 'Invalid message format');
}

function wanted(frame: Record<string, unknown>, field: string): string {
  const value = frame[field];
  if (typeof value !== 'string' || value === '') throw new RelayError('bad_request', `${field} must be text`);
  return value;
}

/** Absent, null and empty are one to the first generation. */
function given(frame: Record<string, unknown>, field: string): string | undefined {
  const value = frame[field];
  return value === undefined || value === null || value === '' ? undefined : wanted(frame, field);
}

function historyCount(value: unknown): number {
  if (typeof value !== 'number' || !(value >= 1)) return LEGACY_HISTORY.count;
  return Math.min(Math.floor(value), LEGACY_HISTORY.most);
}

/** What the later version tells of itself, as far as it is text of a sane length; its owner secret is not looked at. */
function about(meta: unknown): { host?: string; cwd?: string } {
  if (typeof meta !== 'object' || meta === null) return {};
  const { host, hostname, cwd } = meta as Record<string, unknown>;
  const name = host ?? hostname;
  return {
    ...(typeof name === 'string' && name.length <= 255 ? { host: name } : {}),
    ...(typeof cwd === 'string' && cwd.length <= 1024 ? { cwd } : {}),
  };
}
