import { appendFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { addedSince, follow, lastLines } from '../../src/service/tail.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { tempDir } from '../support/temp-dir.ts';

function file(text: string): string {
  const path = join(tempDir(), 'x.log');
  writeFileSync(path, text);
  return path;
}

describe('the last lines', () => {
  it.each([
    ['a\nb\nc\n', 2, ['b', 'c']],
    ['a\nb\nc', 2, ['b', 'c']],
    ['a\n', 10, ['a']],
    ['', 10, []],
    ['\n', 10, ['']],
    ['a\n\nb\n', 3, ['a', '', 'b']],
    ['a\nb\n', 0, []],
    ['é\nü\n', 1, ['ü']],
  ])('of %j, %i of them', (text, count, lines) => {
    expect(lastLines(file(text), count)).toEqual({ lines, end: Buffer.byteLength(text) });
  });

  it('of a file that is not there are none', () => {
    expect(lastLines(join(tempDir(), 'none'), 5)).toEqual({ lines: [], end: 0 });
  });

  it('of a large file are found without reading all of it', () => {
    const text = Array.from({ length: 300_000 }, (_, i) => `line ${i}`).join('\n');
    expect(lastLines(file(text), 2).lines).toEqual(['line 299998', 'line 299999']);
  });
});

describe('what was added', () => {
  it('is what stands behind the end of before', () => {
    const path = file('before\n');
    const { end } = lastLines(path, 0);
    expect(addedSince(path, end)).toBe('');
    appendFileSync(path, 'after\nhalf');
    expect(addedSince(path, end)).toBe('after\nhalf');
  });

  it('is all of it when the file was emptied, and nothing when there is none', () => {
    const path = file('before, at length\n');
    const { end } = lastLines(path, 0);
    writeFileSync(path, 'new\n');
    expect(addedSince(path, end)).toBe('new\n');
    expect(addedSince(join(tempDir(), 'none'), 7)).toBe('');
  });
});

describe('following', () => {
  async function following(path: string, from: number) {
    const clock = new FakeClock();
    const controller = new AbortController();
    const seen: string[] = [];
    const done = follow({ path, from, signal: controller.signal, onText: (text) => seen.push(text), clock });
    const turn = () => clock.run(500);
    const end = () => {
      controller.abort();
      return done;
    };
    return { seen, turn, end };
  }

  it('shows what is added, line by line, and ends when it is told to', async () => {
    const path = file('old\n');
    const { seen, turn, end } = await following(path, 4);
    appendFileSync(path, 'one\ntw');
    await turn();
    expect(seen).toEqual(['one\n']);
    appendFileSync(path, 'o\n');
    await turn();
    await turn();
    expect(seen).toEqual(['one\n', 'two\n']);
    await end();
  });

  it('begins again when the file was emptied', async () => {
    const path = file('a long old line\n');
    const { seen, turn, end } = await following(path, 16);
    truncateSync(path, 0);
    appendFileSync(path, 'new\n');
    await turn();
    expect(seen).toEqual(['new\n']);
    await end();
  });

  it('waits for a file that is not there yet, or not any more', async () => {
    const path = join(tempDir(), 'later.log');
    const { seen, turn, end } = await following(path, 0);
    await turn();
    writeFileSync(path, 'now\n');
    await turn();
    rmSync(path);
    await turn();
    writeFileSync(path, 'again\n');
    await turn();
    expect(seen).toEqual(['now\n', 'again\n']);
    await end();
  });

  it('does nothing when it is over before it began', async () => {
    await follow({ path: file('x\n'), from: 0, signal: AbortSignal.abort(), onText: expect.unreachable });
  });
});
