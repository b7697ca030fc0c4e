import { fdatasyncSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { openJournal } from '../../src/journal/open.ts';
import { tempDir } from '../support/temp-dir.ts';

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  return { ...fs, fdatasyncSync: vi.fn(fs.fdatasyncSync) };
});

const syncs = vi.mocked(fdatasyncSync);
const enter = (name: string) => ({ type: 'enter', at: 1, name, about: {} }) as const;

beforeEach(() => void syncs.mockClear());

describe('the log of a journal', () => {
  it('is on the disk before anybody is answered, once for all that came together', async () => {
    const journal = await openJournal({ dir: join(tempDir(), 'data') });
    syncs.mockClear();
    const together = ['A', 'B'].map((name) => journal.submit(enter(name)).then(() => syncs.mock.calls.length));
    expect(await Promise.all(together)).toEqual([1, 1]);
    await journal.submit(enter('C'));
    expect(syncs).toHaveBeenCalledTimes(2);
    await journal.close();
  });

  it('that the system cannot sync answers nobody with yes', async () => {
    const journal = await openJournal({ dir: join(tempDir(), 'data') });
    syncs.mockImplementationOnce(() => {
      throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });
    });
    await expect(journal.submit(enter('A'))).rejects.toMatchObject({ code: 'storage_failed' });
    expect(journal.ready).toBe(false);
    await journal.close();
  });

  it('keeps to itself what the tables sync by themselves: the log before it is emptied, and they after it', async () => {
    const journal = await openJournal({ dir: join(tempDir(), 'data') });
    expect(journal.state.store.get('PRAGMA synchronous')).toEqual({ synchronous: 1 });
    await journal.close();
  });
});
