import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkHome, ensureHome, resolveHome, statePaths } from '../../src/config/paths.ts';
import { isRelayUrl, readRelayFile, removeRelayFile, writeRelayFile } from '../../src/config/relay-file.ts';
import { ensureToken, isToken, readToken } from '../../src/config/token.ts';
import { tempDir } from '../support/temp-dir.ts';

const modeOf = (path: string) => (lstatSync(path).mode & 0o777).toString(8);
const FACTS = { pid: 42, port: 1234, url: 'ws://localhost:1234', version: '0.1.0', started: 5 };

describe('the state directory', () => {
  it('is where the variable says, or in the user’s home', () => {
    expect(resolveHome({}, '/home/u')).toBe('/home/u/.claude-relay');
    expect(resolveHome({ CLAUDE_RELAY_HOME: '' }, '/home/u')).toBe('/home/u/.claude-relay');
    expect(resolveHome({ CLAUDE_RELAY_HOME: '/x/y/' }, '/home/u')).toBe('/x/y');
    expect(resolveHome({ CLAUDE_RELAY_HOME: '~/z' }, '/home/u')).toBe('/home/u/z');
    expect(resolveHome({ CLAUDE_RELAY_HOME: '/' }, '/home/u')).toBe('/');
  });

  it.each(['x', './x', '../x', '~other/x', 'C:\\x'])('cannot be relative: %s', (given) => {
    expect(() => resolveHome({ CLAUDE_RELAY_HOME: given }, '/home/u')).toThrow('must be an absolute path');
  });

  it('is made once, closed to others', () => {
    const home = join(tempDir(), 'a', 'home');
    expect(checkHome(home)).toBe(false);
    expect(ensureHome(home)).toEqual(statePaths(home));
    expect([checkHome(home), modeOf(home)]).toEqual([true, '700']);
  });

  it('that others can reach is refused by those who make it and by those who read it', () => {
    const home = tempDir();
    chmodSync(home, 0o750);
    for (const act of [ensureHome, checkHome]) expect(() => act(home)).toThrow(`${home} is open to other users`);
  });

  it('that is a link is refused', () => {
    const root = tempDir();
    mkdirSync(join(root, 'real'), { mode: 0o700 });
    symlinkSync(join(root, 'real'), join(root, 'link'));
    expect(() => checkHome(join(root, 'link'))).toThrow('symbolic link');
  });

  it('holds everything', () => {
    for (const path of Object.values(statePaths('/h'))) expect(path.startsWith('/h')).toBe(true);
  });
});

describe('the token', () => {
  it('is made once, 0600, 256 bits', () => {
    const home = join(tempDir(), 'home');
    const token = ensureToken(home);
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
    expect([ensureToken(home), readToken(home), modeOf(join(home, 'token'))]).toEqual([token, token, '600']);
    expect(readdirSync(home)).toEqual(['token']);
  });

  it('is none before the relay’s first start', () => {
    expect(readToken(tempDir())).toBeUndefined();
    expect(readToken(join(tempDir(), 'none'))).toBeUndefined();
  });

  it('may be one that somebody chose', () => {
    const home = tempDir();
    writeFileSync(join(home, 'token'), '  chosen-by-me-0123456789  \n', { mode: 0o600 });
    expect(ensureToken(home)).toBe('chosen-by-me-0123456789');
  });

  it.each([
    '',
    'short',
    'with spaces in it, and more',
    'a'.repeat(600),
    'line\nbreak-in-a-long-token',
    'ümläut-0123456789',
  ])('is not taken, nor replaced, when the file holds %j', (text) => {
    const home = tempDir();
    writeFileSync(join(home, 'token'), text, { mode: 0o600 });
    expect(() => ensureToken(home)).toThrow(`${home}/token does not hold a token.`);
    expect(isToken(text)).toBe(false);
  });

  it('that others can read is refused', () => {
    const home = tempDir();
    ensureToken(home);
    chmodSync(join(home, 'token'), 0o644);
    expect(() => readToken(home)).toThrow('open to other users (mode 0644)');
  });
});

describe('the facts of the running relay', () => {
  it('are written 0600 and read back', () => {
    const home = tempDir();
    writeRelayFile(home, FACTS);
    expect([readRelayFile(home), modeOf(join(home, 'relay.json'))]).toEqual([FACTS, '600']);
  });

  it('are removed by the relay that wrote them only', () => {
    const home = tempDir();
    writeRelayFile(home, FACTS);
    removeRelayFile(home, 41);
    expect(readRelayFile(home)).toEqual(FACTS);
    removeRelayFile(home, 42);
    expect(existsSync(join(home, 'relay.json'))).toBe(false);
    expect(() => removeRelayFile(home, 42)).not.toThrow();
  });

  it.each([
    ['ws://localhost:9999', true],
    ['wss://relay.example/x', true],
    ['ws://[::1]:9999', true],
    ['http://localhost', true],
    ['https://relay.example', true],
    ['relay-host', true],
    ['ftp://localhost', false],
    ['a b', false],
    ['javascript://x', false],
    ['ws://', false],
    ['localhost:9999', true],
    ['', false],
  ])('%s is an address of a relay: %s', (text, yes) => {
    expect(isRelayUrl(text)).toBe(yes);
  });
});
