import { describe, expect, it } from 'vitest';
import { asRelayError, CODES, type Code, isCode, RelayError } from '../../src/protocol/codes.ts';

const all = Object.keys(CODES).filter(isCode);

describe('the catalogue', () => {
  it('holds every code under a name that can stand in JSON, a metric and a log', () => {
    expect(all.length).toBeGreaterThan(35);
    for (const code of all) expect(code).toMatch(/^[a-z]+(?:_[a-z]+)*$/);
  });

  it.each(all)(
    '%s has one sentence, a status of its kind, and a close code only from the range for applications',
    (code) => {
      const error = new RelayError(code);
      expect(error.message).toMatch(/^[A-Z][^\n]{5,120}\.$/);
      expect(error.status).toBeGreaterThanOrEqual(400);
      expect(error.status).toBeLessThan(600);
      const isOfStandard = error.close === 1001 || error.close === 1009;
      const isOfOurs = error.close !== undefined && error.close >= 4000 && error.close <= 4999;
      expect(error.close === undefined || isOfStandard || isOfOurs).toBe(true);
    },
  );

  it('never says that the same thing may be tried again where it would be refused again', () => {
    const mistakes = [400, 401, 403, 404, 409, 413];
    for (const code of all)
      if (mistakes.includes(CODES[code].status)) expect([code, CODES[code].retry]).toEqual([code, false]);
  });

  it('says of every fault of the relay that it may be tried again', () => {
    for (const code of all) if (CODES[code].status >= 500) expect([code, CODES[code].retry]).toEqual([code, true]);
  });

  it('gives no two fatal errors one close code, but for the two that say: not from there', () => {
    const closes = new Map<number, Code[]>();
    for (const code of all) {
      const { close } = new RelayError(code);
      if (close !== undefined) closes.set(close, [...(closes.get(close) ?? []), code]);
    }
    const shared = [...closes.values()].filter((codes) => codes.length > 1);
    expect(shared).toEqual([['forbidden_host', 'forbidden_origin']]);
  });

  it('knows its own codes and no property that every object has', () => {
    expect(isCode('bad_frame')).toBe(true);
    for (const other of ['toString', '__proto__', 'constructor', '', null, 4, undefined, {}])
      expect(isCode(other)).toBe(false);
  });
});

describe('a RelayError', () => {
  it('carries the sentence of its code, or a more exact one', () => {
    expect(new RelayError('bad_frame').message).toBe(CODES.bad_frame.sentence);
    expect(new RelayError('bad_frame', 'Other.').message).toBe('Other.');
    expect(new RelayError('bad_frame')).toBeInstanceOf(Error);
    expect(new RelayError('bad_frame').name).toBe('RelayError');
  });

  it('keeps its cause, and has none when there is none', () => {
    const cause = new Error('x');
    expect(new RelayError('internal', undefined, cause).cause).toBe(cause);
    expect(new RelayError('internal')).not.toHaveProperty('cause');
  });

  it('is fatal or not by its code', () => {
    expect(new RelayError('unauthorized').close).toBe(4401);
    expect(new RelayError('bad_request').close).toBeUndefined();
  });
});

describe('anything thrown', () => {
  it.each([['text'], [undefined], [null], [new TypeError('secret')], [{ code: 'bad_frame' }]])(
    'becomes an internal error that says nothing of it to the peer: %s',
    (thrown) => {
      const error = asRelayError(thrown);
      expect([error.code, error.message]).toEqual(['internal', CODES.internal.sentence]);
      if (thrown !== undefined) expect(error.cause).toBe(thrown);
    },
  );

  it('stays what it was when it was a RelayError', () => {
    const error = new RelayError('inbox_full');
    expect(asRelayError(error)).toBe(error);
  });
});
