/**
 * What OpenCode's events tell of its conversations (its `session`): which are there, which of them a helper of another one
 * has, what each does. Recorded from 1.18.33; names that earlier 1.x versions used are read, too.
 *
 *     session.created, session.updated, session.deleted      {info: {id, parentID?, agent?, model?, revert?}}
 *     session.status, session.idle, session.error            {sessionID, status: {type: busy | retry | idle}}
 *     message.part.updated                                   {part: {sessionID, type: tool, callID, tool, state: {status}}}
 *     permission.asked, permission.replied                   {sessionID, id}, {sessionID, requestID}
 *     question.asked, question.replied, question.rejected    the same
 */
import { type Fields, fieldsOf } from '../../util/fields.ts';

/** As whom, and with which model, the person last spoke there: the next turn must not be one of another kind. */
export interface Manner {
  readonly agent: string;
  readonly model?: { readonly providerID: string; readonly modelID: string };
  readonly variant?: string;
}

export interface Doing {
  readonly doing: 'idle' | 'busy' | 'waiting';
  readonly tool?: string;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** Conversations; when there are more, the oldest is forgotten, and asked for again when it speaks. */
const MOST = 200;

const ASKED = /^(?:permission\.(?:asked|updated)|question\.asked)$/;
const ANSWERED = /^(?:permission\.replied|question\.(?:replied|rejected))$/;
const RUNS = new Set(['pending', 'running']);

class Conversation {
  readonly id: string;
  /** Of the one whose helper this is. */
  parent: string | undefined;
  manner: Manner | undefined;
  /** Its person has taken back turns and may want them again: the next one would end that. */
  isReverted = false;
  /** Its turn ended with an error. */
  hasFailed = false;
  readonly tools = new Map<string, string>();
  readonly asks = new Set<string>();
  #isBusy: boolean | undefined;
  #doing: Doing | undefined;

  constructor(id: string) {
    this.id = id;
  }

  get doing(): Doing | undefined {
    return this.#doing;
  }

  turns(isBusy: boolean): void {
    this.#isBusy = isBusy;
    if (isBusy) return;
    this.tools.clear();
    this.asks.clear();
  }

  /** Milliseconds since 1970: whatever has changed has changed now. */
  settle(now: number): void {
    if (this.#isBusy === undefined) return;
    const doing = this.asks.size > 0 ? 'waiting' : this.#isBusy ? 'busy' : 'idle';
    const tool = [...this.tools.values()].at(-1);
    if (this.#doing?.doing === doing && this.#doing.tool === tool) return;
    this.#doing = { doing, since: now, ...(tool === undefined ? {} : { tool }) };
  }
}

export type { Conversation };

export class Conversations {
  readonly #known = new Map<string, Conversation>();
  readonly #now: () => number;

  /** `now`: milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  get(id: string): Conversation | undefined {
    return this.#known.get(id);
  }

  /** The one that a person speaks in: itself, or the one whose helper it is, whoever that one's helper is. */
  rootOf(id: string): Conversation | undefined {
    let found = this.#known.get(id);
    for (let depth = 0; found?.parent !== undefined && depth < 16; depth += 1) found = this.#known.get(found.parent);
    return found;
  }

  /** What OpenCode knows of one. Undefined for what is none. */
  learn(info: Fields): Conversation | undefined {
    if (typeof info.id !== 'string') return undefined;
    const one = this.#of(info.id);
    one.parent = typeof info.parentID === 'string' ? info.parentID : undefined;
    one.isReverted = info.revert !== undefined && info.revert !== null;
    one.manner = mannerOf(info) ?? one.manner;
    return one;
  }

  forget(id: string): void {
    this.#known.delete(id);
  }

  note({ type, properties }: { readonly type: string; readonly properties: Fields }): void {
    const { sessionID, info, status, part } = properties;
    if (type === 'session.created' || type === 'session.updated') this.learn(fieldsOf(info));
    else if (type === 'session.deleted') this.forget(String(fieldsOf(info).id));
    else if (type === 'message.part.updated') this.#notePart(fieldsOf(part));
    else if (typeof sessionID === 'string') this.#noteState(sessionID, type, properties, fieldsOf(status).type);
  }

  /** A person, or we, have said something there. */
  spoken(id: string, message: Fields): Conversation {
    const one = this.#of(id);
    one.manner = mannerOf(message) ?? one.manner;
    one.hasFailed = false;
    one.turns(true);
    one.settle(this.#now());
    return one;
  }

  #noteState(id: string, type: string, properties: Fields, status: unknown): void {
    const one = this.#of(id);
    const root = this.rootOf(id) ?? one;
    if (type === 'session.idle' || status === 'idle') one.turns(false);
    else if (type === 'session.status') one.turns(true);
    else if (type === 'session.error') one.hasFailed = true;
    else if (ASKED.test(type)) root.asks.add(String(properties.id));
    else if (ANSWERED.test(type)) root.asks.delete(String(properties.requestID ?? properties.permissionID));
    for (const changed of [one, root]) changed.settle(this.#now());
  }

  #notePart({ sessionID, type, callID, tool, state }: Fields): void {
    if (typeof sessionID !== 'string' || type !== 'tool') return;
    const one = this.#of(sessionID);
    const runs = RUNS.has(String(fieldsOf(state).status));
    if (runs) one.tools.set(String(callID), String(tool));
    else one.tools.delete(String(callID));
    one.settle(this.#now());
  }

  #of(id: string): Conversation {
    const known = this.#known.get(id) ?? new Conversation(id);
    this.#known.delete(id);
    this.#known.set(id, known);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MOST) break;
      this.#known.delete(oldest);
    }
    return known;
  }
}

/** From a conversation, or from a message of a person: the model's id has another name in each. */
export function mannerOf({ agent, model, variant }: Fields): Manner | undefined {
  if (typeof agent !== 'string') return undefined;
  const fields = fieldsOf(model);
  const modelID = fields.modelID ?? fields.id;
  const chosen = variant ?? fields.variant;
  return {
    agent,
    ...(typeof fields.providerID === 'string' && typeof modelID === 'string'
      ? { model: { providerID: fields.providerID, modelID } }
      : {}),
    ...(typeof chosen === 'string' && chosen !== 'default' ? { variant: chosen } : {}),
  };
}
