/** How much goes in at once, and what the model reads of it. */
import type { Envelope } from '../protocol/envelope.ts';

/** Writes the text that a model reads: `mcp/render.ts` is it. */
export type Compose = (messages: readonly Envelope[], options: ComposeOptions) => string;

export interface ComposeOptions {
  /** Unread ones that are not among these. */
  readonly more: number;
  /** Characters of one body; what is longer is shortened, and says where the rest is. */
  readonly longest: number;
}

export interface Room {
  readonly count: number;
  /** Characters of the whole text. */
  readonly chars: number;
  readonly longest: number;
}

/** Through a door: as much as an agent can well take in at once. */
export const DOOR_ROOM: Room = { count: 50, chars: 24_000, longest: 4_000 };

export function hookRoom(chars: number): Room {
  return { count: 50, chars, longest: Math.min(4_000, Math.floor(chars / 2)) };
}

/** The first of these that fit, but always one, and their text. */
export function composed(
  messages: readonly Envelope[],
  more: number,
  room: Room,
  compose: Compose,
): { readonly fitting: readonly Envelope[]; readonly text: string } {
  for (let count = messages.length; ; count -= Math.max(1, Math.ceil(count / 8))) {
    const fitting = messages.slice(0, Math.max(1, count));
    const left = more + messages.length - fitting.length;
    const text = compose(fitting, { more: left, longest: room.longest });
    if (text.length <= room.chars || fitting.length === 1) return { fitting, text };
  }
}
