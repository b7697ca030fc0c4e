/** Whom a message reaches: its addresses as channels, and the sessions that follow them. */
import { RelayError } from '../../protocol/codes.ts';
import { ALL_CHANNEL, RELAY_CHANNEL } from '../schema.ts';
import type { Store } from '../store.ts';
import { channelOf, followersAt, followsAt } from './channels.ts';
import type { Trace } from './envelopes.ts';
import { nameOf, sessionById } from './sessions.ts';

/** What of a send says where it goes. */
export interface Addressed {
  readonly sender: number;
  readonly to: readonly string[];
  readonly reply_to?: string | undefined;
}

/**
 * Addresses to channels. `all` swallows the others; a name in an addressed room is reached once, through the room. But
 * for the sender's own: a room does not give its members what they sent to it.
 */
export function addressed(store: Store, command: Addressed, answered: Trace | undefined): number[] {
  const [first, ...others] = command.to;
  if (first === undefined) return [answerChannel(store, command, answered)];
  if (others.length === 0) return [channelOf(store, first)];
  const channels = [...new Set(command.to.map((address) => channelOf(store, address)))];
  if (channels.includes(ALL_CHANNEL)) return [ALL_CHANNEL];
  const now = Number.MAX_SAFE_INTEGER;
  return channels.filter(
    (channel) =>
      channel === command.sender || !channels.some((room) => room !== channel && followsAt(store, channel, room, now)),
  );
}

/** An answer without an address goes to the room that the question came through, else to who asked. */
function answerChannel(store: Store, command: Addressed, answered: Trace | undefined): number {
  const id = command.reply_to ?? '';
  const missing = new RelayError(
    'unknown_message',
    `There is no message ${id} that you may answer; say with \`to\` who should get this.`,
  );
  if (!answered) throw missing;
  const { channels } = answered;
  if (answered.sender === RELAY_CHANNEL)
    throw new RelayError('unknown_message', `${id} is from the relay itself, which reads no answers.`);
  const now = Number.MAX_SAFE_INTEGER;
  const mine = channels.find((channel) => followsAt(store, command.sender, channel, now));
  if (answered.sender === command.sender) return channels[0] ?? ALL_CHANNEL;
  if (mine !== undefined) return nameOf(store, mine).startsWith('#') ? mine : answered.sender;
  // Mail of a room stays with who left it, and so does the way back to who wrote it.
  if (channels.some((channel) => followsAt(store, command.sender, channel, answered.position))) return answered.sender;
  throw missing;
}

/** At most `limit` sessions that get what is sent to these channels now; the sender only where it writes to itself. */
export function reached(store: Store, channels: readonly number[], sender: number, limit: number): number[] {
  const now = Number.MAX_SAFE_INTEGER;
  const found = new Set<number>();
  for (const channel of channels) {
    // Nobody but the session itself follows its own channel.
    const sessions = sessionById(store, channel) ? [channel] : followersAt(store, channel, now, sender, limit);
    for (const session of sessions) if (found.size < limit) found.add(session);
  }
  return [...found];
}
