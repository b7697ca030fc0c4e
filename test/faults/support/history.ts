/**
 * What happened in one run, as those saw it who took part: a flat list in the order of seeing. Every run of the fault
 * suite writes one, and `check.ts` reads it; nothing else decides whether a run went well.
 */
import { createHash } from 'node:crypto';
import type { ReceiptState } from '../../../src/protocol/receipt.ts';

export type Event =
  /** It left its sender: once for each try. `to` are those who shall read it. */
  | {
      readonly kind: 'sent';
      readonly id: string;
      readonly by: string;
      readonly to: readonly string[];
      readonly hash: string;
      /** Its life ends some time: a relay that was started while the clock was wrong may pass it over, and the next one not. */
      readonly ends?: boolean;
    }
  | { readonly kind: 'answered'; readonly id: string; readonly position: number; readonly duplicate: boolean }
  /** The answer to what was sent under `id` says that it is about another. */
  | { readonly kind: 'crossed'; readonly id: string; readonly got: string }
  /** An answer that says no. What is refused for good was not stored; what may be tried again may have been. */
  | { readonly kind: 'refused'; readonly id: string; readonly code: string; readonly retry: boolean }
  | {
      readonly kind: 'read';
      readonly id: string;
      readonly by: string;
      readonly position: number;
      readonly hash: string;
      readonly redelivered: boolean;
      /** Which of its reader's processes read it. */
      readonly life?: number;
    }
  /** Not answered yet, and on its sender's disk: as good as answered, but for its position. */
  | { readonly kind: 'kept'; readonly id: string }
  /** The relay has told its sender that a message ended unread. `id`: of the notice, which may come again as any message may. */
  | { readonly kind: 'notice'; readonly id: string; readonly by: string; readonly about: string }
  /** What the relay says of it when the run is over. */
  | { readonly kind: 'state'; readonly id: string; readonly name: string; readonly state: ReceiptState }
  /**
   * It was pushed by a relay that has died since, and now its reader dies, too: neither may have written down that it was
   * given, so it may come again without a mark (PROTOCOL.md, “What holds for all of them”).
   */
  | { readonly kind: 'doubt'; readonly id: string; readonly by: string }
  /** From here on nobody need remember what was before: the data was restored or is gone, and this reader was told. */
  | { readonly kind: 'gap'; readonly by: string };

export class History {
  readonly events: Event[] = [];

  note(event: Event): void {
    this.events.push(event);
  }

  count(kind: Event['kind']): number {
    return this.events.filter((event) => event.kind === kind).length;
  }

  /** Ids that were answered with yes. */
  answered(): Set<string> {
    return new Set(this.events.flatMap((event) => (event.kind === 'answered' ? event.id : [])));
  }

  /** Names that have read an id. */
  readers(id: string): Set<string> {
    return new Set(this.events.flatMap((event) => (event.kind === 'read' && event.id === id ? event.by : [])));
  }
}

/** Of a body. */
export function hashOf(body: string): string {
  return createHash('sha256').update(body).digest('base64url').slice(0, 16);
}
