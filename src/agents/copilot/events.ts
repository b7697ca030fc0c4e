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
import type { Evidence } from '../evidence.ts';
import type { Activity } from '../program.ts';
import { Watched } from '../watched.ts';

const ASKED = /^(?:permission|user_input|elicitation|exit_plan_mode)\.(requested|completed)$/;

export class SessionEvents {
  readonly #tools = new Map<string, string>();
  readonly #asks = new Set<string>();
  readonly #watched = new Watched();
  /** Ids that stand in a request that is not answered yet. */
  readonly #asked = new Set<string>();
  #isBusy: boolean | undefined;
  #activity: Activity | undefined;

  /** Undefined before anything was told. */
  get activity(): Activity | undefined {
    return this.#activity;
  }

  /** Looks for these from now on. */
  watch(ids: readonly string[]): void {
    this.#watched.add(ids);
  }

  /** What is known of the watched ones. Those that are answered are not looked for any more. */
  take(): ReadonlyMap<string, Evidence> {
    return this.#watched.take();
  }

  note(event: Fields): void {
    const type = String(event.type);
    const data = fieldsOf(event.data);
    const [, stage] = ASKED.exec(type) ?? [];
    if (stage !== undefined) this.#noteAsk(String(data.requestId), stage === 'requested');
    else if (!isInner(event)) this.#noteTurn(type, data);
    this.noteEvidence(event);
    this.#settle(Date.parse(String(event.timestamp)));
  }

  /** Only what it says of the watched ones: it is of an earlier time. */
  noteEvidence(event: Fields): void {
    if (isInner(event) || this.#watched.isEmpty) return;
    const type = String(event.type);
    const data = fieldsOf(event.data);
    if (isAnswer(type, data)) {
      this.#watched.note(this.#asked, 'answered');
      this.#asked.clear();
    } else if (isShown(type, data)) {
      const ids = this.#watched.namedIn(JSON.stringify(data));
      this.#watched.note(ids, 'queued');
      for (const id of ids) this.#asked.add(id);
    }
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

  /** `at` in milliseconds since 1970: when it has changed to this. */
  #settle(at: number): void {
    if (this.#isBusy === undefined) return;
    const doing = this.#asks.size > 0 ? 'waiting' : this.#isBusy ? 'busy' : 'idle';
    const tool = [...this.#tools.values()].at(-1);
    if (this.#activity?.doing === doing && this.#activity.tool === tool) return;
    this.#activity = { doing, since: at, ...(tool === undefined ? {} : { tool }) };
  }
}

/** About a helper of the session's model. */
function isInner({ agentId }: Fields): boolean {
  return typeof agentId === 'string';
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
