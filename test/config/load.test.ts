import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Flags, loadConfig } from '../../src/config/load.ts';
import { OPTION_NAMES, optionOf, type Where } from '../../src/config/options.ts';
import { writeRelayFile } from '../../src/config/relay-file.ts';
import { Failure } from '../../src/util/failure.ts';
import { tempDir } from '../support/temp-dir.ts';

interface Case {
  readonly where?: readonly Where[];
  readonly flags?: Flags;
  readonly env?: NodeJS.ProcessEnv;
  readonly file?: unknown;
}

/** A home with that config.json, and the settings read from it. */
function load({ where = ['serve', 'mcp', 'cli'], flags = {}, env = {}, file }: Case) {
  const home = tempDir();
  if (file !== undefined) {
    writeFileSync(join(home, 'config.json'), typeof file === 'string' ? file : JSON.stringify(file), { mode: 0o600 });
  }
  return { home, ...loadConfig({ where, flags, env: { CLAUDE_RELAY_HOME: home, ...env } }) };
}

function failure(act: () => unknown): Failure {
  try {
    act();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('nothing was wrong');
}

describe('the settings of nobody', () => {
  it('are the defaults', () => {
    const { home, settings, from, warnings } = load({});
    expect(settings).toEqual({
      home,
      port: 9999,
      host: 'localhost',
      data: join(home, 'data'),
      tls: false,
      behindTls: false,
      legacy: false,
      brakes: true,
      messages: 'accept',
      allowHosts: [],
      allowOrigins: [],
      logLevel: 'info',
      relayUrl: 'ws://localhost:9999',
      clientId: undefined,
      token: undefined,
      wakes: 30,
      resume: false,
      noColor: false,
    });
    expect(new Set(Object.values(from))).toEqual(new Set(['env', 'default']));
    expect(warnings).toEqual([]);
  });

  it('need no state directory, and make none', () => {
    const home = join(tempDir(), 'none');
    expect(loadConfig({ where: ['cli'], env: { CLAUDE_RELAY_HOME: home } }).settings.home).toBe(home);
    expect(() => chmodSync(home, 0o700)).toThrow('ENOENT');
  });

  it('lie in the user’s home directory', () => {
    const userHome = tempDir();
    const { settings, from } = loadConfig({ where: ['cli'], env: {}, userHome });
    expect([settings.home, from.home]).toEqual([join(userHome, '.claude-relay'), 'default']);
  });
});

describe('what is done with messages', () => {
  it('is said by the file alone: a project could set a flag or a variable', () => {
    const { settings, from } = load({ env: { RELAY_MESSAGES: 'accept' }, file: { messages: 'hold' } });
    expect([settings.messages, from.messages]).toEqual(['hold', 'file']);
  });

  it('is one of three words', () => {
    expect(() => load({ file: { messages: 'allow' } })).toThrow('must be one of accept, hold, refuse');
  });
});

/** For each setting that has all three: what a flag, a variable and the file say, and what each becomes. */
const LADDER = [
  ['port', '1', '2', 3, 1, 2, 3],
  ['host', 'a', 'b', 'c', 'a', 'b', 'c'],
  ['tls', true, 'yes', true, true, true, true],
  ['tlsCert', '/a', '/b', '/c', '/a', '/b', '/c'],
  ['tlsKey', '/a', '/b', '/c', '/a', '/b', '/c'],
  ['behindTls', true, 'yes', true, true, true, true],
  ['address', ['wss://a'], 'wss://b', ['wss://c'], ['wss://a'], ['wss://b'], ['wss://c']],
  ['data', '/a', '/b', '/c', '/a', '/b', '/c'],
  ['legacy', true, 'yes', true, true, true, true],
  ['brakes', false, 'off', 'no', false, false, false],
  ['allowHosts', ['a', 'b'], 'c,d', ['e'], ['a', 'b'], ['c', 'd'], ['e']],
  ['allowOrigins', ['http://a'], 'http://b', ['http://c'], ['http://a'], ['http://b'], ['http://c']],
  ['keepUnread', '1d', '2h', '3m', 86_400_000, 7_200_000, 180_000],
  ['keep', '1d', '2h', '3m', 86_400_000, 7_200_000, 180_000],
  ['keepMessages', '1', '2', 3, 1, 2, 3],
  ['keepBytes', '1MB', '2kB', 3, 1_000_000, 2_000, 3],
  ['logLevel', 'error', 'warn', 'debug', 'error', 'warn', 'debug'],
  ['wakes', '1', '2', 3, 1, 2, 3],
  ['relayUrl', 'ws://a', 'ws://b', 'wss://c:1', 'ws://a', 'ws://b', 'wss://c:1'],
] as const;

describe.each(LADDER)('the setting %s', (name, flag, variable, inFile, asFlag, asVariable, asFile) => {
  const { env: envName = '', key = '' } = optionOf(name);
  const env = { [envName]: variable };
  const file = { [key]: inFile };

  it('is what the flag says, above all', () => {
    const { settings, from } = load({ flags: { [name]: flag }, env, file });
    expect([settings[name], from[name]]).toEqual([asFlag, 'flag']);
  });

  it('is what the variable says, above the file', () => {
    const { settings, from } = load({ env, file });
    expect([settings[name], from[name]]).toEqual([asVariable, 'env']);
  });

  it('is what the file says, above the default', () => {
    const { settings, from } = load({ file });
    expect([settings[name], from[name]]).toEqual([asFile, 'file']);
  });

  it('takes an empty variable for none', () => {
    expect(load({ env: { [envName]: '' }, file }).from[name]).toBe('file');
  });
});

it('every setting of the table that has three places is in the ladder above', () => {
  const whole = OPTION_NAMES.filter((name) => optionOf(name).flag && optionOf(name).env && optionOf(name).key);
  expect(LADDER.map(([name]) => name).sort()).toEqual(whole.sort());
});

describe('the name of the session', () => {
  const flags = { clientId: 'flag' };
  const all = { CLAUDE_RELAY_SESSION_ID: 'session', RELAY_CLIENT_ID: 'client' };

  it.each([
    ['session', flags, all],
    ['flag', flags, { RELAY_CLIENT_ID: 'client' }],
    ['client', {}, { RELAY_CLIENT_ID: 'client' }],
    ['flag', flags, { ...all, CLAUDE_RELAY_SESSION_ID: '' }],
    [undefined, {}, {}],
  ])('is %s', (name, given, env) => {
    expect(load({ flags: given, env }).settings.clientId).toBe(name);
  });

  it('cannot come from the file: every session would have it', () => {
    const { settings, warnings } = load({ file: { clientId: 'CC-1' } });
    expect(settings.clientId).toBeUndefined();
    expect(warnings[0]).toContain('unknown setting "clientId"');
  });
});

describe('a wrong value', () => {
  it.each([
    [{ flags: { port: 'abc' } }, '--port must be a whole number from 0 to 65535, not "abc".'],
    [{ env: { RELAY_PORT: '65536' } }, 'RELAY_PORT must be a whole number from 0 to 65535, not "65536".'],
    [{ env: { RELAY_PORT: '-1' } }, 'RELAY_PORT must be a whole number from 0 to 65535, not "-1".'],
    [{ env: { RELAY_PORT: '0x10' } }, 'RELAY_PORT must be a whole number from 0 to 65535, not "0x10".'],
    [{ env: { RELAY_PORT: '1.5' } }, 'RELAY_PORT must be a whole number from 0 to 65535, not "1.5".'],
    [{ flags: { host: '' } }, '--host must be text, not "".'],
    [{ flags: { data: 'relative/path' } }, '--data must be an absolute path.'],
    [{ env: { RELAY_DATA: '/a\nb' } }, 'RELAY_DATA must be a path without control characters.'],
    [{ env: { RELAY_LEGACY: 'maybe' } }, 'RELAY_LEGACY must be true or false, not "maybe".'],
    [{ env: { RELAY_URL: 'ftp://user:pass@x' } }, 'RELAY_URL must be an address such as ws://localhost:9999.'],
    [{ env: { RELAY_URL: 'ws://' } }, 'RELAY_URL must be an address such as ws://localhost:9999.'],
    [{ env: { CLAUDE_RELAY_SESSION_ID: 'a;touch x' } }, 'CLAUDE_RELAY_SESSION_ID must be a name: a letter, then'],
    [{ env: { RELAY_CLIENT_ID: 'ALL' } }, 'and not the word all, not "ALL".'],
    [{ flags: { clientId: '1x' } }, '--client-id must be a name'],
    [{ env: { RELAY_LOG_LEVEL: 'loud' } }, 'RELAY_LOG_LEVEL must be one of silent, error, warn, info, debug, trace'],
    [{ env: { RELAY_ALLOW_HOST: 'a,,b' } }, 'RELAY_ALLOW_HOST must be one or more words, not "a,,b".'],
    [{ env: { CLAUDE_RELAY_HOME: 'relative' } }, 'CLAUDE_RELAY_HOME must be an absolute path.'],
  ] as const)('%j: %s', (given, sentence) => {
    const error = failure(() => load(given));
    expect([error.kind, error.message]).toEqual(['usage', expect.stringContaining(sentence)]);
  });

  it.each([
    [{ port: '9999x' }, 'port'],
    [{ port: null }, 'port'],
    [{ host: 1 }, 'host'],
    [{ data: false }, 'data'],
    [{ legacy: 'perhaps' }, 'legacy'],
    [{ allowHosts: [1] }, 'allowHosts'],
    [{ allowHosts: {} }, 'allowHosts'],
    [{ logLevel: 3 }, 'logLevel'],
    [{ relayUrl: [] }, 'relayUrl'],
  ])('in the file is named by its key and the file: %j', (file, key) => {
    const { message } = failure(() => load({ file }));
    expect(message).toMatch(new RegExp(`^"${key}" in /.*/config\\.json must be `));
  });

  it('is repeated to its author only in part, and harmlessly', () => {
    const { message } = failure(() => load({ flags: { port: `\u001b[2J\u009b${'x'.repeat(500)}` } }));
    expect(message).toContain('not "\\u001b[2J\\u009bxxx');
    expect(message.length).toBeLessThan(150);
  });

  it('of a setting that the entry does not use is nobody’s business', () => {
    const env = { RELAY_PORT: 'abc', RELAY_LEGACY: 'x' };
    expect(load({ where: ['cli'], env }).settings.port).toBe(9999);
    expect(() => load({ where: ['cli', 'serve'], env })).toThrow('RELAY_PORT');
  });
});

describe('a value', () => {
  it.each([
    ['1', true],
    ['TRUE', true],
    ['yes', true],
    ['on', true],
    ['0', false],
    ['False', false],
    ['no', false],
    ['off', false],
  ])('RELAY_LEGACY=%s means %s', (text, legacy) => {
    expect(load({ env: { RELAY_LEGACY: text } }).settings.legacy).toBe(legacy);
  });

  it.each(['1', '0', 'false', ' '])('NO_COLOR=%j means no colour: that it is there counts', (text) => {
    expect(load({ env: { NO_COLOR: text } }).settings.noColor).toBe(true);
  });

  it('of a path may begin with ~/, and loses its last slash', () => {
    const userHome = tempDir();
    const env = { CLAUDE_RELAY_HOME: '~/state/', RELAY_DATA: '~/data' };
    const { settings } = loadConfig({ where: ['serve'], env, userHome });
    expect([settings.home, settings.data]).toEqual([join(userHome, 'state'), join(userHome, 'data')]);
  });

  it('of a list may be repeated and hold commas', () => {
    const flags = { allowHosts: ['a, b', 'c'] };
    expect(load({ flags }).settings.allowHosts).toEqual(['a', 'b', 'c']);
  });
});

describe('config.json', () => {
  it.each([
    ['{', 'is not valid JSON'],
    ['', 'is not valid JSON'],
    ['[]', 'must hold one JSON object'],
    ['null', 'must hold one JSON object'],
    ['"x"', 'must hold one JSON object'],
  ])('holding %j is refused by name', (file, sentence) => {
    const error = failure(() => load({ file }));
    expect(error.message).toMatch(/^\/.*\/config\.json /);
    expect(error.message).toContain(sentence);
  });

  it('with unknown keys is used, and they are told, with near ones', () => {
    const { settings, warnings } = load({ file: { prot: 1, host: 'h', constructor: 1, __proto__: 2 } });
    expect(settings.host).toBe('h');
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toMatch(/has an unknown setting "prot"; did you mean "port"\?$/);
  });

  it('may be readable by others, not writable', () => {
    const { home } = load({ file: { port: 1 } });
    const read = () => loadConfig({ where: ['serve'], env: { CLAUDE_RELAY_HOME: home } }).settings.port;
    chmodSync(join(home, 'config.json'), 0o644);
    expect(read()).toBe(1);
    chmodSync(join(home, 'config.json'), 0o666);
    expect(failure(read).kind).toBe('unsafe');
  });

  it('in a directory that others can reach is refused, with the remedy', () => {
    const home = join(tempDir(), 'home');
    mkdirSync(home);
    chmodSync(home, 0o755);
    const error = failure(() => loadConfig({ where: ['cli'], env: { CLAUDE_RELAY_HOME: home } }));
    expect([error.exit, error.remedy]).toEqual([78, `chmod 700 ${home}`]);
  });
});

describe('the relay that runs here', () => {
  const facts = { pid: 1, port: 4321, url: 'ws://localhost:4321', version: '1.0.0', started: 0 };

  it('is found by what it wrote, unless told otherwise', () => {
    const home = tempDir();
    writeRelayFile(home, facts);
    const at = (env: NodeJS.ProcessEnv) => loadConfig({ where: ['mcp'], env: { CLAUDE_RELAY_HOME: home, ...env } });
    expect(at({}).settings.relayUrl).toBe('ws://localhost:4321');
    expect(at({ RELAY_URL: 'wss://far' }).settings.relayUrl).toBe('wss://far');
  });

  it.each([
    '{',
    '{}',
    '[]',
    'null',
    JSON.stringify({ ...facts, url: 'ftp://x' }),
    JSON.stringify({ ...facts, pid: '1' }),
  ])('that left damaged facts is looked for at the usual place: %s', (text) => {
    const home = tempDir();
    writeFileSync(join(home, 'relay.json'), text, { mode: 0o600 });
    expect(loadConfig({ where: ['mcp'], env: { CLAUDE_RELAY_HOME: home } }).settings.relayUrl).toBe(
      'ws://localhost:9999',
    );
  });
});
