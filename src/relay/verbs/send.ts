import { hash } from 'node:crypto';
import { RelayError } from '../../protocol/codes.ts';
import type { Draft } from '../../protocol/envelope.ts';
import type { Reach } from '../../protocol/verbs.ts';
import type { Send } from '../../state/command.ts';
import { countFollowersAt, followersAt } from '../../state/queries/channels.ts';
import { nameOf, sessionById } from '../../state/queries/sessions.ts';
import { ALL_CHANNEL } from '../../state/schema.ts';
import { messageId } from '../../util/random.ts';
import type { Services } from '../services.ts';
import { actorOf, type VerbHandler } from '../verb.ts';

const NAMED = 20;

/** Durable first, answer after. The answer never waits for a recipient. */
export const send: VerbHandler<'send'> = async (call, draft) => {
  const { services } = call;
  const sender = actorOf(call);
  if (!draft.to && draft.reply_to === undefined)
    throw new RelayError('bad_request', 'to is missing: a name, a #room, or all.');
  services.halt.check();
  const said = toCommand(draft, sender, services);
  const leave = services.brakes.check(said);
  const command = leave.hold === undefined ? said : { ...said, hold: leave.hold };
  // Asked before: who waits is answered by this very send, and then no longer waits.
  const awaited = services.hub.awaited();
  const { outcome } = await services.journal.submit(command);
  services.count(outcome.duplicate ? 'sends_repeated' : 'sends');
  services.brakes.stored(outcome.position, leave);
  const { position, at, channels, held, duplicate } = outcome;
  const to = channels.map((channel) => reach(services, channel, { sender, position, awaited }));
  const sent = { id: command.id, position, at, to };
  if (held.length === 0 && !duplicate) return sent;
  const named = held.slice(0, NAMED).map(({ session, why }) => ({ name: nameOf(services.store, session), why }));
  return { ...sent, ...(named.length > 0 ? { held: named } : {}), ...(duplicate ? { duplicate } : {}) };
};

function toCommand(draft: Draft, sender: number, services: Services): Send {
  const { id, attachments, signature, key_id } = draft;
  const extra = attachments || signature || key_id ? JSON.stringify({ attachments, signature, key_id }) : undefined;
  const at = services.now();
  return {
    type: 'send',
    at,
    id: id ?? messageId(services.random, at),
    sender,
    to: draft.to ?? [],
    body: draft.body,
    priority: draft.priority ?? 'normal',
    ...(draft.thread === undefined ? {} : { thread: draft.thread }),
    ...(draft.reply_to === undefined ? {} : { reply_to: draft.reply_to }),
    ...(draft.ttl_seconds === undefined ? {} : { expires_at: services.relayTime() + draft.ttl_seconds * 1000 }),
    ...(extra === undefined ? {} : { extra }),
    hash: digest(draft),
  };
}

/** Of what the sender said without its id, whatever the order of its fields: 128 bits tell a repeat from a reused id. */
function digest({ attachments, body, key_id, priority, reply_to, signature, thread, to, ttl_seconds }: Draft): string {
  // The body stands behind the closed list as it is: where it begins is beyond doubt, and it needs no escaping.
  const said = JSON.stringify([to, thread, reply_to, priority, ttl_seconds, attachments, signature, key_id]);
  return hash('sha256', said + body, 'base64url').slice(0, 22);
}

interface Sending {
  readonly sender: number;
  readonly position: number;
  readonly awaited: ReadonlySet<number>;
}

function reach(services: Services, channel: number, { sender, position, awaited }: Sending): Reach {
  const { store, presence } = services;
  const address = nameOf(store, channel);
  if (channel === ALL_CHANNEL) {
    const here = presence.count - (presence.isHere(sender) ? 1 : 0);
    return { address, recipients: countFollowersAt(store, channel, position, sender), here, absent: [] };
  }
  // Nobody but the session itself follows its own channel.
  const recipients = sessionById(store, channel)
    ? [channel]
    : followersAt(store, channel, position, sender, Number.MAX_SAFE_INTEGER);
  const absent = recipients.filter((session) => !presence.isHere(session) && !awaited.has(session));
  return {
    address,
    recipients: recipients.length,
    here: recipients.length - absent.length,
    absent: absent.slice(0, NAMED).map((session) => nameOf(store, session)),
  };
}
