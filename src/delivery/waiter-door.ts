/**
 * A hook that waits beside an idle session and ends when mail comes: its end wakes the session, and what it prints is read.
 * For programs that have such hooks, where no better door is open. One waits at a time; each wakes once, and the next turn's
 * end brings a new one.
 */

import type { HookReply } from '../agents/dialect.ts';
import { DOOR_PATIENCE, type Door, doubtful, failed, type Given, HANDED, type Parcel } from '../agents/door.ts';
import type { Clock } from '../util/clock.ts';
import type { Answer } from './desk.ts';

type Wake = (text: string) => HookReply | undefined;

interface Waiter {
  readonly wake: Wake;
  end(answer: Answer): void;
}

const NOTHING: Answer = { reply: {}, printed: () => undefined, dropped: () => undefined };

export class WaiterDoor implements Door {
  readonly name = 'waiting hook';
  readonly interrupts = false;
  readonly #clock: Clock;
  #waiter: Waiter | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  isOpen(): boolean {
    return this.#waiter !== undefined;
  }

  /** Waits for a parcel, until another waiter comes or `gone` aborts. `wake`: how its program wants to be told. */
  wait(wake: Wake, gone: AbortSignal): Promise<Answer> {
    this.release();
    return new Promise((resolve) => {
      const waiter: Waiter = {
        wake,
        end: (answer) => {
          gone.removeEventListener('abort', onGone);
          if (this.#waiter === waiter) this.#waiter = undefined;
          resolve(answer);
        },
      };
      const onGone = () => waiter.end(NOTHING);
      this.#waiter = waiter;
      gone.addEventListener('abort', onGone, { once: true });
      if (gone.aborted) onGone();
    });
  }

  /** Whoever waits need not any more. */
  release(): void {
    this.#waiter?.end(NOTHING);
  }

  give({ text }: Parcel): Promise<Given> {
    const waiter = this.#waiter;
    const reply = waiter?.wake(text);
    if (!waiter || !reply) return Promise.resolve(failed('no hook waits'));
    return new Promise((resolve) => {
      // It has the text, and may print it yet.
      const late = doubtful('the waiting hook does not end');
      const timer = this.#clock.after(DOOR_PATIENCE, () => resolve(late));
      const settle = (given: Given) => {
        timer.cancel();
        resolve(given);
      };
      waiter.end({
        reply,
        printed: () => settle(HANDED),
        dropped: (mayShow) => settle(mayShow ? late : failed('the waiting hook was ended')),
      });
    });
  }
}
