import { RelayError } from '../../protocol/codes.ts';
import type { Store } from '../store.ts';

export interface InvitationRow {
  readonly id: string;
  /** Public key (SPKI, base64url); who has the secret can sign for it. */
  readonly key: string;
  /** Whose device it will be. */
  readonly person: string | null;
  /** JSON of the grants of a new person. */
  readonly grants: string;
  readonly created_at: number;
  readonly expires_at: number;
  readonly failures: number;
  /** What came of it. */
  readonly device: string | null;
  readonly revoked_at: number | null;
}

/** Wrong tries after which an invitation is worth nothing. */
const TRIES = 5;

export function invitationById(store: Store, id: string): InvitationRow | undefined {
  return store.get<InvitationRow>('SELECT * FROM invitation WHERE id = ?', id);
}

/** By which that device came. */
export function invitationOf(store: Store, device: string): string | undefined {
  return store.get<{ id: string }>('SELECT id FROM invitation WHERE device = ?', device)?.id;
}

export function openInvitations(store: Store, at: number): InvitationRow[] {
  const all = store.all<InvitationRow>('SELECT * FROM invitation ORDER BY created_at, id');
  return all.filter((row) => isOpen(row, at));
}

/** Throws `not_invited`, the same for one that is over and one that never was. */
export function openInvitation(store: Store, id: string, at: number): InvitationRow {
  const row = invitationById(store, id);
  if (!row || !isOpen(row, at)) throw new RelayError('not_invited');
  return row;
}

function isOpen(row: InvitationRow, at: number): boolean {
  return row.device === null && row.revoked_at === null && row.failures < TRIES && row.expires_at > at;
}
