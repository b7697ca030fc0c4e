import { describe, expect, it } from 'vitest';
import { decodeClientFrame } from '../../src/protocol/codec.ts';
import type { Code } from '../../src/protocol/codes.ts';
import { codeOf } from './refusal.ts';

const hello = { type: 'hello', v: 1, instance: 'i1', seat: true };
const about = { kind: 'agent', host: 'h', cwd: '/w', program: 'p', version: '1', agent_session: 's' };
const request = { type: 'request', id: 0, verb: 'send' };
const read = (frame: unknown) => decodeClientFrame(JSON.stringify(frame));

describe('a frame of a client', () => {
  it.each<[string, object]>([
    ['the least hello', hello],
    [
      'a whole hello',
      { ...hello, name: 'CC-1', key: 'k', window: 256, presence: true, receipts: false, watch: true, about },
    ],
    ['a hello with an empty about', { ...hello, about: {} }],
    ['a hello without a seat', { ...hello, seat: false }],
    ['the least request', request],
    ['a request with any arguments', { ...request, id: Number.MAX_SAFE_INTEGER, args: [1, { a: null }] }],
    ['a request of a verb that is not there', { ...request, verb: 'dance' }],
    ['a goodbye', { type: 'bye' }],
  ])('is read as it was written: %s', (_, frame) => {
    expect(read(frame)).toEqual(frame);
  });

  it.each([
    ['an earlier version', { ...hello, v: 0 }],
    ['a later version, whatever else it says', { ...hello, v: 2, instance: 7, seatbelt: true }],
  ])('is told that a hello of %s is of another version', (_, frame) => {
    expect(codeOf(() => read(frame))).toBe('version_unsupported');
  });

  it('may hold null for what is left out', () => {
    const nothing = { name: null, key: null, window: null, presence: null, receipts: null, watch: null, about: null };
    expect(read({ ...hello, ...nothing })).toEqual(hello);
    expect(read({ ...hello, about: { host: null } })).toEqual({ ...hello, about: {} });
    expect(read({ ...request, args: null })).toEqual(request);
  });

  it.each(['type', 'v', 'instance', 'seat'])('is no hello without %s', (field) => {
    const rest = Object.fromEntries(Object.entries(hello).filter(([name]) => name !== field));
    expect(codeOf(() => read(rest))).toBe(field === 'type' ? 'bad_frame' : 'bad_request');
    if (field !== 'type') expect(codeOf(() => read({ ...hello, [field]: null }))).toBe('bad_request');
  });

  it.each<[string, unknown, Code]>([
    ['v', '1', 'bad_request'],
    ['v', -1, 'bad_request'],
    ['v', 1.5, 'bad_request'],
    ['name', 'all', 'name_reserved'],
    ['name', '9', 'name_invalid'],
    ['name', '', 'name_invalid'],
    ['name', 5, 'name_invalid'],
    ['key', 5, 'bad_request'],
    ['key', 'x'.repeat(129), 'too_large'],
    ['instance', '', 'bad_request'],
    ['instance', 'a b', 'bad_request'],
    ['instance', 'x'.repeat(65), 'too_large'],
    ['seat', 1, 'bad_request'],
    ['seat', 'true', 'bad_request'],
    ['window', 257, 'bad_request'],
    ['window', -1, 'bad_request'],
    ['presence', 'yes', 'bad_request'],
    ['receipts', 0, 'bad_request'],
    ['watch', [], 'bad_request'],
    ['about', [], 'bad_request'],
    ['about', 'agent', 'bad_request'],
    ['about', { kind: 'root' }, 'bad_request'],
    ['about', { pid: 1 }, 'bad_request'],
    ['about', { host: 'x'.repeat(256) }, 'too_large'],
    ['about', { cwd: 'x'.repeat(1_025) }, 'too_large'],
    ['about', { program: 'x'.repeat(65) }, 'too_large'],
    ['about', { version: 1 }, 'bad_request'],
    ['about', { agent_session: 'x'.repeat(129) }, 'too_large'],
    ['about', { cwd: '/a\0b' }, 'bad_request'],
    ['admin', true, 'bad_request'],
    ['Name', 'CC-1', 'bad_request'],
  ])('is refused as a hello whose %s is %j: %s', (field, value, code) => {
    expect(codeOf(() => read({ ...hello, [field]: value }))).toBe(code);
  });

  it.each<[string, unknown, Code]>([
    ['id', undefined, 'bad_request'],
    ['id', null, 'bad_request'],
    ['id', '1', 'bad_request'],
    ['id', -1, 'bad_request'],
    ['id', 0.5, 'bad_request'],
    ['id', 2 ** 53, 'bad_request'],
    ['verb', undefined, 'bad_request'],
    ['verb', '', 'bad_request'],
    ['verb', 7, 'bad_request'],
    ['verb', 'x'.repeat(33), 'too_large'],
    ['as', 'CC-1', 'bad_request'],
    ['from', 'CC-1', 'bad_request'],
  ])('is refused as a request whose %s is %j: %s', (field, value, code) => {
    expect(codeOf(() => read({ ...request, [field]: value }))).toBe(code);
  });

  it('is refused as a goodbye that says more', () => {
    expect(codeOf(() => read({ type: 'bye', reason: 'x' }))).toBe('bad_request');
  });

  it.each([
    'welcome',
    'answer',
    'error',
    'deliver',
    'more',
    'receipt',
    'presence',
    'HELLO',
    '',
    'toString',
    7,
    null,
    ['hello'],
  ])('is not one of type %j', (type) => {
    expect(codeOf(() => read({ ...hello, type }))).toBe('bad_frame');
  });
});
