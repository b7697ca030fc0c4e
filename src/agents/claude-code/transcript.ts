/**
 * Claude Code's transcript, a JSON object a line. What is looked for is the id of an envelope, and the tool that is running.
 *
 *     queue-operation enqueue …id…     taken in, not shown yet
 *     user, attachment, assistant …id… in the context (a message, a tool's result, a hook's context)
 *     assistant                        the model has answered what was in the context by then
 *     system "Held peer message …"     kept back by the setting crossSessionInbound
 */

import { type Fields, fieldsOf, listOf, parsed } from '../../util/fields.ts';
import type { Evidence, Transcript } from '../evidence.ts';
import { eachLine, JsonlTail } from '../jsonl-tail.ts';
import { pastLines, Watched } from '../watched.ts';

/** Entries whose text the model was shown. Others only repeat it (requests, prompts to be recalled). */
const SHOWN = new Set(['user', 'attachment', 'assistant']);
const HELD = 'Held peer message';

export interface RunningTool {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly since: number;
}

export class ClaudeTranscript implements Transcript {
  readonly policy = 'crossSessionInbound';
  #tail: JsonlTail | undefined;
  readonly #watched = new Watched();
  readonly #tools = new Map<string, RunningTool>();

  /** Which file it is; another one means that the conversation was cleared or resumed. */
  follow(path: string): void {
    if (this.#tail?.path === path) return;
    this.#tail = new JsonlTail(path);
    this.#tools.clear();
  }

  get isFollowing(): boolean {
    return this.#tail !== undefined;
  }

  watch(ids: readonly string[], { past = false }: { readonly past?: boolean } = {}): void {
    // What was written up to now is about other ids.
    this.#read();
    this.#watched.add(ids);
    if (past) eachLine(pastLines(this.#tail?.path), (line) => this.#search(line));
  }

  look(): ReadonlyMap<string, Evidence> {
    this.#read();
    return this.#watched.take();
  }

  /** The tool that the model called last and that has not answered. */
  get tool(): RunningTool | undefined {
    this.#read();
    return [...this.#tools.values()].at(-1);
  }

  #read(): void {
    eachLine(this.#tail?.lines() ?? [], (line) => {
      this.#search(line);
      this.#noteTools(line);
    });
  }

  #search(line: string): void {
    const ids = this.#watched.namedIn(line);
    const isHeld = line.includes(HELD);
    const mayAnswer = !this.#watched.isEmpty && line.includes('"assistant"');
    if (ids.length === 0 && !isHeld && !mayAnswer) return;
    const entry = fieldsOf(parsed(line));
    // Its line shows no more than the beginning of one message: whatever nobody has seen by then is meant.
    if (entry.type === 'system' && isHeld) this.#watched.note(this.#watched.open, 'held');
    else if (SHOWN.has(String(entry.type))) this.#watched.note(ids, 'seen');
    else if (entry.operation === 'enqueue') this.#watched.note(ids, 'queued');
    if (isAnswer(entry)) this.#watched.noteAnswer();
  }

  #noteTools(line: string): void {
    if (!line.includes('"tool_use') && !line.includes('"tool_result"')) return;
    const entry = fieldsOf(parsed(line));
    if (entry.isSidechain === true) return;
    const at = Date.parse(String(entry.timestamp));
    for (const block of listOf(fieldsOf(entry.message).content).map(fieldsOf)) {
      if (block.type === 'tool_use' && typeof block.name === 'string')
        this.#tools.set(String(block.id), { name: block.name, since: at });
      else if (block.type === 'tool_result') this.#tools.delete(String(block.tool_use_id));
    }
  }
}

/** An error of the API is written as if the model had said it. */
function isAnswer({ type, isSidechain, isApiErrorMessage }: Fields): boolean {
  return type === 'assistant' && isSidechain !== true && isApiErrorMessage !== true;
}
