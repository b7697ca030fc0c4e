import { describe, expect, it } from 'vitest';
import { checkTarget, forwarding, remoteShell } from '../../src/service/ssh.ts';
import { Failure } from '../../src/util/failure.ts';

describe('where ssh goes', () => {
  it.each([
    'me@relay.example',
    'relay',
    'me@10.0.0.1',
    'a.b-c_d+e@host-1.local',
    'me@::1',
    'me@fe80::1%eth0',
    '_x@y',
    'me@[::1]',
  ])('may be %s', (target) => {
    expect(() => checkTarget(target)).not.toThrow();
  });

  it.each([
    '',
    '-oProxyCommand=touch x',
    '-l',
    'me@-oProxyCommand=x',
    '-me@relay',
    'me@ relay',
    'me relay',
    'me@relay;id',
    'me@$(id)',
    'me@`id`',
    'me@relay\nx',
    '@relay',
    'me@',
    'me@@relay',
    "me@it's",
    'me@relay/x',
    'ssh://me@relay',
    'me:pw@relay',
    'ü@relay',
    'me@relay\u0000',
    `me@${'x'.repeat(255)}`,
  ])('may not be %j', (target) => {
    expect(() => checkTarget(target)).toThrow(Failure);
    const way = { target, options: [] };
    expect(() => remoteShell(way)).toThrow('is not a user@host');
    expect(() => forwarding(way, { port: 1, remotePort: 1 })).toThrow('is not a user@host');
  });
});
