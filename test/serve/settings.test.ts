import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSettings } from '../../src/serve.ts';

/** Not there: nothing but what a test says counts. */
const home = join(tmpdir(), 'claude-relay-no-such-home');
const read = (argv: string[], env: Record<string, string> = {}) =>
  readSettings(argv, { CLAUDE_RELAY_HOME: home, ...env }).settings;

describe('the settings of serve', () => {
  it('are the defaults when nothing is said', () => {
    expect(read([])).toMatchObject({
      port: 9999,
      host: 'localhost',
      data: `${home}/data`,
      legacy: false,
      allowHosts: [],
      allowOrigins: [],
    });
  });

  it.each([
    [['9998'], {}, { port: 9998 }],
    [['--port', '9998'], {}, { port: 9998 }],
    [['--port=0'], {}, { port: 0 }],
    [[], { RELAY_PORT: '7000' }, { port: 7000 }],
    [['9998'], { RELAY_PORT: '7000' }, { port: 9998 }],
    [['--host', '::1'], {}, { host: '::1' }],
    [[], { RELAY_HOST: '127.0.0.1' }, { host: '127.0.0.1' }],
    [['--legacy'], {}, { legacy: true }],
    [[], { RELAY_LEGACY: '1' }, { legacy: true }],
    [['--data', '/srv/relay', '9998'], {}, { data: '/srv/relay', port: 9998 }],
    [['--allow-host', 'a', '--allow-host', 'b:1'], {}, { allowHosts: ['a', 'b:1'] }],
    [['--keep-unread', '7d', '--keep=12h'], {}, { keepUnread: 604_800_000, keep: 43_200_000 }],
    [['--keep-messages', '100'], { RELAY_KEEP_BYTES: '64MB' }, { keepMessages: 100, keepBytes: 64_000_000 }],
    [['--allow-origin=https://a'], {}, { allowOrigins: ['https://a'] }],
  ])('are read from %j and %j', (argv, env, expected) => {
    expect(read(argv, env)).toMatchObject(expected);
  });

  it.each([
    [['hello'], /port/i],
    [['70000'], /port/i],
    [['-1'], /flag/],
    [['9998', '9997'], /one port/],
    [['--nonsense'], /--nonsense/],
    [['--port'], /--port/],
    [['--data', 'relative'], /absolute/],
  ])('refuse %j as wrong usage', (argv, message) => {
    expect(() => read(argv)).toThrow(expect.objectContaining({ exit: 2, message: expect.stringMatching(message) }));
  });
});
