import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Change, changesToInstall, changesToUninstall, kindOf } from '../../../src/agents/edit/change.ts';
import type { FilePlan } from '../../../src/agents/edit/file-plan.ts';
import { jsonEdit, member } from '../../../src/agents/edit/json.ts';
import { readRecord } from '../../../src/agents/edit/record.ts';
import { ChangedMeanwhile, type Disk, realDisk, recordOf, transact } from '../../../src/agents/edit/transaction.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { memoryDir } from '../../support/temp-dir.ts';
import { snapshot, write } from '../samples.ts';
import { STRICT } from './any-json.ts';

function rig(names: readonly string[] = ['a.json', 'b.json', 'c.json']) {
  const root = memoryDir();
  const home = join(root, 'state');
  const clock = new FakeClock();
  const entries = [member({ path: [], name: 'relay', value: () => ({ v: 1 }), isOurs: () => true })];
  const plans = names.map(
    (name): FilePlan => ({
      role: name,
      path: join(root, 'user', name),
      edit: jsonEdit({ dialect: STRICT, entries }),
      holds: 'ours',
    }),
  );
  const install = (options: { disk?: Disk; plans?: readonly FilePlan[] } = {}) =>
    transact((record) => changesToInstall('x', options.plans ?? plans, record), { home, clock, ...options });
  const uninstall = (options: { disk?: Disk } = {}) =>
    transact((record) => changesToUninstall('x', plans, record), { home, clock, ...options });
  const path = (name: string) => join(root, 'user', name);
  return { root, home, clock, plans, install, uninstall, path, files: () => snapshot(join(root, 'user')) };
}

/** A disk that fails at the n-th file. */
function failingAt(n: number, what: () => never): Disk {
  let count = 0;
  const tick = () => {
    count += 1;
    if (count === n) what();
  };
  return {
    replace(target, text) {
      tick();
      realDisk.replace(target, text);
    },
    remove(target) {
      tick();
      realDisk.remove(target);
    },
  };
}

const noSpace = (): never => {
  throw new Error('no space left');
};

describe('a transaction', () => {
  it('writes every file, and says what it did', async () => {
    const { install, path } = rig();
    write(path('a.json'), '{}');
    const { changes } = await install();
    expect(changes.map(kindOf)).toEqual(['changed', 'created', 'created']);
    expect(JSON.parse(readFileSync(path('c.json'), 'utf8'))).toEqual({ relay: { v: 1 } });
  });

  it('keeps every file that it changes as it was, readable by its user only', async () => {
    const { install, uninstall, path, home, clock } = rig();
    write(path('a.json'), '{"key": "secret"}');
    const { backup = '' } = await install();
    const copy = join(backup, path('a.json'));
    expect(backup.startsWith(join(home, 'backups'))).toBe(true);
    expect(readFileSync(copy, 'utf8')).toBe('{"key": "secret"}');
    expect(statSync(copy).mode & 0o777).toBe(0o600);
    expect(statSync(backup).mode & 0o777).toBe(0o700);
    clock.advance(1000);
    const taken = await uninstall();
    expect(taken.backup).not.toBe(backup);
    expect(existsSync(join(taken.backup ?? '', path('b.json')))).toBe(true);
  });

  it('keeps twenty backups', async () => {
    const { install, uninstall, home, clock } = rig(['a.json']);
    for (let i = 0; i < 30; i += 1) {
      clock.advance(1000);
      await install();
      await uninstall();
    }
    const names = readdirSync(join(home, 'backups'));
    expect(names).toHaveLength(20);
    expect(names.sort().at(-1)).toBe(new Date(clock.now()).toISOString().replaceAll(':', '-'));
  });

  it('makes no backup when nothing changes, and writes nothing', async () => {
    const { install, home, root } = rig();
    await install();
    const before = snapshot(root);
    expect((await install()).backup).toBeUndefined();
    expect(snapshot(root)).toEqual(before);
    expect(existsSync(join(home, 'install.lock'))).toBe(false);
  });

  it('remembers what it wrote until it is taken out', async () => {
    const { install, uninstall, home, path } = rig(['a.json']);
    write(path('a.json'), '{ }');
    await install();
    expect(recordOf(home)).toEqual([
      { program: 'x', role: 'a.json', path: path('a.json'), undo: { inside: [{ path: [], text: ' ' }] } },
    ]);
    await uninstall();
    expect(readRecord(join(home, 'installed.json'))).toEqual({ files: [], dirs: [] });
  });

  it('finds a file again that was written when the program was told to look elsewhere', async () => {
    const { install, uninstall, plans, root, files } = rig(['a.json']);
    mkdirSync(join(root, 'user'));
    const before = files();
    await install({ plans: plans.map((plan) => ({ ...plan, path: join(root, 'user', 'other', 'a.json') })) });
    await uninstall();
    expect(files()).toEqual(before);
  });

  it('removes the directories that it made when they are empty, also those that programs have in common', async () => {
    const { root, home, clock, plans } = rig(['one/a.json', 'one/two/b.json']);
    mkdirSync(join(root, 'user'));
    const [first, second] = plans.map((plan) => [plan]);
    const tools = { home, clock };
    await transact((record) => changesToInstall('x', first ?? [], record), tools);
    await transact((record) => changesToInstall('y', second ?? [], record), tools);
    await transact((record) => changesToUninstall('x', first ?? [], record), tools);
    expect(existsSync(join(root, 'user/one/two/b.json'))).toBe(true);
    await transact((record) => changesToUninstall('y', second ?? [], record), tools);
    expect(readdirSync(join(root, 'user'))).toEqual([]);
  });

  it('leaves a directory in which somebody has put something', async () => {
    const { install, uninstall, root, path } = rig(['one/a.json']);
    await install();
    write(path('one/theirs'), '');
    await uninstall();
    expect(readdirSync(join(root, 'user/one'))).toEqual(['theirs']);
  });

  it('leaves mode and link as they are', async () => {
    const { install, path } = rig(['a.json']);
    write(path('a.json'), '{}');
    chmodSync(path('a.json'), 0o664);
    await install();
    expect(statSync(path('a.json')).mode & 0o777).toBe(0o664);
  });
});

describe('when something goes wrong', () => {
  it.each([1, 2, 3])('at file %i, all of them are as they were', async (n) => {
    const { install, path, files, home } = rig();
    write(path('a.json'), '{}');
    write(path('c.json'), '{"x":1}');
    const before = files();
    await expect(install({ disk: failingAt(n, noSpace) })).rejects.toThrow('no space left');
    expect(files()).toEqual(before);
    expect(recordOf(home)).toEqual([]);
  });

  it.each([1, 2, 3])('at file %i of taking out, all of them still have ours', async (n) => {
    const { install, uninstall, files, home, root } = rig();
    mkdirSync(join(root, 'user'));
    await install();
    const [before, record] = [files(), recordOf(home)];
    await expect(uninstall({ disk: failingAt(n, noSpace) })).rejects.toThrow('no space left');
    expect(files()).toEqual(before);
    expect(recordOf(home)).toEqual(record);
    await uninstall();
    expect(files()).toEqual({});
  });

  it('directories that were made for a file go with it', async () => {
    const { install, root } = rig(['one/two/a.json']);
    mkdirSync(join(root, 'user'));
    await expect(install({ disk: failingAt(1, noSpace) })).rejects.toThrow();
    expect(readdirSync(join(root, 'user'))).toEqual([]);
  });

  it('a broken file keeps all others from being written', async () => {
    const { install, path, root } = rig();
    write(path('c.json'), '{');
    const before = snapshot(join(root, 'user'));
    await expect(install()).rejects.toThrow(/c\.json is broken at line 1/);
    expect(snapshot(join(root, 'user'))).toEqual(before);
  });

  it('a file that was changed by somebody since it was read is left to them', async () => {
    const { home, clock, plans, path } = rig();
    write(path('b.json'), '{}');
    const plan = (record: Parameters<typeof changesToInstall>[2]): Change[] => {
      const changes = changesToInstall('x', plans, record);
      write(path('b.json'), '{"new":1}');
      return changes;
    };
    await expect(transact(plan, { home, clock })).rejects.toThrow(ChangedMeanwhile);
    expect(readFileSync(path('b.json'), 'utf8')).toBe('{"new":1}');
    expect(existsSync(path('a.json'))).toBe(false);
  });

  it('what somebody wrote behind us is not taken back', async () => {
    const { install, path } = rig();
    const disk = failingAt(2, () => {
      write(path('a.json'), '{"theirs":1}');
      return noSpace();
    });
    await expect(install({ disk })).rejects.toThrow();
    expect(readFileSync(path('a.json'), 'utf8')).toBe('{"theirs":1}');
  });

  it('a damaged record is said, and nothing is written', async () => {
    const { install, home, path } = rig();
    await install();
    rmSync(path('a.json'));
    write(join(home, 'installed.json'), '{"files": [1]}');
    await expect(install()).rejects.toThrow(/installed\.json cannot be read/);
    expect(existsSync(path('a.json'))).toBe(false);
  });
});

describe('killed at any point', () => {
  /** With modes, which Node's own copying loses for directories in some versions. */
  function duplicate(from: string, into: string): void {
    execFileSync('cp', ['-a', from, into]);
  }

  /** Goes on, but keeps what a crash just before and just after each file would have left. */
  function photographing(root: string, pictures: string[]): Disk {
    const picture = () => {
      const copy = memoryDir();
      for (const name of ['user', 'state']) duplicate(join(root, name), copy);
      rmSync(join(copy, 'state', 'install.lock'));
      pictures.push(copy);
    };
    const between = (work: () => void) => {
      picture();
      work();
      picture();
    };
    return {
      replace: (target, text) => between(() => realDisk.replace(target, text)),
      remove: (target) => between(() => realDisk.remove(target)),
    };
  }

  function restore(root: string, picture: string): void {
    for (const name of ['user', 'state']) {
      rmSync(join(root, name), { recursive: true });
      duplicate(join(picture, name), root);
    }
  }

  it('installing can be done again, and undone', async () => {
    const { root, install, uninstall, path, files } = rig();
    write(path('a.json'), '{ }');
    write(path('c.json'), '{\n"x": 1}');
    const before = files();
    const pictures: string[] = [];
    await install({ disk: photographing(root, pictures) });
    const after = files();
    expect(pictures).toHaveLength(6);
    for (const picture of pictures) {
      restore(root, picture);
      for (const [name, text] of Object.entries(files())) expect([before[name], after[name]]).toContain(text);
      await uninstall();
      expect(files()).toEqual(before);
      restore(root, picture);
      await install();
      expect(files()).toEqual(after);
      await uninstall();
      expect(files()).toEqual(before);
    }
  });

  it('taking out can be done again', async () => {
    const { root, install, uninstall, path, files } = rig();
    write(path('a.json'), '{ }');
    const before = files();
    await install();
    const pictures: string[] = [];
    await uninstall({ disk: photographing(root, pictures) });
    expect(pictures).toHaveLength(6);
    for (const picture of pictures) {
      restore(root, picture);
      await uninstall();
      expect(files()).toEqual(before);
    }
  });
});

describe('the lock of a program', () => {
  const withLock = (lock: string, plans: readonly FilePlan[]) => plans.map((plan) => ({ ...plan, lock }));

  it('is held while its file is written', async () => {
    const { root, install, plans } = rig(['a.json']);
    const lock = join(root, 'user', 'a.json.lock');
    const seen: boolean[] = [];
    const disk: Disk = {
      ...realDisk,
      replace(target, text) {
        seen.push(existsSync(lock));
        realDisk.replace(target, text);
      },
    };
    await install({ disk, plans: withLock(lock, plans) });
    expect([seen, existsSync(lock)]).toEqual([[true], false]);
  });

  it('is waited for', async () => {
    const { root, install, plans, clock, path } = rig(['a.json']);
    const lock = join(root, 'user', 'a.json.lock');
    mkdirSync(lock, { recursive: true });
    const done = install({ plans: withLock(lock, plans) });
    await settle();
    expect(existsSync(path('a.json'))).toBe(false);
    rmSync(lock, { recursive: true });
    await until(clock, done);
    expect(existsSync(path('a.json'))).toBe(true);
  });

  it('is not waited for for ever', async () => {
    const { root, install, plans, clock, files } = rig(['a.json']);
    const lock = join(root, 'user', 'a.json.lock');
    mkdirSync(lock, { recursive: true });
    const now = clock.now() / 1000;
    utimesSync(lock, now, now);
    const before = files();
    await expect(until(clock, install({ plans: withLock(lock, plans) }))).rejects.toThrow(/is held by another program/);
    expect(files()).toEqual(before);
  });

  it('is taken from a program that died with it', async () => {
    const { root, install, plans, clock, path } = rig(['a.json']);
    const lock = join(root, 'user', 'a.json.lock');
    mkdirSync(lock, { recursive: true });
    const old = clock.now() / 1000 - 60;
    utimesSync(lock, old, old);
    await install({ plans: withLock(lock, plans) });
    expect([existsSync(path('a.json')), existsSync(lock)]).toEqual([true, false]);
  });

  /** Lets the clock run until it is settled. */
  async function until<T>(clock: FakeClock, promise: Promise<T>): Promise<T> {
    let isDone = false;
    const end = () => {
      isDone = true;
    };
    promise.then(end, end);
    while (!isDone) {
      clock.advance(25);
      await settle(1);
    }
    return promise;
  }
});
