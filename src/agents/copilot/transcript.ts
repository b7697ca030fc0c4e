/** Copilot CLI's record of a session, `<COPILOT_HOME>/session-state/<session>/events.jsonl`: an event a line, a moment late. */
import { join } from 'node:path';
import { fieldsOf, parsed } from '../../util/fields.ts';
import type { Evidence, Transcript } from '../evidence.ts';
import { JsonlTail } from '../jsonl-tail.ts';
import type { Activity } from '../program.ts';
import { PAST } from '../watched.ts';
import { SessionEvents } from './events.ts';

export function transcriptPath(copilotHome: string, session: string): string {
  return join(copilotHome, 'session-state', session, 'events.jsonl');
}

export class CopilotTranscript implements Transcript {
  #tail: JsonlTail | undefined;
  #events = new SessionEvents();
  readonly #found: string[] = [];

  follow(path: string): void {
    if (this.#tail?.path === path) return;
    this.#tail = new JsonlTail(path);
    this.#events = new SessionEvents();
  }

  /** That it is idle is not in it. */
  get activity(): Activity | undefined {
    this.#read();
    return this.#events.activity;
  }

  watch(ids: readonly string[], { past = false }: { readonly past?: boolean } = {}): void {
    // What was written up to now is about other ids.
    this.#read();
    const found = new Set(past ? this.#inPast(ids) : []);
    this.#found.push(...found);
    this.#events.watch(ids.filter((id) => !found.has(id)));
  }

  look(): ReadonlyMap<string, Evidence> {
    this.#read();
    const read = [...this.#found.splice(0), ...this.#events.takeRead()];
    return new Map(read.map((id) => [id, 'seen']));
  }

  #inPast(ids: readonly string[]): readonly string[] {
    if (!this.#tail) return [];
    const events = new SessionEvents();
    events.watch(ids);
    note(events, new JsonlTail(this.#tail.path, PAST));
    return events.takeRead();
  }

  #read(): void {
    if (this.#tail) note(this.#events, this.#tail);
  }
}

function note(events: SessionEvents, tail: JsonlTail): void {
  for (const line of tail.lines()) events.note(fieldsOf(parsed(line)));
}
