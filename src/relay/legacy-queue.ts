/**
 * The requests of one first-generation client. Several are worked on at a time, and their answers go out in the order of
 * the requests: these clients match an answer to a request by counting.
 */
import { asRelayError, RelayError } from '../protocol/codes.ts';
import { decodeLegacy, type LegacyFrame, type LegacyRequest } from '../protocol/legacy.ts';

/** Requests of one client that are worked on at a time, and those that wait behind them. */
const UNDER_WAY = 32;
const WAITING = { requests: 1_000, chars: 4 * 1024 * 1024 };

type Perform = (request: LegacyRequest) => Promise<LegacyFrame | undefined> | LegacyFrame;

export class LegacyQueue {
  readonly #perform: Perform;
  readonly #say: (frame: LegacyFrame) => void;
  readonly #waiting: string[] = [];
  #chars = 0;
  #underWay = 0;
  /** A registration is worked on alone: what comes after it is said by the name that it gets. */
  #isRegistering = false;
  /** The last answer: the next one goes out after it. */
  #answered: Promise<void> = Promise.resolve();

  constructor(perform: Perform, say: (frame: LegacyFrame) => void) {
    this.#perform = perform;
    this.#say = say;
  }

  push(text: string): void {
    if (this.#waiting.length >= WAITING.requests || this.#chars + text.length > WAITING.chars) {
      this.#say({ type: 'error', message: 'Too many messages are waiting; send that one again later' });
      return;
    }
    this.#waiting.push(text);
    this.#chars += text.length;
    this.#work();
  }

  /** Forgets what nobody has begun with. */
  clear(): void {
    this.#waiting.length = 0;
    this.#chars = 0;
  }

  #work(): void {
    while (this.#underWay < UNDER_WAY && !this.#isRegistering) {
      const [text] = this.#waiting;
      if (text === undefined) return;
      const request = decoded(text);
      const isRegister = !(request instanceof RelayError) && request.type === 'register';
      if (isRegister && this.#underWay > 0) return;
      this.#waiting.shift();
      this.#chars -= text.length;
      this.#isRegistering = isRegister;
      this.#start(request);
    }
  }

  #start(request: LegacyRequest | RelayError): void {
    this.#underWay += 1;
    const answer = this.#answerTo(request);
    this.#answered = this.#answered.then(async () => {
      const frame = await answer;
      if (frame) this.#say(frame);
      this.#underWay -= 1;
      this.#isRegistering = false;
      this.#work();
    });
  }

  /** Never rejects. */
  async #answerTo(request: LegacyRequest | RelayError): Promise<LegacyFrame | undefined> {
    try {
      if (request instanceof RelayError) throw request;
      return await this.#perform(request);
    } catch (error) {
      return { type: 'error', message: asRelayError(error).message };
    }
  }
}

function decoded(text: string): LegacyRequest | RelayError {
  try {
    return decodeLegacy(text);
  } catch (error) {
    return asRelayError(error);
  }
}
