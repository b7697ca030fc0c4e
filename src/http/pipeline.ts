/**
 * Requests of one connection that are not answered yet. Nobody needs to ask on before the last answers came; who does is refused
 * so far as it was read already, and then not read from until all that was begun is answered.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { RelayError } from '../protocol/codes.ts';
import { LIMITS } from '../protocol/limits.ts';
import type { Clock } from '../util/clock.ts';
import type { Reader, Turns } from '../util/turns.ts';

/** One for all of them: where an error was made is what is dear about it, and here it says nothing. */
const TOO_MUCH = new RelayError(
  'too_many_requests',
  'Too much is under way on this connection; read the answers first.',
);

/** Bytes read at a time: a request or two, or ten of the smallest, more than half of which are refused. */
const REQUESTS = 512;
/** How long who asks too fast is not read from, milliseconds: as long as the refusal says. */
const REST = 1_000;
/** As many requests as a session has under way, whose answers then leave in one write; or some hundred of the smallest frames. */
const FRAMES = 16 * 1024;

export class Pipeline {
  readonly #reader: Reader;
  readonly #underWay = new Set<ServerResponse>();
  #isResting = false;

  constructor(stream: Readable, turns: Turns) {
    this.#reader = turns.reader(stream, REQUESTS);
  }

  /** One more; or why not. */
  begin(request: IncomingMessage, response: ServerResponse): RelayError | undefined {
    if (this.#underWay.size >= LIMITS.pipelined) {
      // Only now: the last of those under way may have a body that was not read before.
      this.#reader.hold();
      return TOO_MUCH;
    }
    this.#underWay.add(response);
    this.#reader.expect(Math.min(Number(request.headers['content-length'] ?? 0), LIMITS.frameBytes));
    response.once('close', () => this.#onAnswered(response));
    return undefined;
  }

  /** It goes on as a WebSocket, which bounds by itself what is under way; this is not needed any more. */
  upgraded(): Reader {
    this.#reader.piece = FRAMES;
    return this.#reader;
  }

  /** It asked too fast. Who comes again when the refusal says finds it as it was; who does not wait is not refused again and again. */
  rest(clock: Pick<Clock, 'after'>): void {
    if (this.#isResting) return;
    this.#isResting = true;
    this.#reader.hold();
    clock.after(REST, () => {
      this.#isResting = false;
      if (this.#underWay.size < LIMITS.pipelined) this.#reader.release();
    });
  }

  #onAnswered(response: ServerResponse): void {
    this.#underWay.delete(response);
    if (this.#underWay.size === 0 && !this.#isResting) this.#reader.release();
  }

  /** The connection is closed. Node tells the response whose turn it is; those behind it have no socket yet, and would be under way for ever. */
  closed(): void {
    for (const response of this.#underWay) {
      if (response.socket !== null || response.writableFinished) continue;
      response.destroy();
      // Later versions of Node tell it by then.
      process.nextTick(() => this.#underWay.has(response) && response.emit('close'));
    }
  }
}
