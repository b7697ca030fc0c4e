/** A real session process with an agent that reads, answers questions and writes, and goes on in the next process when its own has ended. */
import { sleep, systemClock } from '../../../src/util/clock.ts';
import type { Cable } from '../../faults/support/cable.ts';
import { type History, hashOf } from '../../faults/support/history.ts';
import type { RelayProcess } from '../../faults/support/relay-process.ts';
import type { Seeded } from '../../faults/support/seeded.ts';
import { type ParsedMessage, parseWrapper } from '../../mcp/parse-wrapper.ts';
import type { McpSession } from '../../support/cli.ts';
import { UNTOLD } from './told.ts';

/** Between two messages, and before the next try of what failed. Milliseconds. */
const PAUSE = 500;
const AGAIN = 100;

export interface AgentOptions {
  readonly name: string;
  readonly relay: RelayProcess;
  /** To the relay. */
  readonly cable: Cable;
  readonly history: History;
  readonly chance: Seeded;
  /** Whom it writes to: names of those who are told positions. */
  readonly to: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
}

export class Agent {
  readonly #options: AgentOptions;
  #session: McpSession;
  /** Which of its processes this is. */
  #life = 1;
  #said = 0;
  #isFinishing = false;
  #isOver = false;
  #isDone = false;
  #running: Promise<unknown> = Promise.resolve();

  private constructor(options: AgentOptions, session: McpSession) {
    this.#options = options;
    this.#session = session;
    void this.#outlive(session);
  }

  static async start(options: AgentOptions): Promise<Agent> {
    const session = await begin(options);
    await session.connected();
    return new Agent(options, session);
  }

  get name(): string {
    return this.#options.name;
  }

  run(): void {
    this.#running = Promise.all([this.#read(), this.#write()]);
  }

  /** `kill -9`, and a new process of the same name. */
  async kill(): Promise<void> {
    const life = this.#life;
    await this.#session.kill();
    while (this.#life === life) await sleep(systemClock, AGAIN);
  }

  signal(signal: NodeJS.Signals): void {
    this.#session.started.child.kill(signal);
  }

  /** Writes no more; resolves when the relay has all that it wrote. */
  async finish(): Promise<void> {
    this.#isFinishing = true;
    // The outbox keeps the order: what is answered by the relay has nothing before it.
    while (!(await this.#say('the last word'))) await sleep(systemClock, AGAIN);
  }

  /** Resolves when there is nothing left to read. */
  async drained(): Promise<void> {
    this.#isOver = true;
    await this.#running;
    this.#isDone = true;
  }

  async #outlive(session: McpSession): Promise<void> {
    await session.started.ended;
    if (this.#isDone) return;
    this.#session = await begin(this.#options);
    this.#life += 1;
    void this.#outlive(this.#session);
  }

  async #read(): Promise<void> {
    for (;;) {
      const life = this.#life;
      const args = { count: 10, wait_seconds: 1 };
      const answer = await this.#session.tool('relay_receive', args).catch(() => undefined);
      if (!answer || answer.isError) {
        await sleep(systemClock, AGAIN);
        continue;
      }
      for (const message of parseWrapper(answer.text)) await this.#take(message, life);
      if (this.#isOver && answer.text.startsWith('No unread messages')) return;
    }
  }

  async #take({ header, body }: ParsedMessage, life: number): Promise<void> {
    const id = String(header['id']);
    const redelivered = header['redelivered'] === true;
    const { name: by, history } = this.#options;
    history.note({ kind: 'read', id, by, position: UNTOLD, hash: hashOf(body), redelivered, life });
    if (!body.endsWith('?') || this.#isFinishing) return;
    await this.#say('the answer', { reply_to: id }, String(header['from']));
  }

  async #write(): Promise<void> {
    while (!this.#isFinishing) {
      await this.#say('something');
      await sleep(systemClock, PAUSE);
    }
  }

  /** Answers whether the relay has it by now: it may be on this side's disk, or nobody knows where. */
  async #say(what: string, how: object = {}, to = this.#options.chance.pick(this.#options.to)): Promise<boolean> {
    const { name: by, history } = this.#options;
    const id = `${by}-${this.#said++}`;
    const message = `${id} is ${what}`;
    history.note({ kind: 'sent', id, by, to: [to], hash: hashOf(message) });
    const args = { message, ...('reply_to' in how ? how : { to }) };
    const answer = await this.#session.tool('relay_send', args).catch(() => undefined);
    if (!answer || answer.isError) return false;
    // What is kept is as good as answered.
    history.note({ kind: 'answered', id, position: UNTOLD, duplicate: false });
    return !('kept' in Object(answer.structured));
  }
}

async function begin({ name, relay, cable, env }: AgentOptions): Promise<McpSession> {
  return relay.machine.session(name, { ...env, RELAY_URL: cable.url, RELAY_TOKEN: relay.machine.token });
}
