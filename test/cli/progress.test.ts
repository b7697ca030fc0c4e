import { EventEmitter, once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { shown, sizeNow } from '../../src/cli/progress.ts';
import { textOutput } from '../support/command-line.ts';
import { tempDir } from '../support/temp-dir.ts';

const ERASE = '\r\u001b[K';

/** What a terminal has on its line after all that was written to it. */
const lineOf = (text: string) => text.split('\n').at(-1)?.split(ERASE).at(-1) ?? '';

describe('work that may take long', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function start(tty = true) {
    const { out, stdout, stderr } = textOutput({ tty, noColor: true });
    const work = new EventEmitter();
    const is = { far: '' };
    const done = shown(
      out,
      'Copying',
      async () => (await once(work, 'over'))[0],
      () => is.far,
    );
    return { out, stdout, stderr, work, done, is };
  }

  it('is told of at once, then each second with its time and how far it is, and no more when it is over', async () => {
    const { stdout, stderr, work, done, is } = start();
    expect(lineOf(stderr.text)).toBe('Copying …');
    vi.advanceTimersByTime(1_000);
    expect(lineOf(stderr.text)).toBe('Copying, 1 s');
    is.far = '1.5 MB';
    vi.advanceTimersByTime(62_000);
    expect(lineOf(stderr.text)).toBe('Copying, 1.5 MB, 1 min 3 s');
    work.emit('over', 'made');
    expect(await done).toBe('made');
    expect(lineOf(stderr.text)).toBe('');
    const before = stderr.text;
    vi.advanceTimersByTime(5_000);
    expect([stderr.text, stdout.text]).toEqual([before, '']);
  });

  it('takes its line away when it fails, and when something else is said', async () => {
    const { out, stderr, work, done } = start();
    out.say('By the way.');
    expect(stderr.text.endsWith(`${ERASE}By the way.\n`)).toBe(true);
    vi.advanceTimersByTime(1_000);
    work.emit('error', new Error('no'));
    await expect(done).rejects.toThrow('no');
    expect(lineOf(stderr.text)).toBe('');
  });

  it('is not told of where nobody looks', async () => {
    const { stderr, work, done } = start(false);
    vi.advanceTimersByTime(3_000);
    work.emit('over', 'made');
    await done;
    expect(stderr.text).toBe('');
  });
});

describe('a line that passes', () => {
  it('is never longer than the terminal is wide, nor harmful', () => {
    const { out, stderr } = textOutput({ tty: true, noColor: true });
    out.passing(`a\nb${'x'.repeat(200)}`);
    expect(lineOf(stderr.text)).toBe(`a␊b${'x'.repeat(96)}`);
  });
});

describe('the size of a file that grows', () => {
  it('is nothing until there is something', () => {
    const file = join(tempDir(), 'part');
    expect(sizeNow(file)).toBe('');
    writeFileSync(file, '');
    expect(sizeNow(file)).toBe('');
    writeFileSync(file, 'x'.repeat(1_500));
    expect(sizeNow(file)).toBe('1.5 kB');
  });

  it('is nothing where it cannot be told: no work ends for that', () => {
    expect(sizeNow(join(tempDir(), 'x'.repeat(300)))).toBe('');
  });
});
