import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { adoptRestored, strayOf } from '../../src/journal/adopt.ts';
import { tempDir } from '../support/temp-dir.ts';

function files(contents: Readonly<Record<string, string>>): string {
  const dir = join(tempDir(), 'data');
  mkdirSync(dir, { mode: 0o700 });
  for (const [name, text] of Object.entries(contents)) writeFileSync(join(dir, name), text, { mode: 0o600 });
  return dir;
}

const read = (dir: string) =>
  Object.fromEntries(readdirSync(dir).map((name) => [name, readFileSync(join(dir, name), 'utf8')]));

/** The beginning of a database with that mark. */
const marked = (mark: string) => `SQLite format 3\0${'.'.repeat(52)}${mark}${'.'.repeat(28)}`;
const restored = marked('new!');
const old = marked('old!');

describe('adopting restored data', () => {
  it('does nothing where there are none', async () => {
    const dir = files({ 'relay.sqlite': old });
    expect([await adoptRestored(dir), read(dir)]).toEqual([undefined, { 'relay.sqlite': old }]);
  });

  it('moves the old file and its logs aside', async () => {
    const dir = files({
      'relay.sqlite': 'old',
      'relay.sqlite-wal': 'log',
      'relay.sqlite-journal': 'journal',
      'relay.sqlite-shm': 'shm',
      'restored.sqlite': restored,
    });
    expect(await adoptRestored(dir)).toBe(join(dir, 'replaced-1.sqlite'));
    expect(read(dir)).toEqual({
      'relay.sqlite': restored,
      'replaced-1.sqlite': 'old',
      'replaced-1.sqlite-wal': 'log',
      'replaced-1.sqlite-journal': 'journal',
    });
  });

  it.each(['replaced-2.sqlite', 'replaced-2.sqlite-wal'])(
    'keeps what earlier ones have put aside: %s',
    async (name) => {
      const dir = files({ 'relay.sqlite': old, [name]: 'older', 'restored.sqlite': restored });
      await adoptRestored(dir);
      expect(read(dir)).toEqual({ 'relay.sqlite': restored, [name]: 'older', 'replaced-3.sqlite': old });
    },
  );

  it.each<[string, Record<string, string>]>([
    ['the file was moved', { 'replaced-2.sqlite': 'old', 'relay.sqlite-wal': 'log' }],
    ['the log was moved', { 'replaced-2.sqlite': 'old', 'replaced-2.sqlite-wal': 'log' }],
  ])('goes on with one that died after %s, and says where the old data are', async (_, contents) => {
    const dir = files({ ...contents, 'replaced-1.sqlite': 'older', 'restored.sqlite': restored });
    expect(await adoptRestored(dir)).toBe(join(dir, 'replaced-2.sqlite'));
    expect(read(dir)).toEqual({
      'relay.sqlite': restored,
      'replaced-1.sqlite': 'older',
      'replaced-2.sqlite': 'old',
      'replaced-2.sqlite-wal': 'log',
    });
    expect(strayOf(dir)).toBeUndefined();
  });

  it.each([
    ['what is no database', 'mine'],
    ['what no restore has marked', marked('\0\0\0\0')],
    ['a copy of the data', old],
  ])('leaves alone %s', async (_, text) => {
    const contents = { 'relay.sqlite': old, 'relay.sqlite-wal': 'log', 'restored.sqlite': text };
    const dir = files(contents);
    expect([await adoptRestored(dir), read(dir)]).toEqual([undefined, contents]);
    expect(strayOf(dir)).toBe(join(dir, 'restored.sqlite'));
  });

  it('refuses a link, and moves nothing', async () => {
    const dir = files({ 'relay.sqlite': old, elsewhere: restored });
    symlinkSync(join(dir, 'elsewhere'), join(dir, 'restored.sqlite'));
    await expect(adoptRestored(dir)).rejects.toMatchObject({ kind: 'unsafe' });
    expect(existsSync(join(dir, 'relay.sqlite'))).toBe(true);
  });

  it('removes a copy that was not finished', async () => {
    const dir = files({
      'relay.sqlite': old,
      '.restoring.sqlite': 'half',
      '.restoring.sqlite-wal': 'log',
      '.restoring.sqlite-journal': 'journal',
    });
    await adoptRestored(dir);
    expect(read(dir)).toEqual({ 'relay.sqlite': old });
  });
});
