/** R15: a failing disk is no lie. The system refuses the n-th sync, or the n-th write, of a relay that starts or runs. */
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { once } from '../../src/client/once.ts';
import { verifyData } from '../../src/data/verify.ts';
import { openJournal } from '../../src/journal/open.ts';
import { asRelayError } from '../../src/protocol/codes.ts';
import { envelopeRowById } from '../../src/state/queries/envelopes.ts';
import { sleep, systemClock } from '../../src/util/clock.ts';
import { EXIT, reason } from '../../src/util/failure.ts';
import { type Machine, machine } from '../support/cli.ts';
import { tempDir } from '../support/temp-dir.ts';
import { expectNone } from './support/check.ts';
import { times } from './support/counts.ts';
import { record } from './support/figures.ts';
import { RelayProcess } from './support/relay-process.ts';
import { itAsRoot } from './support/root.ts';
import { logging, type Point, pointsIn, refusing, spread } from './support/traced.ts';

const SYNCS = times({ ci: 60, long: 200, planted: 36 });
/** Of a relay that runs, one after the other; and of one that starts, spread over all that it writes. */
const WRITES = times({ ci: 20, long: 100, planted: 0 });
const START_WRITES = times({ ci: 6, long: 60, planted: 0 });
const SYNC_CALLS = 'fdatasync,fsync';
const WRITE_CALLS = 'pwrite64';
/** At a time: they mostly wait. */
const TOGETHER = 3;
/** Within which it must be seen that no sends are taken, and from when on they must be taken again. Milliseconds. */
const RED = 1_000;
const AGAIN = 8_000;
/** Within which a relay that answers no more must be gone. Milliseconds. */
const GONE = 5_000;
/** Sends before it is believed that the fault was never met: each is a sync, at least. */
const SENDS = Math.max(60, SYNCS);
/** What a relay says that ends because of its disk: SQLite's words, the system's, its own. */
const SAID = /^claude-relay: The relay cannot run: (disk I\/O error|EIO: |The relay could not write to its disk)/m;

interface Fault {
  readonly calls: string;
  readonly n: number;
  /** Whether it hits the start: then there must be no relay. */
  readonly isAtStart: boolean;
}

/** How it went: the relay did not start, ended, or failed and came back; or it never met the fault. */
type End = 'no start' | 'exit' | 'back' | 'unmet';

interface Outcome {
  readonly fault: Fault;
  readonly answered: ReadonlyMap<string, number>;
  readonly end: End;
  /** What it must not have done. */
  readonly wrong: readonly string[];
}

/** A relay whose system refuses one call, sends until it does, and on until it works again. */
async function run(fault: Fault): Promise<Outcome> {
  const relay = new RelayProcess(machine(), { through: refusing(fault.calls, 'EIO', fault.n) });
  const answered = new Map<string, number>();
  const wrong: string[] = [];
  const isUp = await relay.start().then(
    () => true,
    () => false,
  );
  const end = isUp ? await sendOn(relay, answered, wrong) : 'no start';
  if (end === 'back' || end === 'unmet') await relay.kill();
  else wrong.push(...(await badEnd(relay)));
  if (end === 'unmet') wrong.push('nobody was told of it');
  if ((end === 'no start') !== fault.isAtStart) wrong.push(`it met it ${fault.isAtStart ? 'after' : 'at'} its start`);
  if (end === 'no start') wrong.push(...(await badStart(relay.machine)));
  wrong.push(...(await absent(relay.machine, answered)).map((id) => `${id} was answered and is absent`));
  return { fault, answered, end, wrong: wrong.map((each) => `${fault.calls} ${fault.n}: ${each}`) };
}

async function sendOn(relay: RelayProcess, answered: Map<string, number>, wrong: string[]): Promise<End> {
  let failedAt: number | undefined;
  for (let n = 0; n < SENDS || failedAt !== undefined; n += 1) {
    const id = `m${n}`;
    try {
      answered.set(id, await send(relay, id));
      if (failedAt !== undefined) return 'back';
    } catch (error) {
      const { code } = asRelayError(error);
      if (code === 'not_connected' || code === 'timeout') return 'exit';
      // A page may be asked for before anybody has sent: the first to enter fails.
      if (failedAt === undefined) wrong.push(...(await badHealth(relay.port)));
      failedAt ??= systemClock.monotonic();
      if (systemClock.monotonic() - failedAt > AGAIN) {
        wrong.push(`it did not work again: ${code}`);
        return 'back';
      }
      await sleep(systemClock, 50);
    }
  }
  return 'unmet';
}

/** Answers its position. */
async function send({ place }: RelayProcess, id: string): Promise<number> {
  const options = { url: place.url(), token: place.token(), as: 'A' };
  return (await once('send', { id, to: ['A'], body: id }, options)).position;
}

/** Who cannot be asked is not red: whoever watches the relay would have to guess. */
async function badHealth(port: number): Promise<string[]> {
  const signal = AbortSignal.timeout(RED);
  const status = await fetch(`http://127.0.0.1:${port}/readyz`, { signal }).then(
    (answer) => answer.status,
    () => undefined,
  );
  if (status === 503) return [];
  return [status === undefined ? 'health gave no answer' : `health stayed green (${status})`];
}

/** Of a relay that takes nothing, or nothing any more: it must be gone, and have said why. */
async function badEnd(relay: RelayProcess): Promise<string[]> {
  const ended = await Promise.race([relay.started.ended, sleep(systemClock, GONE)]);
  if (!ended) {
    await relay.kill();
    return ['it hangs: it neither answers nor ends'];
  }
  const { code, stderr } = ended;
  return code === EXIT.error && SAID.test(stderr) ? [] : [`it ended with ${code}: ${stderr.slice(-300)}`];
}

/** After one that failed: it takes mail, and its data are whole. */
async function badStart(home: Machine): Promise<readonly string[]> {
  const relay = new RelayProcess(home);
  try {
    await relay.start();
    await send(relay, 'after');
  } catch (error) {
    return [`it does not start again: ${reason(error)} ${relay.started.stderr.slice(-300)}`];
  } finally {
    await relay.kill();
  }
  const { problems, damaged } = await verifyData(join(dataOf(home), 'relay.sqlite'));
  return [
    ...problems,
    ...damaged.map(({ id }) => `${id} is damaged`),
    ...(await absent(home, new Map([['after', 1]]))),
  ];
}

const dataOf = (home: Machine) => join(home.home, 'data');

/** What was answered, and does not lie where that was said. */
async function absent(home: Machine, answered: ReadonlyMap<string, number>): Promise<string[]> {
  if (answered.size === 0) return [];
  const journal = await openJournal({ dir: dataOf(home) });
  const missing = [...answered].flatMap(([id, position]) =>
    envelopeRowById(journal.state.store, id)?.position === position ? [] : [id],
  );
  await journal.close();
  return missing;
}

/** The calls of a start to which nothing happens: each is counted by itself, as they are refused. */
async function startsCalls(calls: string): Promise<(path: RegExp) => Point[]> {
  const log = join(tempDir(), 'calls');
  const relay = new RelayProcess(machine(), { through: logging(calls, log) });
  await relay.start();
  await relay.kill();
  return (path) => pointsIn(log, path);
}

/** Which syncs no start survives: all that it makes but those of a directory by SQLite, behind those of a new file, which ignores what becomes of them. */
async function fatalSyncs(): Promise<ReadonlySet<number>> {
  const made = await startsCalls(SYNC_CALLS);
  const isOf = (path: RegExp, wanted: number) => made(path).some(({ call, nth }) => call === 'fsync' && nth === wanted);
  const isIgnored = ({ call, nth }: Point) =>
    call === 'fsync' && isOf(/\/data>/, nth) && isOf(/relay\.sqlite-(journal|wal)>/, nth - 1);
  return new Set(
    made(/./)
      .filter((point) => !isIgnored(point))
      .map(({ nth }) => nth),
  );
}

/** The faults to try. */
async function faults(): Promise<{ readonly syncs: Fault[]; readonly atStart: Fault[]; readonly underLoad: Fault[] }> {
  const fatal = await fatalSyncs();
  const writes = (await startsCalls(WRITE_CALLS))(/./).length;
  const write = (n: number): Fault => ({ calls: WRITE_CALLS, n, isAtStart: n <= writes });
  return {
    syncs: upTo(SYNCS).map((n) => ({ calls: SYNC_CALLS, n, isAtStart: fatal.has(n) })),
    atStart: START_WRITES === 0 ? [] : spread(upTo(writes), START_WRITES).map(write),
    underLoad: upTo(WRITES).map((n) => write(writes + n)),
  };
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

/** So many at a time, each as soon as there is room. */
async function all(list: readonly Fault[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const left = list.values();
  const worker = async () => {
    for (const fault of left) outcomes.push(await run(fault));
  };
  await Promise.all(Array.from({ length: TOGETHER }, worker));
  return outcomes;
}

describe('R15: a disk that fails', () => {
  itAsRoot(
    `at its n-th sync (n = 1 to ${SYNCS}), at ${START_WRITES} writes of its start and at ${WRITES} after it is never covered up: what was answered is there, health is red, and it works again`,
    async () => {
      const { syncs, atStart, underLoad } = await faults();
      const outcomes = await all([...syncs, ...atStart, ...underLoad]);
      expectNone(
        'lies about a failing disk',
        outcomes.flatMap(({ wrong }) => wrong),
      );
      const count = (list: readonly Fault[], ...ends: End[]) =>
        outcomes.filter(({ fault, end }) => list.includes(fault) && ends.includes(end)).length;
      const answered = outcomes.reduce((sum, outcome) => sum + outcome.answered.size, 0);
      expect(count(underLoad, 'back', 'exit')).toBe(WRITES);
      expect(count(atStart, 'no start')).toBe(START_WRITES);
      // Some of them at the start, and most of them under load.
      expect(count(syncs, 'no start')).toBeGreaterThan(0);
      expect(count(syncs, 'back', 'exit')).toBeGreaterThan(SYNCS / 2);
      expect(answered).toBeGreaterThan(SYNCS);
      record('R15', {
        'syncs refused at the start': count(syncs, 'no start'),
        'under load': count(syncs, 'back', 'exit'),
        'writes refused at the start': count(atStart, 'no start'),
        'writes under load': count(underLoad, 'back', 'exit'),
        answered,
        'answered and absent': 0,
        'did not start, and did without the fault': count([...syncs, ...atStart], 'no start'),
        ended: count([...syncs, ...underLoad], 'exit'),
        'failed and came back': count([...syncs, ...underLoad], 'back'),
      });
    },
  );
});
