import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RelayAccess } from '../../src/cli/relay.ts';
import { FileKeys } from '../../src/client/keys.ts';
import { loadConfig } from '../../src/config/load.ts';
import { personName } from '../../src/config/person.ts';
import { isName } from '../../src/protocol/address.ts';
import { atRelay } from '../support/at-relay.ts';
import { tempDir } from '../support/temp-dir.ts';

function around(env: NodeJS.ProcessEnv) {
  const whole = { CLAUDE_RELAY_HOME: tempDir(), ...env };
  const config = loadConfig({ where: ['cli'], env: whole });
  return { config, env: whole, cwd: '/work', signal: new AbortController().signal };
}

describe('who acts', () => {
  const all = { CLAUDE_RELAY_SESSION_ID: 'CC-1', RELAY_CLIENT_ID: 'CC-2', USER: 'anna' };

  it.each([
    ['--as', 'CC-9', all, 'CC-9'],
    ['CLAUDE_RELAY_SESSION_ID', undefined, all, 'CC-1'],
    ['RELAY_CLIENT_ID', undefined, { ...all, CLAUDE_RELAY_SESSION_ID: '' }, 'CC-2'],
    ['the user', undefined, { USER: 'anna' }, 'anna'],
    ['LOGNAME without USER', undefined, { LOGNAME: 'bert' }, 'bert'],
    ['USERNAME, as on Windows', undefined, { USERNAME: 'Carla' }, 'Carla'],
  ])('is said by %s', (_what, as, env, name) => {
    expect(new RelayAccess(around(env), { as }).name).toBe(name);
  });

  it('is somebody even when no variable says who', () => {
    expect(isName(new RelayAccess(around({})).name)).toBe(true);
  });

  it.each(['1st', 'all', 'ALL', 'a b', '', 'é', 'x'.repeat(65), '\u001b[31m'])('is not %j', (as) => {
    expect(() => new RelayAccess(around({}), { as })).toThrow(/is no name|means everybody/);
  });

  it.each([
    ['anna', 'anna'],
    ['Anna Müller', 'Anna-Muller'],
    ['DOMAIN\\anna', 'DOMAIN-anna'],
    ['anna@example.org', 'anna-example.org'],
    ['1000', 'person'],
    ['_apt', 'apt'],
    ['', 'person'],
    ['all', 'person'],
    ['李', 'person'],
    ['a'.repeat(80), 'a'.repeat(64)],
  ])('is a user called %j as %s', (user, name) => {
    expect(personName(user)).toBe(name);
    expect(isName(personName(user))).toBe(true);
  });
});

describe('where the relay is', () => {
  it('is said by the command line, else a flag or variable, else what the running relay wrote', () => {
    expect(new RelayAccess(around({}), { url: 'ws://a:1' }).place).toBe('ws://a:1');
    expect(new RelayAccess(around({ RELAY_URL: 'ws://b:2' }), { url: 'ws://a:1' }).place).toBe('ws://a:1');
    expect(new RelayAccess(around({ RELAY_URL: 'ws://b:2' })).place).toBe('ws://b:2');
    expect(new RelayAccess(around({})).place).toBe('ws://localhost:9999');
  });

  it('is asked again each time: a relay may start meanwhile', () => {
    const here = around({});
    const access = new RelayAccess(here);
    const file = { pid: 1, port: 4321, url: 'ws://localhost:4321', version: '1', started: 1 };
    writeFileSync(join(here.config.settings.home, 'relay.json'), JSON.stringify(file), { mode: 0o600 });
    expect(access.place).toBe('ws://localhost:4321');
  });
});

describe('one verb', () => {
  it('makes a person of a name that is new', async () => {
    const { relay, ok } = await atRelay();
    await ok(['status']);
    expect((await relay.verb('sessions')).json).toMatchObject({ sessions: [{ name: 'anna', kind: 'person' }] });
  });

  it('shows the key that this machine has for the name', async () => {
    const { relay, json, run } = await atRelay();
    const agent = await relay.client('CC-1');
    const [welcome] = agent.frames;
    expect((await run(['status', '--as', 'CC-1'])).code).toBe(4);
    new FileKeys(join(relay.home, 'keys')).save(new URL(relay.url), 'CC-1', String(welcome?.key));
    expect(await json(['status', '--as', 'CC-1'])).toMatchObject({ name: 'CC-1', kind: 'agent' });
  });

  it('tells whose sessions are this machine’s: those whose keys it has', async () => {
    const { relay } = await atRelay();
    const here = around({ CLAUDE_RELAY_HOME: relay.home });
    new FileKeys(join(relay.home, 'keys')).save(new URL(relay.url), 'CC-1', 'k'.repeat(43));
    const access = new RelayAccess(here);
    expect(['CC-1', 'CC-2', '../CC-1'].map((name) => access.hasKeyOf(name))).toEqual([true, false, false]);
  });

  it('says so when the name belongs to a session whose key is elsewhere', async () => {
    const { relay, run } = await atRelay();
    await relay.client('CC-1');
    const { code, out, err } = await run(['receive', '--as', 'CC-1']);
    expect({ code, out }).toEqual({ code: 4, out: '' });
    expect(err).toBe(
      'claude-relay: CC-1 belongs to a session whose key is not on this machine; act as another with --as NAME.\n',
    );
  });

  it('does not use a key file that others can read', async () => {
    const { relay, run } = await atRelay();
    const agent = await relay.client('CC-1');
    const dir = join(relay.home, 'keys', `localhost_${relay.port}`);
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const key = String(agent.frames[0]?.key);
    writeFileSync(join(dir, 'CC-1.json'), JSON.stringify({ name: 'CC-1', key }), { mode: 0o644 });
    expect((await run(['status', '--as', 'CC-1'])).code).toBe(4);
  });

  it('ends with 3 when there is no relay, and with the remedy', async () => {
    const { relay, run } = await atRelay();
    await relay.end();
    for (const args of [['status'], ['peers'], ['receive'], ['history'], ['receipts'], ['rooms'], ['join', 'x']]) {
      const { code, out, err } = await run(args, { env: { RELAY_URL: relay.url } });
      expect({ args, code, out }).toEqual({ args, code: 3, out: '' });
      expect(err).toMatch(/cannot be reached \(ECONNREFUSED\); start it with `claude-relay serve`\.\n$/);
    }
  });
});
