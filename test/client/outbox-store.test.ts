import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { OutboxStore, type StoreOptions } from '../../src/client/outbox-store.ts';
import { RelayError } from '../../src/protocol/codes.ts';
import type { ProcessMark } from '../../src/util/processes.ts';
import { tempDir } from '../support/temp-dir.ts';

let dir: string;
let corrupt: string[];
let kinds: string[];
const alive = new Set<number>();

function open(owner: ProcessMark = { pid: 1, start: 'a' }, extra: Partial<StoreOptions> = {}): OutboxStore {
  return new OutboxStore({
    dir,
    owner,
    isAlive: ({ pid }) => alive.has(pid),
    onCorrupt: (path, _error, what) => {
      corrupt.push(path);
      kinds.push(what);
    },
    ...extra,
  });
}
const files = (name = 'CC-1') => readdirSync(join(dir, name)).sort();
const entry = (seq: number, id = `m${seq}`) => ({ seq, id, at: 5, draft: { id, to: ['B'], body: `body ${seq}` } });
const ids = (entries: readonly { readonly id: string }[]) => entries.map((each) => each.id);

beforeEach(() => {
  dir = join(tempDir(), 'outbox');
  corrupt = [];
  kinds = [];
  alive.clear();
});

describe('the outbox on disk', () => {
  it('holds one private file an envelope, named by order and id', () => {
    open().add('CC-1', entry(42));
    expect(files()).toEqual(['0000000000000042-m42.json']);
    expect(statSync(join(dir, 'CC-1', files()[0] ?? '')).mode & 0o777).toBe(0o600);
    expect(statSync(join(dir, 'CC-1')).mode & 0o777).toBe(0o700);
    expect(JSON.parse(readFileSync(join(dir, 'CC-1', files()[0] ?? ''), 'utf8'))).toEqual({
      seq: 42,
      id: 'm42',
      name: 'CC-1',
      at: 5,
      draft: { id: 'm42', to: ['B'], body: 'body 42' },
      owner: { pid: 1, start: 'a' },
    });
  });

  it('lists what this process has, in the order of sending, and nothing of other names', () => {
    const store = open();
    for (const seq of [30, 9, 200]) store.add('CC-1', entry(seq));
    store.add('CC-2', entry(1));
    expect(ids(store.list('CC-1'))).toEqual(['m9', 'm30', 'm200']);
    expect(store.list('CC-3')).toEqual([]);
    expect(store.lastSeq('CC-1')).toBe(200);
    expect(store.lastSeq('CC-3')).toBe(0);
  });

  it('gives what a dead process left to the next, and leaves a live one its own', () => {
    open({ pid: 7, start: 'x' }).add('CC-1', entry(1));
    open({ pid: 8, start: 'y' }).add('CC-1', entry(2));
    open({ pid: 9, start: 'z' }).add('CC-1', entry(3));
    alive.add(8);
    expect(ids(open({ pid: 9, start: 'z' }).list('CC-1'))).toEqual(['m1', 'm3']);
  });

  it('knows a reused process id by its start', () => {
    open({ pid: 7, start: 'x' }).add('CC-1', entry(1));
    alive.add(7);
    expect(open({ pid: 7, start: 'y' }, { isAlive: ({ start }) => start === 'y' }).list('CC-1')).toHaveLength(1);
    expect(open({ pid: 7, start: 'y' }, { isAlive: () => true }).list('CC-1')).toHaveLength(0);
  });

  it('asks once for each owner whether it lives', () => {
    let asked = 0;
    for (let seq = 0; seq < 20; seq += 1) open({ pid: 7 }).add('CC-1', entry(seq));
    const isAlive = () => {
      asked += 1;
      return false;
    };
    expect(open({ pid: 1 }, { isAlive }).list('CC-1')).toHaveLength(20);
    expect(asked).toBe(1);
  });

  it('looks at the real process table when it is not told otherwise', () => {
    const real = new OutboxStore({ dir, owner: { pid: 1, start: 'nobody' } });
    open({ pid: process.pid }).add('CC-1', entry(1));
    open({ pid: 2 ** 22 + 1 }).add('CC-1', entry(2));
    expect(ids(real.list('CC-1'))).toEqual(['m2']);
  });

  it('removes what is answered, and does not mind when it is gone', () => {
    const store = open();
    const kept = store.add('CC-1', entry(1));
    store.remove(kept);
    store.remove(kept);
    expect(files()).toEqual([]);
  });

  const damage: readonly [string, string][] = [
    ['0000000000000001-m1.json', 'not json'],
    ['0000000000000001-m1.json', ''],
    ['0000000000000001-m1.json', '[]'],
    ['0000000000000001-m1.json', 'null'],
    ['0000000000000001-m1.json', '{"seq":1,"id":"m1","name":"CC-1","at":1,"owner":{"pid":1}}'],
    ['0000000000000001-m1.json', '{"seq":1,"id":"m1","name":"CC-1","at":1,"owner":{"pid":"x"},"draft":{"body":"x"}}'],
    ['0000000000000001-m1.json', '{"seq":2,"id":"m1","name":"CC-1","at":1,"owner":{"pid":1},"draft":{"body":"x"}}'],
    ['0000000000000001-m1.json', '{"seq":1,"id":"m1","name":"CC-1","at":1,"owner":{"pid":1},"draft":{"body":5}}'],
    ['0000000000000001-m1.json', '{"seq":1,"id":"m1","name":"CC-1","at":1,"owner":null,"draft":{"body":"x"}}'],
  ];
  it.each(damage)('sets %s aside when it holds %j, and goes on with the others', (file, text) => {
    const store = open();
    store.add('CC-1', entry(5));
    writeFileSync(join(dir, 'CC-1', file), text, { mode: 0o600 });
    expect(ids(store.list('CC-1'))).toEqual(['m5']);
    expect(corrupt).toEqual([join(dir, 'CC-1', `corrupt-${file}`)]);
    expect(files()).toContain(`corrupt-${file}`);
    expect(ids(store.list('CC-1'))).toEqual(['m5']);
    expect(kinds).toEqual(['send']);
  });

  it('follows no link and reads no file that others may have written', () => {
    const store = open();
    store.add('CC-1', entry(5));
    writeFileSync(join(dir, 'CC-1', '0000000000000001-m1.json'), 'x', { mode: 0o666 });
    symlinkSync('/etc/passwd', join(dir, 'CC-1', '0000000000000002-m2.json'));
    expect(ids(store.list('CC-1'))).toEqual(['m5']);
    expect(corrupt).toHaveLength(process.getuid?.() === undefined ? 1 : 2);
  });

  it.each(['.0000000000000001-m1.json.77.abcdef', 'notes.txt', 'x-m1.json', 'corrupt-0000000000000001-m1.json'])(
    'passes over %s, which is none of its files',
    (file) => {
      const store = open();
      store.add('CC-1', entry(5));
      writeFileSync(join(dir, 'CC-1', file), 'anything', { mode: 0o600 });
      expect(ids(store.list('CC-1'))).toEqual(['m5']);
      expect(corrupt).toEqual([]);
    },
  );

  it('leaves alone what a disk without cases shows of another name', () => {
    open().add('CC-1', entry(1));
    mkdirSync(join(dir, 'cc-1'), { mode: 0o700 });
    const [file = ''] = files();
    writeFileSync(join(dir, 'cc-1', file), readFileSync(join(dir, 'CC-1', file)), { mode: 0o600 });
    expect(open().list('cc-1')).toEqual([]);
    expect(corrupt).toEqual([]);
  });

  it('moves entries to another name, with their order and their first name', () => {
    const store = open();
    const kept = [store.add('CC-1', entry(1)), store.add('CC-1', entry(2))];
    store.remove(kept[0] ?? expect.unreachable());
    store.move('CC-1', 'CC-1.2', kept);
    expect(files('CC-1')).toEqual([]);
    expect(store.list('CC-1.2').map((each) => [each.id, each.name])).toEqual([['m2', 'CC-1']]);
    store.move('nobody', 'CC-1.2', []);
  });

  it('keeps what was refused for the asking, newest first, fifty at most', () => {
    const store = open();
    for (let seq = 1; seq <= 55; seq += 1) {
      const refused = store.refuse(
        'CC-1',
        store.add('CC-1', entry(seq)),
        new RelayError('unknown_recipient', 'Nobody.'),
      );
      expect(refused).toMatchObject({ id: `m${seq}`, code: 'unknown_recipient', message: 'Nobody.', at: 5 });
    }
    expect(ids(store.refused('CC-1'))).toEqual(Array.from({ length: 50 }, (_, i) => `m${55 - i}`));
    expect(store.list('CC-1')).toEqual([]);
    expect(files()).toHaveLength(50);
  });

  it('sets aside a refused file that is damaged', () => {
    const store = open();
    store.add('CC-1', entry(1));
    writeFileSync(join(dir, 'CC-1', 'refused-0000000000000009-m9.json'), '{"id":5}', { mode: 0o600 });
    expect(store.refused('CC-1')).toEqual([]);
    expect(kinds).toEqual(['refusal']);
  });

  it('says that nothing was sent when it cannot be written', () => {
    writeFileSync(dir, 'a file in its place');
    expect(() => open().add('CC-1', entry(1))).toThrowError(expect.objectContaining({ code: 'outbox_full' }));
    expect(() => open().add('CC-1', entry(1))).toThrow(/not sent/);
  });
});
