/** A script that lives over HTTP: one request after the other, it sends, looks around, and waits for what is sent to it. */
import { type OnceOptions, once } from '../../../src/client/once.ts';
import { asRelayError } from '../../../src/protocol/codes.ts';
import type { Args, Results, Verb } from '../../../src/protocol/verbs.ts';
import { sleep, systemClock } from '../../../src/util/clock.ts';
import { type History, hashOf } from '../../faults/support/history.ts';
import type { Seeded } from '../../faults/support/seeded.ts';
import { readOf } from '../../faults/support/talker.ts';

/** Milliseconds. */
const PAUSE = 400;
const AGAIN = 50;
/** The relay keeps the lease of each page for a minute: few pages, so that the timers of those say little. */
const READ_PAUSE = 2_000;

export interface CallerOptions {
  readonly name: string;
  readonly place: OnceOptions;
  readonly history: History;
  readonly chance: Seeded;
  readonly to: readonly [string, ...string[]];
}

type Look = () => Promise<unknown>;

export class Caller {
  readonly #options: CallerOptions;
  #said = 0;
  #isFinishing = false;
  #isOver = false;
  #writing: Promise<unknown> = Promise.resolve();
  #reading: Promise<unknown> = Promise.resolve();

  constructor(options: CallerOptions) {
    this.#options = options;
  }

  run(): void {
    this.#writing = Promise.all([this.#write(), this.#look()]);
    this.#reading = this.#read();
  }

  async finish(): Promise<void> {
    this.#isFinishing = true;
    await this.#writing;
  }

  async drained(): Promise<void> {
    this.#isOver = true;
    await this.#reading;
  }

  async #write(): Promise<void> {
    const { name: by, history, chance, to } = this.#options;
    while (!this.#isFinishing) {
      const id = `${by}-${this.#said++}`;
      const body = `${id} asks: who is there?`;
      const address = chance.pick(to);
      history.note({ kind: 'sent', id, by, to: [address], hash: hashOf(body) });
      const { position, duplicate = false } = await this.#ask('send', { id, to: [address], body });
      history.note({ kind: 'answered', id, position, duplicate });
      await sleep(systemClock, PAUSE);
    }
  }

  async #look(): Promise<void> {
    const looks: readonly [Look, ...Look[]] = [
      () => this.#ask('inbox', { count: 5 }),
      () => this.#ask('peers', {}),
      () => this.#ask('sessions', { count: 50 }),
      () => this.#ask('status', {}),
      () => this.#ask('rooms', {}),
      () => this.#ask('receipts', { count: 5 }),
    ];
    while (!this.#isFinishing) {
      await this.#options.chance.pick(looks)();
      await sleep(systemClock, PAUSE);
    }
  }

  async #read(): Promise<void> {
    const { name, history } = this.#options;
    for (;;) {
      const { messages } = await this.#ask('receive', { count: 20, wait_seconds: 2 });
      if (messages.length === 0 && this.#isOver) return;
      for (const message of messages) history.note(readOf(name, message));
      const positions = messages.map(({ position }) => position);
      if (positions.length > 0) await this.#ask('receipt', { state: 'seen', positions });
      if (!this.#isOver) await sleep(systemClock, READ_PAUSE);
    }
  }

  /** Again until it is answered. */
  async #ask<V extends Verb>(verb: V, args: Args<V>): Promise<Results[V]> {
    for (;;) {
      try {
        return await once(verb, args, this.#options.place);
      } catch (error) {
        if (!asRelayError(error).retry) throw error;
        await sleep(systemClock, AGAIN);
      }
    }
  }
}
