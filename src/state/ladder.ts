/**
 * The one place that moves receipts: rows, cursors, the backlog, claims, and what the sender is told.
 *
 * Two cursors a session: up to `handed` all its mail is handed or ended, up to `seen` its group mail is seen. A row in
 * `receipt` overrides them. Group mail handed in order moves the cursor and writes no row; out of order, or at an end,
 * it gets one. What the `seen` cursor passes over and was not seen gets a row that says `handed`.
 *
 * A row that says `stored` is apart: the cursor passes over it, no backlog knows it. What is held has one (`hold.ts`), and
 * still has it when it is accepted, until it moves on.
 */
import { utf8Bytes } from '../protocol/check.ts';
import { moves, type ReceiptState } from '../protocol/receipt.ts';
import type { Effect } from './command.ts';
import { Into } from './into.ts';
import { followsAt, routesTo } from './queries/channels.ts';
import { type EnvelopeRow, envelopeRow, newestPosition } from './queries/envelopes.ts';
import { unhanded } from './queries/inbox.ts';
import { type ReceiptRow, receiptRow, receiptState } from './queries/receipts.ts';
import { type SessionRow, sessionById } from './queries/sessions.ts';
import { NO_CLAIMS } from './roster.ts';
import type { Store } from './store.ts';
import { isIntact } from './sum.ts';

export interface Move {
  readonly session: number;
  readonly positions: readonly number[];
  readonly state: ReceiptState;
  readonly at: number;
  readonly reason?: string;
  /** It ends what is held, too; a recipient cannot move what it was never given. */
  readonly endsHeld?: true;
}

interface Step {
  readonly row: EnvelopeRow;
  readonly direct: boolean;
  readonly from: ReceiptState;
  /** It has a row that says `stored`. */
  readonly isApart: boolean;
  /** It waits for a person. */
  readonly isHeld: boolean;
}

/** Moves what may move; positions of other people's mail are passed over. One effect for each receipt that moved. */
export function moveReceipts(store: Store, move: Move): Effect[] {
  const session = sessionById(store, move.session);
  if (!session) return [];
  const steps = stepsOf(store, session, move.positions).filter(
    ({ from, isHeld }) => moves(from, move.state) && (!isHeld || move.endsHeld),
  );
  if (steps.length === 0) return [];
  const leaving = steps.filter((step) => step.from === 'stored');
  for (const step of steps) if (step.direct || step.isApart || isEnd(move.state)) writeRow(store, session, move, step);
  for (const step of steps) if (step.isHeld) closeHeld(store, step.row.position, session.id);
  const handed = leaving.length > 0 ? advance(store, session, move, leaving) : session.handed;
  leave(store, session, leaving);
  const seen = markSeen(store, session, move, steps, handed);
  saveSession(store, session, move.state, leaving, { handed, seen });
  const effects = steps.map(({ row }) => effectOf(session, row, move.state, move.at));
  const { reason } = move;
  return reason === undefined ? effects : effects.map((effect) => ({ ...effect, reason }));
}

/** Those of the positions that the session is a recipient of, and how far each has come. */
export function stepsOf(store: Store, session: SessionRow, positions: readonly number[]): Step[] {
  const steps: Step[] = [];
  for (const position of [...new Set(positions)].sort((a, b) => a - b)) {
    const row = trusted(store, session, position);
    if (!row) continue;
    const { channels } = row;
    const direct = channels.includes(session.id);
    const isRecipient =
      direct ||
      (row.sender !== session.id && channels.some((channel) => followsAt(store, session.id, channel, position)));
    if (!isRecipient) continue;
    const from = receiptState(store, session, position, direct);
    const isApart = from === 'stored' && receiptRow(store, position, session.id) !== undefined;
    steps.push({ row, direct, from, isApart, isHeld: isApart && !session.released.has(position) });
  }
  return steps;
}

/** Of an envelope that the disk has altered, its routes know better who sent it to whom; the newest have none yet. */
function trusted(store: Store, session: SessionRow, position: number): EnvelopeRow | undefined {
  const row = envelopeRow(store, position);
  if (!row || isIntact(row) || position > store.tail.start) return row;
  const routes = routesTo(store, session.id, position);
  return { ...row, channels: routes.map(({ channel }) => channel), sender: routes[0]?.sender ?? row.sender };
}

/** What is apart is in no backlog. */
function leave({ backlog }: Store, { id }: SessionRow, leaving: readonly Step[]): void {
  const counted = leaving.filter(({ isApart }) => !isApart);
  const direct = counted.filter((step) => step.direct);
  const bytes = direct.reduce((sum, { row }) => sum + utf8Bytes(row.body), 0);
  backlog.wentDirect(id, { count: direct.length, bytes });
  const group = counted.filter((step) => !step.direct);
  backlog.wentGroup(
    id,
    group.map(({ row }) => row.position),
  );
}

/** States that no cursor can say. */
function isEnd(state: ReceiptState): boolean {
  return state !== 'handed' && state !== 'seen';
}

function writeRow(store: Store, session: SessionRow, move: Move, step: Step): void {
  const reached = move.state === 'expired' || move.state === 'dead' || move.state === 'refused' ? null : move.at;
  const before = receiptRow(store, step.row.position, session.id);
  save(store, session.id, step.row.position, {
    state: move.state,
    at: move.at,
    handed_at: before?.handed_at ?? (step.from === 'stored' ? reached : null),
    seen_at: before?.seen_at ?? (move.state === 'handed' || step.from === 'seen' ? null : reached),
    reason: move.reason ?? null,
  });
}

const RECEIPT = new Into('REPLACE', 'receipt', [
  'position',
  'session',
  'state',
  'at',
  'handed_at',
  'seen_at',
  'reason',
]);

/** The receipt of what is held. */
export function writeStored(store: Store, session: number, position: number, at: number): void {
  save(store, session, position, { state: 'stored', at, handed_at: null, seen_at: null, reason: null });
}

function closeHeld(store: Store, position: number, session: number): void {
  store.flush();
  store.heldCounts.clear();
  store.writeSummed('held', 'UPDATE held SET is_open = 0 WHERE position = ? AND session = ?', position, session);
}

function save(store: Store, session: number, position: number, receipt: ReceiptRow): void {
  const { state, at, handed_at, seen_at, reason } = receipt;
  store.tail.keepReceipt(position, session, receipt);
  store.stragglers.done(session, position);
  store.gather(RECEIPT).push(position, session, state, at, handed_at, seen_at, reason);
}

/** Moves the `handed` cursor over everything that is done, and writes rows for group mail beyond it. */
function advance(store: Store, session: SessionRow, move: Move, leaving: readonly Step[]): number {
  const rowless = new Map(
    leaving
      .filter((step) => !step.direct && !step.isApart && !isEnd(move.state))
      .map((step) => [step.row.position, step]),
  );
  const next = unhanded(store, session, session.handed, rowless.size + 1);
  const stop = next.find((position) => !rowless.has(position));
  const handed = stop === undefined ? newestPosition(store) : stop - 1;
  for (const [position, step] of rowless) if (position > handed) writeRow(store, session, move, step);
  return Math.max(handed, session.handed);
}

/** Rows that one move may write to get the `seen` cursor past what was not seen: bounds the work, the next move goes on. */
const EXCEPTIONS = 64;

/** Group mail without a row is marked by the `seen` cursor, which takes along nothing that was not seen itself. */
function markSeen(store: Store, session: SessionRow, move: Move, steps: readonly Step[], handed: number): number {
  if (move.state !== 'seen') return session.seen;
  const rowless = new Map<number, Step>();
  for (const step of steps) {
    if (step.direct || step.isApart) continue;
    if (step.from === 'handed' && receiptRow(store, step.row.position, session.id))
      writeRow(store, session, move, step);
    else if (step.row.position <= handed) rowless.set(step.row.position, step);
  }
  if (rowless.size === 0) return session.seen;
  const limit = rowless.size + EXCEPTIONS;
  const top = Math.max(...rowless.keys());
  const passed = unhanded(store, { ...session, handed: session.seen }, session.seen, limit).filter((at) => at <= top);
  for (const position of passed) if (!rowless.has(position)) writeException(store, session, position);
  const seen = passed.length < limit ? top : (passed.at(-1) ?? session.seen);
  for (const [position, step] of rowless) if (position > seen) writeRow(store, session, move, step);
  return seen;
}

/** Handed, and not seen when later mail was, or when it was forgotten. Only the cursor knew, so the time of it is not known. */
export function writeException(store: Store, { id }: Pick<SessionRow, 'id'>, position: number): void {
  if (receiptRow(store, position, id)) return;
  save(store, id, position, { state: 'handed', at: null, handed_at: null, seen_at: null, reason: null });
}

function saveSession(
  store: Store,
  session: SessionRow,
  state: ReceiptState,
  leaving: readonly Step[],
  { handed, seen }: Pick<SessionRow, 'handed' | 'seen'>,
): void {
  // What was held was never its own to miss.
  const missed = state === 'expired' || state === 'dead' ? leaving.filter((step) => !step.isHeld).length : 0;
  store.roster.change(session, {
    handed,
    seen,
    claims: without(session.claims, leaving),
    released: stillReleased(session.released, leaving),
    missed: session.missed + missed,
  });
}

function without(claims: SessionRow['claims'], leaving: readonly Step[]): SessionRow['claims'] {
  if (claims.size === 0) return claims;
  const left = new Map(claims);
  for (const { row } of leaving) left.delete(row.position);
  return left.size > 0 ? left : NO_CLAIMS;
}

function stillReleased(released: SessionRow['released'], leaving: readonly Step[]): SessionRow['released'] {
  if (released.size === 0) return released;
  const left = new Set(released);
  for (const { row } of leaving) left.delete(row.position);
  return left;
}

/** What the sender is told. */
export function effectOf(
  session: SessionRow,
  row: EnvelopeRow,
  state: ReceiptState,
  at: number,
): Effect & { kind: 'receipt' } {
  const { id, position, sender } = row;
  return { kind: 'receipt', session: session.id, position, sender, id, name: session.name, state, at };
}
