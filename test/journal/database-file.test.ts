import { chmodSync, existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { ensureDatabaseFile } from '../../src/journal/database-file.ts';
import { tempDir } from '../support/temp-dir.ts';

let path: string;
beforeEach(() => {
  path = join(tempDir(), 'a.sqlite');
});

describe('the file of a database', () => {
  it('is made empty and 0600, and left alone when it is there', () => {
    ensureDatabaseFile(path);
    expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual(['', 0o600]);
    writeFileSync(path, 'pages');
    ensureDatabaseFile(path);
    expect(readFileSync(path, 'utf8')).toBe('pages');
  });

  it.each(['', '-wal', '-shm', '-journal'])('with “%s” behind it is no link, and nobody else can reach it', (end) => {
    const elsewhere = join(tempDir(), 'elsewhere');
    symlinkSync(elsewhere, `${path}${end}`);
    expect(() => ensureDatabaseFile(path)).toThrow(`${path}${end} is a symbolic link`);
    expect(existsSync(elsewhere)).toBe(false);
  });

  it.each(['', '-wal', '-shm', '-journal'])('with “%s” behind it is not open to others', (end) => {
    ensureDatabaseFile(path);
    writeFileSync(`${path}${end}`, '', { mode: 0o600 });
    ensureDatabaseFile(path);
    chmodSync(`${path}${end}`, 0o644);
    expect(() => ensureDatabaseFile(path)).toThrow(`${path}${end} is open to other users`);
  });
});
