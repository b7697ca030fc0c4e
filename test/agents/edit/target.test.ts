import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkWritable, missingDirs, readTarget } from '../../../src/agents/edit/target.ts';
import { memoryDir } from '../../support/temp-dir.ts';
import { write } from '../samples.ts';

describe('a target', () => {
  it('that is not there has no text', () => {
    const path = join(memoryDir(), 'a');
    expect(readTarget(path)).toEqual({ path, real: path, text: undefined, stats: undefined });
  });

  it('keeps its byte order mark', () => {
    const path = join(memoryDir(), 'a');
    writeFileSync(path, Buffer.from([0xef, 0xbb, 0xbf, 0x61]));
    expect(readTarget(path).text).toBe('\ufeffa');
  });

  it('is where its links lead, relative to the real directory of each', () => {
    const dir = memoryDir();
    write(join(dir, 'real/deep/b'), 'text');
    mkdirSync(join(dir, 'other'));
    symlinkSync(join(dir, 'real/deep'), join(dir, 'other/linked'));
    symlinkSync('../deep/b', join(dir, 'real/deep/a'));
    const { real, text } = readTarget(join(dir, 'other/linked/a'));
    expect([real, text]).toEqual([join(dir, 'real/deep/b'), 'text']);
  });

  it.each([
    ['a directory', 'is not a file', (path: string) => mkdirSync(path)],
    ['a pipe', 'is not a file', (path: string) => execFileSync('mkfifo', [path])],
    ['not UTF-8', 'is not UTF-8', (path: string) => writeFileSync(path, Buffer.from([0xff, 0xfe, 0x7b, 0x00]))],
    ['a link to itself', 'is a link that leads nowhere', (path: string) => symlinkSync(path, path)],
  ])('that is %s is refused', (_what, says, make) => {
    const path = join(memoryDir(), 'a');
    make(path);
    expect(() => readTarget(path)).toThrow(`${path} ${says}.`);
  });
});

describe('a target that is to be written', () => {
  it('may not be read-only, whoever asks', () => {
    const path = join(memoryDir(), 'a');
    write(path, 'x');
    expect(() => checkWritable(readTarget(path))).not.toThrow();
    chmodSync(path, 0o444);
    expect(() => checkWritable(readTarget(path))).toThrow(`${path} is read-only.`);
  });

  it('may be in directories that are not there yet', () => {
    const path = join(memoryDir(), 'b', 'c', 'a');
    expect(() => checkWritable(readTarget(path))).not.toThrow();
  });

  it('may not be below a file', () => {
    const path = join(memoryDir(), 'a');
    write(path, 'x');
    expect(() => readTarget(join(path, 'b', 'c'))).toThrow();
  });
});

it('missing directories are listed from the outermost', () => {
  const dir = memoryDir();
  expect(missingDirs(join(dir, 'a', 'b', 'file'))).toEqual([join(dir, 'a'), join(dir, 'a', 'b')]);
  expect(missingDirs(join(dir, 'file'))).toEqual([]);
});
