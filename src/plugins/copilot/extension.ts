/**
 * Our extension beside Copilot CLI: the door into the session that it was started for. What the session does, and what its
 * model has read, is told by its events.
 *
 *     text to put in      session.send: `enqueue` begins a turn, or waits for the end of the one that runs
 *              urgent     … `immediate`: before the next request of the turn that runs; a command that runs goes on in the background
 */
import { SessionEvents } from '../../agents/copilot/events.ts';
import { OURS } from '../../agents/dialect.ts';
import type { Clock } from '../../util/clock.ts';
import { type Fields, fieldsOf } from '../../util/fields.ts';
import { Link, type Put } from '../link.ts';

/** The part of its session that we use, looked for before it is used. */
export interface CopilotSession {
  send(message: { readonly prompt: string; readonly mode: 'enqueue' | 'immediate' }): Promise<unknown>;
  on(listener: (event: unknown) => void): unknown;
}

export interface ExtensionOptions {
  readonly session: CopilotSession;
  /** Its id. */
  readonly id: string;
  /** Where session processes listen that may be ours. */
  readonly find: () => readonly string[];
  readonly clock: Clock;
}

/** Characters of a prompt that are told: it is looked at for ids only. */
const TOLD = 10_000;

export class CopilotExtension {
  readonly #options: ExtensionOptions;
  readonly #link: Link;
  readonly #events = new SessionEvents();

  constructor(options: ExtensionOptions) {
    const { find, clock } = options;
    this.#options = options;
    this.#link = new Link({
      hello: { plugin: 'copilot', name: 'extension', interrupts: true },
      find,
      onPut: (put) => this.#onPut(put),
      clock,
    });
  }

  start(): void {
    this.#options.session.on((event) => this.#onEvent(fieldsOf(event)));
    this.#link.now({ open: true });
    this.#link.start();
  }

  async #onPut({ text, urgent, ids }: Put): Promise<undefined> {
    this.#events.watch(ids);
    await this.#options.session.send({ prompt: text, mode: urgent ? 'immediate' : 'enqueue' });
  }

  #onEvent(event: Fields): void {
    const before = this.#events.activity?.doing;
    this.#events.note(event);
    const { activity } = this.#events;
    const known = [...this.#events.take()];
    this.#link.shown(known.filter(([, evidence]) => evidence === 'answered').map(([id]) => id));
    this.#link.now({ open: true, ...activity });
    if (event.type === 'user.message') this.#onMessage(event);
    if (before !== 'idle' && activity?.doing === 'idle') this.#tell({ kind: 'turn-end' });
  }

  #onMessage({ agentId, data }: Fields): void {
    if (agentId !== undefined) return;
    const { content, source, isAutopilotContinuation } = fieldsOf(data);
    const text = String(content);
    const isTyped = source === undefined && isAutopilotContinuation !== true && !text.includes(OURS);
    if (isTyped) this.#tell({ kind: 'prompt', prompt: text.slice(0, TOLD) });
  }

  #tell(event: object): void {
    this.#link.event({ ...event, session: this.#options.id });
  }
}

/** Undefined for a version whose sessions are others. */
export function copilotSession(session: unknown): CopilotSession | undefined {
  if (typeof session !== 'object' || session === null) return undefined;
  const call = (name: string, argument: unknown): unknown => {
    const method: unknown = Reflect.get(session, name);
    return typeof method === 'function' ? Reflect.apply(method, session, [argument]) : undefined;
  };
  const isOurs = ['send', 'on'].every((name) => typeof Reflect.get(session, name) === 'function');
  if (!isOurs) return undefined;
  return { send: async (message) => call('send', message), on: (listener) => call('on', listener) };
}
