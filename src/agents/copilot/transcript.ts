/** Copilot CLI's record of a session, `<COPILOT_HOME>/session-state/<session>/events.jsonl`: an event a line, a moment late. */
import { join } from 'node:path';
import { fieldsOf, parsed } from '../../util/fields.ts';
import type { Evidence, Transcript } from '../evidence.ts';
import { eachLine, JsonlTail } from '../jsonl-tail.ts';
import type { Activity } from '../program.ts';
import { pastLines } from '../watched.ts';
import { SessionEvents } from './events.ts';

export function transcriptPath(copilotHome: string, session: string): string {
  return join(copilotHome, 'session-state', session, 'events.jsonl');
}

export class CopilotTranscript implements Transcript {
  #tail: JsonlTail | undefined;
  #events = new SessionEvents();

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
    this.#events.watch(ids);
    if (past) eachLine(pastLines(this.#tail?.path), (line) => this.#events.noteEvidence(fieldsOf(parsed(line))));
  }

  look(): ReadonlyMap<string, Evidence> {
    this.#read();
    return this.#events.take();
  }

  #read(): void {
    eachLine(this.#tail?.lines() ?? [], (line) => this.#events.note(fieldsOf(parsed(line))));
  }
}
