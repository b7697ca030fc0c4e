/** R21: same seed, same run. Schedules of faults over the real state, journal, pump, connections and clients. */
import { mkdtempSync, rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { told } from './support/check.ts';
import { IS_LONG, MINUTES, times } from './support/counts.ts';
import { record } from './support/figures.ts';
import { hashOf } from './support/history.ts';
import { seedOf } from './support/seeded.ts';
import { Tables } from './support/sim/tables.ts';
import { type Place, World } from './support/sim/world.ts';

const SCHEDULES = times({ ci: 2_000, long: 1_000_000, planted: 300 });
const PLAYED = MINUTES === undefined ? `in ${SCHEDULES} schedules` : `in ${MINUTES} minutes of schedules`;
const STEPS = 40;
/** Schedules from one word of progress to the next. */
const SPAN = 10_000;
const REPLAYED = times({ ci: 50, long: 500, planted: 3 });

interface Run {
  readonly world: World;
  readonly trouble: string | undefined;
}

async function play(seed: number, place: Place): Promise<Run> {
  const world = new World(seed, place);
  try {
    await world.begin();
    for (let i = 0; i < STEPS; i += 1) await world.step();
    await world.heal();
    const findings = world.findings();
    return { world, trouble: findings.length === 0 ? undefined : told(findings) };
  } catch (error) {
    return { world, trouble: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

/** Everything that happened, as one number: what was seen, and what became durable, in their orders. */
function trace({ world, trouble }: Run): string {
  return hashOf(JSON.stringify([world.history.events, world.disk.durable, trouble]));
}

/** In memory where there is a file system for that: an outbox syncs each of its files. */
function makePlace(): Place {
  const dir = mkdtempSync(process.platform === 'linux' ? '/dev/shm/claude-relay-sim-' : '/tmp/claude-relay-sim-');
  return { dir, disk: new Tables(), replica: new Tables() };
}

describe('R21: the simulator', () => {
  it(`breaks no promise ${PLAYED}`, async () => {
    // In CI the same each time: what fails there is what was changed. `--long` plays others, as does FAULTS_SEED.
    const first = IS_LONG ? seedOf() : seedOf(1);
    const place = makePlace();
    const end = MINUTES === undefined ? Number.POSITIVE_INFINITY : performance.now() + MINUTES * 60_000;
    const sums = { schedules: 0, sent: 0, read: 0, commands: 0 };
    try {
      while (sums.schedules < SCHEDULES && performance.now() < end) {
        const seed = first + sums.schedules;
        const { world, trouble } = await play(seed, place);
        if (trouble !== undefined) throw new Error(`Seed ${seed}: ${trouble}`);
        sums.schedules += 1;
        sums.sent += world.history.count('sent');
        sums.read += world.history.count('read');
        sums.commands += world.disk.durable.length;
        if (sums.schedules % SPAN === 0) console.info(`R21: ${sums.schedules} schedules, from seed ${first}`);
      }
    } finally {
      rmSync(place.dir, { recursive: true, force: true });
    }
    expect(sums.schedules).toBeGreaterThan(0);
    record('R21', { ...sums, seed: `${first}` });
  });

  it(`does the same again for the same seed, ${REPLAYED} times of ${REPLAYED}, and something else for another`, async () => {
    const place = makePlace();
    const traces = new Set<string>();
    try {
      for (let seed = 1; seed <= REPLAYED; seed += 1) {
        const first = trace(await play(seed, place));
        expect(trace(await play(seed, place)), `seed ${seed}`).toBe(first);
        traces.add(first);
      }
    } finally {
      rmSync(place.dir, { recursive: true, force: true });
    }
    expect(traces.size).toBe(REPLAYED);
    record('R21', { replayed: REPLAYED });
  });
});
