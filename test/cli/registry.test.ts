import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Registration, readRegistry, register } from '../../src/cli/registry.ts';
import { statePaths } from '../../src/config/paths.ts';
import { markProcess } from '../../src/util/processes.ts';
import { tempDir } from '../support/temp-dir.ts';

const DAY = 24 * 60 * 60 * 1000;
const NOW = 1_800_000_000_000;

const session = (name: string, over: Partial<Registration> = {}): Registration => ({
  name,
  pid: 100,
  start: 's100',
  registered: NOW,
  cwd: '/work',
  program: 'bash',
  ...over,
});

const alive = () => true;
const dead = () => false;
const names = async (home: string) => (await readRegistry(home)).sessions.map(({ name }) => name);

/** A home whose registry file holds that text. */
function withText(text: string): string {
  const home = tempDir();
  mkdirSync(statePaths(home).sessions, { mode: 0o700 });
  writeFileSync(statePaths(home).registry, text, { mode: 0o600 });
  return home;
}

describe('the registry', () => {
  it('is empty before anybody registered, and makes nothing by being read', async () => {
    const home = join(tempDir(), 'home');
    expect(await readRegistry(home)).toEqual({ sessions: [], warnings: [] });
    expect(existsSync(home)).toBe(false);
  });

  it('keeps who registered, 0600 in a 0700 directory, and nothing beside it', async () => {
    const home = join(tempDir(), 'home');
    expect(await register({ home, session: session('CC-1'), now: NOW })).toEqual([]);
    expect((await readRegistry(home)).sessions).toEqual([session('CC-1')]);
    const { sessions, registry } = statePaths(home);
    expect([lstatSync(sessions).mode & 0o777, lstatSync(registry).mode & 0o777]).toEqual([0o700, 0o600]);
    expect(readdirSync(sessions)).toEqual(['registry.json']);
  });

  it('keeps one that has no start time', async () => {
    const home = tempDir();
    const { start: _start, ...without } = session('CC-1');
    await register({ home, session: without, now: NOW });
    expect((await readRegistry(home)).sessions).toEqual([without]);
  });

  it('keeps names that are words of JavaScript', async () => {
    const home = tempDir();
    for (const [i, name] of ['constructor', 'toString', 'hasOwnProperty'].entries()) {
      await register({ home, session: session(name, { pid: i + 1 }), now: NOW });
    }
    expect(await names(home)).toEqual(['constructor', 'toString', 'hasOwnProperty']);
  });
});

describe('a name', () => {
  it('of a living process is refused to another, and stays its own', async () => {
    const home = tempDir();
    await register({ home, session: session('CC-1', { cwd: '/there', program: 'zsh' }), now: NOW, isAlive: alive });
    const taking = register({ home, session: session('CC-1', { pid: 200 }), now: NOW, isAlive: alive });
    await expect(taking).rejects.toThrow('CC-1 is taken by process 100 (zsh, in /there), which is running.');
    expect((await readRegistry(home)).sessions).toMatchObject([{ pid: 100 }]);
  });

  it('of a dead process may be taken', async () => {
    const home = tempDir();
    await register({ home, session: session('CC-1'), now: NOW });
    await register({ home, session: session('CC-1', { pid: 200 }), now: NOW, isAlive: dead });
    expect((await readRegistry(home)).sessions).toMatchObject([{ name: 'CC-1', pid: 200 }]);
  });

  it('of a process whose pid was reused may be taken', async () => {
    const home = tempDir();
    const { pid } = process;
    await register({ home, session: session('CC-1', { pid, start: 'before the reboot' }), now: NOW });
    await register({ home, session: session('CC-1', markProcess(pid) as Partial<Registration>), now: NOW });
    expect((await readRegistry(home)).sessions).toHaveLength(1);
  });

  it('may be registered again by its own process', async () => {
    const home = tempDir();
    await register({ home, session: session('CC-1'), now: NOW, isAlive: alive });
    await register({ home, session: session('CC-1', { cwd: '/elsewhere' }), now: NOW, isAlive: alive });
    expect((await readRegistry(home)).sessions).toEqual([session('CC-1', { cwd: '/elsewhere' })]);
  });

  it('is given up by a process that takes another', async () => {
    const home = tempDir();
    await register({ home, session: session('CC-1'), now: NOW, isAlive: alive });
    await register({ home, session: session('CC-2'), now: NOW, isAlive: alive });
    expect(await names(home)).toEqual(['CC-2']);
  });

  it('is refused while its real process runs, and free once that is killed', async () => {
    const home = tempDir();
    const child = spawn('sleep', ['60']);
    await once(child, 'spawn');
    const holder = session('CC-1', { ...(markProcess(child.pid ?? 0) as Partial<Registration>) });
    await register({ home, session: holder, now: NOW });
    await expect(register({ home, session: session('CC-1'), now: NOW })).rejects.toThrow(`process ${child.pid}`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await register({ home, session: session('CC-1'), now: NOW });
    expect((await readRegistry(home)).sessions).toMatchObject([{ pid: 100 }]);
  });
});

describe('the ended ones', () => {
  it('are kept for a month, the living for ever', async () => {
    const home = tempDir();
    const ages = { old: 31, young: 29, living: 90 };
    const isAlive = ({ pid }: { pid: number }) => pid === 3;
    for (const [i, [name, days]] of Object.entries(ages).entries()) {
      await register({
        home,
        session: session(name, { pid: i + 1, registered: NOW - days * DAY }),
        now: NOW - 100 * DAY,
      });
    }
    await register({ home, session: session('new', { pid: 9 }), now: NOW, isAlive });
    expect((await names(home)).sort()).toEqual(['living', 'new', 'young']);
  });

  it('never make it larger than a thousand: the oldest go', async () => {
    const many = Array.from({ length: 1_200 }, (_, i) => session(`S-${i}`, { pid: i + 1, registered: NOW + i }));
    const home = withText(JSON.stringify({ version: 1, sessions: many }));
    await register({ home, session: session('new', { pid: 9_999, registered: NOW + 5_000 }), now: NOW });
    const kept = await names(home);
    expect([kept.length, kept[0], kept.at(-1)]).toEqual([1_000, 'S-201', 'new']);
  });
});

describe('a corrupt registry', () => {
  const CORRUPT = [
    '',
    '{',
    'null',
    '[]',
    '{}',
    '{"sessions": {}}',
    '{"sessions": [null]}',
    '{"sessions": [{"name": "CC-1"}]}',
    JSON.stringify({ sessions: [{ ...session('CC-1'), name: 'a;touch x' }] }),
    JSON.stringify({ sessions: [{ ...session('CC-1'), pid: '1' }] }),
    JSON.stringify({ sessions: [{ ...session('CC-1'), start: 1 }] }),
    JSON.stringify({ sessions: [{ ...session('CC-1'), cwd: null }] }),
  ];

  it.each(CORRUPT)('is set aside, told once, and not fatal: %s', async (text) => {
    const home = withText(text);
    const { registry } = statePaths(home);
    expect(await readRegistry(home)).toEqual({
      sessions: [],
      warnings: [`${registry} could not be read; it was set aside as ${registry}.corrupt-1.`],
    });
    expect(readFileSync(`${registry}.corrupt-1`, 'utf8')).toBe(text);
    expect(await readRegistry(home)).toEqual({ sessions: [], warnings: [] });
  });

  it('is set aside by the next one who registers, and never over an older one', async () => {
    const home = withText('{');
    const { registry } = statePaths(home);
    writeFileSync(`${registry}.corrupt-1`, 'older');
    const warnings = await register({ home, session: session('CC-1'), now: NOW });
    expect(warnings[0]).toContain('.corrupt-2');
    expect([readFileSync(`${registry}.corrupt-1`, 'utf8'), readFileSync(`${registry}.corrupt-2`, 'utf8')]).toEqual([
      'older',
      '{',
    ]);
    expect(await names(home)).toEqual(['CC-1']);
  });

  it('is set aside once by many who read it together', async () => {
    const home = withText('{');
    const read = await Promise.all(Array.from({ length: 10 }, () => readRegistry(home)));
    expect(read.flatMap(({ warnings }) => warnings)).toHaveLength(1);
    expect(readdirSync(statePaths(home).sessions)).toEqual(['registry.json.corrupt-1']);
  });
});

describe('many at once', () => {
  it('all are kept', async () => {
    const home = tempDir();
    const wanted = Array.from({ length: 30 }, (_, i) => session(`S-${i}`, { pid: i + 1 }));
    await Promise.all(wanted.map((each) => register({ home, session: each, now: NOW, isAlive: alive })));
    expect((await names(home)).sort()).toEqual(wanted.map(({ name }) => name).sort());
  });

  it('one gets a name that all want', async () => {
    const home = tempDir();
    const tries = Array.from({ length: 20 }, (_, i) =>
      register({ home, session: session('CC-1', { pid: i + 1 }), now: NOW, isAlive: alive }),
    );
    const done = await Promise.allSettled(tries);
    expect(done.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await names(home)).toEqual(['CC-1']);
  });
});

it('is not written through a link that somebody planted', async () => {
  const home = tempDir();
  const target = join(tempDir(), 'precious');
  writeFileSync(target, 'precious', { mode: 0o600 });
  mkdirSync(statePaths(home).sessions, { mode: 0o700 });
  symlinkSync(target, statePaths(home).registry);
  await expect(register({ home, session: session('CC-1'), now: NOW })).rejects.toThrow('symbolic link');
  expect(readFileSync(target, 'utf8')).toBe('precious');
});
