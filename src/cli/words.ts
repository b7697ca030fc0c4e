/** How things are put for people, the same in every command. Nothing here is safe for a terminal yet: `Output` sees to that. */
import { BRAKES } from '../protocol/brake.ts';
import type { Envelope } from '../protocol/envelope.ts';
import type { BrakedFrame, PresenceFrame } from '../protocol/frames.ts';
import { type HeldCount, heldSentence } from '../protocol/held.ts';
import { RECEIPT_STATES, type ReceiptState } from '../protocol/receipt.ts';
import type { Attention, SessionInfo } from '../protocol/session.ts';
import type { Reach, SendResult } from '../protocol/verbs.ts';
import { safeText } from '../util/safe-text.ts';
import type { Output } from './output.ts';

/** Names listed one by one before the rest is counted. */
const NAMES = 5;
const INDENT = '  ';

export function plural(count: number, noun: string, many = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : many}`;
}

/** A time of the relay, in the time zone of whoever looks: `2026-11-22 08:12:33`. */
export function when(ms: number): string {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return 'unknown';
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')}`;
}

const two = (n: number): string => String(n).padStart(2, '0');

/** `1.4 MB` */
export function bytesWords(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let [value, unit] = [bytes, 0];
  for (; value >= 1_000 && unit < units.length - 1; unit++) value /= 1_000;
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** Milliseconds as the two largest units: `3 min 12 s`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  const first = parts.findIndex(([n]) => n > 0);
  if (first < 0) return '0 s';
  const shown = parts.slice(first, first + 2).filter(([n]) => n > 0);
  return shown.map(([n, unit]) => `${n} ${unit}`).join(' ');
}

/** What became of a send: `m4k7z2p9q0rt to CC-2 (away, kept for it)`. The id comes first, for scripts. */
export function sent({ id, to, held, duplicate }: SendResult): string {
  return `${id} to ${to.map(reach).join('; ')}${heldWords(held)}${duplicate ? '; it was sent before and is not sent twice' : ''}`;
}

/** `; for CC-2 held until its person accepts it: …` */
function heldWords(held: SendResult['held'] = []): string {
  const [first] = held;
  if (!first) return '';
  const names = held.slice(0, NAMES).map(({ name }) => name);
  const more = held.length > NAMES ? ' and others' : '';
  return `; for ${names.join(', ')}${more} ${heldSentence(first.why)}`;
}

function reach({ address, recipients, here, absent }: Reach): string {
  const away = recipients - here;
  if (address !== 'all' && !address.startsWith('#')) return `${address} ${away > 0 ? '(away, kept for it)' : '(here)'}`;
  if (recipients === 0) return `${address}, where nobody else is yet`;
  const names = absent.slice(0, NAMES).join(', ');
  const rest = away - Math.min(absent.length, NAMES);
  const kept = [names, ...(rest > 0 ? [`${names === '' ? '' : 'and '}${plural(rest, 'other')}`] : [])].filter(Boolean);
  return `${address} (${here} of ${recipients} here${away > 0 ? `; kept for ${kept.join(' ')}` : ''})`;
}

/** Counts by state, furthest last: `1 stored, 2 seen`; a single recipient needs no count. */
export function states(counts: Partial<Record<ReceiptState, number>>): string {
  const present = RECEIPT_STATES.filter((state) => (counts[state] ?? 0) > 0);
  if (present.length === 0) return 'no recipients';
  const total = present.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
  return total === 1 ? present.join() : present.map((state) => `${counts[state]} ${state}`).join(', ');
}

export function programOf({ program, version }: Pick<SessionInfo, 'program' | 'version'>): string {
  return [program, version].filter(Boolean).join(' ');
}

/**
 * One message. Every line of its body is indented, so that none of them can pass for the head of another message:
 *
 *     m4k7z2p9q0rt  CC-1 to CC-2  2026-11-22 08:12:33  urgent
 *       Is the build green?
 */
export function printMessage(out: Output, message: Envelope): void {
  out.pieces([
    { text: message.id, style: 'dim' },
    { text: INDENT },
    { text: message.from, style: 'cyan' },
    { text: ` to ${message.to.join(', ')}${INDENT}` },
    { text: [when(message.at), ...marks(message)].join(INDENT), style: 'dim' },
  ]);
  const lines = message.body.split(/\r?\n/);
  out.block(lines.map((line) => `${INDENT}${line}`).join('\n'));
}

function marks({ thread, reply_to, priority, attachments, redelivered }: Envelope): string[] {
  return [
    ...(thread === undefined ? [] : [`thread ${JSON.stringify(safeText(thread))}`]),
    ...(reply_to === undefined ? [] : [`answers ${reply_to}`]),
    ...(attachments?.length ? [plural(attachments.length, 'attachment')] : []),
    ...(priority === undefined ? [] : [priority]),
    ...(redelivered ? ['given again'] : []),
  ];
}

/** `busy in Bash since 2026-11-22 08:12:33`, or nothing where its side does not say. */
export function doingWords({ doing, doing_since, tool }: Attention): string {
  if (doing === undefined) return '';
  const words = doing === 'waiting' ? 'waiting for its person' : tool === undefined ? doing : `${doing} in ${tool}`;
  return doing_since === undefined ? words : `${words} since ${when(doing_since)}`;
}

/** How a message wakes it. */
export function doorWords({ doing, door }: Attention): string {
  return door ?? (doing === undefined ? '' : 'at its next turn');
}

/** `2 messages of bob are held` */
export function heldCounts(held: readonly HeldCount[]): string {
  const total = held.reduce((sum, { count }) => sum + count, 0);
  const names = held.slice(0, NAMES).map(({ from }) => from);
  const more = held.length > NAMES ? ' and others' : '';
  return `${plural(total, 'message')} of ${names.join(', ')}${more} ${total === 1 ? 'is' : 'are'} held`;
}

/** `CC-3 is braked: it sent the same text more than 3 times` */
export function brakedWords({ name, brake }: Pick<BrakedFrame, 'name' | 'brake'>): string {
  return `${name} is braked: it ${BRAKES[brake]}`;
}

export function pausedWords(until: number | undefined): string {
  if (until === undefined) return 'messages go on';
  return `all messages are paused${until === 0 ? '' : ` until ${when(until)}`}`;
}

/** `CC-2 joined (codex 0.169.0 on bert)` */
export function presenceWords(frame: PresenceFrame): string {
  const { event, name, was, host } = frame;
  if (event === 'renamed') return `${was ?? 'somebody'} is ${name} now`;
  if (event === 'doing') return `${name} is ${doingWords(frame) || `reached by ${doorWords(frame) || 'asking'}`}`;
  if (event !== 'joined') return event === 'left' ? `${name} left` : `${name} was lost`;
  const program = programOf(frame);
  const about = [program, ...(host === undefined ? [] : [`on ${host}`])].filter(Boolean).join(' ');
  return `${name} joined${about === '' ? '' : ` (${about})`}`;
}
