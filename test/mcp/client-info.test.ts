import { describe, expect, it } from 'vitest';
import { clientInfoOf } from '../../src/mcp/client-info.ts';
import { aboutUs } from '../../src/mcp/connect.ts';
import type { Message } from '../../src/mcp/jsonrpc.ts';

const request = (method: string, params: object = {}): Message => ({
  kind: 'request',
  id: 1,
  method,
  params: { ...params },
});
const KEY = 'io.modelcontextprotocol/clientInfo';

describe('who a client is', () => {
  it.each([
    [
      request('initialize', { clientInfo: { name: 'claude-code', version: '2.1.330' } }),
      { name: 'claude-code', version: '2.1.330' },
    ],
    [request('initialize', { clientInfo: { name: 'x' } }), { name: 'x' }],
    [request('initialize', { clientInfo: { name: '' } }), undefined],
    [request('initialize', { clientInfo: 7 }), undefined],
    [request('initialize'), undefined],
    [request('tools/list', { _meta: { [KEY]: { name: 'new', version: '1' } } }), { name: 'new', version: '1' }],
    [request('tools/list', { _meta: { [KEY]: null } }), undefined],
    [request('tools/list', { clientInfo: { name: 'x' } }), undefined],
    [{ kind: 'answer' } as Message, undefined],
  ])('is read from %j', (message, info) => {
    expect(clientInfoOf(message)).toEqual(info);
  });
});

describe('what peers are told of a session', () => {
  it('is what its environment says, then what the program says', () => {
    expect(aboutUs('/w', {}, undefined)).toEqual({ kind: 'agent', host: expect.any(String), cwd: '/w' });
    expect(aboutUs('/w', {}, { name: 'zed', version: '1.2' })).toMatchObject({ program: 'zed', version: '1.2' });
    const agent = { program: 'claude-code', version: '2.1.330', agentSession: 's-1' };
    expect(aboutUs('/w', agent, { name: 'other', version: '1' })).toMatchObject({
      program: 'claude-code',
      version: '2.1.330',
      agent_session: 's-1',
    });
  });

  it('is who it says that it is, when that is a program that we know, whatever it inherited', () => {
    const inherited = { program: 'claude-code', version: '2.1.330' };
    expect(aboutUs('/w', inherited, { name: 'codex-mcp-client', version: '0.169.0' })).toMatchObject({
      program: 'codex',
      version: '0.169.0',
    });
  });

  it('fits the limits of the relay', () => {
    const about = aboutUs(`/${'x'.repeat(2_000)}`, {}, { name: 'y'.repeat(100), version: 'z'.repeat(100) });
    expect(about.cwd).toHaveLength(1_024);
    expect(about.program).toHaveLength(64);
    expect(about.version).toHaveLength(64);
  });
});
