import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { decodeClientFrame, decodeRelayFrame, encode, requestIdOf } from '../../src/protocol/codec.ts';
import { RelayError } from '../../src/protocol/codes.ts';
import type { ClientFrame, RelayFrame } from '../../src/protocol/frames.ts';
import { codeOf } from './refusal.ts';

// Thousands of cases: how long they take says nothing.
vi.setConfig({ testTimeout: 120_000 });

const clientFrames: ClientFrame[] = [
  { type: 'hello', v: 1, instance: 'i', seat: true, name: 'A', about: { host: 'h' } },
  { type: 'request', id: 1, verb: 'send', args: { to: ['B'], body: 'line\nbreak \u2028 ☃ "quote" \\ \ud83d\ude00' } },
  { type: 'bye' },
];
const relayFrames: RelayFrame[] = [
  { type: 'welcome', v: 1, name: 'A', key: 'k', suffixed: true, epoch: 'e', position: 5, unread: 2, version: '1' },
  { type: 'answer', id: 1, result: { deep: [null] } },
  { type: 'error', id: 1, code: 'bad_request', message: 'No.', retry: false },
  { type: 'deliver', messages: [{ id: 'm', position: 1, from: 'A', to: ['B'], at: 1, body: 'x' }], unread: 1 },
  { type: 'more', unread: 1 },
  { type: 'receipt', id: 'm', name: 'B', state: 'seen', at: 1 },
  { type: 'presence', event: 'joined', name: 'B', at: 1, kind: 'agent' },
];
const notFrames = [
  '',
  ' ',
  'null',
  '1',
  '"hello"',
  '[]',
  '[{"type":"bye"}]',
  'true',
  '{',
  '{"type":"bye"',
  '{"type":"bye"}}',
  "{'type':'bye'}",
  'bye',
  '\0',
  '{"type":"bye"}\0',
  'NaN',
  '['.repeat(200_000),
];

describe('the codec', () => {
  it.each(clientFrames)('reads what a client wrote: %j', (frame) => {
    expect(decodeClientFrame(encode(frame))).toEqual(frame);
  });

  it.each(relayFrames)('reads what a relay wrote: %j', (frame) => {
    expect(decodeRelayFrame(encode(frame))).toEqual(frame);
  });

  it('writes one line, whatever is in it', () => {
    for (const frame of [...clientFrames, ...relayFrames]) expect(encode(frame)).not.toMatch(/[\r\n]/);
  });

  it.each(notFrames.map((text) => [text.slice(0, 30), text]))(
    'refuses what is no JSON object as a bad frame: %j',
    (_, text) => {
      expect(codeOf(() => decodeClientFrame(text))).toBe('bad_frame');
      expect(codeOf(() => decodeRelayFrame(text))).toBe('bad_frame');
      expect(requestIdOf(text)).toBeUndefined();
    },
  );

  it.each(['later', 'hello', 'toString', '__proto__', '', 7, null])(
    'passes over a frame of a relay with the tag %j',
    (type) => {
      expect(decodeRelayFrame(JSON.stringify({ type, more: 1 }))).toBeUndefined();
    },
  );

  it('takes the last of a field that is there twice, as JSON does, and not the tag of a nested object', () => {
    expect(decodeClientFrame('{"type":"request","type":"bye"}')).toEqual({ type: 'bye' });
    expect(codeOf(() => decodeClientFrame('{"frame":{"type":"bye"}}'))).toBe('bad_frame');
  });

  it('keeps its objects clean of what a frame calls __proto__', () => {
    const text = '{"type":"request","id":1,"verb":"send","__proto__":{"polluted":1}}';
    expect(codeOf(() => decodeClientFrame(text))).toBe('bad_request');
    expect(decodeRelayFrame('{"type":"more","unread":0,"__proto__":{"polluted":1}}')).not.toHaveProperty('polluted.x');
    expect({}).not.toHaveProperty('polluted');
  });

  it('takes arguments as deep as a frame can hold', () => {
    const levels = 100_000;
    const text = `{"type":"request","id":1,"verb":"send","args":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    expect(decodeClientFrame(text)).toMatchObject({ type: 'request', id: 1 });
  });

  it.each<[string, number | undefined]>([
    ['{"id":7}', 7],
    ['{"id":0,"type":"nonsense"}', 0],
    ['{"id":-1}', undefined],
    ['{"id":"7"}', undefined],
    ['{"id":1.5}', undefined],
    ['{"id":1e300}', undefined],
    ['{"id":null}', undefined],
    ['{}', undefined],
  ])('finds in %s, which does not decode, the request %j', (text, id) => {
    expect(requestIdOf(text)).toBe(id);
  });

  it('throws nothing but a RelayError, whatever text comes', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc.jsonValue().map((value) => JSON.stringify({ type: 'hello', ...(value as object) })),
      fc.constantFrom(...clientFrames, ...relayFrames).chain((frame) => broken(JSON.stringify(frame))),
    );
    fc.assert(
      fc.property(text, (each) => {
        for (const decode of [decodeClientFrame, decodeRelayFrame, requestIdOf])
          expect(fault(() => decode(each))).toBeUndefined();
      }),
      { numRuns: 3_000 },
    );
  });

  it('throws nothing but a RelayError for a frame with one value replaced by any other', () => {
    const frame = fc.constantFrom(...clientFrames);
    fc.assert(
      fc.property(frame, fc.nat({ max: 6 }), fc.jsonValue(), (each, which, value) => {
        const keys = Object.keys(each);
        const changed = { ...each, [keys[which % keys.length] ?? '']: value };
        expect(fault(() => decodeClientFrame(JSON.stringify(changed)))).toBeUndefined();
      }),
      { numRuns: 2_000 },
    );
  });
});

/** A text with one stretch of it taken out, doubled or replaced. */
function broken(text: string): fc.Arbitrary<string> {
  return fc
    .tuple(fc.nat({ max: text.length }), fc.nat({ max: 8 }), fc.string({ maxLength: 4 }))
    .map(([from, length, put]) => text.slice(0, from) + put + text.slice(from + length));
}

/** What was thrown and is no RelayError. */
function fault(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    if (!(error instanceof RelayError)) return error;
  }
  return undefined;
}
