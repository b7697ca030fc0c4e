/**
 * One session of Copilot CLI, event by event: as its extensions are told, and, but for what is fleeting, as it is kept in
 * `events.jsonl`. Recorded from 1.0.102; the types are those of its SDK.
 *
 *     user.message, assistant.turn_start          a turn begins; what the message holds is in the next request
 *     tool.execution_start, tool.execution_complete
 *     assistant.message                           the model has answered the request before it
 *     permission.requested, permission.completed  its person is asked; so with user_input, elicitation, exit_plan_mode
 *     assistant.idle, session.idle                the turn is over (the second waits for background tasks, too); not kept
 */
import { type Fields, fieldsOf } from '../../util/fields.ts';
import type { Activity } from '../program.ts';

const ASKED = /^(?:permission|user_input|elicitation|exit_plan_mode)\.(requested|completed)$/;

export class SessionEvents {
  readonly #tools = new Map<string, string>();
  readonly #asks = new Set<string>();
  /** Id of an envelope → whether it stands in a request that is not answered yet. */
  readonly #watched = new Map<string, boolean>();
  readonly #read: string[] = [];
  #isBusy: boolean | undefined;
  #activity: Activity | undefined;

  /** Undefined before anything was told. */
  get activity(): Activity | undefined {
    return this.#activity;
  }

  /** Looks for these from now on. */
  watch(ids: readonly string[]): void {
    for (const id of ids) if (!this.#watched.has(id)) this.#watched.set(id, false);
  }

  isWatching(text: string): boolean {
    return [...this.#watched.keys()].some((id) => text.includes(id));
  }

  /** Of the watched ones, those that a model has read since this was asked last. */
  takeRead(): readonly string[] {
    return this.#read.splice(0);
  }

  note(event: Fields): void {
    const type = String(event.type);
    const data = fieldsOf(event.data);
    const [, stage] = ASKED.exec(type) ?? [];
    if (stage !== undefined) this.#noteAsk(String(data.requestId), stage === 'requested');
    // With such an id it is about a helper of the session's model.
    else if (typeof event.agentId !== 'string') {
      this.#noteEvidence(type, data);
      this.#noteTurn(type, data);
    }
    this.#settle(Date.parse(String(event.timestamp)));
  }

  #noteAsk(id: string, isAsked: boolean): void {
    if (isAsked) this.#asks.add(id);
    else this.#asks.delete(id);
    this.#isBusy ??= true;
  }

  #noteTurn(type: string, { toolCallId, toolName }: Fields): void {
    switch (type) {
      case 'user.message':
      case 'assistant.turn_start':
        this.#isBusy = true;
        break;
      case 'tool.execution_start':
        this.#isBusy = true;
        this.#tools.set(String(toolCallId), String(toolName));
        break;
      case 'tool.execution_complete':
        this.#tools.delete(String(toolCallId));
        break;
      case 'assistant.idle':
      case 'session.idle':
        this.#isBusy = false;
        this.#tools.clear();
        this.#asks.clear();
        break;
    }
  }

  #noteEvidence(type: string, data: Fields): void {
    if (this.#watched.size === 0) return;
    if (isAnswer(type, data)) this.#answered();
    else if (isShown(type, data)) this.#shown(JSON.stringify(data));
  }

  #shown(text: string): void {
    for (const id of this.#watched.keys()) if (text.includes(id)) this.#watched.set(id, true);
  }

  #answered(): void {
    for (const [id, isInRequest] of this.#watched) {
      if (!isInRequest) continue;
      this.#watched.delete(id);
      this.#read.push(id);
    }
  }

  /** `at` in milliseconds since 1970: when it has changed to this. */
  #settle(at: number): void {
    if (this.#isBusy === undefined) return;
    const doing = this.#asks.size > 0 ? 'waiting' : this.#isBusy ? 'busy' : 'idle';
    const tool = [...this.#tools.values()].at(-1);
    if (this.#activity?.doing === doing && this.#activity.tool === tool) return;
    this.#activity = { doing, since: at, ...(tool === undefined ? {} : { tool }) };
  }
}

/** Those that it makes up itself, to look at a shell that has ended, belong to no turn. */
function isAnswer(type: string, { turnId }: Fields): boolean {
  return type === 'assistant.message' && turnId !== undefined;
}

/** What a hook adds is part of the message, or of the tool's result, but for what it adds to the beginning. */
function isShown(type: string, { hookType }: Fields): boolean {
  if (type === 'hook.end') return hookType === 'sessionStart';
  return type === 'user.message' || type === 'tool.execution_complete';
}
