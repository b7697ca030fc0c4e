/** What one probe has shown, of one session. */
import type { Receipt } from '../../protocol/receipt.ts';
import type { SessionInfo } from '../../protocol/session.ts';
import { inTheWay } from './in-the-way.ts';

/** As `--json` tells it. */
export interface Probe {
  readonly name: string;
  readonly state: Receipt['state'];
  readonly here: boolean;
  readonly program?: string;
  /** By which it was handed; of what was not handed, the one that is open now. */
  readonly door?: string;
  readonly doing?: SessionInfo['doing'];
  readonly tool?: string;
  /** Milliseconds from stored to handed, by the relay's clock alone. */
  readonly handed_ms?: number;
  readonly seen_ms?: number;
  readonly in_the_way?: string;
  readonly todo?: string;
}

interface Evidence {
  readonly receipt: Receipt;
  readonly peer: SessionInfo | undefined;
  /** The door that was open while it was on its way. */
  readonly door: string | undefined;
  readonly wasHere: boolean;
  /** Milliseconds, by the relay's clock: when it was stored, and now. */
  readonly sentAt: number;
  readonly now: number;
  /** What to do about a session that nothing wakes. */
  readonly todo: (peer: SessionInfo) => string | undefined;
}

export function isSeen({ state }: Pick<Receipt, 'state'>): boolean {
  return state === 'seen' || state === 'replied';
}

/** Nothing more will come of it. */
export function isOver({ state }: Pick<Receipt, 'state'>): boolean {
  return state !== 'stored' && state !== 'handed';
}

export function probeOf({ receipt, peer, door, wasHere, sentAt, now, todo }: Evidence): Probe {
  const { name, state, handed_at, seen_at } = receipt;
  const way = inTheWay({ receipt, peer, wasHere, now });
  const advice = way === undefined || peer === undefined || door !== undefined ? undefined : todo(peer);
  return {
    name,
    state,
    here: peer?.here ?? false,
    ...(peer?.program === undefined ? {} : { program: peer.program }),
    ...(door === undefined ? {} : { door }),
    ...(peer?.doing === undefined ? {} : { doing: peer.doing }),
    ...(peer?.tool === undefined ? {} : { tool: peer.tool }),
    ...(handed_at === undefined ? {} : { handed_ms: handed_at - sentAt }),
    ...(seen_at === undefined ? {} : { seen_ms: seen_at - sentAt }),
    ...(way === undefined ? {} : { in_the_way: way }),
    ...(advice === undefined ? {} : { todo: advice }),
  };
}

/** Below a second in milliseconds: that is where a healthy door is. */
export function timeWords(ms: number): string {
  return ms < 1_000 ? `${Math.max(0, Math.round(ms))} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

export function doorOf({ door, handed_ms, here }: Probe): string {
  return door ?? (handed_ms !== undefined ? 'its own hook or call' : here ? 'none' : '');
}

/** One step of it, for a person who waits. */
export function progressOf(probe: Probe): string {
  const { seen_ms, handed_ms, in_the_way: way } = probe;
  if (isSeen(probe)) return seen_ms === undefined ? 'seen' : `seen after ${timeWords(seen_ms)}`;
  if (handed_ms === undefined) return way ?? probe.state;
  return `handed after ${timeWords(handed_ms)} by ${doorOf(probe)}; ${way}`;
}
