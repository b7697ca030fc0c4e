/** R16: damage is found, contained, reported. Bits are flipped in the relay's files, and files are cut off; then it is started again. */
import { closeSync, cpSync, openSync, readFileSync, readSync, statSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { once } from '../../src/client/once.ts';
import { openDatabase } from '../../src/journal/driver.ts';
import { asRelayError } from '../../src/protocol/codes.ts';
import type { Envelope } from '../../src/protocol/envelope.ts';
import type { Args, Results, Verb } from '../../src/protocol/verbs.ts';
import { EXIT } from '../../src/util/failure.ts';
import { machine } from '../support/cli.ts';
import { tempDir } from '../support/temp-dir.ts';
import { expectNone } from './support/check.ts';
import { times } from './support/counts.ts';
import { record } from './support/figures.ts';
import { RelayProcess } from './support/relay-process.ts';
import { Seeded, seedOf } from './support/seeded.ts';

const DAMAGES = times({ ci: 200, long: 3_000, planted: 60 });
/** At a time. */
const TOGETHER = 3;
const TABLES = 'relay.sqlite';
const LOG = 'relay.sqlite-wal';
const WORDS = 'search.sqlite';
const MESSAGES = 150;

/** Small tables that say who gets what: of the bits of the whole files hardly one is theirs. */
const ROWS = ['session', 'channel', 'follow', 'person'];
/** What is said of such damage. */
const A_ROW = 'a bit of a row';

/** The data of a relay that was killed (its log is full), and of one that ended by itself; and what was sent. */
interface Base {
  readonly dir: string;
  readonly epoch: string;
  /** In the order in which they were sent. */
  readonly bodies: ReadonlyMap<string, string>;
  /** Of these, what B has taken and seen: it is not to come again. */
  readonly taken: ReadonlySet<string>;
  /** Where the rows of the small tables lie in the file: of what ended by itself. */
  readonly rows: readonly Place[];
}

interface Place {
  readonly table: string;
  readonly from: number;
  readonly until: number;
  /** Where the type of its id is, which SQLite takes from the rowid: there, nothing (0) and the number nothing (8) say the same. */
  readonly idType: number | undefined;
}

/** Of a leaf of a table with rowids. */
const LEAF = 13;

const ask = <V extends Verb>(relay: RelayProcess, verb: V, args: Args<V>, as: string): Promise<Results[V]> =>
  once(verb, args, { url: relay.place.url(), token: relay.place.token(), as });

async function makeBase(signal: 'SIGKILL' | 'SIGTERM', chance: Seeded): Promise<Base> {
  const relay = new RelayProcess(machine());
  await relay.start();
  await ask(relay, 'status', {}, 'B');
  const bodies = new Map<string, string>();
  for (let n = 0; n < MESSAGES; n += 1) {
    const body = `${n} ${'lorem ipsum '.repeat(chance.below(60))}`;
    const { id } = await ask(relay, 'send', { to: ['B'], body }, 'A');
    bodies.set(id, body);
  }
  const { messages } = await ask(relay, 'receive', { count: 50, receipt: 'seen' }, 'B');
  const { epoch } = await ask(relay, 'status', {}, 'A');
  await relay.kill(signal);
  const dir = join(tempDir(), 'data');
  cpSync(join(relay.machine.home, 'data'), dir, { recursive: true });
  const rows = signal === 'SIGTERM' ? await placesOf(join(dir, TABLES)) : [];
  return { dir, epoch, bodies, taken: new Set(messages.map(({ id }) => id)), rows };
}

/** Each row of a table that has one page only (sqlite.org/fileformat2.html, section 1.6): as long as its first number says, here less than 128. */
async function placesOf(path: string): Promise<readonly Place[]> {
  const bytes = readFileSync(path);
  const size = bytes.readUInt16BE(16);
  const database = await openDatabase(path);
  const sql = 'SELECT rootpage FROM sqlite_schema WHERE name = ?';
  const pages = ROWS.map((table) => ({ table, ...(database.prepare(sql).get(table) as { rootpage: number }) }));
  database.close();
  return pages.flatMap(({ table, rootpage }) => {
    const page = (rootpage - 1) * size;
    return Array.from({ length: bytes.readUInt16BE(page + 3) }, (_, n) => {
      const from = page + bytes.readUInt16BE(page + 8 + 2 * n);
      const hasRowid = bytes[page] === LEAF;
      // Length, rowid, length of the head, and then the types of the columns, of which an id is the first.
      const until = from + (hasRowid ? 2 : 1) + (bytes[from] ?? 0);
      return { table, from, until, idType: hasRowid ? from + 3 : undefined };
    });
  });
}

/** Does something to one file, and says what. The words are derived from the others: theirs now and then only. */
function damage({ dir, rows }: Pick<Base, 'dir' | 'rows'>, chance: Seeded): string {
  const place = rows[chance.below(rows.length)];
  if (place && chance.chance(0.4)) {
    const { table, from, until, idType } = place;
    const at = from + chance.below(until - from);
    const bit = 1 << chance.below(8);
    flip(join(dir, TABLES), at, at === idType && bit === 8 ? 1 : bit);
    return `${A_ROW} of ${table} flipped at ${at - from} of ${until - from}`;
  }
  const isThere = (file: string) => (statSync(join(dir, file), { throwIfNoEntry: false })?.size ?? 0) > 0;
  const wanted = chance.chance(0.05) ? WORDS : chance.pick([TABLES, LOG]);
  const name = isThere(wanted) ? wanted : TABLES;
  const path = join(dir, name);
  const { size } = statSync(path);
  const at = chance.below(size);
  if (chance.chance(0.15)) {
    truncateSync(path, at);
    return `${name} cut off at ${at} of ${size}`;
  }
  flip(path, at, 1 << chance.below(8));
  return `a bit of ${name} flipped at ${at} of ${size}`;
}

function flip(path: string, at: number, bit: number): void {
  const fd = openSync(path, 'r+');
  const byte = Buffer.alloc(1);
  readSync(fd, byte, 0, 1, at);
  writeSync(fd, Buffer.of((byte[0] ?? 0) ^ bit), 0, 1, at);
  closeSync(fd);
}

/**
 * How it went. All but `refused to start` and `red` answer whatever they are asked; damage to a row of the small tables is always refused:
 *
 *     refused to start   it ended with the code and the sentence of damaged data
 *     red                /readyz says so, and sends are refused
 *     harmless           the inbox has just what was unread, and the history has all
 *     contained          what is missing there was counted as damaged
 *     said to be gone    the epoch is a new one, and what is left is what was sent first
 *     silent             more is missing, or comes again, than anybody was told
 */
type End = 'refused to start' | 'red' | 'contained' | 'said to be gone' | 'harmless' | 'silent';

interface Outcome {
  readonly what: string;
  readonly end: End;
  readonly wrong: readonly string[];
}

async function run(base: Base, seed: number): Promise<Outcome> {
  const home = machine();
  const dir = join(home.home, 'data');
  cpSync(base.dir, dir, { recursive: true });
  const what = damage({ dir, rows: base.rows }, new Seeded(seed));
  const relay = new RelayProcess(home);
  const started = relay.launch();
  const isUp = await relay.ready().then(
    () => true,
    () => false,
  );
  if (!isUp) {
    const { code, stderr } = await started.ended;
    const isSaid = code === EXIT.damaged && /data are damaged/.test(stderr);
    const wrong = isSaid ? [] : [`${what}: it ended with ${code}: ${stderr.slice(-300)}`];
    return { what, end: 'refused to start', wrong };
  }
  const found = await new Look(relay, base, what).all();
  if (what.startsWith(A_ROW)) return { ...found, wrong: [...found.wrong, `${what}: it started`] };
  const isAlive = started.child.exitCode === null && started.child.signalCode === null;
  if (!isAlive) return { ...found, wrong: [...found.wrong, `${what}: it died: ${started.stderr.slice(-300)}`] };
  await relay.kill();
  return found;
}

/** Reads all that a relay gives, in every way, and compares. */
class Look {
  readonly #relay: RelayProcess;
  readonly #base: Base;
  readonly #what: string;
  readonly #inbox = new Set<string>();
  readonly #history = new Set<string>();
  readonly #wrong: string[] = [];
  /** What was refused, and why. */
  readonly #refused: string[] = [];

  constructor(relay: RelayProcess, base: Base, what: string) {
    this.#relay = relay;
    this.#base = base;
    this.#what = what;
  }

  async all(): Promise<Outcome> {
    await this.#readInbox();
    await this.#readHistory();
    this.#take((await this.#ask('history', { query: 'lorem', count: 5 }))?.messages, new Set());
    const end = await this.#end();
    const what = end === 'silent' ? `${this.#what} (${this.#lost.length} missing, ${this.#again} again)` : this.#what;
    return { what, end, wrong: this.#wrong.map((each) => `${what}: ${each}`) };
  }

  async #readInbox(): Promise<void> {
    for (;;) {
      const page = await this.#ask('receive', { count: 50, receipt: 'seen' });
      const isNew = this.#take(page?.messages, this.#inbox);
      if (!page || page.messages.length === 0) return;
      if (!isNew) return this.#accuse('the inbox gives out what it gave out before');
    }
  }

  async #readHistory(): Promise<void> {
    for (let before = Number.MAX_SAFE_INTEGER; before > 0; ) {
      const page = await this.#ask('history', { count: 100, before });
      this.#take(page?.messages, this.#history);
      before = page?.more ? (page.messages[0]?.position ?? 0) : 0;
    }
  }

  async #end(): Promise<End> {
    const status = await this.#ask('status', {});
    const health = await this.#get('/readyz');
    if (health.status === 503) return this.#red();
    if (health.status !== 200) this.#accuse(`health is neither green nor red: ${health.status}`);
    // Whoever is told that all is well is told so of every question.
    if (this.#refused.length > 0) this.#accuse(`health is green, and refused were ${this.#refused.join(', ')}`);
    const lost = this.#lost.length;
    if (lost === 0 && this.#again === 0) return 'harmless';
    const damaged = Number(/claude_relay_damaged_total (\d+)/.exec((await this.#get('/metrics')).text)?.[1] ?? 0);
    if (lost <= damaged && this.#again === 0) return 'contained';
    this.#beginningIsLeft();
    return status && status.epoch !== this.#base.epoch ? 'said to be gone' : 'silent';
  }

  async #red(): Promise<End> {
    const refusal = await ask(this.#relay, 'send', { to: ['B'], body: 'more' }, 'A').then(
      () => 'taken',
      (error) => asRelayError(error).code,
    );
    if (refusal !== 'storage_failed') this.#accuse(`health is red, and a send was ${refusal}`);
    return 'red';
  }

  /** What the history lacks, and the inbox of what was unread. */
  get #lost(): string[] {
    const { bodies, taken } = this.#base;
    const isThere = (id: string) => this.#history.has(id) && (taken.has(id) || this.#inbox.has(id));
    return [...bodies.keys()].filter((id) => !isThere(id));
  }

  /** How many had been taken before, and came again. */
  get #again(): number {
    return [...this.#base.taken].filter((id) => this.#inbox.has(id)).length;
  }

  /** What lost its end is what it was earlier: without the newest messages, but with all before them. */
  #beginningIsLeft(): void {
    const ids = [...this.#base.bodies.keys()];
    const lost = new Set(this.#lost);
    const first = ids.findIndex((id) => lost.has(id));
    const later = first < 0 ? [] : ids.slice(first).filter((id) => !lost.has(id));
    if (later.length > 0) this.#accuse(`${ids[first]} is missing, and ${later.length} that came after it are there`);
  }

  /** Compares them with what was sent. Answers whether any of them is new there. */
  #take(messages: readonly Envelope[] = [], place: Set<string>): boolean {
    const { size } = place;
    for (const { id, body, from } of messages) {
      place.add(id);
      if (from !== '(relay)' && (this.#base.bodies.get(id) !== body || from !== 'A'))
        this.#accuse(`${id} from ${from} came altered: ${body.slice(0, 60)}`);
    }
    return place.size > size;
  }

  #accuse(what: string): void {
    this.#wrong.push(what);
  }

  async #ask<V extends Verb>(verb: V, args: Args<V>): Promise<Results[V] | undefined> {
    try {
      return await ask(this.#relay, verb, args, 'B');
    } catch (error) {
      this.#refused.push(`${verb}: ${asRelayError(error).code}`);
      return undefined;
    }
  }

  /** `status` 0: there was no answer. */
  async #get(path: string): Promise<{ readonly status: number; readonly text: string }> {
    const headers = { authorization: `Bearer ${this.#relay.place.token()}` };
    try {
      const answer = await fetch(`http://127.0.0.1:${this.#relay.port}${path}`, { headers });
      return { status: answer.status, text: await answer.text() };
    } catch {
      return { status: 0, text: '' };
    }
  }
}

describe('R16: damage', () => {
  it(`to the files, ${DAMAGES} times, is never given out as somebody’s words, and never a loop of crashes`, async () => {
    const seed = seedOf();
    const chance = new Seeded(seed);
    const bases = [await makeBase('SIGKILL', chance), await makeBase('SIGTERM', chance)] as const;
    const outcomes: Outcome[] = [];
    let next = 0;
    const worker = async () => {
      while (next < DAMAGES) {
        const n = next++;
        outcomes.push(await run(n % 3 === 0 ? bases[1] : bases[0], seed + n));
      }
    };
    await Promise.all(Array.from({ length: TOGETHER }, worker));
    expectNone(
      `damages that did harm (seed ${seed})`,
      outcomes.flatMap(({ wrong }) => wrong),
    );
    // A log that is cut off is what a crash leaves: nobody can tell.
    const silent = outcomes.filter(({ end, what }) => end === 'silent' && !what.includes('-wal cut off'));
    expectNone(
      `damages that were not reported (seed ${seed})`,
      silent.map(({ what }) => what),
    );
    const count = (end: End) => outcomes.filter((outcome) => outcome.end === end).length;
    const ends = ['refused to start', 'red', 'contained', 'said to be gone', 'harmless'] as const;
    expect(outcomes).toHaveLength(DAMAGES);
    record('R16', {
      damages: DAMAGES,
      'altered bodies given out': 0,
      'crash loops': 0,
      ...Object.fromEntries(ends.map((end) => [end, count(end)])),
      'logs cut short, unknowably': count('silent'),
      seed: `${seed}`,
    });
  });
});
