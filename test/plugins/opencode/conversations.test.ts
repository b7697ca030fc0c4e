import { describe, expect, it } from 'vitest';
import { Conversations, mannerOf } from '../../../src/plugins/opencode/conversations.ts';

function told() {
  let now = 1_000;
  const conversations = new Conversations(() => now);
  return {
    conversations,
    note: (type: string, properties: object) => {
      now += 10;
      conversations.note({ type, properties: { ...properties } });
    },
    doing: (id: string) => conversations.get(id)?.doing,
  };
}

const tool = (sessionID: string, callID: string, name: string, status: string) => ({
  part: { type: 'tool', sessionID, callID, tool: name, state: { status } },
});

describe('what a conversation does', () => {
  it('is not known before anything tells', () => {
    const { note, doing } = told();
    note('session.created', { info: { id: 's1' } });
    expect(doing('s1')).toBeUndefined();
  });

  it('is told by its status, with the time of the change', () => {
    const { note, doing } = told();
    note('session.status', { sessionID: 's1', status: { type: 'busy' } });
    note('session.status', { sessionID: 's1', status: { type: 'retry', attempt: 1 } });
    expect(doing('s1')).toEqual({ doing: 'busy', since: 1_010 });
    note('session.status', { sessionID: 's1', status: { type: 'idle' } });
    note('session.idle', { sessionID: 's1' });
    expect(doing('s1')).toEqual({ doing: 'idle', since: 1_030 });
  });

  it('has its tool, the last of several that run', () => {
    const { note, doing } = told();
    note('session.status', { sessionID: 's1', status: { type: 'busy' } });
    note('message.part.updated', tool('s1', 'c1', 'bash', 'pending'));
    note('message.part.updated', tool('s1', 'c2', 'read', 'running'));
    expect(doing('s1')).toEqual({ doing: 'busy', tool: 'read', since: 1_030 });
    note('message.part.updated', tool('s1', 'c2', 'read', 'completed'));
    expect(doing('s1')?.tool).toBe('bash');
    note('message.part.updated', tool('s1', 'c1', 'bash', 'error'));
    expect(doing('s1')).toEqual({ doing: 'busy', since: 1_050 });
  });

  it('ends with all its tools and questions', () => {
    const { note, doing } = told();
    note('session.status', { sessionID: 's1', status: { type: 'busy' } });
    note('message.part.updated', tool('s1', 'c1', 'bash', 'running'));
    note('permission.asked', { sessionID: 's1', id: 'p1' });
    note('session.idle', { sessionID: 's1' });
    expect(doing('s1')).toEqual({ doing: 'idle', since: 1_040 });
    note('session.status', { sessionID: 's1', status: { type: 'busy' } });
    expect(doing('s1')).toEqual({ doing: 'busy', since: 1_050 });
  });

  it.each([
    ['permission.asked', 'permission.replied', { requestID: 'r1', reply: 'once' }],
    ['permission.updated', 'permission.replied', { permissionID: 'r1', response: 'once' }],
    ['question.asked', 'question.replied', { requestID: 'r1', answers: [] }],
    ['question.asked', 'question.rejected', { requestID: 'r1' }],
  ])('is to wait for its person from %s to %s', (asked, answered, reply) => {
    const { note, doing } = told();
    note('session.status', { sessionID: 's1', status: { type: 'busy' } });
    note(asked, { sessionID: 's1', id: 'r1' });
    expect(doing('s1')?.doing).toBe('waiting');
    note(answered, { sessionID: 's1', requestID: 'other' });
    expect(doing('s1')?.doing).toBe('waiting');
    note(answered, { sessionID: 's1', ...reply });
    expect(doing('s1')?.doing).toBe('busy');
  });

  it('is to wait for its person when a helper of its model asks', () => {
    const { note, doing } = told();
    note('session.created', { info: { id: 's1' } });
    note('session.created', { info: { id: 's2', parentID: 's1' } });
    note('session.status', { sessionID: 's1', status: { type: 'busy' } });
    note('permission.asked', { sessionID: 's2', id: 'p1' });
    expect(doing('s1')?.doing).toBe('waiting');
    note('permission.replied', { sessionID: 's2', requestID: 'p1' });
    expect(doing('s1')?.doing).toBe('busy');
  });

  it('is not changed by what makes no sense', () => {
    const { note, doing, conversations } = told();
    note('session.status', { sessionID: 5, status: 'busy' });
    note('message.part.updated', { part: { type: 'tool', sessionID: 's1', callID: 'c', tool: 't' } });
    note('session.created', { info: 'x' });
    note('session.deleted', {});
    expect([doing('s1'), conversations.get('undefined')]).toEqual([undefined, undefined]);
  });
});

describe('a conversation', () => {
  it('belongs to the one whose helper has it, however deep', () => {
    const { note, conversations } = told();
    note('session.created', { info: { id: 's1' } });
    note('session.created', { info: { id: 's2', parentID: 's1' } });
    note('session.created', { info: { id: 's3', parentID: 's2' } });
    expect(conversations.rootOf('s3')?.id).toBe('s1');
    expect(conversations.rootOf('s9')).toBeUndefined();
    note('session.created', { info: { id: 'a', parentID: 'b' } });
    note('session.created', { info: { id: 'b', parentID: 'a' } });
    expect(['a', 'b']).toContain(conversations.rootOf('a')?.id);
  });

  it('is reverted until its person goes on', () => {
    const { note, conversations } = told();
    note('session.updated', { info: { id: 's1', revert: { messageID: 'm' } } });
    expect(conversations.get('s1')?.isReverted).toBe(true);
    note('session.updated', { info: { id: 's1' } });
    expect(conversations.get('s1')?.isReverted).toBe(false);
  });

  it('is forgotten when it is deleted, and the oldest when there are very many', () => {
    const { note, conversations } = told();
    note('session.created', { info: { id: 's1' } });
    note('session.deleted', { info: { id: 's1' } });
    expect(conversations.get('s1')).toBeUndefined();
    for (let n = 0; n <= 200; n += 1) note('session.created', { info: { id: `n${n}` } });
    expect([conversations.get('n0')?.id, conversations.get('n1')?.id]).toEqual([undefined, 'n1']);
  });

  it('keeps how its person spoke last', () => {
    const { note, conversations } = told();
    note('session.created', {
      info: { id: 's1', agent: 'build', model: { id: 'm', providerID: 'p', variant: 'default' } },
    });
    expect(conversations.get('s1')?.manner).toEqual({ agent: 'build', model: { providerID: 'p', modelID: 'm' } });
    conversations.spoken('s1', { agent: 'plan', model: { providerID: 'p', modelID: 'm', variant: 'high' } });
    expect(conversations.get('s1')?.manner).toEqual({
      agent: 'plan',
      model: { providerID: 'p', modelID: 'm' },
      variant: 'high',
    });
    note('session.updated', { info: { id: 's1' } });
    expect(conversations.get('s1')?.manner?.agent).toBe('plan');
  });
});

it.each([
  [{}, undefined],
  [{ agent: 5 }, undefined],
  [{ agent: 'plan' }, { agent: 'plan' }],
  [{ agent: 'plan', model: { modelID: 'm' } }, { agent: 'plan' }],
])('the manner of %j is %j', (fields, manner) => {
  expect(mannerOf(fields)).toEqual(manner);
});
