import { closeSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { verifyCopy, verifyData } from '../../src/data/verify.ts';
import { openDatabase } from '../../src/journal/driver.ts';
import { closed, someData } from './kit.ts';

describe('verifying', () => {
  it('finds everything whole that commands have made, and counts it', async () => {
    const data = await someData(12);
    await data.journal.submit({ type: 'receipt', at: 5, session: 3, state: 'handed', positions: [1, 2] });
    await data.journal.submit({ type: 'prune', positions: [1, 2] });
    expect(await verifyData(data.path)).toEqual({
      ok: true,
      epoch: data.journal.state.epoch,
      position: 12,
      sessions: 2,
      envelopes: 10,
      pruned: 2,
      bytes: expect.any(Number),
      problems: [],
      damaged: [],
    });
  });

  it('finds messages that were altered', async () => {
    const data = await someData(1_200);
    data.journal.state.store.run("UPDATE envelope SET body = 'other' WHERE position IN (7, 1100)");
    const found = await verifyData(data.path);
    expect([found.ok, found.damaged]).toEqual([
      false,
      [
        { position: 7, id: 'm7' },
        { position: 1_100, id: 'm1100' },
      ],
    ]);
  });

  it.each([
    ['DELETE FROM known WHERE position = 2', 'message 2 is not where it was filed'],
    ['DELETE FROM route WHERE channel = 3 AND position = 2', 'message 2 is not where it was filed'],
    ["INSERT INTO known (id, position) VALUES ('m7', 2)", '1 ids without their message'],
  ])('finds what is filed wrongly: %s', async (sql, problem) => {
    const data = await someData(3);
    data.journal.state.store.settle();
    data.journal.state.store.run(sql);
    expect(await verifyData(data.path)).toMatchObject({ ok: false, problems: [problem] });
  });

  it.each([
    ['DELETE FROM envelope WHERE position = 2', '1 messages that are missing'],
    ['INSERT INTO route VALUES (3, 9, 2)', '1 addresses without their message', 'message 9 is not where it was filed'],
    [
      "INSERT INTO pruned (position, id, sender, at, channels, hash) VALUES (2, 'm2', 2, 1, '[3]', 'h')",
      '1 messages that were forgotten and are still there',
      '1 forgotten messages that are not found by their id',
    ],
    [
      'UPDATE session SET seen = handed + 1 WHERE id = 3',
      '1 impossible inboxes',
      'a row of session is not what was written',
    ],
    [
      'INSERT INTO follow (session, channel, since) VALUES (2, 99, 0)',
      '1 memberships in nothing',
      'a row of follow is not what was written',
    ],
    ["UPDATE person SET name = 'mine'", 'a row of person is not what was written'],
  ])('finds what does not fit together: %s', async (sql, ...problems) => {
    const data = await someData(3);
    data.journal.state.store.run(sql);
    expect(await verifyData(data.path)).toMatchObject({ ok: false, problems });
  });

  it('finds broken pages', async () => {
    const data = await someData(500);
    await closed(data);
    overwrite(data.path, 20 * 4_096, Buffer.alloc(40 * 4_096, 0x5a));
    const found = await verifyData(data.path);
    expect(found).toMatchObject({
      ok: false,
      problems: expect.arrayContaining([expect.stringMatching(/page|database/)]),
    });
  });

  it.each<[string, (path: string) => void | Promise<void>, string]>([
    ['what is no database', (path) => writeFileSync(path, 'hello'.repeat(3_000)), 'not a database, or broken pages'],
    ['a broken schema', (path) => overwrite(path, 100, Buffer.alloc(3_000, 0x5a)), 'not a database, or broken pages'],
    ['a table that is not there', (path) => execute(path, 'DROP TABLE route'), 'tables that are not those of a relay'],
  ])('says in a sentence that it cannot read %s', async (_, spoil, problem) => {
    const data = await someData(3);
    await closed(data);
    await spoil(data.path);
    const found = await verifyData(data.path);
    expect(found).toMatchObject({ ok: false, epoch: '', envelopes: 0 });
    expect(found.problems.at(-1)).toBe(problem);
  });

  it('does not open a copy whose log was damaged: SQLite would throw it away', async () => {
    const data = await someData(3);
    await closed(data);
    writeFileSync(`${data.path}-wal`, Buffer.alloc(5_000, 1));
    expect((await verifyCopy(data.path)).problems).toEqual(['the end of its log was damaged on the disk']);
    expect(statSync(`${data.path}-wal`).size).toBe(5_000);
  });

  it.each([0, -3])('takes what says that it is of version %i for no data of a relay', async (version) => {
    const data = await someData();
    await closed(data);
    await execute(data.path, `PRAGMA user_version = ${version}`);
    await expect(verifyData(data.path)).rejects.toThrow('holds no data of a relay');
  });
});

function overwrite(path: string, at: number, bytes: Buffer): void {
  const fd = openSync(path, 'r+');
  writeSync(fd, bytes, 0, bytes.length, at);
  closeSync(fd);
}

async function execute(path: string, sql: string): Promise<void> {
  const database = await openDatabase(path);
  database.exec(sql);
  database.close();
}
