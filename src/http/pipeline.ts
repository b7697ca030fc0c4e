/**
 * Requests of one connection that are not answered yet. Nobody needs to ask on before the last answers came; who does is refused
 * so far as it was read already, and then not read from until all that was begun is answered.
 */
import type { ServerResponse } from 'node:http';
import { RelayError } from '../protocol/codes.ts';
import { LIMITS } from '../protocol/limits.ts';
import type { Reader } from '../util/turns.ts';

/** One for all of them: where an error was made is what is dear about it, and here it says nothing. */
const TOO_MUCH = new RelayError(
  'too_many_requests',
  'Too much is under way on this connection; read the answers first.',
);

export class Pipeline {
  readonly #reader: Reader;
  #underWay = 0;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /** One more, answered by `response`; or why not. */
  begin(response: ServerResponse): RelayError | undefined {
    if (this.#underWay >= LIMITS.pipelined) {
      // Only now: the last of those under way may have a body that was not read before.
      this.#reader.hold();
      return TOO_MUCH;
    }
    this.#underWay += 1;
    response.once('close', () => this.#onAnswered());
    return undefined;
  }

  #onAnswered(): void {
    this.#underWay -= 1;
    if (this.#underWay === 0) this.#reader.release();
  }
}
