import { describe, expect, it } from 'vitest';
import { call, resolve, say } from './reply.ts';
import { offered, type View } from './view.ts';

const view = (...tools: View['tools']): View => ({ tools, fresh: [] });
const input = { to: 'CC-2' };

describe('a call in a reply', () => {
  it('goes to the first tool on offer whose name fits, with its namespace', () => {
    const tools = view(offered({ name: 'other' }, 1), offered({ name: 'relay_send' }, 1, 'mcp__relay'));
    expect(resolve([say('x'), call(/relay_send$/, input)], tools, '')).toEqual([
      { kind: 'text', text: 'x' },
      { kind: 'call', name: 'relay_send', namespace: 'mcp__relay', input },
    ]);
  });

  it('takes a name for exactly that', () => {
    const tools = view(offered({ name: 'relay_send_all' }, 1), offered({ name: 'relay_send' }, 1));
    expect(resolve([call('relay_send', input)], tools, '')).toEqual([{ kind: 'call', name: 'relay_send', input }]);
  });

  it('finds a deferred tool by its name in the text', () => {
    const raw = 'Deferred: mcp__relay__relay_peers, mcp__relay__relay_send.';
    expect(resolve([call(/relay_send$/, input)], view(), raw)).toEqual([
      { kind: 'call', name: 'mcp__relay__relay_send', input },
    ]);
  });

  it('is made all the same when there is no such tool', () => {
    expect(resolve([call('relay_fly', input), call(/relay_swim$/)], view(), '')).toEqual([
      { kind: 'call', name: 'relay_fly', input },
      { kind: 'call', name: 'relay_swim$', input: {} },
    ]);
  });
});
