import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AddressKind,
  addressField,
  addressKind,
  checkName,
  checkRoom,
  isName,
  nameField,
  roomField,
} from '../../src/protocol/address.ts';
import type { Code } from '../../src/protocol/codes.ts';
import { codeOf, refusal } from './refusal.ts';

const long = (count: number) => 'x'.repeat(count);

describe('a name', () => {
  it.each(['a', 'Z', 'CC-1', 'CC-1.2', 'a_b', 'host.example-9', long(64), 'allx', 'al', 'a-', 'a.'])(
    'can be %j',
    (name) => {
      expect([checkName(name), isName(name), nameField.read(name, 'it'), addressKind(name)]).toEqual([
        name,
        true,
        name,
        'session',
      ]);
    },
  );

  it.each<[unknown, Code]>([
    ['', 'name_invalid'],
    ['1a', 'name_invalid'],
    ['-a', 'name_invalid'],
    ['.a', 'name_invalid'],
    ['_a', 'name_invalid'],
    ['a b', 'name_invalid'],
    ['a\n', 'name_invalid'],
    ['\na', 'name_invalid'],
    ['a\0', 'name_invalid'],
    ['a/b', 'name_invalid'],
    ['../a', 'name_invalid'],
    ['#a', 'name_invalid'],
    ['@a', 'name_invalid'],
    ['é', 'name_invalid'],
    ['аll', 'name_invalid'],
    ['a\u200b', 'name_invalid'],
    [long(65), 'name_invalid'],
    [long(1_000_000), 'name_invalid'],
    [null, 'name_invalid'],
    [undefined, 'name_invalid'],
    [7, 'name_invalid'],
    [['a'], 'name_invalid'],
    [{ toString: () => 'a' }, 'name_invalid'],
    ['all', 'name_reserved'],
    ['All', 'name_reserved'],
    ['aLL', 'name_reserved'],
  ])('cannot be %j: %s', (value, code) => {
    expect(codeOf(() => checkName(value))).toBe(code);
    expect(codeOf(() => nameField.read(value, 'it'))).toBe(code);
    expect(isName(value)).toBe(false);
  });

  it('can be a file name everywhere: no separator, no dots alone, no drive', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 66 }), (text) => {
        if (isName(text)) expect(text).toMatch(/^[A-Za-z][\w.-]*$/);
      }),
      { numRuns: 1_000 },
    );
    expect([isName('..'), isName('.'), isName('C:')]).toEqual([false, false, false]);
  });
});

describe('an address', () => {
  it.each<[string, AddressKind]>([
    ['all', 'all'],
    ['CC-1', 'session'],
    ['#build', 'room'],
    ['#9', 'room'],
    ['#all', 'room'],
    [`#${long(64)}`, 'room'],
  ])('%j is of kind %s', (address, kind) => {
    expect([addressKind(address), addressField.read(address, 'to')]).toEqual([kind, address]);
  });

  it.each<[unknown, Code]>([
    ['', 'bad_request'],
    ['ALL', 'address_invalid'],
    ['@reviewer', 'address_invalid'],
    ['#', 'address_invalid'],
    ['##a', 'address_invalid'],
    ['#-a', 'address_invalid'],
    ['#a b', 'address_invalid'],
    ['#a\n', 'address_invalid'],
    ['a,b', 'address_invalid'],
    [' a', 'address_invalid'],
    [long(65), 'address_invalid'],
    [`#${long(65)}`, 'too_large'],
    [long(100_000), 'too_large'],
    [null, 'bad_request'],
    [5, 'bad_request'],
    [{}, 'bad_request'],
  ])('%j is none: %s', (value, code) => {
    expect(codeOf(() => addressField.read(value, 'to'))).toBe(code);
  });
});

describe('a room', () => {
  it.each([
    ['build', '#build'],
    ['#build', '#build'],
    ['9', '#9'],
    [long(64), `#${long(64)}`],
    [`#${long(64)}`, `#${long(64)}`],
    ['all', '#all'],
  ])('typed as %j is %j', (typed, room) => {
    expect([checkRoom(typed), roomField.read(typed, 'room')]).toEqual([room, room]);
  });

  it.each<[unknown, Code]>([
    ['', 'bad_request'],
    ['#', 'address_invalid'],
    ['##a', 'address_invalid'],
    ['a b', 'address_invalid'],
    ['-a', 'address_invalid'],
    ['é', 'address_invalid'],
    [long(65), 'address_invalid'],
    [`#${long(65)}`, 'too_large'],
    [null, 'bad_request'],
    [1, 'bad_request'],
  ])('cannot be %j: %s', (value, code) => {
    expect(codeOf(() => roomField.read(value, 'room'))).toBe(code);
  });

  it('says what it must be', () => {
    expect(refusal(() => checkRoom('a b')).message).toBe(
      'A room is # and then up to 64 letters, digits, dots, dashes or underscores.',
    );
  });
});
