/**
 * Why a message has not been seen yet, in words, from what its sender can know: the receipt, the remark of the recipient's
 * own side, and what that session is doing. Pure.
 */
import type { AgentProgram } from '../../agents/program.ts';
import { programById, programOfClient } from '../../agents/programs.ts';
import type { Receipt } from '../../protocol/receipt.ts';
import type { Attention, SessionInfo } from '../../protocol/session.ts';
import { duration, when } from '../words.ts';

interface Facts {
  readonly receipt: Receipt;
  /** Undefined: the relay does not list it. */
  readonly peer: SessionInfo | undefined;
  /** It was here when the message was sent. */
  readonly wasHere: boolean;
  /** Milliseconds, by the relay's clock. */
  readonly now: number;
}

/** Undefined for what was seen. */
export function inTheWay({ receipt, peer, wasHere, now }: Facts): string | undefined {
  const { state, reason, unseen } = receipt;
  switch (state) {
    case 'seen':
    case 'replied':
      return undefined;
    case 'expired':
    case 'refused':
    case 'dead':
      return reason === undefined ? state : `${state}: ${reason}`;
    case 'stored':
    case 'handed':
      if (!peer?.here) return wasHere ? (unseen ?? closed(state)) : away(peer);
      return unseen ?? (state === 'stored' ? untaken(peer, now) : unread(peer, now));
    default:
      return state satisfies never;
  }
}

/** Of a session that is here: nothing would wake it now. */
export function isDoorless({ kind, here, door }: SessionInfo): boolean {
  return here && kind === 'agent' && door === undefined;
}

export function programOfPeer({ program }: SessionInfo): AgentProgram | undefined {
  return programById(program) ?? programOfClient(program);
}

function closed(state: 'stored' | 'handed'): string {
  return state === 'handed'
    ? 'closed or cut off before there was a sign that it was read'
    : 'closed or cut off; a message waits until it is back';
}

function away(peer: SessionInfo | undefined): string {
  const since = peer === undefined ? '' : ` since ${when(peer.last_seen)}`;
  return `not here${since}; a message waits until it is back`;
}

function untaken(peer: SessionInfo, now: number): string {
  const { kind, doing, door } = peer;
  if (kind !== 'agent') return `a ${kind}, who gets it by asking (claude-relay receive)`;
  if (isDoorless(peer)) return unreachable(peer, now);
  const is = doingFor(peer, now);
  if (doing === 'busy') return `${is}; it comes at the end of its turn`;
  if (doing === 'waiting') return `${is}; it comes after that`;
  return [is, `its ${door} has not taken it yet`].filter(Boolean).join(', and ');
}

function unreachable(peer: SessionInfo, now: number): string {
  const program = programOfPeer(peer);
  if (peer.doing === undefined && (program === undefined || program.dialect))
    return 'reached only when it asks (relay_receive): no door is open, and no hook of it has told anything';
  // Presence does not tell a door that rests from one that is not there; its own side's remark does.
  const why = program?.doorless
    ? `${program.doorless}, or its door rests after a failure`
    : `nothing from outside wakes ${program?.title ?? 'it'}`;
  const is = doingFor(peer, now);
  return `reached at its next turn only: ${why}${is === '' ? '' : `; ${is}`}`;
}

function unread(peer: SessionInfo, now: number): string {
  const is = doingFor(peer, now);
  if (peer.doing === 'busy') return `${is}; it reads it by the end of its turn`;
  return `no sign yet that it was read${is === '' ? ': its next call or hook will be one' : `; ${is}`}`;
}

/** `busy in Bash for 40 s`; empty where nothing tells. */
function doingFor({ doing, doing_since, tool }: Attention, now: number): string {
  if (doing === undefined) return '';
  const words = doing === 'waiting' ? 'waiting for its person' : tool === undefined ? doing : `${doing} in ${tool}`;
  return doing_since === undefined ? words : `${words} for ${duration(now - doing_since)}`;
}
