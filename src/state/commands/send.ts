/** Stores one envelope: once, with one route for each address. The same id from the same sender is the same envelope. */
import { utf8Bytes } from '../../protocol/check.ts';
import { RelayError } from '../../protocol/codes.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Applied, Effect, Send, Sent } from '../command.ts';
import { insertEnvelope } from '../insert.ts';
import { moveReceipts } from '../ladder.ts';
import { channelOf, followsAt } from '../queries/channels.ts';
import { PRIORITY_NUMBER, type Trace, traceById } from '../queries/envelopes.ts';
import { outward, personOf } from '../queries/people.ts';
import { nameOf, sessionById } from '../queries/sessions.ts';
import { ALL_CHANNEL, RELAY_CHANNEL } from '../schema.ts';
import type { Store } from '../store.ts';

export function applySend(store: Store, command: Send): Applied<Send> {
  const twin = traceById(store, command.id);
  if (twin) return repeated(twin, command);
  const answered = command.reply_to === undefined ? undefined : traceById(store, command.reply_to);
  const channels = resolve(store, command, answered);
  for (const channel of channels) checkSpace(store, channel, command);
  const position = insert(store, command, channels);
  const effects: Effect[] = [{ kind: 'stored', position, sender: command.sender, channels }];
  if (answered) {
    const move = { session: command.sender, positions: [answered.position], state: 'replied', at: command.at } as const;
    effects.push(...moveReceipts(store, move));
  }
  return { outcome: { position, at: command.at, channels, duplicate: false }, effects };
}

function repeated(twin: Trace, command: Send): Applied<Send> {
  if (twin.sender !== command.sender || twin.hash !== command.hash) {
    throw new RelayError(
      'id_conflict',
      `The id ${command.id} was used for another message; send this one with a new id.`,
    );
  }
  const outcome: Sent = { position: twin.position, at: twin.at, channels: twin.channels, duplicate: true };
  return { outcome, effects: [] };
}

/**
 * Addresses to channels. `all` swallows the others; a name in an addressed room is reached once, through the room. But
 * for the sender's own: a room does not give its members what they sent to it.
 */
function resolve(store: Store, command: Send, answered: Trace | undefined): number[] {
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
function answerChannel(store: Store, command: Send, answered: Trace | undefined): number {
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

/** The inbox limits of a direct recipient. Group mail is stored once, so it fills nobody's inbox. */
function checkSpace(store: Store, channel: number, command: Send): void {
  const recipient = sessionById(store, channel);
  if (!recipient) return;
  const isFull =
    recipient.pending >= LIMITS.inboxMessages || recipient.pending_bytes + utf8Bytes(command.body) > LIMITS.inboxBytes;
  if (!isFull) return;
  const name = outward(store, personOf(store, command.sender), recipient.name);
  throw new RelayError(
    'inbox_full',
    `The inbox of ${name} is full (${recipient.pending} unread); try again when it has read some.`,
  );
}

function insert(store: Store, command: Send, channels: readonly number[]): number {
  const envelope = {
    id: command.id,
    sender: command.sender,
    at: command.at,
    thread: command.thread ?? null,
    reply_to: command.reply_to ?? null,
    priority: PRIORITY_NUMBER[command.priority],
    expires_at: command.expires_at ?? null,
    body: command.body,
    extra: command.extra ?? null,
    hash: command.hash,
  };
  return insertEnvelope(store, envelope, channels);
}
