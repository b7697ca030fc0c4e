import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { FileKeys, type KeyStore, MemoryKeys } from '../../src/client/keys.ts';
import { relayUrl } from '../../src/client/place.ts';
import { tempDir } from '../support/temp-dir.ts';

const relay = relayUrl('ws://localhost:9999');
const moved = relayUrl('ws://127.0.0.1:4000');
const remote = relayUrl('wss://box.example.org');

const stores: readonly [string, () => KeyStore][] = [
  ['in memory', () => new MemoryKeys()],
  ['on disk', () => new FileKeys(join(tempDir(), 'keys'))],
];

describe.each(stores)('resume keys %s', (_, make) => {
  it('are found by relay and name', () => {
    const keys = make();
    keys.save(relay, 'CC-1', 'key-1', { epoch: 'e1', missed: 0 });
    keys.save(remote, 'CC-1', 'key-2', { epoch: 'e1', missed: 0 });
    expect([keys.load(relay, 'CC-1'), keys.load(remote, 'CC-1'), keys.load(relay, 'CC-2')]).toEqual([
      'key-1',
      'key-2',
      undefined,
    ]);
  });

  it('are replaced by a newer one', () => {
    const keys = make();
    keys.save(relay, 'CC-1', 'old');
    keys.save(relay, 'CC-1', 'new');
    expect(keys.load(relay, 'CC-1')).toBe('new');
  });

  it('come with what was known of the relay, when something was', () => {
    const keys = make();
    keys.save(relay, 'CC-1', 'key-1');
    expect(keys.recall(relay, 'CC-1')).toBeUndefined();
    keys.save(relay, 'CC-1', 'key-1', { epoch: 'e1', missed: 2 });
    expect([keys.load(relay, 'CC-1'), keys.recall(relay, 'CC-1')]).toEqual(['key-1', { epoch: 'e1', missed: 2 }]);
    expect(keys.recall(remote, 'CC-1')).toBeUndefined();
  });

  it('are the same whichever name of this machine the relay is called by', () => {
    const keys = make();
    keys.save(relay, 'CC-1', 'key-1');
    expect(keys.load(relayUrl('ws://[::1]:9999'), 'CC-1')).toBe('key-1');
  });
});

describe('key files', () => {
  let dir: string;
  let problems: string[];
  const open = () => new FileKeys(dir, (path) => problems.push(path));
  beforeEach(() => {
    dir = join(tempDir(), 'keys');
    problems = [];
  });

  it('are found by the next process, private, with what was known beside', () => {
    open().save(relay, 'CC-1', 'key-1', { epoch: 'e7', missed: 3 });
    expect(open().load(relay, 'CC-1')).toBe('key-1');
    expect(open().recall(relay, 'CC-1')).toEqual({ epoch: 'e7', missed: 3 });
    const file = join(dir, 'localhost_9999', 'CC-1.json');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ name: 'CC-1', key: 'key-1', epoch: 'e7', missed: 3 });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(dir, 'localhost_9999')).mode & 0o777).toBe(0o700);
  });

  it('tell whether any relay knows a name', () => {
    expect(open().knows('CC-1')).toBe(false);
    open().save(relay, 'CC-1', 'key-1');
    expect([open().knows('CC-1'), open().knows('CC-2')]).toEqual([true, false]);
  });

  it('are not rewritten when they hold that key already', () => {
    open().save(relay, 'CC-1', 'key-1');
    const file = join(dir, 'localhost_9999', 'CC-1.json');
    utimesSync(file, 1000, 1000);
    open().save(relay, 'CC-1', 'key-1');
    expect(statSync(file).mtimeMs).toBe(1_000_000);
  });

  it('of an earlier version, or with half of what is to be known, are keys all the same', () => {
    mkdirSync(join(dir, 'localhost_9999'), { recursive: true, mode: 0o700 });
    const file = join(dir, 'localhost_9999', 'CC-1.json');
    writeFileSync(file, '{"name":"CC-1","key":"key-1","epoch":"e1"}', { mode: 0o600 });
    expect([open().load(relay, 'CC-1'), open().recall(relay, 'CC-1')]).toEqual(['key-1', undefined]);
  });

  it('of another name are not used, though a disk that knows no case finds them', () => {
    open().save(relay, 'CC-1', 'key-1');
    writeFileSync(join(dir, 'localhost_9999', 'cc-1.json'), '{"name":"CC-1","key":"key-1"}', { mode: 0o600 });
    expect(open().load(relay, 'cc-1')).toBeUndefined();
  });

  it.each([
    'not json',
    '{}',
    '[]',
    'null',
    '{"name":"CC-1"}',
    '{"name":"CC-1","key":5}',
    `{"name":"CC-1","key":"${'x'.repeat(200)}"}`,
  ])('that hold %j are passed over and reported', (text) => {
    mkdirSync(join(dir, 'localhost_9999'), { recursive: true, mode: 0o700 });
    writeFileSync(join(dir, 'localhost_9999', 'CC-1.json'), text, { mode: 0o600 });
    expect(open().load(relay, 'CC-1')).toBeUndefined();
    expect(problems).toHaveLength(1);
  });

  it('that others can read, or that are links, are not used', () => {
    open().save(relay, 'CC-1', 'key-1');
    const file = join(dir, 'localhost_9999', 'CC-1.json');
    chmodSync(file, 0o644);
    expect(open().load(relay, 'CC-1')).toBeUndefined();
    chmodSync(file, 0o600);
    symlinkSync(file, join(dir, 'localhost_9999', 'CC-2.json'));
    expect(open().load(relay, 'CC-2')).toBeUndefined();
    expect(problems).toHaveLength(2);
  });

  it('come along when this machine’s relay moves to another port, the newest first', () => {
    open().save(relayUrl('ws://localhost:1'), 'CC-1', 'older');
    open().save(relay, 'CC-1', 'newer');
    utimesSync(join(dir, 'localhost_1', 'CC-1.json'), 1000, 1000);
    expect(open().load(moved, 'CC-1')).toBe('newer');
  });

  it('never go to another machine, nor from one to this', () => {
    open().save(relay, 'CC-1', 'local');
    open().save(remote, 'CC-2', 'remote');
    expect(open().load(remote, 'CC-1')).toBeUndefined();
    expect(open().load(relay, 'CC-2')).toBeUndefined();
  });

  it.each(['../evil', 'a/b', '', 'all', '..'])('are neither read nor written for %j, which is no name', (name) => {
    const keys = open();
    keys.save(relay, name, 'key');
    expect(keys.load(relay, name)).toBeUndefined();
    expect(existsSync(dir)).toBe(false);
  });

  it('that cannot be written are known for this process all the same', () => {
    writeFileSync(dir, 'a file where the directory should be');
    const keys = open();
    expect(() => keys.save(relay, 'CC-1', 'key-1')).toThrow();
    expect(keys.load(relay, 'CC-1')).toBe('key-1');
  });
});
