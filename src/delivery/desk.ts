/**
 * Answers the hooks of the agent program: what they tell is noted, and where text may go in, mail goes in.
 *
 *     start, prompt   everything that waits goes along, and what the person should know of
 *     tool            only if something urgent waits, and then what is older with it: the order is kept
 *     turn-end        nothing where a door will wake it; else what waits, and the turn goes on
 */
import { type Dialect, type HookCall, type HookEvent, type HookReply, OURS } from '../agents/dialect.ts';
import type { Clock } from '../util/clock.ts';
import type { Attention } from './attention.ts';
import type { Budget } from './budget.ts';
import type { Bulletin, Lines } from './bulletin.ts';
import { hookRoom } from './compose.ts';
import type { Courier } from './courier.ts';
import { Hand, type HandParts } from './hand.ts';
import type { Lookout } from './lookout.ts';
import type { Waiting } from './waiting.ts';

export interface DeskParts extends HandParts {
  readonly waiting: Waiting;
  readonly attention: Attention;
  readonly budget: Budget;
  readonly courier: Pick<Courier, 'wake' | 'door'>;
  readonly lookout: Pick<Lookout, 'acted' | 'prompted' | 'look'>;
  readonly bulletin: Bulletin;
  readonly clock: Clock;
  readonly transcript: () => { watch(ids: readonly string[]): void } | undefined;
  /** The conversation has this id, and this transcript. */
  readonly bound: (event: HookEvent) => void;
  /** It is said of another conversation, which this session process does not serve. */
  readonly isOfAnother: (event: HookEvent) => boolean;
}

/** An answer to a hook. Exactly one of `printed` and `dropped` is called when it is known what became of it. */
export interface Answer {
  readonly reply: HookReply;
  /** Of the envelopes in it. */
  readonly ids?: readonly string[];
  printed(): void;
  /** `mayShow`: it has the text all the same, and may print it yet. */
  dropped(mayShow?: boolean): void;
}

const SILENCE: HookReply = {};
const NO_LINES: Lines = new Map();

export class Desk {
  readonly #parts: DeskParts;
  /** Ends of this turn that were put off. */
  #continued = 0;

  constructor(parts: DeskParts) {
    this.#parts = parts;
  }

  /** Never rejects. Waits for the relay only when there is mail. */
  async answer(call: HookCall, dialect: Dialect): Promise<Answer> {
    const event = dialect.read(call);
    const nothing = plain(dialect.nothing ?? SILENCE);
    if (!event) return nothing;
    this.note(event);
    if (event.isInner) return nothing;
    const hand = this.#mayGo(event, dialect) ? await this.#take(dialect) : undefined;
    const news = event.kind === 'prompt' || event.kind === 'start' ? this.#parts.bulletin.take() : NO_LINES;
    const text = [...[...news.values()].map((line) => `claude-relay: ${line}.`), ...(hand ? [hand.text] : [])].join(
      '\n',
    );
    const reply = text === '' ? undefined : dialect.say(call, event, text);
    if (!reply) {
      hand?.back();
      this.#parts.bulletin.putBack(news);
      return nothing;
    }
    return this.#telling(news, hand ? this.#holding(hand, reply, event) : plain(reply));
  }

  #telling(news: Lines, answer: Answer): Answer {
    if (news.size === 0) return answer;
    return {
      ...answer,
      dropped: (mayShow) => {
        this.#parts.bulletin.putBack(news);
        answer.dropped(mayShow);
      },
    };
  }

  /** What the program did, also where nothing can be put in. */
  note(event: HookEvent): void {
    const { attention, budget, courier, lookout, bound, isOfAnother } = this.#parts;
    if (isOfAnother(event)) return;
    bound(event);
    attention.note(event);
    if (!event.isInner && event.kind !== 'start') lookout.acted();
    if (event.prompt !== undefined) lookout.prompted(event.prompt);
    if (event.kind !== 'turn-end' || !event.isContinued) this.#continued = 0;
    if (event.kind === 'turn-end') lookout.look();
    courier.wake();
    // A turn that its person began is not part of a loop.
    if (event.kind === 'prompt' && event.prompt !== undefined && !event.prompt.includes(OURS)) budget.refill();
  }

  #mayGo({ kind }: HookEvent, { continuations }: Dialect): boolean {
    const { waiting, courier, budget } = this.#parts;
    if (waiting.isEmpty) return false;
    if (kind === 'start') return courier.door === undefined;
    if (kind === 'prompt') return true;
    if (kind === 'tool') return waiting.isUrgent;
    if (kind !== 'turn-end' || courier.door !== undefined || budget.wait() > 0) return false;
    return this.#continued < continuations && waiting.isWaking;
  }

  async #take(dialect: Dialect): Promise<Hand | undefined> {
    try {
      return await Hand.take(this.#parts, hookRoom(dialect.chars), dialect.tells ? 'door' : 'hook', 'hook');
    } catch {
      return undefined; // the relay does not answer: the mail stays where it is
    }
  }

  #holding(hand: Hand, reply: HookReply, { kind }: HookEvent): Answer {
    this.#parts.transcript()?.watch(hand.ids);
    return {
      reply,
      ids: hand.ids,
      printed: () => {
        hand.shown();
        this.#parts.courier.wake();
        if (kind !== 'turn-end') return;
        this.#continued += 1;
        this.#parts.budget.spend();
        this.#parts.attention.woken(this.#parts.clock.now());
      },
      dropped: (mayShow) => hand.back(mayShow),
    };
  }
}

function plain(reply: HookReply): Answer {
  return { reply, printed: () => undefined, dropped: () => undefined };
}
