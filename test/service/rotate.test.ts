import {
  appendFileSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { keepRotating, LOG_LIMITS, rotateLogs } from '../../src/service/rotate.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { tempDir } from '../support/temp-dir.ts';

const LIMITS = { max: 100, keep: 3 };
const FULL = 'x'.repeat(101);

/** A directory with those files. */
function logsWith(files: Readonly<Record<string, string>>): string {
  const dir = tempDir();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  return dir;
}

const texts = (dir: string) =>
  Object.fromEntries(
    readdirSync(dir)
      .sort()
      .map((name) => [name, readFileSync(join(dir, name), 'utf8')]),
  );

describe('a full log', () => {
  it('is copied, 0600, and emptied in place: it stays the file that its writer holds', async () => {
    const dir = logsWith({ 'relay.log': FULL });
    const { ino } = statSync(join(dir, 'relay.log'));
    expect(await rotateLogs(dir, LIMITS)).toEqual(['relay.log']);
    expect(texts(dir)).toEqual({ 'relay.log': '', 'relay.log.1': FULL });
    expect([statSync(join(dir, 'relay.log')).ino, lstatSync(join(dir, 'relay.log.1')).mode & 0o777]).toEqual([
      ino,
      0o600,
    ]);
  });

  it('pushes the older ones on, and the oldest out', async () => {
    const dir = logsWith({ 'a.log': FULL, 'a.log.1': 'one', 'a.log.2': 'two', 'a.log.3': 'three' });
    await rotateLogs(dir, LIMITS);
    expect(texts(dir)).toEqual({ 'a.log': '', 'a.log.1': FULL, 'a.log.2': 'one', 'a.log.3': 'two' });
  });

  it('minds no gap among them', async () => {
    const dir = logsWith({ 'a.log': FULL, 'a.log.2': 'two' });
    await rotateLogs(dir, LIMITS);
    expect(texts(dir)).toEqual({ 'a.log': '', 'a.log.1': FULL, 'a.log.3': 'two' });
  });

  it('loses nothing to a writer that goes on appending', async () => {
    const dir = logsWith({});
    const fd = openSync(join(dir, 'a.log'), 'a');
    const lines: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      for (let i = 0; i < 20; i += 1) {
        lines.push(`${round}-${i}`);
        writeSync(fd, `${round}-${i}\n`);
      }
      await rotateLogs(dir, { max: 50, keep: 3 });
    }
    closeSync(fd);
    const kept = ['a.log.3', 'a.log.2', 'a.log.1', 'a.log']
      .map((name) => readFileSync(join(dir, name), 'utf8'))
      .join('');
    expect(kept.trim().split('\n')).toEqual(lines);
  });

  it('larger than what is read at once is copied whole', async () => {
    const text = Array.from({ length: 100_000 }, (_, i) => `line ${i}`).join('\n');
    const dir = logsWith({ 'a.log': text });
    await rotateLogs(dir, LIMITS);
    expect(readFileSync(join(dir, 'a.log.1'), 'utf8')).toBe(text);
  });
});

describe('everything else', () => {
  it('is left alone: small logs, other files, older ones', async () => {
    const files = { 'a.log': 'x'.repeat(100), 'b.txt': FULL, 'c.log.1': FULL, log: FULL };
    const dir = logsWith(files);
    expect(await rotateLogs(dir, LIMITS)).toEqual([]);
    expect(texts(dir)).toEqual(files);
  });

  it('may not be there', async () => {
    expect(await rotateLogs(join(tempDir(), 'none'))).toEqual([]);
    expect(await rotateLogs(tempDir())).toEqual([]);
  });

  it('that is a link is not followed: its target stays', async () => {
    const target = join(tempDir(), 'precious');
    writeFileSync(target, FULL);
    const dir = logsWith({});
    symlinkSync(target, join(dir, 'a.log'));
    await expect(rotateLogs(dir, LIMITS)).rejects.toThrow('ELOOP');
    expect(readFileSync(target, 'utf8')).toBe(FULL);
  });

  it('that is a directory is no log', async () => {
    const dir = logsWith({});
    mkdirSync(join(dir, 'a.log'));
    await expect(rotateLogs(dir, LIMITS)).rejects.toThrow('EISDIR');
    expect(existsSync(join(dir, 'a.log.1'))).toBe(false);
  });
});

describe('at once and every hour', () => {
  const HOUR = 3_600_000;

  /** The next time that rotating has come to its end. */
  async function settled(dir: string, name: string): Promise<void> {
    while (!existsSync(join(dir, name)) || existsSync(join(dir, 'rotate.lock'))) await new Promise(setImmediate);
  }

  it('full logs are rotated, until it is cancelled', async () => {
    const dir = logsWith({ 'a.log': FULL });
    const clock = new FakeClock();
    const timer = keepRotating({
      logs: dir,
      clock,
      limits: LIMITS,
      onError: (error) => expect.unreachable(String(error)),
    });
    await settled(dir, 'a.log.1');
    appendFileSync(join(dir, 'a.log'), FULL);
    clock.advance(HOUR - 1);
    expect(existsSync(join(dir, 'a.log.2'))).toBe(false);
    clock.advance(1);
    await settled(dir, 'a.log.2');
    timer.cancel();
    expect(clock.pending).toBe(0);
  });

  it('what goes wrong is told, and the next hour comes', async () => {
    const dir = logsWith({});
    mkdirSync(join(dir, 'a.log'));
    const clock = new FakeClock();
    const told: Promise<unknown>[] = [];
    let tell: (error: unknown) => void = () => undefined;
    const next = () => told.push(new Promise((resolve) => (tell = resolve)));
    next();
    const timer = keepRotating({ logs: dir, clock, limits: LIMITS, onError: (error) => tell(error) });
    expect(String(await told[0])).toContain('EISDIR');
    next();
    clock.advance(HOUR);
    expect(String(await told[1])).toContain('EISDIR');
    timer.cancel();
  });

  it('by default a log may have 10 MiB, and five are kept', () => {
    expect(LOG_LIMITS).toEqual({ max: 10_485_760, keep: 5 });
  });
});
