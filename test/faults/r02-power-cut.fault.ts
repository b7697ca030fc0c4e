/** R2: an answered send survives a power cut. The disk is copied under the running relay, and the copy is looked at. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { askAdmin } from '../../src/client/admin.ts';
import { openJournal } from '../../src/journal/open.ts';
import { envelopeRowById, traceById } from '../../src/state/queries/envelopes.ts';
import { sleep, systemClock } from '../../src/util/clock.ts';
import { machine } from '../support/cli.ts';
import { expectKept, expectNone } from './support/check.ts';
import { times } from './support/counts.ts';
import { Disk } from './support/disk.ts';
import { record } from './support/figures.ts';
import { History, hashOf } from './support/history.ts';
import { plantedBundle } from './support/planting.ts';
import { RelayProcess } from './support/relay-process.ts';
import { itAsRoot } from './support/root.ts';
import { Seeded, seedOf } from './support/seeded.ts';
import { Reader, Sender, settledBy } from './support/talker.ts';

const CUTS = times({ ci: 20, long: 300, planted: 3 });
/** Of one relay: after each, everything is read that it ever answered. */
const CUTS_EACH = 20;
/** Megabytes: room for everything that one relay writes. */
const DISK = 256;
/** Messages that are kept when the relay is told to forget what was read: some stay, some go. */
const KEPT = 50;
/** From so many cuts on, one comes after a checkpoint: a relay of fewer may not live as long. */
const CHECKPOINTED = 10;

interface Outcome {
  readonly answered: number;
  readonly lost: readonly string[];
  readonly integrity: readonly string[];
  /** Messages that a cut has left without their words, in the copy that had most of them. */
  readonly pruned: number;
  /** Cuts before which the log had been moved into the tables since the cut before. */
  readonly checkpoints: number;
}

/** Forgets what was read, but for the newest. Answers how many that were. */
async function prune({ place }: RelayProcess): Promise<number> {
  const answer = await askAdmin('prune', { count: KEPT }, { url: place.url(), token: place.token() });
  return Number(Object(answer).pruned);
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
  // Bodies of 2 KB: a log of many megabytes by the end.
  const body = (n: number) => `${n} ${'x'.repeat(chance.below(4_000))}`;
  const senders = ['S1', 'S2', 'S3', 'S4'].map(
    (name) =>
      new Sender(name, relay.place, history, chance, { to: [{ address: 'R1', readers: ['R1'] }], window: 8, body }),
  );
  for (const sender of senders) sender.start();
  while ((await prune(relay)) === 0) await sleep(systemClock, 20);

  // Only a checkpoint writes there.
  const writtenAt = () => statSync(join(disk.path, 'data/relay.sqlite')).mtimeMs;
  const firstWritten = writtenAt();
  let lastWritten = firstWritten;
  let [checkpoints, pruned] = [0, 0];
  const lost: string[] = [];
  const integrity: string[] = [];
  for (let n = 0; n < cuts; n += 1) {
    await sleep(systemClock, chance.between(50, 400));
    // Each cut has something to take that the one before had not.
    await settledBy(
      senders,
      senders.reduce((sum, { settled }) => sum + settled, 1),
    );
    while (n + 1 === CHECKPOINTED && writtenAt() === firstWritten) await sleep(systemClock, 20);
    const pruning = prune(relay);
    await sleep(systemClock, chance.below(30));
    relay.signal('SIGSTOP');
    if (writtenAt() !== lastWritten) checkpoints += 1;
    lastWritten = writtenAt();
    // What was answered before is read to the end: it counts.
    const known = await settled(history);
    const left = disk.cut('data');
    relay.signal('SIGCONT');
    const found = await look(left, known);
    lost.push(...found.lost);
    integrity.push(found.integrity);
    pruned = Math.max(pruned, found.pruned);
    await pruning;
  }
  await Promise.all(senders.map((sender) => sender.finish()));
  await reader.drained();
  await Promise.all(senders.map((sender) => sender.askStates()));
  await Promise.all([...senders, reader].map((talker) => talker.stop()));
  await relay.kill();
  // The power of this relay itself was never cut.
  expectKept(history, { least: cuts, wantsStates: true });
  return { answered: history.answered().size, lost: [...new Set(lost)], integrity, pruned, checkpoints };
}

/** The number of events once no more come from a stopped relay. */
async function settled(history: History): Promise<History['events']> {
  for (let before = -1; before !== history.events.length; ) {
    before = history.events.length;
    await sleep(systemClock, 5);
  }
  return [...history.events];
}

/** What was answered is there with its words, or, once it was read, without them: then its id and position are. */
async function look(
  dir: string,
  events: History['events'],
): Promise<{ lost: string[]; integrity: string; pruned: number }> {
  const journal = await openJournal({ dir });
  const { store } = journal.state;
  const hashes = new Map(events.flatMap((event) => (event.kind === 'sent' ? [[event.id, event.hash]] : [])));
  const read = new Set(events.flatMap((event) => (event.kind === 'read' ? event.id : [])));
  let pruned = 0;
  const lost = events.flatMap((event) => {
    if (event.kind !== 'answered') return [];
    const { id, position } = event;
    const row = envelopeRowById(store, id);
    if (row) return row.position === position && hashOf(row.body) === hashes.get(id) ? [] : [id];
    pruned += 1;
    return read.has(id) && traceById(store, id)?.position === position ? [] : [id];
  });
  const row = store.get<{ integrity_check: string }>('PRAGMA integrity_check');
  await journal.close();
  return { lost, integrity: row?.integrity_check ?? 'nothing', pruned };
}

describe('R2: a power cut', () => {
  itAsRoot(`has taken nothing that was answered, in ${CUTS} of ${CUTS}`, async () => {
    const seed = seedOf();
    const chance = new Seeded(seed);
    let [answered, pruned, checkpoints] = [0, 0, 0];
    for (let left = CUTS; left > 0; left -= CUTS_EACH) {
      const cuts = Math.min(left, CUTS_EACH);
      const found = await cutPower(cuts, chance);
      expectNone('lost', found.lost);
      expect([...new Set(found.integrity)]).toEqual(['ok']);
      expect(found.pruned).toBeGreaterThan(0);
      if (cuts >= CHECKPOINTED) expect(found.checkpoints).toBeGreaterThan(0);
      answered += found.answered;
      pruned += found.pruned;
      checkpoints += found.checkpoints;
    }
    record('R2', { cuts: CUTS, answered, pruned, 'checkpoints met': checkpoints, lost: 0, seed: `${seed}` });
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
