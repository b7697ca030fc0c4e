import {
  closeSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/journal/driver.ts';
import { lostPages } from '../../src/journal/log-check.ts';
import { openJournal } from '../../src/journal/open.ts';
import { tempDir } from '../support/temp-dir.ts';

const HEADER = 32;
const FRAME = 24 + 4096;

/** The bytes of a database and its log, as a process leaves them that is killed. */
let files: { readonly database: Buffer; readonly log: Buffer; readonly rows: number };

beforeAll(async () => {
  const path = join(tempDir(), 'a.sqlite');
  const database = await openDatabase(path);
  database.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (x)');
  for (let i = 0; i < 20; i++) database.exec(`INSERT INTO t VALUES ('${'x'.repeat(1_000)}')`);
  files = { database: readFileSync(path), log: readFileSync(`${path}-wal`), rows: 20 };
  database.close();
});

const copy = () => put(files.database, files.log);

function flip(path: string, at: number): void {
  const byte = readFileSync(path)[at] ?? 0;
  const fd = openSync(path, 'r+');
  writeSync(fd, Buffer.from([byte ^ 0x10]), 0, 1, at);
  closeSync(fd);
}

async function rowsOf(path: string): Promise<number> {
  const database = await openDatabase(path);
  try {
    return (database.prepare('SELECT count(*) AS n FROM t').get() as { n: number }).n;
  } catch {
    return 0; // not even the table was in what was read
  } finally {
    database.close();
  }
}

/** A log over the remains of an older one: as it was before a transaction of many pages, and after it. */
async function committed() {
  const path = join(tempDir(), 'd.sqlite');
  const database = await openDatabase(path);
  database.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (x)');
  for (let i = 0; i < 20; i++) database.exec(`INSERT INTO t VALUES ('${'x'.repeat(1_000)}')`);
  database.prepare('PRAGMA wal_checkpoint(RESTART)').get();
  database.exec("INSERT INTO t VALUES ('after')");
  const before = { database: readFileSync(path), log: readFileSync(`${path}-wal`) };
  database.exec('BEGIN');
  for (let i = 0; i < 10; i++) database.exec(`INSERT INTO t VALUES ('${'y'.repeat(3_000)}')`);
  database.exec('COMMIT');
  const longer = readFileSync(`${path}-wal`);
  database.close();
  return { ...before, longer };
}

/** The first frame of the later one that is not in the earlier. */
function firstChange(log: Buffer, longer: Buffer): number {
  let at = HEADER;
  while (log.subarray(at, at + FRAME).equals(longer.subarray(at, at + FRAME))) at += FRAME;
  return at;
}

/** Behind the last frame with the salts of its header. */
function endOf(log: Buffer): number {
  let end = HEADER;
  while (log.subarray(end + 8, end + 16).equals(log.subarray(16, 24))) end += FRAME;
  return end;
}

function put(database: Buffer, log: Buffer): string {
  const path = join(tempDir(), 'b.sqlite');
  writeFileSync(path, database);
  writeFileSync(`${path}-wal`, log);
  return path;
}

const lostIn = (database: Buffer, log: Buffer) => lostPages(`${put(database, log)}-wal`);

describe('a log', () => {
  it('as a killed process leaves it is whole', () => {
    expect(lostPages(`${copy()}-wal`)).toBe(0);
  });

  it('that is not there, or has nothing in it, is whole', () => {
    const path = join(tempDir(), 'x-wal');
    expect(lostPages(path)).toBe(0);
    writeFileSync(path, '');
    expect(lostPages(path)).toBe(0);
    writeFileSync(path, Buffer.alloc(HEADER));
    expect(lostPages(path)).toBe(0);
  });

  it('that was cut off is what a crash leaves', () => {
    const path = copy();
    for (const size of [files.log.length - 1, files.log.length - FRAME, HEADER + FRAME + 100, HEADER + 3]) {
      truncateSync(`${path}-wal`, size);
      expect(lostPages(`${path}-wal`)).toBe(0);
    }
  });

  it('with the remains of an older one behind it is whole', async () => {
    const path = join(tempDir(), 'c.sqlite');
    const database = await openDatabase(path);
    database.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (x)');
    for (let i = 0; i < 20; i++) database.exec("INSERT INTO t VALUES ('x')");
    database.prepare('PRAGMA wal_checkpoint(RESTART)').get();
    database.exec("INSERT INTO t VALUES ('after')");
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(10 * FRAME);
    expect(lostPages(`${path}-wal`)).toBe(0);
    database.close();
  });

  it('as a process leaves it that is killed at any byte of a commit is whole, also over the remains of an older one', async () => {
    const { database, log, longer } = await committed();
    expect(longer.length).toBe(log.length);
    for (let at = firstChange(log, longer); at < endOf(longer); at += FRAME) {
      for (const bytes of [24, 24 + 100, FRAME - 1, FRAME]) {
        const left = Buffer.concat([longer.subarray(0, at + bytes), log.subarray(at + bytes)]);
        expect(lostIn(database, left), `frame at ${at}, killed after ${bytes} bytes of it`).toBe(0);
      }
    }
  });

  it('with what was left of a longer transaction that a kill cut short is whole', async () => {
    const { database, log, longer } = await committed();
    const [first, end] = [firstChange(log, longer), endOf(longer)];
    // The last one has its end, but not its page.
    for (const cut of [first + 3 * FRAME, end - FRAME, end - FRAME + 24]) {
      const path = put(database, Buffer.concat([longer.subarray(0, cut), log.subarray(cut)]));
      const next = await openDatabase(path);
      expect(next.prepare('SELECT count(*) AS n FROM t').get()).toEqual({ n: 21 });
      next.exec("INSERT INTO t VALUES ('shorter')");
      const left = readFileSync(`${path}-wal`);
      expect(left.subarray(first + FRAME, cut)).not.toEqual(log.subarray(first + FRAME, cut));
      expect(lostIn(readFileSync(path), left), `cut at ${cut}`).toBe(0);
      next.close();
    }
  });

  it('is found to be damaged wherever a bit of it is flipped that costs something', async () => {
    const frames = (files.log.length - HEADER) / FRAME;
    const whole = await rowsOf(copy());
    expect(whole).toBe(files.rows);
    for (let frame = 0; frame < frames; frame += 3) {
      // In its page, its number, its salt, its sum.
      for (const offset of [24 + 2_000, 2, 9, 17]) {
        const path = copy();
        flip(`${path}-wal`, HEADER + frame * FRAME + offset);
        const lost = lostPages(`${path}-wal`);
        const isLast = frame === frames - 1;
        // A last frame with another salt is what a crash leaves, too.
        if (!(isLast && offset === 9)) expect(lost, `frame ${frame} at ${offset}`).toBeGreaterThan(0);
        expect(await rowsOf(path)).toBeLessThan(whole);
      }
    }
  });

  it('over the remains of an older one is found to be damaged everywhere but in its last frame', async () => {
    const { database, longer } = await committed();
    for (let at = HEADER; at < endOf(longer) - FRAME; at += FRAME) {
      for (const offset of [24 + 2_000, 2, 9, 17]) {
        const flipped = Buffer.from(longer);
        flipped[at + offset] = (flipped[at + offset] ?? 0) ^ 0x10;
        expect(lostIn(database, flipped), `frame at ${at}, at its byte ${offset}`).toBeGreaterThan(0);
      }
    }
  });

  it('is found to be damaged when its header is', () => {
    for (const at of [1, 8, 17, 25]) {
      const path = copy();
      flip(`${path}-wal`, at);
      expect(lostPages(`${path}-wal`)).toBeGreaterThan(0);
    }
  });
});

describe('opening a journal whose log was damaged', () => {
  async function written() {
    const dir = join(tempDir(), 'data');
    const journal = await openJournal({ dir });
    await journal.submit({ type: 'enter', at: 1, name: 'A', about: {} });
    for (let i = 0; i < 10; i++)
      await journal.submit({
        type: 'send',
        at: 1,
        id: `m${i}`,
        sender: 2,
        to: ['A'],
        body: 'x',
        priority: 'normal',
        hash: 'h',
      });
    const left = join(tempDir(), 'left');
    // Newer versions of Node would make it as the umask says.
    mkdirSync(left, { mode: 0o700 });
    cpSync(dir, left, { recursive: true });
    const { epoch } = journal.state;
    await journal.close();
    return { left, epoch, position: 10 };
  }

  it('goes on with what can be read, says what was lost, and begins a new epoch', async () => {
    const { left, epoch, position } = await written();
    const log = join(left, 'relay.sqlite-wal');
    const before = readFileSync(log);
    flip(log, statSync(log).size - 5 * FRAME - 300);
    const troubles: string[] = [];
    const journal = await openJournal({
      dir: left,
      onTrouble: (what, error) => void troubles.push(`${what}: ${error}`),
    });
    expect(journal.state.position).toBeLessThan(position);
    expect(journal.state.epoch).not.toBe(epoch);
    expect(troubles).toEqual([
      expect.stringMatching(/^data were lost: Error: The end of the log was damaged on the disk: \d+ pages/),
    ]);
    expect(readFileSync(join(left, 'damaged-1.wal')).length).toBe(before.length);
    await journal.close();
  });

  it('says so once, also when it is killed after that', async () => {
    const { left } = await written();
    const log = join(left, 'relay.sqlite-wal');
    flip(log, statSync(log).size - 5 * FRAME - 300);
    const journal = await openJournal({ dir: left });
    const killed = join(tempDir(), 'killed');
    mkdirSync(killed, { mode: 0o700 });
    cpSync(left, killed, { recursive: true });
    const { epoch } = journal.state;
    await journal.close();
    const next = await openJournal({ dir: killed });
    expect(next.state.epoch).toBe(epoch);
    await next.close();
  });

  it('says nothing, and keeps its epoch, when it was not', async () => {
    const { left, epoch, position } = await written();
    const troubles: string[] = [];
    const journal = await openJournal({ dir: left, onTrouble: (what) => void troubles.push(what) });
    expect([journal.state.position, journal.state.epoch, troubles]).toEqual([position, epoch, []]);
    expect(readdirSync(left).filter((name) => name.startsWith('damaged'))).toEqual([]);
    await journal.close();
  });

  it('keeps each damaged log under a name of its own', async () => {
    const { left } = await written();
    const aside = join(tempDir(), 'aside');
    const log = join(left, 'relay.sqlite-wal');
    copyFileSync(log, aside);
    for (let n = 1; n <= 2; n++) {
      copyFileSync(aside, log);
      flip(log, statSync(log).size - 5 * FRAME - 300);
      await (await openJournal({ dir: left })).close();
    }
    expect(
      readdirSync(left)
        .filter((name) => name.startsWith('damaged'))
        .sort(),
    ).toEqual(['damaged-1.wal', 'damaged-2.wal']);
  });
});
