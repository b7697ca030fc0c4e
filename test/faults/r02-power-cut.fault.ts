/** R2: an answered send survives a power cut. The disk is copied under the running relay, and the copy is looked at. */
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { openJournal } from '../../src/journal/open.ts';
import { envelopeRowById } from '../../src/state/queries/envelopes.ts';
import { sleep, systemClock } from '../../src/util/clock.ts';
import { machine } from '../support/cli.ts';
import { expectNone } from './support/check.ts';
import { times } from './support/counts.ts';
import { Disk } from './support/disk.ts';
import { record } from './support/figures.ts';
import { History, hashOf } from './support/history.ts';
import { plantedBundle } from './support/planting.ts';
import { RelayProcess } from './support/relay-process.ts';
import { itAsRoot } from './support/root.ts';
import { Seeded, seedOf } from './support/seeded.ts';
import { Reader, Sender } from './support/talker.ts';

const CUTS = times({ ci: 20, long: 300, planted: 3 });
/** Of one relay: after each, everything is read that it ever answered. */
const CUTS_EACH = 20;
/** Megabytes: room for everything that one relay writes. */
const DISK = 256;

interface Outcome {
  readonly answered: number;
  readonly lost: readonly string[];
  readonly integrity: readonly string[];
}

/** A relay under load on a disk of its own, and what each of so many cuts would have left. */
async function cutPower(cuts: number, chance: Seeded, cli?: string): Promise<Outcome> {
  const disk = Disk.make(DISK);
  const relay = new RelayProcess(machine(), { args: ['--data', join(disk.path, 'data')], ...(cli ? { cli } : {}) });
  const history = new History();
  await relay.start();
  const reader = new Reader('R1', relay.place, history, chance, { window: 32 });
  reader.start();
  await reader.until(() => reader.welcomes > 0);
  // Bodies of 2 KB: the log is moved into the database file every few hundred of them.
  const body = (n: number) => `${n} ${'x'.repeat(chance.below(4_000))}`;
  const senders = ['S1', 'S2', 'S3', 'S4'].map(
    (name) =>
      new Sender(name, relay.place, history, chance, { to: [{ address: 'R1', readers: ['R1'] }], window: 8, body }),
  );
  for (const sender of senders) sender.start();

  const lost: string[] = [];
  const integrity: string[] = [];
  for (let n = 0; n < cuts; n += 1) {
    await sleep(systemClock, chance.between(50, 400));
    relay.signal('SIGSTOP');
    // What was answered before is read to the end: it counts.
    const known = await settled(history);
    const left = disk.cut('data');
    relay.signal('SIGCONT');
    const found = await look(left, known);
    lost.push(...found.lost);
    integrity.push(found.integrity);
  }
  await Promise.all([...senders, reader].map((talker) => talker.stop()));
  await relay.kill();
  return { answered: history.answered().size, lost: [...new Set(lost)], integrity };
}

/** The number of events once no more come from a stopped relay. */
async function settled(history: History): Promise<History['events']> {
  for (let before = -1; before !== history.events.length; ) {
    before = history.events.length;
    await sleep(systemClock, 5);
  }
  return [...history.events];
}

async function look(dir: string, events: History['events']): Promise<{ lost: string[]; integrity: string }> {
  const journal = await openJournal({ dir });
  const { store } = journal.state;
  const hashes = new Map(events.flatMap((event) => (event.kind === 'sent' ? [[event.id, event.hash]] : [])));
  const lost = events.flatMap((event) => {
    if (event.kind !== 'answered') return [];
    const row = envelopeRowById(store, event.id);
    return row?.position === event.position && hashOf(row.body) === hashes.get(event.id) ? [] : [event.id];
  });
  const row = store.get<{ integrity_check: string }>('PRAGMA integrity_check');
  await journal.close();
  return { lost, integrity: row?.integrity_check ?? 'nothing' };
}

describe('R2: a power cut', () => {
  itAsRoot(`has taken nothing that was answered, in ${CUTS} of ${CUTS}`, async () => {
    const seed = seedOf();
    const chance = new Seeded(seed);
    let answered = 0;
    for (let left = CUTS; left > 0; left -= CUTS_EACH) {
      const found = await cutPower(Math.min(left, CUTS_EACH), chance);
      expectNone('lost', found.lost);
      expect([...new Set(found.integrity)]).toEqual(['ok']);
      answered += found.answered;
    }
    record('R2', { cuts: CUTS, answered, lost: 0, seed: `${seed}` });
  });

  itAsRoot('takes something from a relay that does not sync every commit: the rig can tell', async () => {
    const bundle = await plantedBundle('synchronous NORMAL');
    try {
      const { answered, lost } = await cutPower(3, new Seeded(seedOf()), bundle.cli);
      expect(lost.length).toBeGreaterThan(0);
      record('R2', { 'control answered': answered, 'control lost': lost.length });
    } finally {
      bundle.remove();
    }
  });
});
