import { describe, expect, it } from 'vitest';
import { grantOf } from '../../src/protocol/grant.ts';
import { joinLine, PEOPLE, readJoinLine } from '../../src/protocol/people.ts';
import { deviceText, joinText, rekeyText } from '../../src/protocol/proof.ts';
import { codeOf } from './refusal.ts';

const RELAY = 'f'.repeat(43);
const SECRET = 's'.repeat(22);

describe('the line of an invitation', () => {
  it.each([[['ws://localhost:9999']], [['wss://192.0.2.2:9999', 'wss://[fd00::2]:9999']], [['wss://relay.example']]])(
    'says %j, whose key, and the secret',
    (addresses) => {
      const said = { addresses, relay: RELAY, secret: SECRET };
      const line = joinLine(said);
      expect(readJoinLine(line)).toEqual(said);
      expect(readJoinLine(` ${line}\n`)).toEqual(said);
      expect(line).toMatch(/^[A-Za-z0-9:/.,[\]_-]+$/);
    },
  );

  it.each([
    '',
    'build',
    `http://localhost:9999/${RELAY}.${SECRET}`,
    `ws://localhost:9999/${RELAY}`,
    `ws://localhost:9999/${RELAY}.${SECRET}x`,
    `ws://localhost:9999/${RELAY.slice(1)}.${SECRET}`,
    `ws://localhost:9999/path/${RELAY}.${SECRET}`,
    `ws://a b/${RELAY}.${SECRET}`,
    `ws:///${RELAY}.${SECRET}`,
    `ws://a,b/${RELAY}.${SECRET}`,
  ])('is not %j', (line) => {
    expect(readJoinLine(line)).toBeUndefined();
  });
});

describe('what is asked about people', () => {
  it('has grants as they are written', () => {
    expect(PEOPLE.grant.read({ person: 'bert', add: ['send:all'] }, '')).toEqual({
      person: 'bert',
      add: [grantOf('send:all')],
    });
  });

  it.each([
    ['challenge', {}],
    ['challenge', { nonce: 'short' }],
    ['challenge', { nonce: 'n'.repeat(16), more: 1 }],
    ['challenge', { nonce: `${'n'.repeat(16)}\n` }],
    ['invite', { seconds: 0 }],
    ['invite', { seconds: 86_401 }],
    ['invite', { grants: ['everything'] }],
    ['join', { nonce: 'n'.repeat(16) }],
    ['token', { name: 'ci', seconds: -1 }],
    ['revoke', {}],
    ['rekey', { key: 'k' }],
  ] as const)('%s is not %j', (task, args) => {
    expect(codeOf(() => PEOPLE[task].read(args, ''))).toBe('bad_request');
  });
});

describe('what is signed', () => {
  it('is different for each purpose and each field', () => {
    const words = { invitation: 'v', key: 'k', device: 'd', person: 'p' };
    const texts = [
      deviceText('r', 'd', 'n', 'GET /'),
      deviceText('r', 'd', 'n', 'POST /'),
      deviceText('r', 'dn', '', 'GET /'),
      rekeyText('r', 'd', 'k'),
      joinText('r', 'n', words),
      joinText('r', 'n', { ...words, device: 'p', person: 'd' }),
    ];
    expect(new Set(texts).size).toBe(texts.length);
  });
});
