import { describe, expect, it } from 'vitest';
import { readRun, removeRun, wokenAs, writeRun } from '../../src/config/woken.ts';
import { markProcess } from '../../src/util/processes.ts';
import { scrawl } from '../resume/rig.ts';
import { tempDir } from '../support/temp-dir.ts';

const run = { ...markProcess(process.ppid), name: 'CC-1', message: 'm1', from: 'PEER', at: 1 };

describe('the run under way', () => {
  it('is read as it was written, until it is removed', () => {
    const home = tempDir();
    writeRun(home, run);
    expect(readRun(home)).toEqual(run);
    removeRun(home);
    removeRun(home);
    expect(readRun(home)).toBeUndefined();
  });

  it.each(['{', '{}', JSON.stringify({ ...run, name: '../x' }), JSON.stringify({ ...run, pid: '1' })])(
    'is none when it is damaged: %s',
    (text) => {
      const home = tempDir();
      writeRun(home, run);
      scrawl(home, 'run.json', text);
      expect(readRun(home)).toBeUndefined();
    },
  );

  it('gives its name to the processes below its program, and to no others', () => {
    const home = tempDir();
    expect(wokenAs(home, process.pid)).toBeUndefined();
    writeRun(home, run);
    expect(wokenAs(home, process.pid)).toBe('CC-1');
    expect(wokenAs(home, process.ppid)).toBeUndefined();
  });

  it('gives its name to nobody when its process is another one by now', () => {
    const home = tempDir();
    writeRun(home, { ...run, start: 'long ago' });
    expect(wokenAs(home, process.pid)).toBeUndefined();
  });
});
