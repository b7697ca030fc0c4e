/** R18: upgrade and restore are safe. Whatever is killed meanwhile leaves the old data or the new ones, never neither. */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect } from 'vitest';
import { verifyData } from '../../src/data/verify.ts';
import { openDatabase } from '../../src/journal/driver.ts';
import { openJournal } from '../../src/journal/open.ts';
import { envelopeRowById } from '../../src/state/queries/envelopes.ts';
import { SCHEMA_VERSION } from '../../src/state/schema.ts';
import { sleep, systemClock } from '../../src/util/clock.ts';
import { CLI, type Machine, machine, type Started } from '../support/cli.ts';
import { tempDir } from '../support/temp-dir.ts';
import { expectNone } from './support/check.ts';
import { times } from './support/counts.ts';
import { record } from './support/figures.ts';
import { History, hashOf } from './support/history.ts';
import { OwnRelay } from './support/own-relay.ts';
import { RelayProcess } from './support/relay-process.ts';
import { itAsRoot } from './support/root.ts';
import { Seeded, seedOf } from './support/seeded.ts';
import { Reader, Sender } from './support/talker.ts';
import { deadly, logging, type Point, pointsIn, spread } from './support/traced.ts';

const UPGRADES = times({ ci: 20, long: 200 });
const BACKUPS = times({ ci: 5, long: 50 });
const RESTORES = times({ ci: 20, long: 200 });

/** From ready on, within which an upgrade is over. Milliseconds. */
const AFTER = 1_000;

/** All by which anything on a disk is changed. */
const CHANGES = 'pwrite64,ftruncate,fsync,fdatasync,rename,unlink,copy_file_range,sendfile';

/** Eighty-one messages of A to B, to C, to a room and to all, and an answer, as the relay of commit c127b8a left them: schema 1. */
const OLD = new URL('data/schema-1.sqlite.gz', import.meta.url);
const OLD_IDS = [...Array.from({ length: 80 }, (_, n) => `old-${n}`), 'old-reply'];

/** A machine with data of the first schema. */
function oldMachine(): Machine {
  const home = machine();
  const data = dataOf(home);
  mkdirSync(data, { mode: 0o700 });
  writeFileSync(join(data, 'relay.sqlite'), gunzipSync(readFileSync(OLD)), { mode: 0o600 });
  return home;
}

const dataOf = (home: Machine) => join(home.home, 'data');

// The messages grow old in the archive; nobody ends them here.
const upgrading = (home: Machine, through: readonly string[]) =>
  new RelayProcess(home, { through, args: ['--keep-unread', '36500d'] });

/** Of a process, not of us: `strace` ends as its program did. */
const wasKilled = ({ child }: Started) => child.signalCode === 'SIGKILL';

/** Was it killed before it was ready, or at once then? One that was not is ended, and does not count. */
async function diesOnItsWay(relay: RelayProcess): Promise<boolean> {
  const { ended } = relay.started;
  await relay.ready().then(
    () => Promise.race([ended, sleep(systemClock, AFTER)]),
    () => ended,
  );
  const isDead = wasKilled(relay.started);
  await relay.kill();
  return isDead;
}

/** Everything that anybody can ask of the old data, once they are in use. */
async function askAll(data: string): Promise<string> {
  const own = new OwnRelay({}, data);
  await own.start();
  const told: unknown[] = [];
  for (const id of OLD_IDS) told.push(await own.receiptsOf(id === 'old-reply' ? 'B' : 'A', id));
  for (const name of ['A', 'B', 'C']) {
    told.push(await own.ask('history', { count: 100 }, name));
    for (;;) {
      const { messages } = await own.receive(name, 20);
      if (messages.length === 0) break;
      told.push(messages);
    }
  }
  await own.stop();
  return JSON.stringify(told);
}

/** What a copy of the files holds: the schema, and whether they are whole. */
async function schemaOf(data: string): Promise<number | string> {
  const copy = join(tempDir(), 'data');
  cpSync(data, copy, { recursive: true });
  const database = await openDatabase(join(copy, 'relay.sqlite'));
  try {
    const { integrity_check: check } = database.prepare('PRAGMA integrity_check').get() as { integrity_check: string };
    const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
    return check === 'ok' ? version : check;
  } finally {
    database.close();
  }
}

describe('R18: an upgrade', () => {
  itAsRoot(
    `killed at ${UPGRADES} points has left the old data or the new ones, and the next start finishes it`,
    async () => {
      const log = join(tempDir(), 'calls');
      const undisturbed = oldMachine();
      const first = upgrading(undisturbed, logging(CHANGES, log));
      await first.start();
      await first.kill();
      expect(await schemaOf(dataOf(undisturbed))).toBe(SCHEMA_VERSION);
      const expected = await askAll(dataOf(undisturbed));
      const found = new Map<number | string, number>();
      const wrong: string[] = [];
      let killed = 0;
      for (const point of spread(pointsIn(log, /relay\.sqlite/), UPGRADES)) {
        const home = oldMachine();
        const relay = upgrading(home, deadly(point));
        const started = relay.launch();
        if (await diesOnItsWay(relay)) killed += 1;
        else wrong.push(`${nameOf(point)} killed nobody: ${started.stderr.slice(-300)}`);
        const schema = await schemaOf(dataOf(home));
        found.set(schema, (found.get(schema) ?? 0) + 1);
        if (typeof schema === 'string') wrong.push(`${nameOf(point)} left broken pages: ${schema}`);
        else if ((await askAll(dataOf(home))) !== expected) wrong.push(`${nameOf(point)} changed what is told`);
      }
      expectNone('upgrades that were harmed', wrong);
      expect(killed).toBe(UPGRADES);
      // Otherwise it was never killed in the middle of it.
      expect([...found.keys()]).toEqual(expect.arrayContaining([1, SCHEMA_VERSION]));
      record('R18', {
        'upgrades killed': killed,
        'upgrades that left the old data': found.get(1) ?? 0,
        'the new data': found.get(SCHEMA_VERSION) ?? 0,
        'those of a step between': killed - (found.get(1) ?? 0) - (found.get(SCHEMA_VERSION) ?? 0),
        neither: 0,
      });
    },
  );
});

const nameOf = ({ call, nth }: Point) => `${call} ${nth}`;

interface Backup {
  readonly file: string;
  /** The data as they lay when the relay was killed. */
  readonly data: string;
  readonly epoch: string | undefined;
  /** Id → where it lies and what it says; what was answered before the backup began, and all of it. */
  readonly before: Known;
  readonly all: Known;
}

type Known = ReadonlyMap<string, string>;

/** A relay under load, a backup of it, more load, and its sudden end. One backup more is killed on its way. */
async function backUp(chance: Seeded): Promise<Backup> {
  const home = machine();
  const relay = new RelayProcess(home);
  const history = new History();
  await relay.start();
  const reader = new Reader('R', relay.place, history, chance, { window: 32 });
  reader.start();
  await reader.until(() => reader.welcomes > 0);
  const options = {
    to: [
      { address: 'R', readers: ['R'] },
      { address: 'AWAY', readers: ['AWAY'] },
    ],
    window: 8,
    body: (n: number) => `${n} ${'x'.repeat(chance.below(2_000))}`,
  } as const;
  const senders = ['S1', 'S2', 'S3'].map((name) => new Sender(name, relay.place, history, chance, options));
  for (const sender of senders) sender.start();
  await senders[0]?.until(() => history.answered().size > 300);

  const cutOff = join(home.user, 'cut-off.sqlite');
  const dying = await home.start(['backup', cutOff]);
  await sleep(systemClock, chance.between(50, 400));
  await dying.kill('SIGKILL');
  if (existsSync(cutOff)) expect((await verifyData(cutOff)).problems).toEqual([]);

  const before = known(history);
  const file = join(home.user, 'backup.sqlite');
  await home.ok(['backup', file]);
  await Promise.all(senders.map((sender) => sender.finish()));
  await relay.kill();
  await Promise.all([...senders, reader].map((talker) => talker.stop()));
  const backup = { file, data: dataOf(home), before, all: known(history) };
  // Whoever opens the data empties their log: looked at is a copy.
  const { epoch } = await lookAt(dataOf(copyOf(backup)), backup.all);
  return { ...backup, epoch };
}

function known({ events }: History): Known {
  const hashes = new Map(events.flatMap((event) => (event.kind === 'sent' ? [[event.id, event.hash]] : [])));
  return new Map(
    events.flatMap((event) =>
      event.kind === 'answered' ? [[event.id, `${event.position} ${hashes.get(event.id)}`]] : [],
    ),
  );
}

/** Opens the data, as the next start would, and misses what ought to be there. */
async function lookAt(
  data: string,
  wanted: Known,
): Promise<{ readonly epoch: string | undefined; readonly missing: string[] }> {
  const journal = await openJournal({ dir: data });
  const { state } = journal;
  const missing = [...wanted].flatMap(([id, said]) => {
    const row = envelopeRowById(state.store, id);
    return row && `${row.position} ${hashOf(row.body)}` === said ? [] : [id];
  });
  const { epoch } = state;
  await journal.close();
  return { epoch, missing };
}

/** A machine with a copy of these data. */
function copyOf({ data }: Pick<Backup, 'data'>): Machine {
  const home = machine();
  cpSync(data, dataOf(home), { recursive: true });
  return home;
}

const restoring = (home: Machine, { file }: Backup, through: readonly string[]) => {
  const [program = '', ...rest] = [...through, process.execPath, CLI, 'restore', file];
  return home.spawn(program, rest, { input: '' });
};

/** Where its restore can be killed: one that is larger makes more calls. */
async function pointsOf(backup: Backup): Promise<Point[]> {
  const log = join(tempDir(), 'calls');
  const { code, stderr } = await restoring(copyOf(backup), backup, logging(CHANGES, log)).ended;
  expect(code, stderr).toBe(0);
  return pointsIn(log, /\/data\//);
}

/** At one point after the other, in one of the copies after the other. Answers how many were killed, and how many left the old data. */
async function killRestores(
  backups: readonly [Backup, ...Backup[]],
  wrong: string[],
): Promise<{ readonly killed: number; readonly old: number }> {
  const points: Point[][] = [];
  for (const backup of backups) points.push(spread(await pointsOf(backup), RESTORES));
  let killed = 0;
  let old = 0;
  for (let n = 0; n < RESTORES; n += 1) {
    const backup = backups[n % backups.length] ?? backups[0];
    const point = points[n % backups.length]?.[n];
    if (!point) throw new Error('A restore changed nothing.');
    const home = copyOf(backup);
    const dying = restoring(home, backup, deadly(point));
    const { code, stderr } = await dying.ended;
    if (wasKilled(dying)) killed += 1;
    else wrong.push(`${nameOf(point)} killed nobody: it ended with ${code}: ${stderr.slice(-300)}`);
    const { epoch } = await lookAt(dataOf(home), new Map());
    const isOld = epoch === backup.epoch;
    if (isOld) old += 1;
    const { missing } = await lookAt(dataOf(home), isOld ? backup.all : backup.before);
    wrong.push(...missing.map((id) => `${nameOf(point)}: ${id} is gone`));
    const again = await restoring(home, backup, []).ended;
    if (again.code !== 0) wrong.push(`${nameOf(point)}: it cannot be done again: ${again.stderr}`);
    const second = await lookAt(dataOf(home), backup.before);
    wrong.push(...second.missing.map((id) => `${nameOf(point)}: ${id} is gone when it was done again`));
  }
  return { killed, old };
}

describe('R18: a backup', () => {
  itAsRoot(
    `taken under load ${BACKUPS} times, and its restore killed at ${RESTORES} points, has lost nothing from before`,
    async () => {
      const seed = seedOf();
      const chance = new Seeded(seed);
      const backups: [Backup, ...Backup[]] = [await backUp(chance)];
      while (backups.length < BACKUPS) backups.push(await backUp(chance));
      const wrong: string[] = [];
      for (const backup of backups) {
        const home = copyOf(backup);
        const { code, stderr } = await restoring(home, backup, []).ended;
        expect(code, stderr).toBe(0);
        const { epoch, missing } = await lookAt(dataOf(home), backup.before);
        if (epoch === backup.epoch) wrong.push('the epoch is the old one');
        wrong.push(...missing.map((id) => `${id} was answered before the backup, and is not in it`));
      }
      expectNone('lost by a backup', wrong);

      const { killed, old } = await killRestores(backups, wrong);
      expectNone('lost by a restore', wrong);
      expect(killed).toBe(RESTORES);
      expect([old > 0, old < RESTORES]).toEqual([true, true]);
      record('R18', {
        backups: BACKUPS,
        'answered before': backups.reduce((sum, { before }) => sum + before.size, 0),
        'restores killed': killed,
        'restores that left the old data': old,
        lost: 0,
        seed: `${seed}`,
      });
    },
  );
});
