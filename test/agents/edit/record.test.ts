import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Record, readRecord, writeRecord } from '../../../src/agents/edit/record.ts';
import { memoryDir } from '../../support/temp-dir.ts';
import { write } from '../samples.ts';

const RECORD: Record = {
  files: [
    { program: 'a', role: 'r', path: '/p', undo: { made: true, blank: '', rules: ['x'] } },
    { program: 'a', role: 's', path: '/q', undo: { containers: [['a', 'b']], inside: [{ path: [], text: '\n' }] } },
  ],
  dirs: ['/p'],
};

describe('the record', () => {
  it('is empty when there is none', () => {
    expect(readRecord(join(memoryDir(), 'installed.json'))).toEqual({ files: [], dirs: [] });
  });

  it('says what was written', () => {
    const path = join(memoryDir(), 'installed.json');
    writeRecord(path, RECORD);
    expect(readRecord(path)).toEqual(RECORD);
  });

  const [file] = RECORD.files;
  it.each([
    ['{'],
    ['null'],
    ['{"version": 1}'],
    ['{"files": {}, "dirs": []}'],
    ['{"files": [], "dirs": [1]}'],
    ...[
      { path: 1 },
      { undo: undefined },
      { undo: 'x' },
      { undo: { made: 1 } },
      { undo: { blank: 1 } },
      { undo: { containers: ['a'] } },
      { undo: { inside: [{ path: 'a', text: '' }] } },
      { undo: { inside: [{ path: [] }] } },
      { undo: { rules: [1] } },
    ].map((wrong) => [JSON.stringify({ files: [{ ...file, ...wrong }], dirs: [] })]),
  ])('is refused when it is damaged: %s', (text) => {
    const path = join(memoryDir(), 'installed.json');
    writeRecord(path, RECORD);
    write(path, text);
    expect(() => readRecord(path)).toThrow(`${path} cannot be read.`);
  });
});
