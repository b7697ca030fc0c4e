/**
 * Is a process flat? What it holds in the second third of its time is compared with what it holds in the last: the median of each, so that a fault under
 * way at one moment says nothing. In the first third it warms up: code is compiled, the caches of the database are filled.
 *
 *     samples   │ warming up │  before  │  after  │     leaks: after > before + what may be
 */
import { median } from '../../../bench/measure.mjs';

export interface Sample {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Bytes that the program holds in V8's heap and beside it, after a collection. */
  readonly heap: number;
  /** Bytes that belong to the process alone. */
  readonly memory: number;
  readonly descriptors: number;
  /** That may still fire. */
  readonly timers: number;
  /** Sockets, servers, threads, requests under way: what Node calls active resources, but for timers. */
  readonly handles: number;
}

export type Measure = Exclude<keyof Sample, 'at'>;

const MIB = 1024 * 1024;

/**
 * What may be more in the last third, and is no leak. Descriptors, timers and handles: what one fault may hold at the moment; at rest they are the same to
 * the last one. Heap: code that was compiled late. Memory of the process: what is not filled yet of SQLite's cache, which is 16 MiB; it is for what grows
 * outside of the heap.
 */
const MAY_GROW: Readonly<Record<Measure, number>> = {
  heap: 2 * MIB,
  memory: 16 * MIB,
  descriptors: 3,
  timers: 3,
  handles: 3,
};
/**
 * The relay has its newest messages in memory, and lets go of two thousand at a time: a sawtooth of this height at the load of a soak, a tooth in two or
 * three minutes. The median of a third that is shorter may be from anywhere on it.
 */
const TOOTH = { bytes: 3 * MIB, ms: 180_000 };

/** Fewer in a third are chance. */
const LEAST = 5;

/** The medians of the three thirds. */
export type Thirds = readonly [warming: number, before: number, after: number];

export function thirdsOf(samples: readonly Sample[], measure: Measure): Thirds {
  const size = Math.floor(samples.length / 3);
  if (size < LEAST) throw new Error(`${samples.length} samples tell nothing; ${3 * LEAST} are needed.`);
  const third = (n: number) => median(samples.slice(n * size, (n + 1) * size).map((sample) => sample[measure]));
  return [third(0), third(1), third(2)];
}

/** A line for each measure that has grown. */
export function leaksIn(samples: readonly Sample[]): string[] {
  const measures = Object.keys(MAY_GROW) as Measure[];
  return measures.flatMap((measure) => {
    const [, before, after] = thirdsOf(samples, measure);
    return after - before > mayGrow(measure, samples) ? [`${measure} grew from ${before} to ${after}`] : [];
  });
}

function mayGrow(measure: Measure, samples: readonly Sample[]): number {
  const third = ((samples.at(-1)?.at ?? 0) - (samples[0]?.at ?? 0)) / 3;
  return MAY_GROW[measure] + (measure === 'heap' && third < TOOTH.ms ? TOOTH.bytes : 0);
}
