/**
 * Full text of what is stored. It is derived from the envelopes and runs behind them: nobody who sends waits for it, and
 * who searches waits until it has caught up.
 */
import { RelayError } from '../protocol/codes.ts';
import type { FullText } from './full-text.ts';

export interface Ask {
  /** Words as people type them. */
  readonly query: string;
  /** Who asks: found is what it sent, and what was sent to `channels`. */
  readonly session: number;
  readonly channels: readonly number[];
  /** Only what went to this channel. */
  readonly room?: number;
  /** Only what this session sent, or was sent by who asks. */
  readonly with?: number;
  readonly after: number;
  readonly before: number;
  readonly ascending: boolean;
  readonly limit: number;
}

export interface Search {
  /**
   * Positions between `after` and `before` in the order asked for, at most `limit`, of all that was stored before the call.
   * Rejects with `bad_request` for a query without a word.
   */
  find(ask: Ask): Promise<readonly number[]>;
  /** The newest position is this one now. */
  stored(position: number): void;
  /** Some of what was stored was forgotten: its words are, too, soon. */
  forgot(): void;
  /** May be called twice. */
  close(): Promise<void>;
}

/** In this thread: for journals in memory, and for whoever opens the data for a moment. */
export class InlineSearch implements Search {
  readonly #open: () => FullText;
  readonly #close: (text: FullText) => void;
  #text: FullText | undefined;

  /** Opened when somebody searches. */
  constructor(open: () => FullText, close: (text: FullText) => void = () => {}) {
    this.#open = open;
    this.#close = close;
  }

  async find(ask: Ask): Promise<readonly number[]> {
    const match = matchExpression(ask);
    this.#text ??= this.#open();
    const text = this.#text;
    try {
      while (text.catchUp());
      return text.find(match, ask);
    } catch (error) {
      // Opened anew by the next one: after an error of the disk this one may not work again.
      await this.close();
      throw error;
    }
  }

  stored(): void {}

  forgot(): void {}

  async close(): Promise<void> {
    const text = this.#text;
    this.#text = undefined;
    if (text) this.#close(text);
  }
}

/**
 * All words must occur; a trailing `*` asks for a prefix. Quoted, so that no FTS5 syntax gets in; U+0000 would end the
 * expression. What who asks may not see is not even found: a common word costs no more than a rare one.
 */
export function matchExpression({
  query,
  session,
  channels,
  room,
  with: other,
}: Omit<Ask, 'after' | 'before'>): string {
  const words = query.split(/[\s\0]+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
  if (words.length === 0) throw new RelayError('bad_request', 'query must hold at least one word or number.');
  const parts = [
    `body : (${words.map(quoted).join(' ')})`,
    `who : (${[...channels.map(to), from(session)].join(' OR ')})`,
  ];
  if (room !== undefined) parts.push(`who : ${to(room)}`);
  if (other !== undefined) parts.push(`who : (${from(other)} OR (${from(session)} AND ${to(other)}))`);
  return parts.join(' AND ');
}

function quoted(word: string): string {
  const text = word.replaceAll('"', '""');
  return text.endsWith('*') ? `"${text.slice(0, -1)}"*` : `"${text}"`;
}

/** As `full-text.ts` writes them beside each body. */
const to = (channel: number) => `c${channel}`;
const from = (session: number) => `s${session}`;
