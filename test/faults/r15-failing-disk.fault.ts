/** R15: a failing disk is no lie. The system refuses the n-th sync, or the n-th write, of the running relay. */
import { join } from 'node:path';
import { describe } from 'vitest';
import { once } from '../../src/client/once.ts';
import { openJournal } from '../../src/journal/open.ts';
import { asRelayError } from '../../src/protocol/codes.ts';
import { envelopeRowById } from '../../src/state/queries/envelopes.ts';
import { sleep, systemClock } from '../../src/util/clock.ts';
import { machine } from '../support/cli.ts';
import { expectNone } from './support/check.ts';
import { times } from './support/counts.ts';
import { record } from './support/figures.ts';
import { RelayProcess } from './support/relay-process.ts';
import { itAsRoot } from './support/root.ts';
import { refusing } from './support/traced.ts';

const SYNCS = times({ ci: 60, long: 200, planted: 60 });
const WRITES = times({ ci: 20, long: 100, planted: 0 });
/** Writes of a relay that starts, about: the first of those that fail. */
const AT_START = 70;
/** At a time: they mostly wait. */
const TOGETHER = 3;
/** Within which it must be seen that no sends are taken, and from when on they must be taken again. Milliseconds. */
const RED = 1_000;
const AGAIN = 8_000;
/** Sends before it is believed that the fault was never met: each is a sync, at least. */
const SENDS = Math.max(60, SYNCS);

interface Outcome {
  readonly what: string;
  readonly answered: ReadonlyMap<string, number>;
  /** How it went: the relay did not start, ended, or failed and came back; or it never met the fault. */
  readonly end: 'no start' | 'exit' | 'back' | 'unmet';
  /** What it must not have done. */
  readonly wrong: readonly string[];
}

/** A relay whose system refuses one call, sends until it does, and on until it works again. */
async function run(calls: string, n: number): Promise<Outcome> {
  const what = `${calls} ${n}`;
  const relay = new RelayProcess(machine(), { through: refusing(calls, 'EIO', n) });
  const answered = new Map<string, number>();
  const wrong: string[] = [];
  try {
    await relay.start();
  } catch {
    return { what, answered, end: 'no start', wrong };
  }
  const end = await sendOn(relay, answered, wrong, what);
  // Each send is a sync of its own: one of them was the n-th.
  if (end === 'unmet' && calls.includes('fdatasync')) wrong.push(`${what}: nobody was told of it`);
  await relay.kill();
  wrong.push(...(await absent(relay, answered)).map((id) => `${what}: ${id} was answered and is absent`));
  return { what, answered, end, wrong };
}

async function sendOn(
  relay: RelayProcess,
  answered: Map<string, number>,
  wrong: string[],
  what: string,
): Promise<Outcome['end']> {
  let failedAt: number | undefined;
  for (let n = 0; n < SENDS || failedAt !== undefined; n += 1) {
    const id = `m${n}`;
    try {
      const { position } = await once(
        'send',
        { id, to: ['A'], body: id },
        { url: relay.place.url(), token: relay.place.token(), as: 'A' },
      );
      answered.set(id, position);
      if (failedAt !== undefined) return 'back';
    } catch (error) {
      if (asRelayError(error).code === 'not_connected' || asRelayError(error).code === 'timeout') return 'exit';
      // A page may be asked for before anybody has sent: the first to enter fails.
      if (failedAt === undefined && !(await isRed(relay.port))) wrong.push(`${what}: health stayed green`);
      failedAt ??= systemClock.monotonic();
      if (systemClock.monotonic() - failedAt > AGAIN) {
        wrong.push(`${what}: it did not work again: ${asRelayError(error).code}`);
        return 'back';
      }
      await sleep(systemClock, 50);
    }
  }
  return 'unmet';
}

async function isRed(port: number): Promise<boolean> {
  const status = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(RED) }).then(
    (answer) => answer.status,
    () => 503,
  );
  return status === 503;
}

async function absent(relay: RelayProcess, answered: ReadonlyMap<string, number>): Promise<string[]> {
  const journal = await openJournal({ dir: join(relay.machine.home, 'data') });
  const missing = [...answered].flatMap(([id, position]) =>
    envelopeRowById(journal.state.store, id)?.position === position ? [] : [id],
  );
  await journal.close();
  return missing;
}

/** From the `first` on, so many at a time, each as soon as there is room. */
async function all(calls: string, count: number, first = 1): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let next = first;
  const worker = async () => {
    while (next < first + count) outcomes.push(await run(calls, next++));
  };
  await Promise.all(Array.from({ length: TOGETHER }, worker));
  return outcomes;
}

describe('R15: a disk that fails', () => {
  itAsRoot(
    `at its n-th sync (n = 1 to ${SYNCS}) or write (to ${WRITES}) is never covered up: what was answered is there, health is red, and it works again`,
    async () => {
      const outcomes = [...(await all('fdatasync,fsync', SYNCS)), ...(await all('pwrite64', WRITES, AT_START))];
      expectNone(
        'lies about a failing disk',
        outcomes.flatMap(({ wrong }) => wrong),
      );
      const count = (end: Outcome['end']) => outcomes.filter((outcome) => outcome.end === end).length;
      const answered = outcomes.reduce((sum, outcome) => sum + outcome.answered.size, 0);
      record('R15', {
        syncs: SYNCS,
        writes: WRITES,
        answered,
        'answered and absent': 0,
        'did not start': count('no start'),
        ended: count('exit'),
        'failed and came back': count('back'),
        'met no fault': count('unmet'),
      });
    },
  );
});
