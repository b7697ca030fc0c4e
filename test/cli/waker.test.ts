/** What a waker hands on to what it wakes, and by which credential it works itself. */
import { describe, expect, it } from 'vitest';
import { hereOf, RelayMail, refuseVariable } from '../../src/cli/waker.ts';
import { FileKeys } from '../../src/client/keys.ts';
import { relayUrl } from '../../src/client/place.ts';
import { writeDevice } from '../../src/config/device.ts';
import { loadConfig } from '../../src/config/load.ts';
import { statePaths } from '../../src/config/paths.ts';
import { ensureToken } from '../../src/config/token.ts';
import { ensurePrivateDir } from '../../src/util/files.ts';
import { newKey, pemOf } from '../../src/util/signing.ts';
import { atRelay } from '../support/at-relay.ts';
import { tempDir } from '../support/temp-dir.ts';

const TOKEN = 'x'.repeat(43);

function around(home: string, env: NodeJS.ProcessEnv) {
  const config = loadConfig({ where: ['cli'], env: { ...env, CLAUDE_RELAY_HOME: home } });
  return { config, env, cwd: '/', signal: new AbortController().signal, platform: process.platform, userHome: home };
}

describe('what is woken', () => {
  it('gets neither a credential nor the session of whoever started the waker; all else it gets', () => {
    const env = {
      PATH: '/bin',
      RELAY_URL: 'ws://localhost:9999',
      RELAY_TOKEN: TOKEN,
      CLAUDE_CODE_MESSAGING_TOKEN: TOKEN,
      CLAUDE_RELAY_SESSION_ID: 'CC-9',
      RELAY_CLIENT_ID: 'CC-9',
    };
    expect(hereOf(around(tempDir(), env)).env).toEqual({ PATH: '/bin', RELAY_URL: 'ws://localhost:9999' });
  });
});

describe('a waker', () => {
  it('is let in by what lies in the state directory, as what it wakes will be, and not by the variable', async () => {
    const { relay, ok } = await atRelay();
    await ok(['receive', '--as', 'CC-1']);
    new FileKeys(statePaths(relay.home).keys).save(relayUrl(relay.url), 'CC-1', 'k'.repeat(43));
    const mail = new RelayMail(around(relay.home, { RELAY_URL: relay.url, RELAY_TOKEN: TOKEN }));
    expect(await mail.waiting('CC-1')).toEqual([]);
  });

  it('does not begin where the variable is the only credential: what it wakes could not come in', () => {
    const home = tempDir();
    ensurePrivateDir(home);
    const check = (env: NodeJS.ProcessEnv) => () => refuseVariable(around(home, env));
    expect(check({})).not.toThrow();
    expect(check({ RELAY_TOKEN: '' })).not.toThrow();
    expect(check({ RELAY_TOKEN: TOKEN })).toThrow(
      expect.objectContaining({
        message: expect.stringContaining('RELAY_TOKEN'),
        remedy: expect.stringContaining(home),
      }),
    );
    ensureToken(home);
    expect(check({ RELAY_TOKEN: TOKEN })).not.toThrow();
  });

  it('begins where this machine has joined the relay', () => {
    const home = tempDir();
    writeDevice(home, { id: 'd1', person: 'anna', url: 'ws://localhost:9999', relay: 'x', key: pemOf(newKey()) });
    expect(() => refuseVariable(around(home, { RELAY_TOKEN: TOKEN }))).not.toThrow();
  });
});
