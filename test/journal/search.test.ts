import { copyFileSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { openDatabase } from '../../src/journal/driver.ts';
import { FullText } from '../../src/journal/full-text.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { openJournal } from '../../src/journal/open.ts';
import { matchExpression } from '../../src/journal/search.ts';
import type { Command, Send } from '../../src/state/command.ts';
import { World } from '../state/world.ts';
import { afterEveryTest } from '../support/cleanup.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { tempDir } from '../support/temp-dir.ts';

// Thousands of cases: how long they take says nothing.
vi.setConfig({ testTimeout: 120_000 });

describe('search', () => {
  function library(bodies: readonly string[]) {
    const world = new World();
    const a = world.enter('A');
    for (const body of bodies) world.send(a, 'A', { body });
    return async (query: string) => (await world.search(a, query)).map((position) => world.read(position).body);
  }

  it.each<[string, string[]]>([
    ['alpha', ['Alpha beta', 'alpha gamma']],
    ['ALPHA', ['Alpha beta', 'alpha gamma']],
    ['beta alpha', ['Alpha beta']],
    ['alp*', ['Alpha beta', 'alpha gamma']],
    ['alp', []],
    ['alpha *', ['Alpha beta', 'alpha gamma']],
    ['ecole', ['École']],
    ['"alpha', ['Alpha beta', 'alpha gamma']],
    ['src/state/ladder.ts', ['see src/state/ladder.ts']],
    ['42', ['42 is a number']],
    ['alpha OR', []],
    ['NOT alpha', []],
    ['NEAR(alpha', []],
    ['body:alpha', []],
    ['beta -alpha', ['Alpha beta']],
    ['日本', ['日本 語']],
  ])('finds with %j %j', async (query, expected) => {
    const find = library([
      'Alpha beta',
      'alpha gamma',
      'École',
      'see src/state/ladder.ts',
      '42 is a number',
      '日本 語',
    ]);
    expect(await find(query)).toEqual(expected);
  });

  it.each(['', ' ', '*', '"', '""', '- -', '()', '…', '\0', '\ud800', '***', '^'])(
    'refuses %j, which holds no word',
    async (query) => {
      await expect(library([])(query)).rejects.toMatchObject({ code: 'bad_request' });
    },
  );

  it('takes anything that people can type: an answer or bad_request, never a fault', async () => {
    const find = library(['alpha', 'beta gamma']);
    const piece = fc.constantFrom(
      ...'"*^:(){}[]+-,.\\/\'`~<>=!?;|&%$#@\0 \t\n\ud800\udfff☃é',
      'NEAR',
      'AND',
      'OR',
      'NOT',
      'alpha',
      'body',
      '0',
    );
    const hostile = fc.oneof(
      fc.array(piece, { maxLength: 30 }).map((parts) => parts.join('')),
      fc.string({ unit: 'binary', maxLength: 256 }),
    );
    await fc.assert(
      fc.asyncProperty(hostile, async (query) => {
        if (/[\p{L}\p{N}]/u.test(query)) expect(await find(query)).toBeInstanceOf(Array);
        else await expect(find(query)).rejects.toMatchObject({ code: 'bad_request' });
      }),
      { numRuns: 2_000 },
    );
  });

  it('quotes each word, so that none can be an operator', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (query) => {
        if (!/[\p{L}\p{N}]/u.test(query)) return;
        const one = matchExpression({ query, session: 3, channels: [], ascending: false, limit: 1 });
        expect(one).toMatch(/^body : \("(?:[^"\0]|"")*"\*?(?: "(?:[^"\0]|"")*"\*?)*\) AND who : \(s3\)$/);
      }),
    );
  });

  it('takes as many words as a query may hold', async () => {
    const words = Array.from({ length: 128 }, () => 'a').join(' ');
    expect(await library(['a a'])(words)).toEqual(['a a']);
  });
});

describe('the volumes of the full text', () => {
  const SIZE = 4;
  /** A sends to itself; all is handed. */
  function shelf(path = ':memory:', size = SIZE) {
    const world = new World();
    const a = world.enter('A');
    const text = new FullText(world.store.database, path, size);
    const send = (body: string) => world.sent(a, 'A', { body });
    const forget = (...positions: number[]) => {
      world.report(a, 'handed', positions);
      world.apply({ type: 'prune', positions });
    };
    const take = () => {
      world.store.settle();
      while (text.catchUp());
    };
    const volumes = () => world.store.all<{ n: number }>('SELECT n FROM words.volume ORDER BY n').map(({ n }) => n);
    return { world, text, send, forget, take, volumes };
  }
  const ALL = { after: 0, before: 1e9, ascending: true, limit: 1_000 };

  it('find together what one would: every range, order and page of it', () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ send: fc.constantFrom('red fox', 'red hen', 'old hen') }) },
      { weight: 1, arbitrary: fc.record({ forget: fc.nat(40) }) },
      { weight: 1, arbitrary: fc.constant({ take: true }) },
    );
    const ask = fc.record({
      word: fc.constantFrom('red', 'hen', 'old', 'f*', 'none'),
      after: fc.nat(42),
      before: fc.nat(42),
      ascending: fc.boolean(),
      limit: fc.integer({ min: 1, max: 6 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.array(ask, { minLength: 1, maxLength: 8 }), (steps, asks) => {
        const { text, send, forget, take } = shelf();
        const bodies = new Map<number, string>();
        for (const each of steps) {
          if ('send' in each) bodies.set(send(each.send), each.send);
          else if ('take' in each) take();
          else if (bodies.delete(each.forget)) forget(each.forget);
        }
        take();
        for (const { word, ...range } of asks) {
          const fits = (body: string) => body.split(' ').some((one) => one.startsWith(word.replace('*', '')));
          const positions = [...bodies].flatMap(([at, body]) =>
            at > range.after && at < range.before && fits(body) ? at : [],
          );
          const sorted = positions.sort((x, y) => (range.ascending ? x - y : y - x)).slice(0, range.limit);
          expect(text.find(word === 'f*' ? '"f"*' : word, range)).toEqual(sorted);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('go when nothing is left of them, and no others', () => {
    const { text, send, forget, take, volumes } = shelf();
    for (let i = 1; i <= 9; i++) send('hay');
    take();
    expect(volumes()).toEqual([0, 1, 2]);
    forget(4, 5, 6);
    take();
    expect(volumes()).toEqual([0, 1, 2]);
    forget(7, 8, 9);
    take();
    // The last may still get some.
    expect([volumes(), text.find('hay', ALL)]).toEqual([
      [0, 2],
      [1, 2, 3],
    ]);
    for (let i = 10; i <= 13; i++) send('hay');
    take();
    expect([volumes(), text.find('hay', ALL)]).toEqual([
      [0, 2, 3],
      [1, 2, 3, 10, 11, 12, 13],
    ]);
    forget(10, 11);
    take();
    expect(volumes()).toEqual([0, 3]);
  });

  it('go later when they were emptied while they were filled', () => {
    const { send, forget, take, volumes } = shelf();
    for (let i = 1; i <= 3; i++) send('hay');
    take();
    forget(1, 2, 3);
    take();
    expect(volumes()).toEqual([0]);
    send('hay');
    take();
    expect(volumes()).toEqual([1]);
  });

  describe('in a file', () => {
    /** How often a word is in the file and in its log. */
    function onDisk(size = SIZE) {
      const path = join(tempDir(), 'words');
      const rig = shelf(path, size);
      const bytes = (word: string) =>
        ['', '-wal'].map((end) => readFileSync(`${path}${end}`, 'latin1').split(word).length - 1);
      const tidied = () => {
        for (let n = 1; ; n++) if (!rig.text.tidy()) return n;
      };
      return { ...rig, path, bytes, tidied };
    }

    it('keep nothing of what was forgotten, and all that was not', () => {
      const { text, send, forget, take, bytes, tidied } = onDisk();
      for (const body of ['hay', 'hay zebracorn', 'hay', 'hay', 'hay', 'hay zebracorn']) send(body);
      take();
      forget(2, 6);
      take();
      expect(bytes('zebracorn')[1]).toBeGreaterThan(0);
      tidied();
      expect([bytes('zebracorn'), text.find('hay', ALL), text.find('zebracorn', ALL)]).toEqual([
        [0, 0],
        [1, 3, 4, 5],
        [],
      ]);
      expect(tidied(), 'nothing is left to do').toBe(1);
    });

    it('keep nothing of a volume that went', () => {
      const { send, forget, take, bytes, tidied, volumes } = onDisk();
      for (const body of ['zebracorn', 'zebracorn', 'zebracorn', 'hay']) send(body);
      take();
      tidied();
      forget(1, 2, 3);
      take();
      expect(bytes('zebracorn')).not.toEqual([0, 0]);
      expect(volumes()).toEqual([1]);
      tidied();
      expect(bytes('zebracorn')).toEqual([0, 0]);
    });

    it('keep nothing in a log that somebody left who was killed', () => {
      const { world, path, send, forget, take, bytes } = onDisk();
      for (const body of ['zebracorn', 'zebracorn', 'zebracorn', 'hay']) send(body);
      take();
      forget(1, 2, 3);
      take();
      expect(bytes('zebracorn')[1], 'a volume went').toBeGreaterThan(0);
      const left = join(tempDir(), 'words');
      for (const end of ['', '-wal']) copyFileSync(`${path}${end}`, `${left}${end}`);
      world.store.database.exec('DETACH words');
      const next = new FullText(world.store.database, left, SIZE);
      expect(next.tidy()).toBe(false);
      expect(readFileSync(`${left}-wal`, 'latin1')).toBe('');
    });

    it('are tidied further by whoever opens them next', () => {
      const { world, text, path, send, forget, take, bytes } = onDisk(100_000);
      const straws = (i: number) => Array.from({ length: 40 }, (_, j) => `straw${i * 40 + j}`).join(' ');
      for (let i = 1; i <= 3_000; i++) send(`hay ${straws(i)} ${i % 100 === 0 ? 'zebracorn' : ''}`);
      take();
      forget(...Array.from({ length: 30 }, (_, i) => 100 * (i + 1)));
      take();
      expect(text.tidy()).toBe(true);
      world.store.database.exec('DETACH words');
      const again = new FullText(world.store.database, path, 100_000);
      let steps = 1;
      while (again.tidy()) steps += 1;
      expect(steps, 'in small steps').toBeGreaterThan(2);
      expect([bytes('zebracorn'), again.find('hay', { ...ALL, limit: 10_000 }).length]).toEqual([[0, 0], 2_970]);
    });
  });

  it('are all made again when one of them is missing', () => {
    const dir = tempDir();
    const world = new World();
    const a = world.enter('A');
    for (let i = 1; i <= 6; i++) world.sent(a, 'A', { body: 'hay' });
    world.store.settle();
    const path = join(dir, 'words');
    const first = new FullText(world.store.database, path, SIZE);
    while (first.catchUp());
    world.store.database.exec('DROP TABLE words.volume_0; DETACH words');
    const again = new FullText(world.store.database, path, SIZE);
    while (again.catchUp());
    expect(again.find('hay', ALL)).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

/** The thread as it is shipped. */
const SCRIPT = new URL('../../dist/search.mjs', import.meta.url);
const EVERYTHING = { session: 2, channels: [1, 2, 3], after: 0, before: 1e9, ascending: true, limit: 10_000 };

const enter = (name: string): Command => ({ type: 'enter', at: 1, name, about: {} });
const send = (id: string, body: string): Send => ({
  type: 'send',
  at: 1,
  id,
  sender: 2,
  to: ['B'],
  body,
  priority: 'normal',
  hash: id,
});

const opened: Journal[] = [];
afterEveryTest(async () => {
  for (const journal of opened.splice(0)) await journal.close();
});

/** By whoever all of them were for. */
const handed = (positions: number[]): Command => ({ type: 'receipt', at: 9, session: 3, state: 'handed', positions });

/** With A (session 2) and B (session 3), which are there from the first time on. */
async function open(dir: string, more: Partial<Parameters<typeof openJournal>[0]> = {}): Promise<Journal> {
  const journal = await openJournal({ dir, ...more });
  opened.push(journal);
  for (const name of ['A', 'B']) await journal.submit(enter(name));
  return journal;
}

describe.each([
  ['in this thread', undefined],
  ['in a thread of its own', SCRIPT],
])('the full text %s', (_, searchThread) => {
  const find = (journal: Journal, query: string) => journal.search.find({ ...EVERYTHING, query });

  it('finds what was stored before the question, at once', async () => {
    const journal = await open(join(tempDir(), 'data'), { searchThread });
    expect(await find(journal, 'needle')).toEqual([]);
    for (let i = 0; i < 2_100; i++) void journal.submit(send(`m${i}`, i % 1_000 === 7 ? `needle ${i}` : 'hay'));
    await journal.submit(send('last', 'another needle'));
    expect(await find(journal, 'needle')).toEqual([8, 1_008, 2_008, 2_101]);
    expect(await journal.search.find({ ...EVERYTHING, query: 'needle', ascending: false, limit: 2 })).toEqual([
      2_101, 2_008,
    ]);
    expect(await journal.search.find({ ...EVERYTHING, query: 'needle', after: 8, before: 2_008 })).toEqual([1_008]);
  });

  it('has after a start what it had before, and what it had not come to', async () => {
    const dir = join(tempDir(), 'data');
    const before = await open(dir, { searchThread });
    await before.submit(send('m1', 'one needle'));
    expect(await find(before, 'needle')).toEqual([1]);
    await before.submit(send('m2', 'two needles: needle'));
    await before.close();
    const journal = await open(dir, { searchThread });
    expect(await find(journal, 'needle')).toEqual([1, 2]);
  });

  it('has no more what was forgotten, whether it had it before or not', async () => {
    const dir = join(tempDir(), 'data');
    const journal = await open(dir, { searchThread });
    for (const id of ['m1', 'm2', 'm3']) await journal.submit(send(id, 'needle'));
    expect(await find(journal, 'needle')).toEqual([1, 2, 3]);
    for (const id of ['m4', 'm5']) await journal.submit(send(id, 'needle'));
    await journal.submit(handed([1, 2, 3, 4, 5]));
    expect((await journal.submit({ type: 'prune', positions: [1, 3, 5] })).outcome.pruned).toBe(3);
    expect(await find(journal, 'needle')).toEqual([2, 4]);
    await journal.submit({ type: 'prune', positions: [4] });
    await journal.close();
    const again = await open(dir, { searchThread });
    expect(await find(again, 'needle')).toEqual([2]);
    await again.submit(send('m6', 'needle'));
    expect(await find(again, 'needle')).toEqual([2, 6]);
  });

  it('starts anew beside tables of another history', async () => {
    const [dir, other] = [join(tempDir(), 'data'), join(tempDir(), 'data')];
    for (const [at, words] of [
      [dir, 'old words'],
      [other, 'new words'],
    ] as const) {
      const journal = await open(at, { searchThread });
      await journal.submit(send('m1', words));
      expect(await find(journal, 'words')).toEqual([1]);
      await journal.close();
    }
    copyFileSync(join(dir, 'search.sqlite'), join(other, 'search.sqlite'));
    const journal = await open(other, { searchThread });
    expect([await find(journal, 'old'), await find(journal, 'new')]).toEqual([[], [1]]);
  });

  /** Its full text knows of a second message, its tables of the first one only. */
  async function knowsMore(): Promise<string> {
    const dir = join(tempDir(), 'data');
    const first = await open(dir, { searchThread });
    await first.submit(send('m1', 'kept'));
    await first.close();
    copyFileSync(join(dir, 'relay.sqlite'), join(dir, 'copy'));
    const second = await open(dir, { searchThread });
    await second.submit(send('m2', 'lost'));
    expect(await find(second, 'lost')).toEqual([2]);
    await second.close();
    copyFileSync(join(dir, 'copy'), join(dir, 'relay.sqlite'));
    return dir;
  }

  it('starts anew when it knows more than the tables: they were restored from a copy', async () => {
    const journal = await open(await knowsMore(), { searchThread });
    expect([await find(journal, 'lost'), await find(journal, 'kept')]).toEqual([[], [1]]);
  });

  it('starts anew when it knew more than the tables, which have grown since: a power cut left the words and not the message', async () => {
    const journal = await open(await knowsMore(), { searchThread });
    await journal.submit(send('m3', 'instead'));
    expect([await find(journal, 'lost'), await find(journal, 'instead')]).toEqual([[], [2]]);
  });

  it.each(['no database at all', 'SQLite format 3\0 and then nothing of the kind'.padEnd(9_000, 'x')])(
    'is made again when its file is damaged: %#',
    async (damage) => {
      const dir = join(tempDir(), 'data');
      const journal = await open(dir, { searchThread });
      await journal.submit(send('m1', 'needle'));
      writeFileSync(join(dir, 'search.sqlite'), damage, { mode: 0o600 });
      expect(await find(journal, 'needle')).toEqual([1]);
    },
  );

  it('lies in a file that nobody else can read', async () => {
    const dir = join(tempDir(), 'data');
    const journal = await open(dir, { searchThread });
    await journal.submit(send('m1', 'needle'));
    await find(journal, 'needle');
    for (const name of ['search.sqlite', 'search.sqlite-wal'])
      expect(statSync(join(dir, name)).mode & 0o777, name).toBe(0o600);
  });

  it('refuses what holds no word, and everything once it is closed', async () => {
    const journal = await open(join(tempDir(), 'data'), { searchThread });
    await expect(find(journal, '***')).rejects.toMatchObject({ code: 'bad_request' });
    await journal.close();
    await journal.search.close();
  });
});

describe('the thread', () => {
  /** Looks at what it has taken in, without making it take in more. */
  async function taken(
    dir: string,
    wanted: number,
    what: 'position' | 'pruned' = 'position',
    between = (): void => undefined,
  ): Promise<void> {
    // By the thread's driver: two copies of SQLite in one process know nothing of each other's locks.
    const words = await openDatabase(join(dir, 'search.sqlite'));
    const done = words.prepare(`SELECT ${what} AS n FROM done`);
    const isTaken = () => {
      between();
      return (done.get() as { n: number }).n === wanted;
    };
    await vi.waitUntil(isTaken, { timeout: 20_000 });
    words.close();
  }

  async function filled(count: number) {
    const dir = join(tempDir(), 'data');
    const clock = new FakeClock();
    const journal = await open(dir, { searchThread: SCRIPT, clock });
    await journal.search.find({ ...EVERYTHING, query: 'start' });
    for (let i = 1; i < count; i++) void journal.submit(send(`m${i}`, 'hay'));
    await journal.submit(send('last', 'hay'));
    return { dir, clock, journal };
  }

  it('takes in a slice a second while much is stored, and the rest once it is quiet', async () => {
    const { dir, clock } = await filled(3_500);
    await taken(dir, 0);
    clock.advance(1_000);
    await taken(dir, 1_000);
    await vi.waitUntil(() => {
      clock.advance(1_000);
      return clock.pending === 0;
    });
    await taken(dir, 3_500);
  });

  it('lets go of what was forgotten, though nobody asks', async () => {
    const { dir, clock, journal } = await filled(10);
    await taken(dir, 10, 'position', () => clock.advance(1_000));
    await journal.submit(handed([3, 10]));
    await journal.submit({ type: 'prune', positions: [3, 10] });
    // The thread may still be at what it took in: then it is asked a second later.
    await taken(dir, 2, 'pruned', () => clock.advance(1_000));
    await vi.waitUntil(() => {
      clock.advance(1_000);
      return clock.pending === 0;
    });
  });

  it('lets go of what was forgotten a second later when its file was not to be written', async () => {
    const { dir, clock, journal } = await filled(10);
    const isQuiet = () => {
      clock.advance(1_000);
      return clock.pending === 0;
    };
    await taken(dir, 10, 'position', () => clock.advance(1_000));
    await vi.waitUntil(isQuiet);
    await journal.submit(handed([3]));
    const words = await openDatabase(join(dir, 'search.sqlite'));
    words.exec('PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE');
    await journal.submit({ type: 'prune', positions: [3] });
    clock.advance(1_000);
    await vi.waitUntil(() => clock.pending === 1, { timeout: 20_000 });
    words.exec('ROLLBACK');
    words.close();
    await taken(dir, 1, 'pruned', () => clock.advance(1_000));
    await vi.waitUntil(isQuiet);
  });

  it('asks for no more time once it has all', async () => {
    const { dir, clock } = await filled(10);
    await taken(dir, 10, 'position', () => clock.advance(1_000));
    await vi.waitUntil(() => {
      clock.advance(1_000);
      return clock.pending === 0;
    });
  });

  it('is not there until there is something for it to do', async () => {
    const clock = new FakeClock();
    const dir = join(tempDir(), 'data');
    await (await open(dir, { searchThread: SCRIPT, clock })).close();
    expect(() => statSync(join(dir, 'search.sqlite'))).toThrow(/ENOENT/);
    expect(clock.pending).toBe(0);
  });

  it('fails who waits when it dies, and is started again by who asks next', async () => {
    const dir = join(tempDir(), 'data');
    const broken = new URL('data:text/javascript,throw new Error("dies")');
    const journal = await open(dir, { searchThread: broken });
    const ask = () => journal.search.find({ ...EVERYTHING, query: 'needle' });
    await expect(ask()).rejects.toMatchObject({ code: 'internal' });
    await expect(ask()).rejects.toMatchObject({ code: 'internal' });
  });

  it('is asked again a second later when it died over what was forgotten', async () => {
    const dir = join(tempDir(), 'data');
    const isIll = join(tempDir(), 'ill');
    const code = `import { existsSync } from 'node:fs';
      import { parentPort } from 'node:worker_threads';
      parentPort.on('message', ({ type }) => {
        if (type === 'close' || existsSync(${JSON.stringify(isIll)})) process.exit(1);
        parentPort.postMessage({ type: 'done', position: 1 });
      });`;
    const clock = new FakeClock();
    const journal = await open(dir, {
      searchThread: new URL(`data:text/javascript,${encodeURIComponent(code)}`),
      clock,
    });
    const isQuiet = () => {
      clock.advance(1_000);
      return clock.pending === 0;
    };
    await journal.submit(send('m1', 'hay'));
    await vi.waitUntil(isQuiet, { timeout: 20_000 });
    await journal.submit(handed([1]));
    writeFileSync(isIll, '');
    await journal.submit({ type: 'prune', positions: [1] });
    for (let times = 0; times < 3; times += 1) {
      clock.advance(1_000);
      await vi.waitUntil(() => clock.pending === 1, { timeout: 20_000 });
    }
    rmSync(isIll);
    await vi.waitUntil(isQuiet, { timeout: 20_000 });
  });

  it('answers who waits when the journal closes', async () => {
    const { journal } = await filled(2_000);
    const found = journal.search.find({ ...EVERYTHING, query: 'hay' });
    await journal.close();
    expect(await found).toHaveLength(2_000);
    await expect(journal.search.find({ ...EVERYTHING, query: 'hay' })).rejects.toMatchObject({ code: 'shutting_down' });
  });
});
