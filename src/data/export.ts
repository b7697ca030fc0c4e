/** Everything that was said, as text that other programs (JSONL) or people (Markdown) read: oldest first, in pieces. */
import type { Envelope } from '../protocol/envelope.ts';
import { channelOf } from '../state/queries/channels.ts';
import { type EnvelopeRow, envelopesAfter, newestPosition, toEnvelope } from '../state/queries/envelopes.ts';
import { isHeldFromSomebody } from '../state/queries/held.ts';
import { sessionByAnyName } from '../state/queries/sessions.ts';
import type { Store } from '../state/store.ts';
import { isIntact } from '../state/sum.ts';
import { safeJson, safeText } from '../util/safe-text.ts';

export const FORMATS = ['jsonl', 'markdown'] as const;
export type Format = (typeof FORMATS)[number];

export interface ExportOptions {
  readonly format: Format;
  /** Only what was sent by or to this name, to this room, or to all. */
  readonly about?: string | undefined;
  /** Only what was stored since, milliseconds since 1970. */
  readonly since?: number | undefined;
}

const PAGE = 200;

/** Nothing that is stored once it has begun: else it would never end for a slow reader. Throws a RelayError when `about` leads to nobody. What was damaged on the disk is left out; a last comment says so in Markdown, and a line with `damaged` in JSONL. */
export function* exportText(store: Store, { format, about, since = 0 }: ExportOptions): Generator<string> {
  const write = WRITERS[format]();
  const channel = about === undefined ? undefined : channelAbout(store, about);
  const newest = newestPosition(store);
  for (let after = 0; after < newest; ) {
    const rows = envelopesAfter(store, after, PAGE).filter(({ position }) => position <= newest);
    let text = '';
    for (const row of rows) {
      if (row.at < since || !isAbout(row, channel)) continue;
      text += written(store, row, write);
    }
    if (text !== '') yield text;
    after = rows.at(-1)?.position ?? newest;
  }
}

function written(store: Store, row: EnvelopeRow, write: Writer): string {
  if (!isIntact(row)) return write.damaged(row.position);
  const envelope = toEnvelope(store, row);
  // Whoever can export may be a session for which it is held.
  return isHeldFromSomebody(store, row.position) ? write.held(envelope) : write.envelope(envelope);
}

/** Whoever was ever here, and be it under that name once, or cut off since. Throws as for a message to nobody. */
function channelAbout(store: Store, name: string): number {
  return sessionByAnyName(store, name)?.id ?? channelOf(store, name);
}

function isAbout({ sender, channels }: EnvelopeRow, channel: number | undefined): boolean {
  return channel === undefined || sender === channel || channels.includes(channel);
}

interface Writer {
  envelope(envelope: Envelope): string;
  /** It waits for a person, or was never accepted by one: not its words. */
  held(envelope: Envelope): string;
  damaged(position: number): string;
}

const WRITERS: Readonly<Record<Format, () => Writer>> = {
  jsonl: () => ({
    // Nothing in it can move a terminal, and every reader of JSON gets the same text.
    envelope: (envelope) => `${safeJson(envelope)}\n`,
    held: ({ id, position, from, to, at }) => `${safeJson({ id, position, from, to, at, held: true })}\n`,
    damaged: (position) => `${safeJson({ position, damaged: true })}\n`,
  }),
  markdown: () => new Markdown(),
};

/** A heading for each day, a line for each message, its body as a quotation: no body can look like our own text. */
class Markdown implements Writer {
  #day = '';

  envelope({ id, from, to, at, thread, reply_to: answered, body }: Envelope): string {
    const time = new Date(at).toISOString();
    const details = [
      `\`${id}\``,
      ...(thread ? [`thread ${inline(thread)}`] : []),
      ...(answered ? [`answers \`${answered}\``] : []),
    ];
    const head = `**${inline(from)}** → **${to.map(inline).join(', ')}** ${time.slice(11, 19)} (${details.join(', ')})`;
    return `${this.#heading(time.slice(0, 10))}${head}\n\n${quoted(body)}\n\n`;
  }

  held({ id, from, at }: Envelope): string {
    const head = this.#heading(new Date(at).toISOString().slice(0, 10));
    return `${head}*A message of ${inline(from)} is held or was not accepted (\`${id}\`).*\n\n`;
  }

  damaged(position: number): string {
    return `*A message was damaged on the disk and cannot be shown (position ${position}).*\n\n`;
  }

  #heading(day: string): string {
    if (day === this.#day) return '';
    this.#day = day;
    return `## ${day}\n\n`;
  }
}

function quoted(body: string): string {
  const lines = safeText(body, { multiline: true }).split('\n');
  return lines.map((line) => `> ${line}`.trimEnd()).join('\n');
}

/** One line, in which nothing is markup. */
function inline(text: string): string {
  return safeText(text).replace(/[\\`*_{}[\]<>#|!]/g, (mark) => `\\${mark}`);
}
