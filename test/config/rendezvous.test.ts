import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Berth, berthPath, berths, removeBerth, sweepBerths, writeBerth } from '../../src/config/rendezvous.ts';
import { markProcess } from '../../src/util/processes.ts';
import { tempDir } from '../support/temp-dir.ts';

function berth(home: string, over: Partial<Berth> = {}): Berth {
  const pid = over.pid ?? process.pid;
  return { ...markProcess(pid), parent: process.ppid, socket: berthPath(home, pid), cwd: '/project', ...over };
}

describe('the rendezvous', () => {
  it('is where a hook finds the session process', () => {
    const home = tempDir();
    const mine = berth(home, { program: 'codex', agentSession: 't-1', name: 'CX-1' });
    writeBerth(home, mine);
    expect(berths(home)).toEqual([mine]);
    expect(statSync(join(home, 'run')).mode & 0o777).toBe(0o700);
    expect(statSync(join(home, 'run', `${process.pid}.json`)).mode & 0o777).toBe(0o600);
    removeBerth(home, process.pid);
    removeBerth(home, process.pid);
    expect(berths(home)).toEqual([]);
  });

  it('is empty before anybody was there', () => {
    expect(berths(tempDir())).toEqual([]);
    expect(berths('/nowhere/at/all')).toEqual([]);
  });

  it('passes over what is damaged, and what is no berth', () => {
    const home = tempDir();
    writeBerth(home, berth(home));
    for (const [file, text] of [
      ['1.json', ''],
      ['2.json', '{'],
      ['3.json', '[]'],
      ['4.json', '{"pid":"4"}'],
      ['5.json', JSON.stringify({ ...berth(home), agentSession: 5 })],
      ['x.json', JSON.stringify(berth(home))],
    ] as const)
      writeFileSync(join(home, 'run', file), text, { mode: 0o600 });
    expect(berths(home)).toHaveLength(1);
  });

  it('has nothing of a folder or a file that others can reach', () => {
    const home = tempDir();
    writeBerth(home, berth(home));
    chmodSync(join(home, 'run', `${process.pid}.json`), 0o644);
    expect(berths(home)).toEqual([]);
    chmodSync(join(home, 'run', `${process.pid}.json`), 0o600);
    chmodSync(join(home, 'run'), 0o755);
    expect(berths(home)).toEqual([]);
    expect(() => berthPath(home, 1)).toThrow(/is open to other users/);
  });

  it('is not a link that somebody planted', () => {
    const [home, elsewhere] = [tempDir(), tempDir()];
    symlinkSync(elsewhere, join(home, 'run'));
    expect(() => berthPath(home, 1)).toThrow(/symbolic link/);
    expect(berths(home)).toEqual([]);
  });

  it('forgets processes that were killed', () => {
    const home = tempDir();
    writeBerth(home, berth(home));
    const gone = berth(home, { pid: 2 ** 22 + 7 });
    writeBerth(home, gone);
    writeFileSync(gone.socket, '');
    sweepBerths(home);
    expect(berths(home).map(({ pid }) => pid)).toEqual([process.pid]);
    expect(existsSync(gone.socket)).toBe(false);
  });

  it('finds a short place for the socket of a home that lies deep', () => {
    const deep = join(tempDir(), ...Array.from({ length: 12 }, () => 'a-long-folder'));
    mkdirSync(deep, { recursive: true, mode: 0o700 });
    const path = berthPath(deep, 77);
    expect(Buffer.byteLength(path)).toBeLessThanOrEqual(100);
    expect(path.endsWith('77.sock')).toBe(true);
    expect(readdirSync(join(deep, 'run'))).toEqual([]);
  });
});
