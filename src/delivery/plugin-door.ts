/** A plugin of ours inside an agent program, or an extension beside it: it is connected to us, and puts in what it is given. */
import { DOOR_PATIENCE, type Door, failed, type Given, HANDED, type Parcel } from '../agents/door.ts';
import type { Clock } from '../util/clock.ts';

/** The other end of a plugin's connection. */
export interface PluginLine {
  readonly name: string;
  readonly interrupts: boolean;
  say(message: object): void;
}

export class PluginDoor implements Door {
  readonly #clock: Clock;
  readonly #waiting = new Map<number, (given: Given) => void>();
  #line: PluginLine | undefined;
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get name(): string {
    return this.#line?.name ?? 'plugin';
  }

  get interrupts(): boolean {
    return this.#line?.interrupts ?? false;
  }

  isOpen(): boolean {
    return this.#line !== undefined;
  }

  /** The newest is the one that is used: a program that reloads its plugins leaves the old one behind. */
  attach(line: PluginLine): void {
    this.#line = line;
  }

  detach(line: PluginLine): void {
    if (this.#line !== line) return;
    this.#line = undefined;
    for (const settle of [...this.#waiting.values()]) settle(failed(`the ${line.name} is gone`));
  }

  /** The plugin says what became of parcel `put`. */
  settle(put: number, reason: string | undefined): void {
    this.#waiting.get(put)?.(reason === undefined ? HANDED : { outcome: 'refused', reason });
  }

  give({ text, urgent, ids }: Parcel): Promise<Given> {
    const line = this.#line;
    if (!line) return Promise.resolve(failed('no plugin is connected'));
    const put = ++this.#last;
    return new Promise((resolve) => {
      const timer = this.#clock.after(DOOR_PATIENCE, () => settle(failed(`the ${line.name} does not answer`)));
      const settle = (given: Given) => {
        timer.cancel();
        this.#waiting.delete(put);
        resolve(given);
      };
      this.#waiting.set(put, settle);
      line.say({ put, text, urgent, ids });
    });
  }
}
