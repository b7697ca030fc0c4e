import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withLock } from '../../src/util/lock.ts';
import { markProcess } from '../../src/util/processes.ts';
import { tempDir } from '../support/temp-dir.ts';

const DEAD = { pid: 2 ** 31 - 1, host: hostname() };

function age(path: string, seconds: number): void {
  const then = Date.now() / 1000 - seconds;
  utimesSync(path, then, then);
}

describe('a lock', () => {
  it('is held while the work runs, and given back with its answer', async () => {
    const path = join(tempDir(), 'x.lock');
    const answer = await withLock(path, () => {
      expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid: process.pid, host: hostname() });
      return 'done';
    });
    expect([answer, existsSync(path)]).toEqual(['done', false]);
  });

  it('is given back when the work throws', async () => {
    const path = join(tempDir(), 'x.lock');
    await expect(withLock(path, () => Promise.reject(new Error('broke')))).rejects.toThrow('broke');
    expect(existsSync(path)).toBe(false);
  });

  it('lets one in at a time', async () => {
    const path = join(tempDir(), 'x.lock');
    let inside = 0;
    const work = async () => {
      inside += 1;
      expect(inside).toBe(1);
      await new Promise(setImmediate);
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 20 }, () => withLock(path, work)));
  });

  it('is waited for in vain no longer than said, and the holder is named', async () => {
    const path = join(tempDir(), 'x.lock');
    writeFileSync(path, JSON.stringify({ ...markProcess(process.pid), host: hostname() }));
    const waiting = withLock(path, () => expect.unreachable(), { patience: 30 });
    await expect(waiting).rejects.toThrow(`${path} is held by process ${process.pid} on ${hostname()}.`);
    expect(existsSync(path)).toBe(true);
  });

  it.each([
    ['a dead process', JSON.stringify(DEAD), 0],
    ['a reused pid', JSON.stringify({ pid: process.pid, start: 'long ago', host: hostname() }), 0],
    ['nobody who can be read, for a while', '', 6],
    ['damaged text, for a while', '{"pid":', 6],
    ['nobody who can be read, since a time to come', '', -3_600],
    ['another machine, for long', JSON.stringify({ pid: 1, host: 'elsewhere' }), 61],
  ])('held by %s is broken', async (_who, text, seconds) => {
    const path = join(tempDir(), 'x.lock');
    writeFileSync(path, text);
    age(path, seconds);
    await expect(withLock(path, () => 'in', { patience: 2_000 })).resolves.toBe('in');
    expect(existsSync(`${path}.break`)).toBe(false);
  });

  it.each([
    ['somebody who is just writing the file', '', 0],
    ['another machine, just now', JSON.stringify({ pid: 1, host: 'elsewhere' }), 1],
  ])('held by %s is respected', async (_who, text, seconds) => {
    const path = join(tempDir(), 'x.lock');
    writeFileSync(path, text);
    age(path, seconds);
    await expect(withLock(path, () => expect.unreachable(), { patience: 30 })).rejects.toThrow('is held by');
  });

  it('is broken in spite of a breaker that died', async () => {
    const path = join(tempDir(), 'x.lock');
    writeFileSync(path, JSON.stringify(DEAD));
    writeFileSync(`${path}.break`, '');
    age(`${path}.break`, 6);
    await expect(withLock(path, () => 'in', { patience: 2_000 })).resolves.toBe('in');
  });

  it('left by a process that was killed while holding it is taken over', async () => {
    const path = join(tempDir(), 'x.lock');
    const script = join(tempDir(), 'hold.mjs');
    writeFileSync(script, 'setInterval(() => {}, 1000); process.send("up");');
    const child = fork(script);
    await once(child, 'message');
    writeFileSync(path, JSON.stringify({ ...markProcess(child.pid ?? 0), host: hostname() }));
    await expect(withLock(path, () => 'in', { patience: 30 })).rejects.toThrow(`process ${child.pid}`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await expect(withLock(path, () => 'in', { patience: 2_000 })).resolves.toBe('in');
  });

  it('says why it cannot be made at all', async () => {
    await expect(withLock(join(tempDir(), 'no', 'x.lock'), () => 'in')).rejects.toThrow('ENOENT');
  });
});
