/**
 * Everything that a tool answers besides messages: short, what happened first, then what to do next. Whatever a peer
 * chose (directories, programs, thread names) stands in quotes on one line.
 */
import { heldSentence } from '../protocol/held.ts';
import type { ReceiptState } from '../protocol/receipt.ts';
import { RECEIPT_STATES } from '../protocol/receipt.ts';
import type { SessionInfo } from '../protocol/session.ts';
import type { Reach, Results, SendResult, SentSummary, StatusResult } from '../protocol/verbs.ts';
import { safeText } from '../util/safe-text.ts';
import { brakedLine, heldLine, pausedLine, quotedLine, utc } from './render.ts';
import type { Kept, SessionState } from './session.ts';

/** Names listed one by one before the rest is counted. */
const NAMES = 10;
const DETAIL_CHARS = 80;

export function plural(count: number, noun: string, many = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : many}`;
}

function list(names: readonly string[], all = names.length): string {
  const shown = names.slice(0, NAMES).join(', ');
  return all > NAMES ? `${shown} and ${all - Math.min(NAMES, names.length)} more` : shown;
}

/** What became of a send: to whom, who is here, who will get it later. */
export function sent(result: SendResult): string {
  const reached = result.to.map(reach).join('; ');
  const again = result.duplicate ? ' It was sent before with this id and was not sent twice.' : '';
  return `Sent as ${result.id} to ${reached}.${heldNote(result)}${again}`;
}

function heldNote({ held = [] }: SendResult): string {
  const [first] = held;
  if (!first) return '';
  return ` For ${list(held.map(({ name }) => name))} it is ${heldSentence(first.why)}. Wait for that; do not send it again.`;
}

function reach({ address, recipients, here, absent }: Reach): string {
  const away = recipients - here;
  const isGroup = address === 'all' || address.startsWith('#');
  if (!isGroup) return away > 0 ? `${address} (not here now; kept until it is)` : `${address} (here)`;
  if (recipients === 0) return `${address}, where nobody else is yet`;
  const kept =
    away > 0 ? `, kept for ${absent.length > 0 ? list(absent, away) : plural(away, 'other')} until they are here` : '';
  return `${address}: ${here} of ${recipients} here${kept}`;
}

/** A send that waits in the outbox of this machine. */
export function kept(result: Kept, state: SessionState): string {
  const why = state.trouble ?? 'The relay cannot be reached.';
  return `Kept on this machine as ${result.id}, not sent yet. ${why} It goes out once, by itself, when the relay is back: do not send it again.`;
}

/** The hint that keeps a busy session from missing its mail. */
export function unreadHint(unread: number): string {
  return unread > 0 ? `${plural(unread, 'unread message')}: call relay_receive.` : '';
}

/** One line a session. `here` is a connection, not attention, and is called so. */
export function sessionLine(info: SessionInfo, isMe: boolean): string {
  const parts = [`${info.name}${isMe ? ' (you)' : ''}`, info.kind];
  parts.push(info.here ? 'here' : `away since ${utc(info.last_seen)}`, ...attention(info));
  if (info.program)
    parts.push(quotedLine(info.version ? `${info.program} ${info.version}` : info.program, DETAIL_CHARS));
  if (info.host) parts.push(`host ${quotedLine(info.host, DETAIL_CHARS)}`);
  if (info.cwd) parts.push(`in ${quotedLine(tail(info.cwd), DETAIL_CHARS)}`);
  return `- ${parts.join(', ')}`;
}

/** What it is doing and how it is woken, where its side says so. */
function attention({ here, doing, doing_since, tool, door }: SessionInfo): string[] {
  if (!here || (doing === undefined && door === undefined)) return [];
  const since = doing_since === undefined ? '' : ` since ${utc(doing_since)}`;
  const where = tool === undefined ? '' : ` in ${quotedLine(tool, DETAIL_CHARS)}`;
  const state = doing === 'waiting' ? 'waiting for its person' : doing;
  return [
    ...(state === undefined ? [] : [`${state}${where}${since}`]),
    door === undefined ? 'reached at its next turn' : `woken by ${quotedLine(door, DETAIL_CHARS)}`,
  ];
}

/** A session for structured output; what it said of itself is made safe. Times as in the text. */
export function structuredSession(info: SessionInfo): Record<string, unknown> {
  const { name, kind, here, last_seen, since, doing_since, ...about } = info;
  const said = Object.entries(about).map(([key, word]) => [key, safeText(word, { max: 256 })]);
  return {
    name,
    kind,
    here,
    last_seen: utc(last_seen),
    ...(since === undefined ? {} : { since: utc(since) }),
    ...(doing_since === undefined ? {} : { doing_since: utc(doing_since) }),
    ...Object.fromEntries(said),
  };
}

/** The end of a path says more than its beginning. */
function tail(path: string): string {
  return path.length > DETAIL_CHARS ? `…${path.slice(1 - DETAIL_CHARS)}` : path;
}

export function peers(result: Results['peers'], me: string): string {
  const others = result.peers.filter((peer) => peer.name !== me);
  if (others.length === 0)
    return 'Nobody else is here now. relay_sessions lists those who were; what you send them is kept.';
  const more = result.more > 0 ? `\n${result.more} more are here.` : '';
  return `${plural(others.length + result.more, 'other')} here now:\n${others.map((peer) => sessionLine(peer, false)).join('\n')}${more}`;
}

export function sessions(result: Results['sessions'], me: string): string {
  const lines = result.sessions.map((info) => sessionLine(info, info.name === me));
  if (lines.length === 0) return 'The relay knows no session yet.';
  const more = result.more > 0 ? `\n${plural(result.more, 'older one is', 'older ones are')} not listed.` : '';
  return `${plural(result.sessions.length + result.more, 'session')} known; a message to any of them is kept until it is read:\n${lines.join('\n')}${more}`;
}

/** Who am I, and how do things stand? */
export function status(state: SessionState, answer: StatusResult | undefined, sends: readonly SentSummary[]): string {
  const lines = [whoAmI(state), connection(state, answer)];
  if (answer) {
    lines.push(`Unread: ${answer.unread}${answer.unread > 0 ? ' (call relay_receive)' : ''}.`);
    if (answer.missed) lines.push(`Ended before you were given them, ever: ${answer.missed}.`);
    lines.push(...attentionOf(answer));
    lines.push(answer.rooms.length > 0 ? `Rooms: ${answer.rooms.join(', ')}.` : 'Rooms: none.');
  }
  if (state.outbox > 0) lines.push(`Kept on this machine until the relay is back: ${state.outbox}.`);
  for (const lost of state.refused ?? [])
    lines.push(`Refused: ${lost.id} to ${lost.to.join(', ')}: ${quotedLine(lost.reason, 200)}`);
  if (sends.length > 0) lines.push('Last sends:', ...sends.map(sendLine));
  return lines.join('\n');
}

/** What its user should look at. */
function attentionOf({ held, braked = [], paused_until }: StatusResult): string[] {
  const lines = [
    ...(held === undefined ? [] : [heldLine(held)]),
    ...braked.map(brakedLine),
    ...(paused_until === undefined ? [] : [pausedLine({ until: paused_until })]),
  ];
  return lines.map((line) => `${line}.`);
}

function whoAmI(state: SessionState): string {
  const other = state.wanted && state.wanted !== state.name ? ` (${state.wanted} is held by another live session)` : '';
  return `You are ${state.name}${other}.`;
}

function connection(state: SessionState, answer: StatusResult | undefined): string {
  if (!state.connected) return `Not connected to ${state.relay}. ${state.trouble ?? 'Trying again by itself.'}`;
  return answer
    ? `Connected to ${state.relay}: ${answer.here} of ${plural(answer.sessions, 'session')} here.`
    : `Connected to ${state.relay}, which did not answer.`;
}

function sendLine(summary: SentSummary): string {
  const unseen = (summary.unseen ?? []).map(
    ({ name, reason }) => `\n  ${name} has not seen it: ${quotedLine(reason, 200)}`,
  );
  return `- ${summary.id} to ${summary.to.join(', ')} at ${utc(summary.at)}: ${states(summary.states)} ${quotedLine(summary.preview, 60)}${unseen.join('')}`;
}

/** Counts by state, furthest last: `1 stored, 2 seen`. A single recipient needs no count. */
export function states(counts: Partial<Record<ReceiptState, number>>): string {
  const present = RECEIPT_STATES.filter((state) => (counts[state] ?? 0) > 0);
  const total = present.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
  if (total === 0) return 'no recipients';
  return total === 1 ? present.join() : present.map((state) => `${counts[state]} ${state}`).join(', ');
}

export function rooms(result: Results['rooms'], room: string | undefined): string {
  if (room !== undefined) return oneRoom(result, room);
  if (result.rooms.length === 0)
    return 'There are no rooms yet. relay_room {"action":"join","room":"#name"} makes one.';
  const lines = result.rooms.map(
    (info) =>
      `- ${info.room}: ${plural(info.members, 'member')}, ${info.here} here${info.joined ? ', you are in' : ''}`,
  );
  return `${plural(result.rooms.length, 'room')}:\n${lines.join('\n')}`;
}

function oneRoom(result: Results['rooms'], room: string): string {
  const members = result.members ?? [];
  if (members.length === 0) return `${room} has no members.`;
  return `${room} has ${plural(members.length, 'member')}:\n${members.map((member) => sessionLine(member, false)).join('\n')}`;
}
