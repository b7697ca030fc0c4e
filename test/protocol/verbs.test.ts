import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { type Code, RelayError } from '../../src/protocol/codes.ts';
import { LIMITS, TIMES } from '../../src/protocol/limits.ts';
import { isVerb, NAMELESS, VERBS, type Verb } from '../../src/protocol/verbs.ts';
import { codeOf } from './refusal.ts';

// Thousands of cases: how long they take says nothing.
vi.setConfig({ testTimeout: 120_000 });

const verbs = Object.keys(VERBS).filter(isVerb);
const draft = { to: ['B'], body: 'text' };
const big = (count: number) => 'x'.repeat(count);
const deep = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));

/** For each verb: arguments as given, and as read where that differs. */
const good: readonly [verb: Verb, given: unknown, read?: unknown][] = [
  ['send', draft],
  ['send', { to: 'B', body: 'x' }, { to: ['B'], body: 'x' }],
  ['send', { reply_to: 'm1', body: 'x' }],
  ['send', { ...draft, to: ['all', '#r', 'A'] }],
  ['send', { ...draft, to: Array.from({ length: LIMITS.recipients }, (_, i) => `n${i}`) }],
  ['send', { ...draft, body: big(LIMITS.bodyBytes) }],
  ['send', { ...draft, body: '☃'.repeat(Math.floor(LIMITS.bodyBytes / 3)) }],
  ['send', { ...draft, body: ' ' }],
  ['send', { ...draft, id: 'A-z_9', thread: 'any thing', reply_to: big(64), priority: 'urgent', ttl_seconds: 1 }],
  ['send', { ...draft, ttl_seconds: LIMITS.ttlSeconds, attachments: [], signature: '', key_id: 'k' }],
  ['send', { ...draft, attachments: Array.from({ length: LIMITS.attachments }, () => ({ a: [null] })) }],
  ['send', { ...draft, attachments: [big(LIMITS.attachmentBytes - 2)] }],
  ['send', { ...draft, priority: 'quiet' }],
  ['send', { ...draft, id: null, thread: null, priority: null, ttl_seconds: null }, draft],
  ['receive', {}],
  ['receive', { count: 1, from: 'B', thread: 't', reply_to: 'm', wait_seconds: 0, receipt: 'handed' }],
  ['receive', { count: LIMITS.page, wait_seconds: LIMITS.waitSeconds, receipt: 'seen' }],
  ['inbox', {}],
  ['inbox', { count: 5, after: 0, from: 'B', thread: 't' }],
  ['receipt', { state: 'handed', positions: [1, 2] }],
  ['receipt', { state: 'seen', ids: ['a', 'b'] }],
  ['receipt', { state: 'refused', positions: [], reason: big(LIMITS.reasonChars) }],
  ['receipt', { state: 'handed', positions: Array.from({ length: LIMITS.window * 4 }, (_, i) => i) }],
  ['receipts', {}],
  ['receipts', { id: 'm', count: 50 }],
  ['history', {}],
  ['history', { query: 'a', with: 'B', thread: 't', id: 'm', incoming: true, before: 9, after: 0, count: 200 }],
  ['history', { room: 'build' }, { room: '#build' }],
  ['receipt', { state: 'unseen', positions: [1], reason: 'in a tool' }],
  ['presence', {}],
  ['presence', { doing: 'busy', for_ms: 0, tool: 'Bash', door: 'inbox socket' }],
  ['peers', {}],
  ['sessions', { count: LIMITS.sessionsPage }],
  ['status', {}],
  ['join', { room: 'build' }, { room: '#build' }],
  ['leave', { room: '#build' }],
  ['rooms', {}],
  ['rooms', { room: 'r' }, { room: '#r' }],
  ['rename', { to: 'CC-2' }],
  ['held', {}],
  ['held', { count: LIMITS.page }],
  ['decide', { stance: 'accept', of: 'm1' }],
  ['decide', { stance: 'hold', of: 'bob', always: false }],
  ['decide', { stance: 'refuse', of: big(LIMITS.hostChars), always: true }],
  ['pause', {}],
  ['pause', { for_seconds: LIMITS.pauseSeconds }],
  ['pause', { resume: true }],
];

const bad: readonly [verb: Verb, given: unknown, code: Code][] = [
  ['send', {}, 'bad_request'],
  ['send', { to: ['B'] }, 'bad_request'],
  ['send', { ...draft, body: '' }, 'bad_request'],
  ['send', { ...draft, body: null }, 'bad_request'],
  ['send', { ...draft, body: 5 }, 'bad_request'],
  ['send', { ...draft, body: 'a\0b' }, 'bad_request'],
  ['send', { ...draft, body: big(LIMITS.bodyBytes + 1) }, 'too_large'],
  ['send', { ...draft, body: '☃'.repeat(Math.floor(LIMITS.bodyBytes / 3) + 1) }, 'too_large'],
  ['send', { ...draft, to: [] }, 'bad_request'],
  ['send', { ...draft, to: [''] }, 'bad_request'],
  ['send', { ...draft, to: [['B']] }, 'bad_request'],
  ['send', { ...draft, to: { 0: 'B' } }, 'bad_request'],
  ['send', { ...draft, to: ['@role'] }, 'address_invalid'],
  ['send', { ...draft, to: ['B', '#'] }, 'address_invalid'],
  ['send', { ...draft, to: Array.from({ length: LIMITS.recipients + 1 }, () => 'B') }, 'too_large'],
  ['send', { ...draft, id: '' }, 'bad_request'],
  ['send', { ...draft, id: 'a b' }, 'bad_request'],
  ['send', { ...draft, id: '../x' }, 'bad_request'],
  ['send', { ...draft, id: big(65) }, 'too_large'],
  ['send', { ...draft, thread: '' }, 'bad_request'],
  ['send', { ...draft, thread: big(65) }, 'too_large'],
  ['send', { ...draft, priority: 'high' }, 'bad_request'],
  ['send', { ...draft, ttl_seconds: 0 }, 'bad_request'],
  ['send', { ...draft, ttl_seconds: LIMITS.ttlSeconds + 1 }, 'bad_request'],
  ['send', { ...draft, ttl_seconds: '60' }, 'bad_request'],
  ['send', { ...draft, attachments: {} }, 'bad_request'],
  ['send', { ...draft, attachments: Array.from({ length: LIMITS.attachments + 1 }, () => 1) }, 'too_large'],
  ['send', { ...draft, attachments: [big(LIMITS.attachmentBytes - 1)] }, 'too_large'],
  ['send', { ...draft, attachments: [deep(100_000)] }, 'too_large'],
  ['send', { ...draft, signature: big(513) }, 'too_large'],
  ['send', { ...draft, from: 'A' }, 'bad_request'],
  ['send', { ...draft, sender: 2 }, 'bad_request'],
  ['receive', { count: 0 }, 'bad_request'],
  ['receive', { count: LIMITS.page + 1 }, 'bad_request'],
  ['receive', { count: 1.5 }, 'bad_request'],
  ['receive', { from: '#r' }, 'name_invalid'],
  ['receive', { from: 'all' }, 'name_reserved'],
  ['receive', { wait_seconds: LIMITS.waitSeconds + 1 }, 'bad_request'],
  ['receive', { wait_seconds: -1 }, 'bad_request'],
  ['receive', { receipt: 'refused' }, 'bad_request'],
  ['receive', { receipt: true }, 'bad_request'],
  ['inbox', { receipt: 'seen' }, 'bad_request'],
  ['inbox', { after: -1 }, 'bad_request'],
  ['receipt', {}, 'bad_request'],
  ['receipt', { state: 'replied', positions: [1] }, 'bad_request'],
  ['receipt', { state: 'stored', positions: [1] }, 'bad_request'],
  ['receipt', { state: 'handed', positions: 1 }, 'bad_request'],
  ['receipt', { state: 'handed', positions: ['1'] }, 'bad_request'],
  ['receipt', { state: 'handed', ids: [1] }, 'bad_request'],
  ['receipt', { state: 'handed', positions: Array.from({ length: LIMITS.window * 4 + 1 }, () => 1) }, 'too_large'],
  ['receipt', { state: 'refused', reason: big(LIMITS.reasonChars + 1) }, 'too_large'],
  ['receipts', { count: 51 }, 'bad_request'],
  ['receipts', { id: '' }, 'bad_request'],
  ['receipt', { state: 'unseen', positions: [1], reason: big(LIMITS.reasonChars + 1) }, 'too_large'],
  ['presence', { doing: 'asleep' }, 'bad_request'],
  ['presence', { for_ms: -1 }, 'bad_request'],
  ['presence', { tool: big(LIMITS.programChars + 1) }, 'too_large'],
  ['presence', { door: 5 }, 'bad_request'],
  ['presence', { doing_since: 5 }, 'bad_request'],
  ['history', { query: '' }, 'bad_request'],
  ['history', { query: big(LIMITS.queryChars + 1) }, 'too_large'],
  ['history', { query: 'a\0' }, 'bad_request'],
  ['history', { with: 'all' }, 'name_reserved'],
  ['history', { room: '' }, 'bad_request'],
  ['history', { incoming: 'yes' }, 'bad_request'],
  ['history', { before: 2 ** 53 }, 'bad_request'],
  ['sessions', { count: LIMITS.sessionsPage + 1 }, 'bad_request'],
  ['join', {}, 'bad_request'],
  ['join', { room: null }, 'bad_request'],
  ['join', { room: 'a b' }, 'address_invalid'],
  ['leave', { room: big(70) }, 'too_large'],
  ['rename', {}, 'bad_request'],
  ['rename', { to: 'all' }, 'name_reserved'],
  ['rename', { to: '#r' }, 'name_invalid'],
  ['held', { count: LIMITS.page + 1 }, 'bad_request'],
  ['held', { person: 'bob' }, 'bad_request'],
  ['decide', { of: 'm1' }, 'bad_request'],
  ['decide', { stance: 'accept' }, 'bad_request'],
  ['decide', { stance: 'allow', of: 'm1' }, 'bad_request'],
  ['decide', { stance: 'accept', of: '' }, 'bad_request'],
  ['decide', { stance: 'accept', of: big(LIMITS.hostChars + 1) }, 'too_large'],
  ['decide', { stance: 'accept', of: 'm1', always: 'yes' }, 'bad_request'],
  ['decide', { stance: 'accept', of: 'm1', person: 'bob' }, 'bad_request'],
  ['pause', { for_seconds: 0 }, 'bad_request'],
  ['pause', { for_seconds: LIMITS.pauseSeconds + 1 }, 'bad_request'],
  ['pause', { resume: 1 }, 'bad_request'],
];

describe('the arguments of a verb', () => {
  it.each(good.map(([verb, given, read], i) => [i, verb, given, read ?? given] as const))(
    'are taken, case %i: %s',
    (_, verb, given, read) => {
      expect(VERBS[verb].read(given, '')).toEqual(read);
    },
  );

  it.each(bad.map(([verb, given, code], i) => [i, verb, code, given] as const))(
    'are refused, case %i: %s with %s',
    (_, verb, code, given) => {
      expect(codeOf(() => VERBS[verb].read(given, ''))).toBe(code);
    },
  );

  it('are in both tables for every verb that has any', () => {
    expect(new Set(good.map(([verb]) => verb))).toEqual(new Set(verbs));
    const without = verbs.filter((verb) => !bad.some(([each]) => each === verb));
    expect(without.sort()).toEqual(['peers', 'rooms', 'status']);
  });
});

describe.each(verbs)('the verb %s', (verb) => {
  const least = good.find(([each]) => each === verb)?.[1] as object;

  it.each(['__proto__', 'constructor', 'as', 'name', 'admin', ''])('does not know the argument %j', (key) => {
    const given: unknown = JSON.parse(
      `${JSON.stringify(least).slice(0, -1)}${Object.keys(least).length > 0 ? ',' : ''}${JSON.stringify(key)}:1}`,
    );
    expect(codeOf(() => VERBS[verb].read(given, ''))).toBe('bad_request');
  });

  it.each([null, undefined, [], 'text', 1, true])('takes no %j for its arguments', (value) => {
    expect(codeOf(() => VERBS[verb].read(value, ''))).toBe('bad_request');
  });

  it('says a schema that can be written and allows nothing else', () => {
    const schema: unknown = JSON.parse(JSON.stringify(VERBS[verb].schema));
    expect(schema).toMatchObject({ type: 'object', additionalProperties: false });
  });

  it('throws nothing but a RelayError, whatever its arguments', () => {
    const names = Object.keys((VERBS[verb].schema.properties ?? {}) as object);
    const value = fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary' }), fc.double(), fc.array(fc.string()));
    const fields = names.length === 0 ? fc.constant({}) : fc.dictionary(fc.constantFrom(...names), value);
    fc.assert(
      fc.property(fields, (given) => {
        try {
          VERBS[verb].read({ ...least, ...given }, '');
        } catch (error) {
          expect(error).toBeInstanceOf(RelayError);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('verbs', () => {
  it('are known by their own names only', () => {
    for (const other of ['', 'Send', 'toString', '__proto__', 'constructor', 'hello'])
      expect(isVerb(other)).toBe(false);
    expect(verbs).toEqual([
      'send',
      'receive',
      'inbox',
      'receipt',
      'receipts',
      'history',
      'presence',
      'peers',
      'sessions',
      'status',
      'join',
      'leave',
      'rooms',
      'rename',
      'held',
      'decide',
      'pause',
    ]);
  });

  it('need to know who acts, unless they only list', () => {
    expect([...NAMELESS].sort()).toEqual(['peers', 'rooms', 'sessions', 'status']);
  });
});

describe('the limits', () => {
  it('are whole and above nothing', () => {
    for (const [name, limit] of Object.entries({ ...LIMITS, ...TIMES }))
      expect([name, Number.isSafeInteger(limit) && limit > 0]).toEqual([name, true]);
  });

  it('fit into each other: the largest draft into a frame, the largest hello before hello, a page into what may be unsent', () => {
    const most = {
      ...draft,
      to: Array.from({ length: LIMITS.recipients }, () => `#${big(64)}`),
      body: '\n'.repeat(LIMITS.bodyBytes),
      attachments: Array.from({ length: LIMITS.attachments }, () => big(LIMITS.attachmentBytes - 2)),
      signature: big(LIMITS.signatureChars),
    };
    expect(VERBS.send.read(most, '')).toBeDefined();
    expect(
      JSON.stringify({ type: 'request', id: Number.MAX_SAFE_INTEGER, verb: 'send', args: most }).length,
    ).toBeLessThan(LIMITS.frameBytes);
    expect(LIMITS.pageBytes + LIMITS.bodyBytes).toBeLessThan(LIMITS.unsentBytes);
    expect(LIMITS.pageBytes).toBeGreaterThan(LIMITS.bodyBytes);
    expect(TIMES.silence).toBeGreaterThan(2 * TIMES.ping);
    expect(TIMES.probeSilence).toBeGreaterThan(TIMES.probe);
  });
});
