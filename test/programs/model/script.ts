/** What a model is going to say to what. The first step that fits answers; one without `repeat` answers once. */
import type { Reply } from './reply.ts';
import type { ModelRequest } from './request.ts';

export interface Step {
  /** Searched in the fresh text: everything that came after what the model said last. */
  readonly when: RegExp;
  /** May come later: the program is busy meanwhile. */
  readonly reply: Reply | ((request: ModelRequest, match: RegExpExecArray) => Reply | Promise<Reply>);
  /** Fits only where a tool of such a name is on offer. */
  readonly offers?: RegExp;
  readonly repeat?: boolean;
  /** Also for requests without tools: titles, summaries, classifiers, which programs make on their own. */
  readonly toolless?: boolean;
}

export class Script {
  readonly #steps: Step[] = [];
  readonly #rest: Reply;

  /** `rest` is said to everything that no step fits. */
  constructor(rest: Reply) {
    this.#rest = rest;
  }

  /** Goes behind the steps that are there. */
  add(step: Step): void {
    this.#steps.push(step);
  }

  async reply(request: ModelRequest): Promise<Reply> {
    for (const [at, step] of this.#steps.entries()) {
      const match = matchOf(step, request);
      if (!match) continue;
      if (!step.repeat) this.#steps.splice(at, 1);
      return typeof step.reply === 'function' ? step.reply(request, match) : step.reply;
    }
    return this.#rest;
  }
}

function matchOf(step: Step, { isTurn, text, tools }: ModelRequest): RegExpExecArray | null {
  if (!isTurn && !step.toolless) return null;
  const { offers } = step;
  if (offers && !tools.some(({ name }) => offers.test(name))) return null;
  return step.when.exec(text);
}
