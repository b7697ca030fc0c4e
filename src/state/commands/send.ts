/** Stores one envelope: once, with one route for each address. The same id from the same sender is the same envelope. */
import { utf8Bytes } from '../../protocol/check.ts';
import { RelayError } from '../../protocol/codes.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Applied, Effect, Send, Sent } from '../command.ts';
import { answerable, heldIn, judged, keepBack, type Verdicts } from '../hold.ts';
import { insertEnvelope } from '../insert.ts';
import { moveReceipts } from '../ladder.ts';
import { addressed } from '../queries/addressed.ts';
import { PRIORITY_NUMBER, type Trace, traceById } from '../queries/envelopes.ts';
import { heldAt } from '../queries/held.ts';
import { directMail } from '../queries/inbox.ts';
import { outward, personOf } from '../queries/people.ts';
import { sessionById } from '../queries/sessions.ts';
import type { Store } from '../store.ts';

export function applySend(store: Store, command: Send): Applied<Send> {
  const twin = traceById(store, command.id);
  if (twin) return repeated(store, twin, command);
  const { sender, at, reply_to } = command;
  const answered = reply_to === undefined ? undefined : answerable(store, traceById(store, reply_to), sender);
  const channels = addressed(store, command, answered);
  const verdicts = judged(store, command, channels);
  for (const channel of channels) if (!verdicts.has(channel)) checkSpace(store, channel, command);
  const position = insert(store, command, channels, verdicts);
  const woken = verdicts.size === 0 ? channels : channels.filter((channel) => !verdicts.has(channel));
  const effects: Effect[] = [{ kind: 'stored', position, sender, channels: woken }];
  effects.push(...keepBack(store, { position, sender, at }, verdicts));
  if (answered)
    effects.push(...moveReceipts(store, { session: sender, positions: [answered.position], state: 'replied', at }));
  return { outcome: { position, at, channels, held: heldIn(verdicts), duplicate: false }, effects };
}

function repeated(store: Store, twin: Trace, command: Send): Applied<Send> {
  if (twin.sender !== command.sender || twin.hash !== command.hash) {
    throw new RelayError(
      'id_conflict',
      `The id ${command.id} was used for another message; send this one with a new id.`,
    );
  }
  const { position, at, channels } = twin;
  const outcome: Sent = { position, at, channels, held: heldAt(store, position, LIMITS.page), duplicate: true };
  return { outcome, effects: [] };
}

/** The inbox limits of a direct recipient. Group mail is stored once, so it fills nobody's inbox. */
function checkSpace(store: Store, channel: number, command: Send): void {
  const recipient = sessionById(store, channel);
  if (!recipient) return;
  const { count, bytes } = directMail(store, recipient);
  const isFull = count >= LIMITS.inboxMessages || bytes + utf8Bytes(command.body) > LIMITS.inboxBytes;
  if (!isFull) return;
  const name = outward(store, personOf(store, command.sender), recipient.name);
  throw new RelayError(
    'inbox_full',
    `The inbox of ${name} is full (${count} unread); try again when it has read some.`,
  );
}

function insert(store: Store, command: Send, channels: readonly number[], verdicts: Verdicts): number {
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
  return insertEnvelope(store, envelope, channels, verdicts);
}
