/** What is kept, read while the process has no descriptor left. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it, vi } from 'vitest';
import { FileKeys } from '../../src/client/keys.ts';
import { OutboxStore } from '../../src/client/outbox-store.ts';
import { relayUrl } from '../../src/client/place.ts';
import { RelayError } from '../../src/protocol/codes.ts';
import { readPrivate } from '../../src/util/files.ts';
import { tempDir } from '../support/temp-dir.ts';

vi.mock('../../src/util/files.ts', async (original) => {
  const real = await original<typeof import('../../src/util/files.ts')>();
  return { ...real, readPrivate: vi.fn(real.readPrivate) };
});

const read = vi.mocked(readPrivate);
let dir: string;
let corrupt: string[];
let store: OutboxStore;

beforeEach(() => {
  dir = join(tempDir(), 'outbox');
  corrupt = [];
  store = new OutboxStore({ dir, owner: { pid: 1 }, onCorrupt: (path) => corrupt.push(path) });
});

const add = (seq: number) => store.add('CC-1', { seq, id: `m${seq}`, at: 5, draft: { to: ['B'], body: 'hello' } });
const fail = (code: string) =>
  read.mockImplementationOnce(() => {
    throw Object.assign(new Error(`${code}: not now`), { code });
  });

it.each(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN'])('%s sets nothing aside, and is told to whoever asks', (code) => {
  add(1);
  store.refuse('CC-1', add(2), new RelayError('unknown_recipient'));
  const before = readdirSync(join(dir, 'CC-1'));
  for (const list of [() => store.list('CC-1'), () => store.refused('CC-1')]) {
    fail(code);
    expect(list).toThrowError(code);
  }
  expect([readdirSync(join(dir, 'CC-1')), corrupt]).toEqual([before, []]);
  expect(store.list('CC-1')).toMatchObject([{ id: 'm1' }]);
});

it.each(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN'])('%s is not the lack of a key: to claim the name waits', (code) => {
  const relay = relayUrl('ws://localhost:9999');
  new FileKeys(dir).save(relay, 'CC-1', 'k1', { epoch: 'e', missed: 2 });
  const keys = new FileKeys(dir, () => expect.unreachable());
  for (const ask of [() => keys.load(relay, 'CC-1'), () => keys.recall(relay, 'CC-1')]) {
    fail(code);
    expect(ask).toThrowError(
      expect.objectContaining({ code: 'not_connected', message: expect.stringContaining(code) }),
    );
  }
  expect([keys.load(relay, 'CC-1'), keys.recall(relay, 'CC-1')]).toEqual(['k1', { epoch: 'e', missed: 2 }]);
});

it('a file that the disk cannot read is set aside: it would hold up the others for ever', () => {
  for (const seq of [1, 2]) add(seq);
  fail('EIO');
  expect(store.list('CC-1')).toMatchObject([{ id: 'm2' }]);
  expect(corrupt).toHaveLength(1);
});

it('moves what it can when another name is granted, and removes the rest where it is', () => {
  const [one, two] = [add(1), add(2)];
  // A file stands where the directory should be.
  writeFileSync(join(dir, 'Ada'), 'in the way');
  expect(() => store.move('CC-1', 'Ada', [one, two])).toThrow();
  store.remove(one);
  store.refuse('Ada 2', two, new RelayError('unknown_recipient'));
  expect(readdirSync(join(dir, 'CC-1'))).toEqual([]);
});
