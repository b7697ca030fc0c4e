import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { adoptRestored } from '../../src/journal/adopt.ts';
import { tempDir } from '../support/temp-dir.ts';

function files(contents: Readonly<Record<string, string>>): string {
  const dir = join(tempDir(), 'data');
  mkdirSync(dir, { mode: 0o700 });
  for (const [name, text] of Object.entries(contents)) writeFileSync(join(dir, name), text);
  return dir;
}

const read = (dir: string) =>
  Object.fromEntries(readdirSync(dir).map((name) => [name, readFileSync(join(dir, name), 'utf8')]));

describe('adopting restored data', () => {
  it('does nothing where there are none', () => {
    const dir = files({ 'relay.sqlite': 'old' });
    expect([adoptRestored(dir), read(dir)]).toEqual([undefined, { 'relay.sqlite': 'old' }]);
  });

  it('moves the old file and its log aside', () => {
    const dir = files({
      'relay.sqlite': 'old',
      'relay.sqlite-wal': 'log',
      'relay.sqlite-shm': 'shm',
      'restored.sqlite': 'new',
    });
    expect(adoptRestored(dir)).toBe(join(dir, 'replaced-1.sqlite'));
    expect(read(dir)).toEqual({ 'relay.sqlite': 'new', 'replaced-1.sqlite': 'old', 'replaced-1.sqlite-wal': 'log' });
  });

  it('keeps what earlier ones have put aside', () => {
    const dir = files({ 'relay.sqlite': 'old', 'replaced-1.sqlite': 'older', 'restored.sqlite': 'new' });
    adoptRestored(dir);
    expect(read(dir)).toEqual({ 'relay.sqlite': 'new', 'replaced-1.sqlite': 'older', 'replaced-2.sqlite': 'old' });
  });

  it.each([
    ['the log was moved', { 'relay.sqlite': 'old', 'replaced-1.sqlite-wal': 'log', 'restored.sqlite': 'new' }],
    ['the file was moved', { 'replaced-1.sqlite': 'old', 'replaced-1.sqlite-wal': 'log', 'restored.sqlite': 'new' }],
  ])('goes on with one that died after %s', (_, contents) => {
    const dir = files(contents);
    adoptRestored(dir);
    expect(read(dir)).toEqual({ 'relay.sqlite': 'new', 'replaced-1.sqlite': 'old', 'replaced-1.sqlite-wal': 'log' });
    expect(existsSync(join(dir, 'restored.sqlite'))).toBe(false);
  });
});
