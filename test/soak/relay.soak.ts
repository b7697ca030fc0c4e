/**
 * The soak: two relays live side by side for half an hour, each with all that lives at a relay, and something goes wrong every five seconds.
 *
 *     steady   nothing ends its process: that is one from the first minute to the last, and its memory, descriptors and timers must not grow.
 *              Its clients are cut off, killed, stopped and stalled; what else comes is bad, halved, oversize, aborted, too many
 *     mortal   is killed with `kill -9`, and stopped: what it has answered must be there after that, too
 *
 * Two, since a process that is killed never shows what it would have held in the end, and one that is not loses nothing that it holds in memory. Each has
 * a history, which `check.ts` judges. All processes are watched for errors that nobody caught; a session process that lives all the time must be flat, too.
 */
import { expect, it } from 'vitest';
import { sleep, systemClock } from '../../src/util/clock.ts';
import { record } from '../faults/support/figures.ts';
import { Seeded, seedOf } from '../faults/support/seeded.ts';
import { tempDir } from '../support/temp-dir.ts';
import { Guests } from './support/guests.ts';
import { outcomeOf } from './support/outcome.ts';
import { Storm } from './support/storm.ts';
import { Watched } from './support/watched.ts';
import { World } from './support/world.ts';

const MINUTES = Number(process.env['SOAK_MINUTES'] || 30);
const EVERY = Number(process.env['SOAK_EVERY'] || 5) * 1_000;
const MINUTE = 60_000;
/** Sixty samples in a third, where there is time for them. */
const SAMPLE = Math.max(1_000, Math.min(10_000, (MINUTES * MINUTE) / 180));
/** For all that is under way to come to its end. */
const QUIET = 10 * MINUTE;

it(
  `a relay stays as it is and loses nothing, with a fault every ${EVERY / 1_000} s for ${MINUTES} minutes`,
  async () => {
    const seed = seedOf();
    const chance = new Seeded(seed);
    const watched = new Watched(tempDir(), SAMPLE);
    const steady = await World.start('steady', { senders: 3, readers: 4, agents: 2, callers: 1 }, watched, chance);
    const mortal = await World.start('mortal', { senders: 1, readers: 2, agents: 1, callers: 1 }, watched, chance);
    const storm = new Storm({ steady, mortal, guests: new Guests(steady), chance });
    const worlds = [steady, mortal];
    const [begun, ended] = await Promise.race([weather(storm, worlds), steady.untilItEnds()]);

    const during = (as: string) => watched.samples(as).filter(({ at }) => at >= begun && at <= ended);
    const lived = [
      { name: 'relay', samples: during('steady') },
      { name: 'session', samples: during('steady-M2') },
    ];
    const { figures, problems } = outcomeOf({ minutes: MINUTES, seed, worlds, storm, watched, lived });
    record('soak', figures);
    expect(problems).toEqual([]);
  },
  MINUTES * MINUTE + QUIET,
);

/** From the first fault until all is read that was sent. Answers when it began to count, and when it no longer did. */
async function weather(storm: Storm, worlds: readonly World[]): Promise<readonly [begun: number, ended: number]> {
  const life = new AbortController();
  const visits = storm.scene.guests.visit(life.signal);
  await storm.warmUp();
  const begun = systemClock.now();
  await blow(storm, begun);
  const ended = systemClock.now();
  await storm.over();
  life.abort();
  await visits;
  await Promise.all(worlds.map((world) => world.end()));
  return [begun, ended];
}

async function blow(storm: Storm, begun: number): Promise<void> {
  const { history } = storm.scene.steady;
  let minute = 1;
  for (let at = EVERY; at <= MINUTES * MINUTE; at += EVERY) {
    await sleep(systemClock, Math.max(0, begun + at - systemClock.now()));
    storm.next();
    if (at < minute * MINUTE) continue;
    const [faults, answers, failures] = [storm.total, history.count('answered'), storm.failures.length];
    console.log(`minute ${minute}: ${faults} faults, ${answers} messages answered, ${failures} faults gone wrong`);
    minute += 1;
  }
}
