/** A clock that moves only when a test says so. Timers fire in order of their time, then of their making. */
import type { Clock, Timer } from '../../src/util/clock.ts';

interface Waiting {
  due: number;
  readonly order: number;
  readonly call: () => void;
  /** Present for `every`. */
  readonly period?: number;
}

/** Lets everything run that waits for promises or for one turn of the event loop, without any time passing. */
export async function settle(turns = 5): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

export class FakeClock implements Clock {
  readonly #waiting = new Set<Waiting>();
  #elapsed = 0;
  #order = 0;
  #offset: number;

  /** `start` is the first answer of now(), milliseconds since 1970. */
  constructor(start = 1_700_000_000_000) {
    this.#offset = start;
  }

  now(): number {
    return this.#offset + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  after(ms: number, call: () => void): Timer {
    return this.#add({ due: this.#elapsed + Math.max(0, ms), order: this.#order++, call });
  }

  every(ms: number, call: () => void): Timer {
    let current = { due: this.#elapsed + ms, order: this.#order++, call: () => {}, period: ms };
    const fire = () => {
      current = { ...current, due: current.due + ms, order: this.#order++ };
      this.#waiting.add(current);
      call();
    };
    current.call = fire;
    this.#waiting.add(current);
    return { cancel: () => this.#waiting.delete(current) };
  }

  soon(call: () => void): void {
    setImmediate(call);
  }

  /** Steps the wall clock (now) without any time passing, as NTP or a person does. */
  step(ms: number): void {
    this.#offset += ms;
  }

  /** Time passes and no timer fires, as long as it lasts: what fell due meanwhile is due now, once. */
  skip(ms: number): void {
    this.#elapsed += ms;
    for (const timer of [...this.#waiting]) if (timer.due < this.#elapsed) timer.due = this.#elapsed;
  }

  /** Timers that still wait: 0 when everything was cancelled that should have been. */
  get pending(): number {
    return this.#waiting.size;
  }

  /** Milliseconds until the next timer; undefined when there is none. */
  get untilNext(): number | undefined {
    const next = this.#next();
    return next && next.due - this.#elapsed;
  }

  /** Moves time and fires what falls due, synchronously. Promises run after it. */
  advance(ms: number): void {
    const end = this.#elapsed + ms;
    while (this.#fireNext(end));
    this.#elapsed = end;
  }

  /** Moves time; after every timer, and at the end, lets promises and I/O callbacks run (see `settle`). */
  async run(ms: number, settled: () => Promise<void> = settle): Promise<void> {
    const end = this.#elapsed + ms;
    await settled();
    while (this.#fireNext(end)) await settled();
    this.#elapsed = end;
    await settled();
  }

  #add(timer: Waiting): Timer {
    this.#waiting.add(timer);
    return { cancel: () => this.#waiting.delete(timer) };
  }

  #next(): Waiting | undefined {
    let next: Waiting | undefined;
    for (const timer of this.#waiting) {
      if (!next || timer.due < next.due || (timer.due === next.due && timer.order < next.order)) next = timer;
    }
    return next;
  }

  #fireNext(end: number): boolean {
    const next = this.#next();
    if (!next || next.due > end) return false;
    this.#waiting.delete(next);
    this.#elapsed = Math.max(this.#elapsed, next.due);
    next.call();
    return true;
  }
}
