/**
 * Our plugin inside OpenCode 1.x: the door through which mail gets into the conversation that its person used last.
 *
 *     text to put in                        session.promptAsync: a turn begins, or it is read after the running step
 *     chat.message, tool.execute.after      whatever may ride along goes in there
 *     experimental.chat.messages.transform  what is in the request that is made now; the first part of the answer: read
 *     event                                 what each conversation does
 *
 * A turn of ours is of the kind of the last one of its person: without saying so, one in plan mode would become one that may
 * write.
 */

import type { Clock } from '../../util/clock.ts';
import { type Fields, fieldsOf, listOf } from '../../util/fields.ts';
import { Link, type Offer, type Put } from '../link.ts';
import { quietly, within } from '../quietly.ts';
import { Witness } from '../witness.ts';
import type { BegunWith } from './begun-with.ts';
import { type Conversation, Conversations } from './conversations.ts';
import type { Host } from './host.ts';

/** OpenCode calls these, and waits for them. */
export interface Hooks {
  event(input: unknown): Promise<void>;
  'chat.message'(input: unknown, output: unknown): Promise<void>;
  'tool.execute.after'(input: unknown, output: unknown): Promise<void>;
  'experimental.chat.messages.transform'(input: unknown, output: unknown): Promise<void>;
  dispose(): Promise<void>;
}

export interface PluginOptions {
  readonly host: Host;
  readonly clock: Clock;
  readonly begun: BegunWith;
  /** Where session processes listen that may be ours. */
  readonly find: () => readonly string[];
}

/** Characters of a prompt that are told: it is looked at for ids only. */
const TOLD = 10_000;
/** A person's message waits no longer for what we want to know of it. Milliseconds. */
const PATIENCE = 300;

export class OpenCodePlugin {
  readonly hooks: Hooks;
  readonly #host: Host;
  readonly #clock: Clock;
  readonly #begun: BegunWith;
  readonly #link: Link;
  readonly #witness = new Witness();
  readonly #conversations: Conversations;
  /** The one that its person used last. */
  #current: string | undefined;
  #hasBegun = false;
  /** This version tells what is in a request. */
  #tellsRequests = false;
  /** Texts of ours that a conversation holds, in versions that do not. */
  readonly #spoken = new Map<string, string>();

  constructor({ host, clock, begun, find }: PluginOptions) {
    this.#host = host;
    this.#clock = clock;
    this.#begun = begun;
    this.#conversations = new Conversations(() => clock.now());
    this.#link = new Link({
      hello: { plugin: 'opencode', name: 'plugin', interrupts: false },
      find,
      onPut: (put) => this.#onPut(put),
      clock,
    });
    this.hooks = {
      event: quietly((input) => this.#onEvent(fieldsOf(fieldsOf(input).event))),
      'chat.message': quietly((input, output) => this.#onMessage(fieldsOf(input), fieldsOf(output))),
      'tool.execute.after': quietly((input, output) => this.#onTool(fieldsOf(input), output)),
      'experimental.chat.messages.transform': quietly((_input, output) => this.#onRequest(fieldsOf(output))),
      dispose: quietly(() => this.#link.stop()),
    };
    this.#tellNow();
  }

  start(): void {
    this.#link.start();
  }

  async #onPut({ text, ids }: Put): Promise<string | undefined> {
    const current = await this.#whereTo();
    if (!current) return 'no session is open';
    this.#witness.expect(ids);
    const manner = current.manner ?? (await this.#host.lastManner(current.id));
    const reason = await this.#host.prompt(current.id, text, manner);
    if (reason === undefined) return undefined;
    this.#witness.forget(ids);
    if (!(await this.#host.get(current.id))) this.#gone(current.id);
    return reason;
  }

  async #whereTo(): Promise<Conversation | undefined> {
    await this.#begin();
    return this.#current === undefined ? undefined : this.#conversations.get(this.#current);
  }

  /** Once, and not before OpenCode is up: its own start must not wait for itself. */
  async #begin(): Promise<void> {
    if (this.#hasBegun || this.#begun === undefined) return;
    this.#hasBegun = true;
    const info = this.#begun === 'newest' ? await this.#newest() : await this.#host.get(this.#begun.id);
    const one = info && this.#conversations.learn(info);
    if (!one || one.parent !== undefined) return;
    this.#current ??= one.id;
    this.#tellNow();
  }

  async #newest(): Promise<Fields | undefined> {
    const roots = (await this.#host.list()).filter(({ parentID }) => typeof parentID !== 'string');
    return roots.reduce<Fields | undefined>((a, b) => (a && updatedAt(a) >= updatedAt(b) ? a : b), undefined);
  }

  async #onEvent({ type, properties }: Fields): Promise<void> {
    const event = { type: String(type), properties: fieldsOf(properties) };
    const before = this.#doing;
    this.#conversations.note(event);
    if (event.type === 'session.deleted') this.#gone(String(fieldsOf(event.properties.info).id));
    const part = fieldsOf(event.properties.part);
    if (part.type === 'step-start') this.#link.shown(this.#witness.answered(String(part.sessionID)));
    this.#tellNow();
    if (before !== 'idle' && this.#doing === 'idle') this.#onTurnEnd();
    await this.#begin();
  }

  /** A turn that ended well has answered all that was said in it. */
  #onTurnEnd(): void {
    const id = this.#current;
    if (id === undefined) return;
    const text = this.#spoken.get(id);
    this.#spoken.delete(id);
    if (text !== undefined && !this.#tellsRequests && !this.#conversations.get(id)?.hasFailed) {
      this.#witness.asked(id, [text]);
      this.#link.shown(this.#witness.answered(id));
    }
    this.#link.event({ kind: 'turn-end', session: id });
  }

  async #onMessage({ sessionID }: Fields, { message, parts }: Fields): Promise<void> {
    const id = sessionID;
    if (typeof id !== 'string' || (await this.#isHelper(id))) return;
    const text = textsOf(parts).join('\n');
    const isOurs = this.#witness.knows(text);
    this.#conversations.spoken(id, fieldsOf(message));
    if (!isOurs) this.#current = id;
    else if (!this.#tellsRequests) this.#spoken.set(id, `${this.#spoken.get(id) ?? ''}\n${text}`);
    this.#tellNow();
    if (id !== this.#current) return;
    if (isOurs) return this.#link.event({ kind: 'prompt', session: id });
    const offer = await this.#link.ask({ kind: 'prompt', session: id, prompt: text.slice(0, TOLD) });
    this.#put(offer, (added) => addPart(parts, added));
  }

  async #onTool({ sessionID, tool }: Fields, output: unknown): Promise<void> {
    // What an aborted tool answers is read by nobody until its person goes on.
    if (sessionID === undefined || sessionID !== this.#current || this.#doing === 'idle') return;
    const offer = await this.#link.ask({ kind: 'tool', session: sessionID, tool });
    this.#put(offer, (text) => addToResult(output, text));
  }

  #onRequest({ messages }: Fields): void {
    this.#tellsRequests = true;
    if (this.#witness.isIdle) return;
    for (const { info, parts } of listOf(messages).map(fieldsOf))
      this.#witness.asked(String(fieldsOf(info).sessionID), textsOf(parts));
  }

  #put(offer: Offer | undefined, add: (text: string) => boolean): void {
    if (!offer) return;
    if (!add(offer.text)) return offer.dropped();
    this.#witness.expect(offer.ids);
    offer.printed();
  }

  /** A conversation that is not known yet is asked for: one that was opened, not begun, is told of by nobody. */
  async #isHelper(id: string): Promise<boolean> {
    if (!this.#conversations.get(id)) {
      const info = await within(this.#clock, PATIENCE, this.#host.get(id));
      this.#conversations.learn(info ?? {});
    }
    return this.#conversations.get(id)?.parent !== undefined;
  }

  #gone(id: string): void {
    this.#conversations.forget(id);
    if (this.#current === id) this.#current = undefined;
    this.#tellNow();
  }

  get #doing() {
    return this.#current === undefined ? undefined : this.#conversations.get(this.#current)?.doing?.doing;
  }

  #tellNow(): void {
    const current = this.#current === undefined ? undefined : this.#conversations.get(this.#current);
    if (!current) return this.#link.now({ open: false, reason: 'no session is open' });
    const state = current.isReverted ? { open: false, reason: 'its person has undone a turn' } : { open: true };
    this.#link.now({ ...state, ...current.doing });
  }
}

function updatedAt({ time }: Fields): number {
  return Number(fieldsOf(time).updated ?? 0);
}

/** What a model is shown of a message: its text, and what tools have answered. */
function textsOf(parts: unknown): readonly string[] {
  return listOf(parts).flatMap((part) => {
    const { text, state } = fieldsOf(part);
    const { output } = fieldsOf(state);
    return [text, output].flatMap((value) => (typeof value === 'string' ? value : []));
  });
}

/** Behind the last part, so that it stays the last when parts are sorted by their ids. */
function addPart(parts: unknown, text: string): boolean {
  const { id, sessionID, messageID } = fieldsOf(listOf(parts).at(-1));
  if (!Array.isArray(parts) || typeof id !== 'string') return false;
  parts.push({ id: `${id}r`, sessionID, messageID, type: 'text', text, synthetic: true });
  return true;
}

/** Of a tool of its own, or of an MCP server's. */
function addToResult(result: unknown, text: string): boolean {
  if (typeof result !== 'object' || result === null) return false;
  const { output, content } = fieldsOf(result);
  if (typeof output === 'string') return Reflect.set(result, 'output', `${output}\n\n${text}`);
  if (!Array.isArray(content)) return false;
  content.push({ type: 'text', text });
  return true;
}
