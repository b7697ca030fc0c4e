/** R1: an answered send survives the death of any process. The relay is killed again and again under load. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/journal/driver.ts';
import { sleep, systemClock } from '../../src/util/clock.ts';
import { machine } from '../support/cli.ts';
import { expectKept } from './support/check.ts';
import { times } from './support/counts.ts';
import { record } from './support/figures.ts';
import { History } from './support/history.ts';
import { RelayProcess } from './support/relay-process.ts';
import { Seeded, seedOf } from './support/seeded.ts';
import { Reader, Sender, settledBy } from './support/talker.ts';

const KILLS = times({ ci: 100, long: 1_000, planted: 25 });
const READERS = ['R1', 'R2', 'R3', 'R4'] as const;

describe('R1: the relay, killed under load', () => {
  it(`has lost nothing that it answered, stored nothing twice, and kept the order, after ${KILLS} kills`, async () => {
    const seed = seedOf();
    const chance = new Seeded(seed);
    const relay = new RelayProcess(machine());
    const history = new History();
    await relay.start();
    const readers = READERS.map(
      (name, i) => new Reader(name, relay.place, history, chance, { window: i % 2 === 0 ? 32 : 0 }),
    );
    for (const reader of readers) reader.start();
    await Promise.all(readers.map((reader) => reader.until(() => reader.welcomes > 0)));
    const addresses = [
      ...READERS.map((name) => ({ address: name, readers: [name] })),
      { address: 'all', readers: READERS },
    ] as const;
    const senders = Array.from(
      { length: 8 },
      (_, i) => new Sender(`S${i}`, relay.place, history, chance, { to: addresses, window: i < 2 ? 1 : 8 }),
    );
    for (const sender of senders) sender.start();

    for (let kills = 0; kills < KILLS; kills += 1) {
      await sleep(systemClock, chance.between(5, 250));
      await relay.kill();
      await relay.start();
    }
    await settledBy(senders, KILLS);
    await Promise.all(senders.map((sender) => sender.finish()));
    await Promise.all(readers.map((reader) => reader.drained()));
    await Promise.all(senders.map((sender) => sender.askStates()));
    await Promise.all([...senders, ...readers].map((talker) => talker.stop()));
    await relay.kill('SIGTERM');

    expectKept(history, { least: KILLS, wantsStates: true });
    const integrity = await integrityOf(join(relay.machine.home, 'data/relay.sqlite'));
    expect(integrity).toBe('ok');
    const answered = history.answered().size;
    const read = history.count('read');
    record('R1', { kills: KILLS, answered, read, lost: 0, doubled: 0, seed: `${seed}` });
    record('R5', { read, 'out of order': 0 });
  });
});

async function integrityOf(path: string): Promise<string> {
  const database = await openDatabase(path);
  const row = database.prepare('PRAGMA integrity_check').get() as { integrity_check: string };
  database.close();
  return row.integrity_check;
}
