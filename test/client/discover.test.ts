import { chmodSync, chownSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { type DiscoveryOptions, discover } from '../../src/client/discover.ts';
import { tempDir } from '../support/temp-dir.ts';

let home: string;
beforeEach(() => {
  home = tempDir();
});
const open = (extra: Partial<DiscoveryOptions> = {}) => discover({ home, env: {}, ...extra });
const put = (file: string, text: string) => writeFileSync(join(home, file), text, { mode: 0o600 });

describe('where the relay is', () => {
  it('goes by what was given, then RELAY_URL, then the running relay, then the default', () => {
    expect(open().url()).toBe('ws://localhost:9999/');
    put('relay.json', JSON.stringify({ pid: 1, port: 4001, url: 'ws://localhost:4000' }));
    expect(open().url()).toBe('ws://localhost:4000/');
    expect(open({ env: { RELAY_URL: 'ws://env:1' } }).url()).toBe('ws://env:1/');
    expect(open({ env: { RELAY_URL: 'ws://env:1' }, url: 'http://flag:2' }).url()).toBe('ws://flag:2/');
    expect(open({ env: { RELAY_URL: ' ' }, url: '' }).url()).toBe('ws://localhost:4000/');
  });

  it('is read again each time, so that a relay that moved is found', () => {
    const found = open();
    put('relay.json', '{"url":"ws://localhost:4000"}');
    expect(found.url()).toBe('ws://localhost:4000/');
    put('relay.json', '{"url":"ws://localhost:5000"}');
    expect(found.url()).toBe('ws://localhost:5000/');
  });

  it('can be told by the port alone', () => {
    put('relay.json', '{"port":4001}');
    expect(open().url()).toBe('ws://localhost:4001/');
  });

  it.each(['not json', '', '[]', 'null', '{}', '{"url":5}', '{"url":"ftp://x"}', '{"port":"x"}', '{"port":999999}'])(
    'is the default when relay.json holds %j',
    (text) => {
      put('relay.json', text);
      expect(open().url()).toBe('ws://localhost:9999/');
    },
  );

  it('is not taken from a file that others can write or read, nor through a link: it would lead to whomever they like', () => {
    put('relay.json', '{"url":"ws://localhost:4000"}');
    chmodSync(join(home, 'relay.json'), 0o666);
    expect(() => open().url()).toThrowError(expect.objectContaining({ code: 'unauthorized' }));
    expect(() => open().url()).toThrow(/relay\.json is open to other users .*chmod 600/);
    expect(open({ url: 'ws://given:1' }).url()).toBe('ws://given:1/');
    put('elsewhere', '{"url":"ws://hostile:1"}');
    rmSync(join(home, 'relay.json'));
    symlinkSync(join(home, 'elsewhere'), join(home, 'relay.json'));
    expect(() => open().url()).toThrow(/symbolic link/);
  });

  it.runIf(process.getuid?.() === 0)('is not taken from a file of another user', () => {
    put('relay.json', '{"url":"ws://hostile:1"}');
    chownSync(join(home, 'relay.json'), 12_345, 12_345);
    expect(() => open().url()).toThrow(/belongs to another user/);
  });

  it('is refused when what was given is no address', () => {
    expect(() => open({ url: 'ftp://x' }).url()).toThrowError(expect.objectContaining({ code: 'bad_request' }));
  });
});

describe('its token', () => {
  it('is what was given, then RELAY_TOKEN, then the file', () => {
    expect(open().token()).toBeUndefined();
    put('token', 'from-file\n');
    expect(open().token()).toBe('from-file');
    expect(open({ env: { RELAY_TOKEN: 'from-env' } }).token()).toBe('from-env');
    expect(open({ env: { RELAY_TOKEN: 'from-env' }, token: 'given' }).token()).toBe('given');
    expect(open({ env: { RELAY_TOKEN: '' } }).token()).toBe('from-file');
  });

  it('is read again each time', () => {
    const found = open();
    expect(found.token()).toBeUndefined();
    put('token', 'later');
    expect(found.token()).toBe('later');
  });

  it('is not there when the file is empty', () => {
    put('token', ' \n');
    expect(open().token()).toBeUndefined();
  });

  it('is not read from a file that others can read, and the remedy is said', () => {
    put('token', 'secret');
    chmodSync(join(home, 'token'), 0o644);
    expect(() => open().token()).toThrowError(expect.objectContaining({ code: 'unauthorized' }));
    expect(() => open().token()).toThrow(/chmod 600/);
  });

  it('is not read through a link', () => {
    put('elsewhere', 'secret');
    symlinkSync(join(home, 'elsewhere'), join(home, 'token'));
    expect(() => open().token()).toThrow(/symbolic link/);
  });

  it('that cannot be read is said with the reason', () => {
    put('file', 'x');
    expect(() => discover({ home: join(home, 'file'), env: {} }).token()).toThrow(/cannot be read \(ENOTDIR\)/);
  });
});
