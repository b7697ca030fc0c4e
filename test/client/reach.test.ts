import { describe, expect, it } from 'vitest';
import { relayUrl } from '../../src/client/place.ts';
import { errorBody, isConnectFailure, refusal, unreachable } from '../../src/client/reach.ts';
import { RelayError } from '../../src/protocol/codes.ts';

const here = relayUrl('ws://localhost:9999');
const there = relayUrl('wss://box.example.org');
const systemError = (code: string) => Object.assign(new Error('connect'), { code });

describe('a relay that cannot be reached', () => {
  it('is said with the reason and the command that starts one here', () => {
    const error = unreachable(here, systemError('ECONNREFUSED'));
    expect(error.code).toBe('not_connected');
    expect(error.message).toBe(
      'The relay at ws://localhost:9999 cannot be reached (ECONNREFUSED); start it with `claude-relay serve`.',
    );
  });

  it('is said otherwise when it is on another machine', () => {
    expect(unreachable(there).message).toBe(
      'The relay at wss://box.example.org cannot be reached; check that it runs there and that the address and the tunnel are right.',
    );
  });

  it('finds the reason inside what a host of two families gives', () => {
    expect(unreachable(here, new AggregateError([systemError('ECONNREFUSED')])).message).toContain('(ECONNREFUSED)');
  });

  it.each([
    undefined,
    'text',
    new Error('no code'),
    Object.assign(new Error('x'), { code: 5 }),
    systemError('evil `code`'),
  ])('leaves out a reason that is not a system code: %s', (cause) => {
    expect(unreachable(here, cause).message).not.toContain('(');
  });

  it('is the only failure after which another address is tried', () => {
    expect(isConnectFailure(unreachable(here))).toBe(true);
    expect(isConnectFailure(new RelayError('unauthorized'))).toBe(false);
    expect(isConnectFailure(systemError('ECONNREFUSED'))).toBe(false);
  });
});

describe('a refused request', () => {
  const body = (code: string, message?: unknown) => JSON.stringify({ error: { code, message, retry: false } });
  const table: readonly [number, string, string, string | RegExp][] = [
    [401, body('unauthorized', 'x'), 'unauthorized', /RELAY_TOKEN/],
    [401, '', 'unauthorized', /run this as the user who runs the relay/],
    [403, body('forbidden_host', 'Not that Host.'), 'forbidden_host', 'Not that Host.'],
    [403, body('forbidden_origin'), 'forbidden_origin', /Origin/],
    [403, '<html>', 'forbidden_host', /Host/],
    [503, body('too_many_connections', 'Too many.'), 'too_many_connections', 'Too many.'],
    [503, 'upstream down', 'shutting_down', /going down/],
    [400, body('version_unsupported', 'Offer v1.'), 'version_unsupported', 'Offer v1.'],
    [409, body('name_taken', 5), 'name_taken', /another session/],
    [404, 'not found', 'not_connected', /not a relay \(HTTP 404\)/],
    [200, 'hello', 'not_connected', /not a relay/],
    [500, body('made_up', 'x'), 'not_connected', /not a relay \(HTTP 500\)/],
    [502, '{"error":null}', 'not_connected', /not a relay/],
    [500, '[]', 'not_connected', /not a relay/],
  ];
  it.each(table)('with %i %j is %s', (status, text, code, message) => {
    const error = refusal(here, status, text);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  it('for its token says another remedy for another machine', () => {
    expect(refusal(there, 401, '').message).toContain('by an invitation');
  });

  it('reads no more of a body than an answer of a relay is long', () => {
    expect(errorBody(`${' '.repeat(70_000)}${body('internal')}`)).toBeUndefined();
  });
});
