import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { script } from '../support/script.ts';
import { tempDir } from '../support/temp-dir.ts';

describe('a journal that is closed', () => {
  it.each(['searchThread', 'checkpointThread'])('keeps its process until its %s has ended', async (which) => {
    const closing = await script('test/journal/closing.script.ts');
    const { status, stdout } = spawnSync(process.execPath, [closing, join(tempDir(), 'data'), which], {
      encoding: 'utf8',
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'closed\n' });
  });
});
