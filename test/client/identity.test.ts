import { describe, expect, it } from 'vitest';
import { type IdentityOptions, madeName, wantedName } from '../../src/client/identity.ts';
import { isName } from '../../src/protocol/address.ts';
import { fixedRandom } from '../mcp/fixed-random.ts';

const base: IdentityOptions = { env: {}, hostname: 'box.lan', pid: 77, isUsed: () => false, random: fixedRandom() };

describe('the wanted name', () => {
  const everything: IdentityOptions = {
    ...base,
    env: { CLAUDE_RELAY_SESSION_ID: 'A', RELAY_CLIENT_ID: 'C' },
    clientId: 'B',
    before: 'D',
  };
  const order: readonly [string, Partial<IdentityOptions>, string, string][] = [
    ['CLAUDE_RELAY_SESSION_ID before all', {}, 'A', 'CLAUDE_RELAY_SESSION_ID'],
    ['then --client-id', { env: { RELAY_CLIENT_ID: 'C' } }, 'B', '--client-id'],
    ['then RELAY_CLIENT_ID', { env: { RELAY_CLIENT_ID: 'C' }, clientId: undefined }, 'C', 'RELAY_CLIENT_ID'],
    ['then the name that it had before', { env: {}, clientId: undefined }, 'D', 'before'],
    [
      'with four letters where that was another session before',
      { env: {}, clientId: undefined, before: undefined, isUsed: (name) => name === 'box-77', random: fixedRandom() },
      'box-77-1234',
      'made',
    ],
    ['then host and process', { env: {}, clientId: undefined, before: undefined }, 'box-77', 'made'],
    [
      'an empty variable is not set',
      { env: { CLAUDE_RELAY_SESSION_ID: '', RELAY_CLIENT_ID: '' }, clientId: undefined },
      'D',
      'before',
    ],
    [
      'a remembered name that is none is passed over',
      { env: {}, clientId: undefined, before: 'a b' },
      'box-77',
      'made',
    ],
    ['a remembered broadcast is passed over', { env: {}, clientId: undefined, before: 'all' }, 'box-77', 'made'],
  ];
  it.each(order)('%s', (_, changed, name, source) => {
    expect(wantedName({ ...everything, ...changed })).toEqual({ name, source });
  });

  it.each(['1CC', 'a b', '', 'x'.repeat(65), 'é', 'a/b', '../x', '#room', 'CC-1\n', '-x'])(
    'that somebody chose and that is none (%j) is refused, with where it came from and the rule',
    (clientId) => {
      const attempt = () => wantedName({ ...base, clientId });
      expect(attempt).toThrowError(expect.objectContaining({ code: 'name_invalid' }));
      expect(attempt).toThrow(/^--client-id is .*letter/);
    },
  );

  it.each(['all', 'ALL', 'All'])('may not be %s', (name) => {
    const attempt = () => wantedName({ ...base, env: { RELAY_CLIENT_ID: name } });
    expect(attempt).toThrowError(expect.objectContaining({ code: 'name_reserved' }));
    expect(attempt).toThrow(/^RELAY_CLIENT_ID is/);
  });

  it('is never quoted back whole or raw when it is not a name', () => {
    const long = '\u001b]0;evil\u0007'.repeat(50);
    expect(() => wantedName({ ...base, clientId: long })).toThrowError(
      expect.objectContaining({ message: expect.not.stringContaining('\u001b') }),
    );
  });
});

describe('a made name', () => {
  it.each([
    ['box', 'box-77'],
    ['Box.example.org', 'Box-77'],
    ['9box', 'box-77'],
    ['--box', 'box-77'],
    ['my_host', 'my_host-77'],
    ['büro', 'b-ro-77'],
    ['10.0.0.1', 'session-77'],
    ['', 'session-77'],
    ['日本', 'session-77'],
    ['a'.repeat(200), `${'a'.repeat(61)}-77`],
  ])('of host %j is %s', (hostname, name) => {
    expect(madeName(hostname, '77')).toBe(name);
    expect(isName(name)).toBe(true);
  });
});
