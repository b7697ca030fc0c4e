import { describe, expect, it } from 'vitest';
import { grantField, grantOf, grantText } from '../../src/protocol/grant.ts';
import { codeOf } from './refusal.ts';

describe('a grant', () => {
  it.each([
    ['send:CC-1', 'send', 'CC-1'],
    ['send:CC-1@bert', 'send', 'CC-1@bert'],
    ['send:@bert', 'send', '@bert'],
    ['send:#build', 'send', '#build'],
    ['send:all', 'send', 'all'],
    ['read:#build', 'read', '#build'],
    ['read:all', 'read', 'all'],
    ['see:@bert', 'see', '@bert'],
    ['see:all', 'see', 'all'],
    ['administer', 'administer', 'all'],
  ])('%s lets %s %s', (written, may, what) => {
    expect(grantOf(written)).toEqual({ may, what });
    expect(grantText(grantOf(written))).toBe(written);
    expect(grantField.read(written, 'grant')).toEqual({ may, what });
  });

  it.each([
    '',
    'send',
    'send:',
    'send:@',
    'send:@all',
    'send:a b',
    'send:CC-1@',
    'send:@bert@carol',
    'read:CC-1',
    'read:@bert',
    'see:#build',
    'administer:all',
    'admin',
    'write:all',
    'SEND:all',
    ' send:all',
    'send:all\n',
  ])('is not %j', (written) => {
    expect(codeOf(() => grantOf(written))).toBe('bad_request');
  });
});
