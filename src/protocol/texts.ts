/**
 * JSON of what goes out most, put together by hand: for these, `JSON.stringify` costs about as much as everything else that
 * is done for them, half of it for times, which it writes digit by digit. Names, addresses and ids are letters, digits
 * and `#@_.-` by their own rules, so that they need no escaping.
 */
import { utf8Bytes } from './check.ts';
import type { Envelope } from './envelope.ts';
import type { Deliver } from './frames.ts';
import type { Reach, Results, SendResult, Verb } from './verbs.ts';

const TEXTS: { readonly [V in Verb]?: (result: Results[V]) => string } = { send: sentText };

/** What a verb answered. */
export function resultText<V extends Verb>(verb: V, result: Results[V]): string {
  const text: ((result: Results[V]) => string) | undefined = TEXTS[verb];
  return text ? text(result) : JSON.stringify(result);
}

/** An `answer` frame around it. */
export function answerText(id: number, result: string): string {
  return `{"type":"answer","id":${id},"result":${result}}`;
}

export function deliverText({ messages, unread }: Deliver): string {
  return `{"type":"deliver","messages":[${messages.map(envelopeText).join(',')}],"unread":${unread}}`;
}

export function envelopeText(envelope: Envelope): string {
  const { id, position, from, to, at, body } = envelope;
  return `{"id":"${id}","position":${position},"from":"${from}","to":["${to.join('","')}"],"at":${at},"body":${quoted(body)}${moreText(envelope)}}`;
}

/** More than the names of all fields take, with ids, one name, and numbers. */
const REST = 384;

/** Bytes of its text, or a little more. A text may be six times as long as what it says: U+0001 is written `\u0001`. */
export function envelopeBytes(envelope: Envelope): number {
  const { to, body } = envelope;
  const said = ESCAPED.test(body) ? JSON.stringify(body) : body;
  return REST + to.reduce((sum, name) => sum + name.length + 3, 0) + utf8Bytes(said) + utf8Bytes(moreText(envelope));
}

/** Fields that every envelope has; most have no more. */
const ALWAYS = 6;

function moreText(envelope: Envelope): string {
  if (Object.keys(envelope).length === ALWAYS) return '';
  const { thread, reply_to, priority, expires_at, attachments, signature, key_id, redelivered } = envelope;
  const more = JSON.stringify({ thread, reply_to, priority, expires_at, attachments, signature, key_id, redelivered });
  return more === '{}' ? '' : `,${more.slice(1, -1)}`;
}

function sentText({ id, position, at, to, held, duplicate }: SendResult): string {
  const mark = `${held ? `,"held":${JSON.stringify(held)}` : ''}${duplicate ? ',"duplicate":true' : ''}`;
  return `{"id":"${id}","position":${position},"at":${at},"to":[${to.map(reachText).join(',')}]${mark}}`;
}

function reachText({ address, recipients, here, absent }: Reach): string {
  const names = absent.length > 0 ? `"${absent.join('","')}"` : '';
  return `{"address":"${address}","recipients":${recipients},"here":${here},"absent":[${names}]}`;
}

/** All but what JSON wants escaped, and but what a string may hold without being text: half a surrogate pair. One class: it is looked through at once. */
const ESCAPED = /[^ !#-[\]-\ud7ff\ue000-\uffff]/;

/** Looking is cheaper than writing, and most texts need nothing. */
function quoted(text: string): string {
  return ESCAPED.test(text) ? JSON.stringify(text) : `"${text}"`;
}
