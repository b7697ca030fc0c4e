/** Taking mail from the shelf for one door or hook, and what becomes of it: shown, or put back for the next. */

import type { Envelope } from '../protocol/envelope.ts';
import { type Compose, composed, type Room } from './compose.ts';
import type { Inbox } from './inbox.ts';
import type { Ledger } from './ledger.ts';
import type { Way } from './ledger-store.ts';
import type { Shelf } from './shelf.ts';
import { positionsOf } from './stray.ts';

export interface HandParts {
  readonly inbox: Inbox;
  readonly shelf: Shelf;
  readonly ledger: Ledger;
  readonly compose: Compose;
}

/** Envelopes in somebody's hand, and the text that holds them. Exactly one of `shown` and `back` ends it. */
export class Hand {
  readonly messages: readonly Envelope[];
  readonly text: string;
  readonly #parts: HandParts;

  private constructor(parts: HandParts, messages: readonly Envelope[], text: string) {
    this.#parts = parts;
    this.messages = messages;
    this.text = text;
  }

  /** The oldest that fit; undefined when there are none. Written down before it is returned. */
  static async take(parts: HandParts, room: Room, way: Way, door: string): Promise<Hand | undefined> {
    const { inbox, shelf, ledger, compose } = parts;
    const missing = room.count - shelf.count({});
    let more = 0;
    if (inbox.isConnected && missing > 0) {
      const taken = await inbox.take(missing);
      shelf.put(taken.messages);
      more = taken.more;
    }
    const { messages, left } = shelf.lend({}, room.count, room.chars, room.longest);
    if (messages.length === 0) return undefined;
    const { fitting, text } = composed(messages, left + more, room, compose);
    shelf.putBack(messages.slice(fitting.length));
    ledger.begin(fitting, way, door);
    return new Hand(parts, fitting, text);
  }

  get ids(): readonly string[] {
    return this.messages.map(({ id }) => id);
  }

  /** It was written to the program. */
  shown(): void {
    const { inbox, shelf, ledger } = this.#parts;
    ledger.gave(this.messages);
    inbox.handed(positionsOf(shelf.shown(this.messages)));
  }

  /** It was not. `mayShow`: the program has it all the same, and may show it some time: given again, it is marked. */
  back(mayShow = false): void {
    const { shelf, ledger } = this.#parts;
    ledger.drop(this.messages, mayShow);
    shelf.putBack(this.messages, mayShow);
  }
}
