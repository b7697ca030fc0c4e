/**
 * Wakes one session after the other, each for one message, and tells the sender what came of it.
 *
 *     allowed → not open anywhere → mail that may wake → not at the relay → the try is written down → run → answer
 *        │            │                   │                    │
 *       idle        later                idle                later
 *
 * A message wakes at most once: it is written down before the run. What a killed waker left behind is told at the next start.
 */
import { executableFor, type Resume } from '../agents/resume.ts';
import { type Conversation, conversationOf } from '../config/conversations.ts';
import { readRun, removeRun, writeRun } from '../config/woken.ts';
import { RelayError } from '../protocol/codes.ts';
import type { Envelope } from '../protocol/envelope.ts';
import { type Clock, sleep } from '../util/clock.ts';
import { isRunning, markProcess } from '../util/processes.ts';
import type { GroupRunner } from '../util/run-group.ts';
import type { Mail } from './mail.ts';
import { type Here, whyNot } from './obstacle.ts';
import { policyFor } from './policy.ts';
import { wakingPrompt } from './prompt.ts';
import { mayBeWokenAt, noteEnd, noteTry, triesOf } from './tries.ts';
import { answerId, interrupted, isWakersAnswer, type Verdict, verdictOf } from './verdict.ts';

export interface WakerOptions {
  readonly here: Here;
  readonly mail: Mail;
  readonly clock: Clock;
  readonly run: GroupRunner;
  /** Ends a process group that a killed waker left. */
  readonly endGroup: (pid: number) => Promise<void>;
  /** Of one run, milliseconds. */
  readonly limit: number;
  readonly signal: AbortSignal;
  /** Never given a body. */
  readonly say: (what: string) => void;
}

/** `idle`: nothing to do until there is news. `later`: look again. `woken`: it was, and there may be more. */
export type Considered = 'idle' | 'later' | 'woken';

/** A session that is only started again takes its mail itself. Milliseconds. */
const SETTLE = 3_000;
/** Before a relay that is away is asked again. Milliseconds. */
const AGAIN = 1_000;

export class Waker {
  readonly #options: WakerOptions;
  /** Monotonic, by message: when it was first seen waiting. */
  readonly #since = new Map<string, number>();
  readonly #said = new Map<string, string>();

  constructor(options: WakerOptions) {
    this.#options = options;
  }

  /** Before anything else. False while a run that a killed waker began still goes on: there is one at a time. */
  async takeUp(): Promise<boolean> {
    const { here, clock, endGroup, limit } = this.#options;
    const left = readRun(here.home);
    if (!left) return true;
    if (isRunning(left)) {
      if (clock.now() < left.at + limit) return false;
      await endGroup(left.pid);
    }
    await this.#insisted(() => this.#tell(left.name, left.message, interrupted(left.name)));
    removeRun(here.home);
    return true;
  }

  /** Rejects when the relay cannot be asked; nothing was begun then. */
  async consider(name: string): Promise<Considered> {
    const { here, mail, clock } = this.#options;
    const conversation = conversationOf(here.home, name);
    if (!conversation || !policyFor(here.home, conversation, clock.now()).isAllowed) return 'idle';
    if (mayBeWokenAt(triesOf(here.home, name), clock.now()) > clock.now()) return 'later';
    if (this.#isHeld(conversation)) return 'later';
    const message = await this.#nextFor(name);
    if (!message) return 'idle';
    if (!this.#hasSettled(message) || (await mail.isHere(name))) return 'later';
    const resume = here.resumeOf(conversation.program);
    // Looked at once more: it took a moment to ask.
    if (!resume || this.#isHeld(conversation)) return 'later';
    await this.#wake(conversation, resume, message);
    return 'woken';
  }

  #isHeld(conversation: Conversation): boolean {
    const why = whyNot(this.#options.here, conversation);
    const { name } = conversation;
    if (why !== undefined && this.#said.get(name) !== why) this.#options.say(`${name} is not woken: ${why}.`);
    if (why === undefined) this.#said.delete(name);
    else this.#said.set(name, why);
    return why !== undefined;
  }

  /** Mail to it alone: what goes to a room or to all, or is quiet, rides along with the next. */
  async #nextFor(name: string): Promise<Envelope | undefined> {
    const { here, mail } = this.#options;
    const { messages } = triesOf(here.home, name);
    return (await mail.waiting(name)).find(
      ({ id, to, from, priority }) =>
        to.includes(name) && from !== name && priority !== 'quiet' && !isWakersAnswer(id) && !messages.includes(id),
    );
  }

  #hasSettled({ id }: Envelope): boolean {
    const now = this.#options.clock.monotonic();
    const since = this.#since.get(id) ?? now;
    this.#since.set(id, since);
    return now - since >= SETTLE;
  }

  async #wake(conversation: Conversation, resume: Resume, { id, from }: Envelope): Promise<void> {
    const { here, mail, clock, run, limit, signal, say } = this.#options;
    const { name, cwd, variables, executable } = conversation;
    const program = executableFor(resume, executable, here.env.PATH) ?? resume.command;
    noteTry(here.home, name, id, clock.now());
    this.#since.delete(id);
    say(`${name} is woken for ${id} from ${from}.`);
    const ran = await run({
      program,
      args: resume.args(conversation.id, wakingPrompt(name)),
      cwd,
      env: { ...here.env, ...Object.fromEntries(resume.variables.map((each) => [each, variables[each]])) },
      limit,
      signal,
      clock,
      onStart: (pid) => writeRun(here.home, { ...markProcess(pid), name, message: id, from, at: clock.now() }),
    });
    await this.#insisted(async () => {
      const wasRead = !(await mail.waiting(name)).some((message) => message.id === id);
      const verdict = verdictOf(name, ran, wasRead, limit);
      await this.#tell(name, id, verdict);
      noteEnd(here.home, name, verdict.hasFailed, clock.now());
      say(`${name} is done with ${id}: exit code ${ran.code}${verdict.hasFailed ? ', failed' : ''}.`);
    });
    removeRun(here.home);
  }

  /** Unless it has answered itself. */
  async #tell(name: string, message: string, { body }: Verdict): Promise<void> {
    const { mail } = this.#options;
    if (await mail.hasAnswered(name, { id: message })) return;
    await mail.answer(name, { id: answerId(name, message), reply_to: message, body });
  }

  /** The sender is owed an answer also when the relay is away for a while. What it refuses for good cannot be told. */
  async #insisted(work: () => Promise<void>): Promise<void> {
    const { clock, signal, say } = this.#options;
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof RelayError)) throw error;
        if (!error.retry) return say(`The sender cannot be told: ${error.message}`);
        // The next waker tells it.
        if (signal.aborted) throw error;
        await sleep(clock, AGAIN, signal).catch(() => undefined);
      }
    }
  }
}
