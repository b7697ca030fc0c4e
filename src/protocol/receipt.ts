/**
 * How far one envelope got for one recipient.
 *
 *     stored ──→ handed ──→ seen ──→ replied
 *        │          └─────────┴──→ refused
 *        └──→ expired | refused | dead
 *
 * A receipt only ever moves to the right; an end (`expired`, `refused`, `dead`) is final, and so is `replied`.
 */
import type { HeldWhy } from './held.ts';

export const RECEIPT_STATES = ['stored', 'handed', 'seen', 'replied', 'expired', 'refused', 'dead'] as const;
export type ReceiptState = (typeof RECEIPT_STATES)[number];

/** What a recipient may say of itself. The rest the relay finds out. */
export const SAID_STATES = ['handed', 'seen', 'refused'] as const;
export type SaidState = (typeof SAID_STATES)[number];

/**
 * Beside the states: a remark that an envelope is `unseen`, and what is in the way. It moves nothing; it is told to the
 * sender, and shown until the receipt is `seen` or at an end.
 */
export const REMARK = 'unseen';

/** Is a remark of that receipt still of interest? */
export function awaitsNotice(state: ReceiptState): boolean {
  return state === 'stored' || state === 'handed';
}

const RANK: Record<ReceiptState, number> = {
  stored: 0,
  handed: 1,
  seen: 2,
  replied: 3,
  expired: 4,
  refused: 4,
  dead: 4,
};

/** Does a receipt in state `from` move when `to` is reported? */
export function moves(from: ReceiptState, to: ReceiptState): boolean {
  if (from === 'replied' || RANK[from] === 4) return false;
  if (to === 'expired' || to === 'dead') return from === 'stored';
  return RANK[to] > RANK[from];
}

/** Held by a person is no state either: the receipt is `stored`, and `held` says why it does not go on. */
export interface Receipt {
  readonly name: string;
  readonly state: ReceiptState;
  /** When it came to that state, milliseconds; absent where only a cursor knows (broadcasts). */
  readonly at?: number;
  readonly handed_at?: number;
  readonly seen_at?: number;
  readonly reason?: string;
  /** Why it has not been seen yet, as the recipient's side last said. */
  readonly unseen?: string;
  /** It waits for the recipient's person to accept it. */
  readonly held?: HeldWhy;
}
