import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { script } from '../support/script.ts';
import { tempDir } from '../support/temp-dir.ts';

it('hears a signal that came while nobody could, in whichever part of a turn that was, and gives the file no name', async () => {
  const dir = tempDir();
  const { stdout } = spawnSync(process.execPath, [await script('test/cli/heard.script.ts'), dir], { encoding: 'utf8' });
  expect([stdout, readdirSync(dir)]).toEqual(['heard\n', []]);
});
