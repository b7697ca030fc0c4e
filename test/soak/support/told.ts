/**
 * The history of a run in which session processes took part, as `check.ts` can read it. A model is told no positions, and a send whose process was killed
 * before it answered has no id that anybody knows of. So a session's message is known by its words, which nobody says twice, until somebody who is told
 * its position has read it.
 */
import { type Event, History } from '../../faults/support/history.ts';

/** Of what a session process said or read. */
export const UNTOLD = 0;

export function told({ events }: History): History {
  const names = new Names(events);
  const positions = positionsIn(events, names);
  const history = new History();
  for (const event of events) history.note(named(event, names, positions));
  return history;
}

class Names {
  readonly #sent = new Set<string>();
  readonly #byHash = new Map<string, string>();

  constructor(events: readonly Event[]) {
    for (const event of events) {
      if (event.kind !== 'sent') continue;
      this.#sent.add(event.id);
      this.#byHash.set(event.hash, event.id);
    }
  }

  /** What its sender calls it; what nobody has sent keeps its id. */
  of(id: string, hash: string): string {
    return this.#sent.has(id) ? id : (this.#byHash.get(hash) ?? id);
  }
}

function positionsIn(events: readonly Event[], names: Names): Map<string, number> {
  const positions = new Map<string, number>();
  for (const event of events) {
    if (event.kind === 'answered' && event.position !== UNTOLD) positions.set(event.id, event.position);
    if (event.kind === 'read' && event.position !== UNTOLD)
      positions.set(names.of(event.id, event.hash), event.position);
  }
  return positions;
}

function named(event: Event, names: Names, positions: ReadonlyMap<string, number>): Event {
  if (event.kind !== 'answered' && event.kind !== 'read') return event;
  const id = event.kind === 'read' ? names.of(event.id, event.hash) : event.id;
  const position = event.position === UNTOLD ? (positions.get(id) ?? UNTOLD) : event.position;
  return { ...event, id, position };
}
