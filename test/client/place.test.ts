import { describe, expect, it } from 'vitest';
import { candidates, hostPort, httpUrl, isLoopback, relayUrl, shownUrl } from '../../src/client/place.ts';

describe('the address of a relay', () => {
  const forms: readonly [string, string][] = [
    ['ws://localhost:9999', 'ws://localhost:9999/'],
    ['ws://localhost', 'ws://localhost:9999/'],
    ['localhost', 'ws://localhost:9999/'],
    ['localhost:1234', 'ws://localhost:1234/'],
    ['  box.lan:1234 ', 'ws://box.lan:1234/'],
    ['http://localhost:9999', 'ws://localhost:9999/'],
    ['http://localhost:80', 'ws://localhost/'],
    ['https://relay.example.org', 'wss://relay.example.org/'],
    ['https://relay.example.org:443', 'wss://relay.example.org/'],
    ['wss://relay.example.org:8443', 'wss://relay.example.org:8443/'],
    ['WS://LOCALHOST:9999', 'ws://localhost:9999/'],
    ['[::1]:9999', 'ws://[::1]:9999/'],
    ['127.0.0.1:9999', 'ws://127.0.0.1:9999/'],
  ];
  it.each(forms)('reads %s as %s', (written, url) => {
    expect(relayUrl(written).href).toBe(url);
  });

  it.each(['', '   ', 'ftp://x', 'ws://', 'http://[', 'ws://host:99999', 'file:///etc/passwd', 'a b c'])(
    'refuses %j and says how one looks',
    (written) => {
      expect(() => relayUrl(written)).toThrowError(expect.objectContaining({ code: 'bad_request' }));
      expect(() => relayUrl(written)).toThrowError(/ws:\/\/localhost:9999/);
    },
  );

  it('never quotes back an address that does not parse, since it may hold a password', () => {
    expect(() => relayUrl('ftp://me:hunter2@x')).toThrowError(
      expect.not.objectContaining({ message: expect.stringContaining('hunter2') }),
    );
  });

  it('is shown without user, password and query', () => {
    expect(shownUrl(relayUrl('ws://me:hunter2@box:1/x?token=abc'))).toBe('ws://box:1');
  });

  it.each([
    ['ws://localhost:1', true],
    ['ws://127.0.0.1:1', true],
    ['ws://127.9.9.9:1', true],
    ['ws://[::1]:1', true],
    ['ws://localhost.:1', true],
    ['ws://127.0.0.1.example.org:1', false],
    ['ws://localhost.example.org:1', false],
    ['ws://10.0.0.1:1', false],
    ['ws://[::2]:1', false],
  ])('%s is on this machine: %s', (url, is) => {
    expect(isLoopback(relayUrl(url))).toBe(is);
  });

  it('is tried on both families only when it says localhost', () => {
    expect(candidates(relayUrl('ws://localhost:5/x')).map((url) => url.href)).toEqual([
      'ws://127.0.0.1:5/x',
      'ws://[::1]:5/x',
    ]);
    expect(candidates(relayUrl('ws://127.0.0.1:5')).map((url) => url.href)).toEqual(['ws://127.0.0.1:5/']);
    expect(candidates(relayUrl('wss://a.b')).map((url) => url.href)).toEqual(['wss://a.b/']);
  });

  it.each([
    ['ws://localhost:9999', 'localhost_9999'],
    ['ws://127.0.0.1:9999', 'localhost_9999'],
    ['ws://[::1]:9999', 'localhost_9999'],
    ['wss://Relay.Example.org', 'relay.example.org_443'],
    ['ws://[fe80::1]:7', 'fe80--1_7'],
    ['ws://a:80', 'a_80'],
  ])('%s keeps its keys under %s', (url, dir) => {
    expect(hostPort(relayUrl(url))).toBe(dir);
  });

  it('names a directory that cannot leave its parent', () => {
    expect(hostPort(new URL('ws://%2e%2e:1'.replace('%2e%2e', 'a..b')))).toBe('a..b_1');
    expect(hostPort(relayUrl('ws://..x:1'))).not.toContain('/');
  });

  it('becomes plain HTTP with a path of its own', () => {
    expect(httpUrl(relayUrl('ws://h:5/old'), '/v1/send').href).toBe('http://h:5/v1/send');
    expect(httpUrl(relayUrl('wss://h:5'), '/v1/send').href).toBe('https://h:5/v1/send');
  });
});
