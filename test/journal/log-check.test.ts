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

function copy(): string {
  const path = join(tempDir(), 'b.sqlite');
  writeFileSync(path, files.database);
  writeFileSync(`${path}-wal`, files.log);
  return path;
}

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
