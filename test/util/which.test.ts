import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { which } from '../../src/util/which.ts';
import { tempDir } from '../support/temp-dir.ts';

function folder(name: string, mode: number): string {
  const dir = tempDir();
  writeFileSync(join(dir, name), '#!/bin/sh\n');
  chmodSync(join(dir, name), mode);
  return dir;
}

describe('where a program is', () => {
  it('is the first place of PATH that has it', () => {
    const [first, second] = [folder('ssh', 0o755), folder('ssh', 0o755)];
    expect(which('ssh', `/nowhere:${first}:${second}`)).toBe(join(first, 'ssh'));
  });

  it('is not a file that cannot be run, nor a directory', () => {
    const plain = folder('ssh', 0o644);
    const dir = tempDir();
    mkdirSync(join(dir, 'ssh'));
    const good = folder('ssh', 0o755);
    expect(which('ssh', `${plain}:${dir}:${good}`)).toBe(join(good, 'ssh'));
  });

  it.each([undefined, '', ':', 'relative:.', '/nowhere'])('is nowhere in the PATH %j', (path) => {
    expect(which('ssh', path)).toBeUndefined();
  });
});
