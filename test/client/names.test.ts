import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { Names } from '../../src/client/names.ts';
import { systemClock } from '../../src/util/clock.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { tempDir } from '../support/temp-dir.ts';

let path: string;
let clock: FakeClock;
const open = () => new Names(path, clock);

beforeEach(() => {
  path = join(tempDir(), 'names.json');
  clock = new FakeClock(1_000);
});

describe('the names that sessions had', () => {
  it('are found by working directory and agent session together', async () => {
    await open().remember('/a', 's1', 'CC-1');
    await open().remember('/a', 's2', 'CC-2');
    await open().remember('/b', 's1', 'CC-3');
    const names = open();
    expect([names.find('/a', 's1'), names.find('/a', 's2'), names.find('/b', 's1')]).toEqual(['CC-1', 'CC-2', 'CC-3']);
    expect(names.find('/b', 's2')).toBeUndefined();
  });

  it('are none when nothing was remembered, and looking writes nothing', () => {
    expect(open().find('/a', 's1')).toBeUndefined();
    expect(existsSync(path)).toBe(false);
  });

  it('are replaced by the newest', async () => {
    await open().remember('/a', 's1', 'CC-1');
    await open().remember('/a', 's1', 'Ada');
    expect(open().find('/a', 's1')).toBe('Ada');
    expect(JSON.parse(readFileSync(path, 'utf8')).names).toEqual([
      { cwd: '/a', agent_session: 's1', name: 'Ada', at: 1_000 },
    ]);
  });

  it('are private, and leave no lock behind', async () => {
    await open().remember('/a', 's1', 'CC-1');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(path, '..'))).toEqual(['names.json']);
  });

  it('are not written again when nothing changed', async () => {
    await open().remember('/a', 's1', 'CC-1');
    const before = statSync(path).ino;
    await open().remember('/a', 's1', 'CC-1');
    expect(statSync(path).ino).toBe(before);
  });

  it('survive twenty processes that remember at the same time', async () => {
    const all = Array.from({ length: 20 }, (_, i) => new Names(path, systemClock).remember('/a', `s${i}`, `CC-${i}`));
    await Promise.all(all);
    for (let i = 0; i < 20; i += 1) expect(open().find('/a', `s${i}`)).toBe(`CC-${i}`);
  });

  it('are kept for the thousand newest', async () => {
    const many = Array.from({ length: 1_000 }, (_, i) => ({
      cwd: '/a',
      agent_session: `s${i}`,
      name: `CC-${i}`,
      at: 5_000 - i,
    }));
    writeFileSync(path, JSON.stringify({ version: 1, names: many }), { mode: 0o600 });
    await open().remember('/a', 'new', 'Ada');
    const { names } = JSON.parse(readFileSync(path, 'utf8'));
    expect(names).toHaveLength(1_000);
    expect([open().find('/a', 'new'), open().find('/a', 's998'), open().find('/a', 's999')]).toEqual([
      'Ada',
      'CC-998',
      undefined,
    ]);
  });

  it.each(['not json', '', '[]', 'null', '{"names":5}', '{}'])(
    'in a damaged file (%j) are set aside, and it goes on',
    async (text) => {
      writeFileSync(path, text, { mode: 0o600 });
      expect(open().find('/a', 's1')).toBeUndefined();
      expect(readFileSync(`${path}.corrupt-1000`, 'utf8')).toBe(text);
      await open().remember('/a', 's1', 'CC-1');
      expect(open().find('/a', 's1')).toBe('CC-1');
    },
  );

  it('that are none, and entries of another form, are passed over', () => {
    const names = [
      { cwd: '/a', agent_session: 's1', name: 'all' },
      { cwd: '/a', agent_session: 's1', name: '../x' },
      { cwd: 5 },
      null,
      'x',
      { cwd: '/a', agent_session: 's2', name: 'CC-2', at: 1 },
    ];
    writeFileSync(path, JSON.stringify({ names }), { mode: 0o600 });
    expect([open().find('/a', 's1'), open().find('/a', 's2')]).toEqual([undefined, 'CC-2']);
  });

  it('are not read from a file that others may have written', () => {
    writeFileSync(path, '{"names":[]}');
    chmodSync(path, 0o666);
    expect(() => open().find('/a', 's1')).toThrow(/open to other users/);
  });
});
