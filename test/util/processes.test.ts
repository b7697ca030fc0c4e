import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import {
  cwdOf,
  isRunning,
  markProcess,
  openFilesOf,
  parseProcStat,
  parsePs,
  processFacts,
  processIds,
} from '../../src/util/processes.ts';
import { which } from '../../src/util/which.ts';
import { tempDir } from '../support/temp-dir.ts';

/** proc(5); 22nd field is 12345. */
const stat = (name: string, state = 'S') =>
  `42 (${name}) ${state} 7 42 42 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 12345 100 200 18446744073709551615`;

describe('the line of /proc/<pid>/stat', () => {
  it.each(['bash', 'Web Content', 'a) S 1 (b', ')', '((', 'tmux: server'])('is read with the name %j', (name) => {
    expect(parseProcStat(stat(name), 'b00t')).toEqual({ parent: 7, program: name, start: 'b00t-12345' });
  });

  it.each(['Z', 'X'])('in the state %s is no process any more', (state) => {
    expect(parseProcStat(stat('x', state), 'b00t')).toBeUndefined();
  });

  it.each(['', '42', '42 (x', '42 (x) S 7'])('cut short is no process: %j', (line) => {
    expect(parseProcStat(line, 'b00t')).toBeUndefined();
  });
});

describe('the line of ps', () => {
  it.each([
    ['  501 Sun Nov 22 07:48:48 2026 Ss   -zsh', 501, 'zsh'],
    ['1 Sun Nov  2 07:48:48 2026 S+ /usr/local/bin/fish\n', 1, 'fish'],
    ['1 Sun Nov  2 07:48:48 2026 S /Applications/My App.app/Contents/MacOS/My App', 1, 'My App'],
  ])('%j is read', (line, parent, program) => {
    const facts = parsePs(line);
    expect([facts?.parent, facts?.program]).toEqual([parent, program]);
    expect(facts?.start).toMatch(/^Sun Nov 2?2 07:48:48 2026$/);
  });

  it.each(['', 'ps: no such process', '1 Sun Nov 22 07:48:48 2026 Z (node)'])('%j is no process', (line) => {
    expect(parsePs(line)).toBeUndefined();
  });
});

describe('a process', () => {
  it('has a parent, a name and a start that stays', () => {
    const facts = processFacts(process.pid);
    expect(facts).toMatchObject({ parent: process.ppid });
    expect(processFacts(process.pid)).toEqual(facts);
  });

  it('is told from ps as well as from /proc', () => {
    const facts = processFacts(process.pid, 'darwin');
    expect(facts?.parent).toBe(process.ppid);
    expect(facts?.start).toMatch(/\d{4}$/);
  });

  it.each([0, -1, 1.5, Number.NaN, 2 ** 31 - 1])('of the pid %d is none', (pid) => {
    expect(processFacts(pid)).toBeUndefined();
    expect(isRunning({ pid })).toBe(false);
  });

  it('that is there counts as running while the system does not tell', () => {
    const platform = vi.spyOn(process, 'platform', 'get').mockReturnValue('darwin');
    vi.stubEnv('PATH', '/nowhere');
    try {
      expect([isRunning({ pid: process.pid, start: 'x' }), isRunning({ pid: 2 ** 31 - 1 })]).toEqual([true, false]);
      vi.unstubAllEnvs();
      expect(isRunning({ pid: process.pid, start: 'x' })).toBe(false);
    } finally {
      vi.unstubAllEnvs();
      platform.mockRestore();
    }
  });

  it('that is a zombie does not run, as ps tells it too', async () => {
    // The shell never waits for what it has begun: it has become `sleep`.
    const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const [line] = await once(parent.stdout, 'data');
    const pid = Number(String(line));
    await expect.poll(() => isRunning({ pid })).toBe(false);
    expect([processFacts(pid), processFacts(pid, 'darwin')]).toEqual([undefined, undefined]);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
  });

  it('runs until it ends, and a reused pid is another one', async () => {
    const child = spawn('sleep', ['60']);
    await once(child, 'spawn');
    const mark = markProcess(child.pid ?? 0);
    expect(mark.start).toBeDefined();
    expect(isRunning(mark)).toBe(true);
    expect(isRunning({ pid: mark.pid })).toBe(true);
    expect(isRunning({ ...mark, start: 'another' })).toBe(false);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(isRunning(mark)).toBe(false);
  });
});

describe('what runs', () => {
  it('is listed, with us in it', () => {
    expect(processIds()).toContain(process.pid);
    expect(processIds('win32')).toEqual([]);
  });

  it.runIf(process.platform === 'linux')('has a directory and open files, where the system tells', () => {
    const file = join(tempDir(), 'open.jsonl');
    const fd = openSync(file, 'w');
    expect([cwdOf(process.pid), openFilesOf(process.pid)]).toEqual([process.cwd(), expect.arrayContaining([file])]);
    closeSync(fd);
    expect(openFilesOf(process.pid)).not.toContain(file);
  });

  it('tells nothing of a process that is gone, or on another system', () => {
    const gone = 2 ** 22 + 1;
    expect([cwdOf(gone), openFilesOf(gone)]).toEqual([undefined, undefined]);
    expect([cwdOf(process.pid, 'darwin'), openFilesOf(process.pid, 'darwin')]).toEqual([undefined, undefined]);
  });

  it.runIf(process.platform === 'linux')('is listed by ps elsewhere', ({ skip }) => {
    if (which('ps', process.env.PATH) === undefined) skip('there is no ps here');
    expect(processIds('darwin')).toContain(process.pid);
  });
});
