import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { isUnitName } from '../../src/service/unit.ts';
import { relayUnit, tunnelUnit } from '../../src/service/units.ts';

const HOME = '/nowhere/home';
const config = (env: NodeJS.ProcessEnv = {}, flags = {}) =>
  loadConfig({ where: ['serve'], env: { CLAUDE_RELAY_HOME: HOME, ...env }, flags });
const relay = (env?: NodeJS.ProcessEnv, flags?: object) =>
  relayUnit({ config: config(env, flags), node: '/n', script: '/s' });

describe('the unit of the relay', () => {
  it('starts this program with this node, for this state directory', () => {
    expect(relay()).toMatchObject({
      command: ['/n', '/s', 'serve'],
      environment: { CLAUDE_RELAY_HOME: HOME },
      logs: { out: `${HOME}/logs/relay.log`, error: `${HOME}/logs/relay-error.log` },
      always: true,
      final: [2, 65, 78],
    });
  });

  it.each([
    [{ RELAY_PORT: '9998' }, {}, ['--port=9998']],
    [{ RELAY_PORT: '9998' }, { port: '9997' }, ['--port=9997']],
    [{ RELAY_LEGACY: '1' }, {}, ['--legacy']],
    [{ RELAY_LEGACY: '0' }, {}, []],
    [{}, { legacy: true, data: '/srv/a b' }, ['--data=/srv/a b', '--legacy']],
    [{ RELAY_ALLOW_HOST: 'a,b' }, {}, ['--allow-host=a', '--allow-host=b']],
    [{ RELAY_URL: 'ws://x', RELAY_TOKEN: 'secret-0123456789' }, {}, []],
  ])('writes down what was said by variable and flag: %j %j', (env, flags, args) => {
    expect(relay(env, flags).command.slice(3)).toEqual(args);
  });
});

describe('the unit of a tunnel', () => {
  const tunnel = (over = {}) =>
    tunnelUnit({ home: HOME, ssh: '/usr/bin/ssh', way: { target: 'me@relay', options: [] }, port: 9999, ...over });

  it('is plain ssh, with keep-alives, that ends when the forward fails and never asks', () => {
    expect(tunnel().command.join(' ')).toBe(
      '/usr/bin/ssh -N -L 127.0.0.1:9999:127.0.0.1:9999 -o ServerAliveInterval=15 -o ServerAliveCountMax=3 ' +
        '-o ExitOnForwardFailure=yes -o BatchMode=yes -- me@relay',
    );
  });

  it('may have another port there, has its own logs, and is always started again', () => {
    expect(tunnel({ port: 1, remotePort: 2 }).command).toContain('127.0.0.1:1:127.0.0.1:2');
    expect(tunnel()).toMatchObject({
      logs: { out: `${HOME}/logs/tunnel.log` },
      always: true,
      final: [],
      environment: {},
    });
  });

  it('is understood by the real ssh, which would do what it says', () => {
    const [program, ...args] = tunnel().command;
    const { status, stdout, stderr } = spawnSync(program.replace('/usr/bin/', ''), ['-G', ...args], {
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
    const lines = stdout.toLowerCase().split('\n');
    for (const line of [
      'user me',
      'hostname relay',
      'batchmode yes',
      'exitonforwardfailure yes',
      'serveraliveinterval 15',
      'serveralivecountmax 3',
    ]) {
      expect(lines).toContain(line);
    }
    expect(stdout).toMatch(/^localforward \[?127.0.0.1\]?:9999 \[?127.0.0.1\]?:9999$/m);
  });
});

it('there are two units', () => {
  expect(['relay', 'tunnel', 'relay.service', '', '../relay'].map(isUnitName)).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
});
