import { describe, expect, it } from 'vitest';
import { agentEnvironment, agentSessionOfCall } from '../../src/agents/environment.ts';

const ID = '0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b';

describe('the environment of an agent program', () => {
  it.each([
    [{}, {}],
    [{ PATH: '/bin', HOME: '/home/anna' }, {}],
    [
      { CLAUDECODE: '1', CLAUDE_CODE_SESSION_ID: ID },
      { program: 'claude-code', agentSession: ID },
    ],
    [
      { CLAUDECODE: '1', CLAUDE_CODE_SESSION_ID: ID, AI_AGENT: 'claude-code_2-1-330_harness' },
      { program: 'claude-code', version: '2.1.330', agentSession: ID },
    ],
    [{ CLAUDECODE: '1' }, { program: 'claude-code' }],
    [
      { COPILOT_AGENT_SESSION_ID: ID, COPILOT_CLI_BINARY_VERSION: '1.0.102' },
      { program: 'copilot', version: '1.0.102', agentSession: ID },
    ],
    [{ OPENCODE: '1', AGENT: '1' }, { program: 'opencode' }],
    [{ GEMINI_SESSION_ID: ID }, { program: 'gemini', agentSession: ID }],
    [{ GEMINI_CLI: '1' }, { program: 'gemini' }],
    [{ CURSOR_VERSION: '3.7.21' }, { program: 'cursor', version: '3.7.21' }],
    [{ CODEX_THREAD_ID: ID }, { program: 'codex', agentSession: ID }],
    [{ CLAUDECODE: '', CLAUDE_CODE_SESSION_ID: '' }, {}],
  ])('%j says %j', (env, said) => {
    expect(agentEnvironment(env)).toEqual(said);
  });

  it('is that of the inner program when one started another', () => {
    const env = { CLAUDECODE: '1', CLAUDE_CODE_SESSION_ID: ID, GEMINI_SESSION_ID: 'g-1' };
    expect(agentEnvironment(env)).toEqual({ program: 'gemini', agentSession: 'g-1' });
  });

  it('takes no version of another program', () => {
    expect(agentEnvironment({ OPENCODE: '1', AI_AGENT: 'claude-code_2-1-330_harness' })).toEqual({
      program: 'opencode',
    });
  });

  it.each(['a b', 'x'.repeat(129), '../etc', 'a\nb', '$(rm)', "'"])('takes no session id like %j', (id) => {
    expect(agentEnvironment({ CLAUDE_CODE_SESSION_ID: id })).toEqual({ program: 'claude-code' });
  });

  it('says nothing of what else is there', () => {
    const env = { CLAUDECODE: '1', ANTHROPIC_API_KEY: 'sk-secret', CLAUDE_CODE_MESSAGING_TOKEN: 'secret' };
    expect(JSON.stringify(agentEnvironment(env))).not.toMatch(/secret/);
  });
});

describe('the thread of a tool call', () => {
  it.each([
    [{ threadId: ID }, ID],
    [{ threadId: ID, progressToken: 1 }, ID],
    [{}, undefined],
    [{ threadId: 7 }, undefined],
    [{ threadId: 'a b' }, undefined],
    [{ 'claudecode/toolUseId': 'toolu_1' }, undefined],
  ])('in %j is %s', (meta, id) => {
    expect(agentSessionOfCall(meta)).toBe(id);
  });
});
