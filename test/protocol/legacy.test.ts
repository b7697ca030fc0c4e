import { describe, expect, it } from 'vitest';
import { decodeLegacy } from '../../src/protocol/legacy.ts';

const decode = (frame: unknown) => decodeLegacy(JSON.stringify(frame));

describe('a first-generation frame', () => {
  it.each([
    [
      { type: 'register', clientId: 'CC-1' },
      { type: 'register', clientId: 'CC-1' },
    ],
    [
      { type: 'register', clientId: 'CC-1', meta: { hostname: 'box', cwd: '/w', pid: 7 }, ownerSecret: 's' },
      { type: 'register', clientId: 'CC-1', host: 'box', cwd: '/w' },
    ],
    [
      { type: 'register', clientId: 'CC-1', meta: { host: 'a', hostname: 'b' } },
      { type: 'register', clientId: 'CC-1', host: 'a' },
    ],
    [
      { type: 'register', clientId: 'CC-1', meta: { host: 7, cwd: 'x'.repeat(2_000) } },
      { type: 'register', clientId: 'CC-1' },
    ],
    [
      { type: 'register', clientId: 'CC-1', meta: null },
      { type: 'register', clientId: 'CC-1' },
    ],
    [
      { type: 'message', content: 'x' },
      { type: 'message', to: 'all', content: 'x' },
    ],
    [
      { type: 'message', to: 'B', content: 'x', id: 'm1', from: 'Z' },
      { type: 'message', to: 'B', content: 'x' },
    ],
    [
      { type: 'message', to: null, content: 'x' },
      { type: 'message', to: 'all', content: 'x' },
    ],
    [{ type: 'get_history' }, { type: 'get_history', count: 10 }],
    [
      { type: 'get_history', count: 3, from: 'A' },
      { type: 'get_history', count: 3, from: 'A' },
    ],
    [
      { type: 'get_history', count: 3.9 },
      { type: 'get_history', count: 3 },
    ],
    [
      { type: 'get_history', count: 1e9 },
      { type: 'get_history', count: 100 },
    ],
    [
      { type: 'get_history', count: 0 },
      { type: 'get_history', count: 10 },
    ],
    [
      { type: 'get_history', count: null, from: null },
      { type: 'get_history', count: 10 },
    ],
    [{ type: 'get_peers', more: 1 }, { type: 'get_peers' }],
    [{ type: 'get_sessions' }, { type: 'get_sessions' }],
    [{ type: 'ping' }, { type: 'ping' }],
  ])('%j is read as %j', (frame, request) => {
    expect(decode(frame)).toEqual(request);
  });

  it.each([
    ['', 'bad_frame'],
    ['{', 'bad_frame'],
    ['7', 'bad_frame'],
    ['null', 'bad_frame'],
    ['[]', 'bad_frame'],
    ['{}', 'bad_frame'],
    ['{"type":7}', 'bad_frame'],
    ['{"type":"__proto__"}', 'bad_frame'],
    ['{"type":"register"}', 'bad_request'],
    ['{"type":"register","clientId":""}', 'bad_request'],
    ['{"type":"register","clientId":["A"]}', 'bad_request'],
    ['{"type":"message"}', 'bad_request'],
    ['{"type":"message","content":7}', 'bad_request'],
    ['{"type":"message","to":{},"content":"x"}', 'bad_request'],
    ['{"type":"get_history","from":7}', 'bad_request'],
  ])('%j is refused with %s', (text, code) => {
    expect(() => decodeLegacy(text)).toThrow(expect.objectContaining({ code }));
  });
});
