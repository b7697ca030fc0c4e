/**
 * A plugin of ours inside an agent program, or an extension beside it: it is connected to us, puts in what it is given, and
 * tells what its program does.
 */
import { DOOR_PATIENCE, type Door, doubtful, failed, type Given, HANDED, type Parcel } from '../agents/door.ts';
import type { Activity } from '../agents/program.ts';
import type { Clock } from '../util/clock.ts';

/** The other end of a plugin's connection. */
export interface PluginLine {
  readonly name: string;
  readonly interrupts: boolean;
  say(message: object): void;
}

/** What holds now, as a plugin says it. */
export interface PluginState {
  /** It has a conversation to put something into. */
  readonly isOpen: boolean;
  /** Why not, for people. */
  readonly reason?: string;
  readonly activity?: Activity;
}

interface Pending {
  readonly line: PluginLine;
  settle(given: Given): void;
}

export class PluginDoor implements Door {
  readonly #clock: Clock;
  /** The newest is the last, and the one that is used: a program that reloads its plugins may leave an old one behind. */
  readonly #lines = new Map<PluginLine, PluginState | undefined>();
  readonly #waiting = new Map<number, Pending>();
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

  /** One that says nothing of it can. */
  isOpen(): boolean {
    return this.#line !== undefined && this.#state?.isOpen !== false;
  }

  get closed(): string | undefined {
    return this.isOpen() ? undefined : this.#state?.reason;
  }

  /** What the program does, by the word of its plugin. */
  get activity(): Activity | undefined {
    return this.#state?.activity;
  }

  attach(line: PluginLine): void {
    this.#lines.set(line, undefined);
  }

  tell(line: PluginLine, state: PluginState): void {
    if (this.#lines.has(line)) this.#lines.set(line, state);
  }

  /** What it was given and has not answered may have got in all the same. */
  detach(line: PluginLine): void {
    this.#lines.delete(line);
    for (const pending of [...this.#waiting.values()])
      if (pending.line === line) pending.settle(doubtful(`the ${line.name} is gone`));
  }

  /** The plugin says what became of parcel `put`. */
  settle(put: number, reason: string | undefined): void {
    this.#waiting.get(put)?.settle(reason === undefined ? HANDED : { outcome: 'refused', reason });
  }

  give({ text, urgent, ids }: Parcel): Promise<Given> {
    const line = this.#line;
    if (!line) return Promise.resolve(failed('no plugin is connected'));
    const put = ++this.#last;
    return new Promise((resolve) => {
      const late = doubtful(`the ${line.name} does not answer`);
      const timer = this.#clock.after(DOOR_PATIENCE, () => settle(late));
      const settle = (given: Given) => {
        timer.cancel();
        this.#waiting.delete(put);
        resolve(given);
      };
      this.#waiting.set(put, { line, settle });
      line.say({ put, text, urgent, ids });
    });
  }

  get #line(): PluginLine | undefined {
    return [...this.#lines.keys()].at(-1);
  }

  get #state(): PluginState | undefined {
    return [...this.#lines.values()].at(-1);
  }
}
