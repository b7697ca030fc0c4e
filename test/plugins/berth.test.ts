import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Berth, berthPath, writeBerth } from '../../src/config/rendezvous.ts';
import { berthsBeside, type Sought } from '../../src/plugins/berth.ts';
import { tempDir } from '../support/temp-dir.ts';

let pid = 200;

function rendezvous(...berths: Partial<Berth>[]) {
  const home = tempDir();
  for (const over of berths) {
    pid += 1;
    writeBerth(home, { pid, parent: 1, socket: berthPath(home, pid), cwd: '/project', ...over });
  }
  return (sought: Partial<Sought>) =>
    berthsBeside(home, { program: 'opencode', parent: 1, ...sought }).map(({ name }) => name);
}

describe('the session process beside a plugin inside the program', () => {
  it('is the one that the program started in the same directory', () => {
    const names = rendezvous({ name: 'A' }, { name: 'B', cwd: '/other' }, { name: 'C', parent: 2 });
    expect(names({ cwd: '/project' })).toEqual(['A']);
    expect(names({ cwd: '/other' })).toEqual(['B']);
  });

  it('is none in another directory, even when there is no other', () => {
    expect(rendezvous({ name: 'A' })({ cwd: '/elsewhere' })).toEqual([]);
  });

  it('is the one in the directory that a link leads to', () => {
    const dir = tempDir();
    mkdirSync(join(dir, 'real'));
    symlinkSync(join(dir, 'real'), join(dir, 'link'));
    expect(rendezvous({ name: 'A', cwd: join(dir, 'real') })({ cwd: join(dir, 'link') })).toEqual(['A']);
  });

  it('is of the same program, or of one that has not said what it is', () => {
    const names = rendezvous({ name: 'A', program: 'claude-code' }, { name: 'B' }, { name: 'C', program: 'opencode' });
    expect(names({ cwd: '/project' }).sort()).toEqual(['B', 'C']);
  });
});

describe('the session process beside an extension of one conversation', () => {
  it('is the one that serves it, of several that the program started', () => {
    const names = rendezvous({ name: 'A', agentSession: 's-1' }, { name: 'B', agentSession: 's-2' });
    expect(names({ session: 's-2' })).toEqual(['B']);
    expect(names({ session: 's-3' })).toEqual([]);
  });

  it('is the only one there, when that does not know its conversation yet', () => {
    expect(rendezvous({ name: 'A' })({ session: 's-1' })).toEqual(['A']);
  });

  it('is none of two that do not know, and none beside one that serves another', () => {
    expect(rendezvous({ name: 'A' }, { name: 'B' })({ session: 's-1' })).toEqual([]);
    expect(rendezvous({ name: 'A' }, { name: 'B', agentSession: 's-2' })({ session: 's-1' })).toEqual([]);
  });

  it('is none of another process that has the same conversation open', () => {
    expect(rendezvous({ name: 'A', agentSession: 's-1', parent: 2 })({ session: 's-1' })).toEqual([]);
  });
});

it('is none where there is no state directory', () => {
  expect(berthsBeside(join(tempDir(), 'none'), { program: 'opencode', parent: 1, cwd: '/project' })).toEqual([]);
});
