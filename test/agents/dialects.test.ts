/** What each program tells its hooks, as it was recorded or as its documents have it, and what it is answered. */
import { describe, expect, it } from 'vitest';
import type { HookEvent, HookReply } from '../../src/agents/dialect.ts';
import { PROGRAMS, programById, programOfClient, traitsOf } from '../../src/agents/programs.ts';

type Row = readonly [
  program: string,
  event: string,
  input: object,
  means: HookEvent | undefined,
  says: HookReply | undefined,
];

const json = (value: object): HookReply => ({ stdout: JSON.stringify(value) });
const context = (hookEventName: string) => json({ hookSpecificOutput: { hookEventName, additionalContext: 'TEXT' } });
const block = json({ decision: 'block', reason: 'TEXT' });

/** Claude Code 2.1.330 and Codex 0.169.0: recorded. */
const CLAUDE = { session_id: 's-1', transcript_path: '/t/s-1.jsonl', cwd: '/p', permission_mode: 'default' };
const CLAUDE_MEANS = { session: 's-1', transcript: '/t/s-1.jsonl' };
const CODEX = {
  session_id: '01a2',
  turn_id: '01a3',
  transcript_path: '/t/r.jsonl',
  cwd: '/p',
  model: 'm',
  permission_mode: 'x',
};
const CODEX_MEANS = { session: '01a2', transcript: '/t/r.jsonl' };

const ROWS: readonly Row[] = [
  [
    'claude-code',
    'SessionStart',
    { ...CLAUDE, source: 'startup' },
    { kind: 'start', ...CLAUDE_MEANS },
    context('SessionStart'),
  ],
  [
    'claude-code',
    'UserPromptSubmit',
    { ...CLAUDE, prompt: 'hello' },
    { kind: 'prompt', ...CLAUDE_MEANS, prompt: 'hello' },
    context('UserPromptSubmit'),
  ],
  [
    'claude-code',
    'PostToolUse',
    { ...CLAUDE, tool_name: 'Bash', tool_response: {} },
    { kind: 'tool', ...CLAUDE_MEANS, tool: 'Bash' },
    context('PostToolUse'),
  ],
  [
    'claude-code',
    'PostToolUse',
    { ...CLAUDE, tool_name: 'Bash', agent_id: 'a1', agent_type: 'x' },
    { kind: 'tool', ...CLAUDE_MEANS, tool: 'Bash', isInner: true },
    context('PostToolUse'),
  ],
  [
    'claude-code',
    'Stop',
    { ...CLAUDE, stop_hook_active: false },
    { kind: 'turn-end', ...CLAUDE_MEANS },
    context('Stop'),
  ],
  [
    'claude-code',
    'Stop',
    { ...CLAUDE, stop_hook_active: true },
    { kind: 'turn-end', ...CLAUDE_MEANS, isContinued: true },
    context('Stop'),
  ],
  ['claude-code', 'Wait', CLAUDE, { kind: 'wait', ...CLAUDE_MEANS }, { stderr: 'TEXT', exit: 2 }],
  ['claude-code', 'SessionEnd', { ...CLAUDE, reason: 'clear' }, { kind: 'end', ...CLAUDE_MEANS }, undefined],
  ['claude-code', 'PreCompact', CLAUDE, undefined, undefined],
  ['claude-code', 'toString', CLAUDE, undefined, undefined],
  [
    'codex',
    'SessionStart',
    { ...CODEX, source: 'startup' },
    { kind: 'start', ...CODEX_MEANS },
    context('SessionStart'),
  ],
  [
    'codex',
    'UserPromptSubmit',
    { ...CODEX, prompt: 'hello' },
    { kind: 'prompt', ...CODEX_MEANS, prompt: 'hello' },
    context('UserPromptSubmit'),
  ],
  [
    'codex',
    'PostToolUse',
    { ...CODEX, tool_name: 'shell' },
    { kind: 'tool', ...CODEX_MEANS, tool: 'shell' },
    context('PostToolUse'),
  ],
  [
    'codex',
    'Stop',
    { ...CODEX, stop_hook_active: true },
    { kind: 'turn-end', ...CODEX_MEANS, isContinued: true },
    block,
  ],
  [
    'gemini',
    'SessionStart',
    { session_id: 'g', transcript_path: '/t' },
    { kind: 'start', session: 'g', transcript: '/t' },
    context('SessionStart'),
  ],
  [
    'gemini',
    'BeforeAgent',
    { session_id: 'g', prompt: 'hi' },
    { kind: 'prompt', session: 'g', prompt: 'hi' },
    context('BeforeAgent'),
  ],
  [
    'gemini',
    'AfterTool',
    { session_id: 'g', tool_name: 'shell' },
    { kind: 'tool', session: 'g', tool: 'shell' },
    context('AfterTool'),
  ],
  [
    'gemini',
    'AfterAgent',
    { session_id: 'g', stop_hook_active: true },
    { kind: 'turn-end', session: 'g', isContinued: true },
    json({ decision: 'deny', reason: 'TEXT' }),
  ],
  ['gemini', 'SessionEnd', { session_id: 'g' }, { kind: 'end', session: 'g' }, undefined],
  [
    'cursor',
    'sessionStart',
    { conversation_id: 'c' },
    { kind: 'start', session: 'c' },
    json({ additional_context: 'TEXT' }),
  ],
  [
    'cursor',
    'postToolUse',
    { conversation_id: 'c', tool_name: 'x' },
    { kind: 'tool', session: 'c', tool: 'x' },
    json({ additional_context: 'TEXT' }),
  ],
  [
    'cursor',
    'stop',
    { conversation_id: 'c', status: 'completed', loop_count: 0 },
    { kind: 'turn-end', session: 'c' },
    json({ followup_message: 'TEXT' }),
  ],
  [
    'cursor',
    'stop',
    { conversation_id: 'c', loop_count: 2 },
    { kind: 'turn-end', session: 'c', isContinued: true },
    json({ followup_message: 'TEXT' }),
  ],
  ['cursor', 'sessionEnd', {}, { kind: 'end' }, undefined],
  ['copilot', 'sessionStart', { sessionId: 'p' }, { kind: 'start', session: 'p' }, json({ additionalContext: 'TEXT' })],
  [
    'copilot',
    'userPromptSubmitted',
    { sessionId: 'p', prompt: 'hi' },
    { kind: 'prompt', session: 'p', prompt: 'hi' },
    json({ additionalContext: 'TEXT' }),
  ],
  [
    'copilot',
    'postToolUse',
    { sessionId: 'p', toolName: 'bash' },
    { kind: 'tool', session: 'p', tool: 'bash' },
    json({ additionalContext: 'TEXT' }),
  ],
  [
    'copilot',
    'agentStop',
    { sessionId: 'p', transcriptPath: '/t', stopReason: 'end_turn' },
    { kind: 'turn-end', session: 'p', transcript: '/t' },
    block,
  ],
  [
    'antigravity',
    'PreInvocation',
    { conversationId: 'a' },
    { kind: 'tool', session: 'a' },
    json({ injectSteps: [{ ephemeralMessage: 'TEXT' }] }),
  ],
  [
    'antigravity',
    'Stop',
    { conversationId: 'a' },
    { kind: 'turn-end', session: 'a' },
    json({ decision: 'continue', reason: 'TEXT' }),
  ],
  ['antigravity', 'SessionStart', {}, { kind: 'start' }, undefined],
  [
    'vscode',
    'UserPromptSubmit',
    { sessionId: 'v', prompt: 'hi' },
    { kind: 'prompt', session: 'v', prompt: 'hi' },
    context('UserPromptSubmit'),
  ],
  [
    'vscode',
    'PostToolUse',
    { session_id: 'v', tool_name: 't' },
    { kind: 'tool', session: 'v', tool: 't' },
    context('PostToolUse'),
  ],
  [
    'vscode',
    'Stop',
    { session_id: 'v' },
    { kind: 'turn-end', session: 'v' },
    json({ hookSpecificOutput: { hookEventName: 'Stop', decision: 'block', reason: 'TEXT' } }),
  ],
];

describe('the hooks', () => {
  it.each(ROWS)(
    'of %s at %s are understood, and answered in its dialect (%j)',
    (program, event, input, means, says) => {
      const dialect = programById(program)?.dialect;
      if (!dialect) throw new Error(`${program} has no dialect`);
      const call = { program, event, input: { ...input } };
      const read = dialect.read(call);
      expect(read).toEqual(means);
      if (read) expect(dialect.say(call, read, 'TEXT')).toEqual(says);
    },
  );

  it('are those of every program that has a dialect', () => {
    const covered = new Set(ROWS.map(([program]) => program));
    expect([...covered].sort()).toEqual(
      PROGRAMS.filter(({ dialect }) => dialect)
        .map(({ id }) => id)
        .sort(),
    );
  });

  it.each(PROGRAMS.filter(({ dialect }) => dialect).map((program) => [program.id, program] as const))(
    'of %s take nothing for granted',
    (id, { dialect }) => {
      const events = ROWS.filter(([program]) => program === id).map(([, event]) => event);
      for (const event of events) {
        for (const value of [null, 5, '', [], {}, 'x'.repeat(500), '../../x', 'a b']) {
          const input = Object.fromEntries(
            [
              'session_id',
              'sessionId',
              'conversation_id',
              'conversationId',
              'prompt',
              'tool_name',
              'agent_id',
              'loop_count',
            ].map((field) => [field, value]),
          );
          const read = dialect?.read({ program: id, event, input });
          expect(read?.session ?? 'none').toMatch(/^[A-Za-z0-9_.:-]{1,128}$/);
        }
      }
    },
  );

  it.each(PROGRAMS.filter(({ dialect }) => dialect).map(({ id, dialect }) => [id, dialect] as const))(
    'of %s have room for text, and an end',
    (_id, dialect) => {
      expect(dialect?.chars).toBeGreaterThan(2_000);
      expect(dialect?.continuations).toBeGreaterThan(0);
      expect(dialect?.continuations).toBeLessThan(8);
    },
  );
});

describe('the programs', () => {
  it('are known by what they say in `initialize`', () => {
    expect(
      [
        'claude-code',
        'codex-mcp-client',
        'opencode',
        'copilot-cli',
        'gemini-cli-mcp-client',
        'cursor-vscode',
        'Visual Studio Code',
        'inspector',
        undefined,
      ].map((name) => programOfClient(name)?.id),
    ).toEqual(['claude-code', 'codex', 'opencode', 'copilot', 'gemini', 'cursor', 'vscode', undefined, undefined]);
  });

  it('have ids and titles of their own', () => {
    expect(new Set(PROGRAMS.map(({ id }) => id)).size).toBe(PROGRAMS.length);
    for (const { id, title } of PROGRAMS)
      expect([id, title]).toEqual([expect.stringMatching(/^[a-z-]+$/), expect.stringMatching(/^[A-Z]/)]);
  });

  it('have limits below what each of them sets a tool call', () => {
    expect(traitsOf('claude-code').waitSeconds).toBeLessThanOrEqual(240);
    expect(traitsOf('codex-mcp-client')).toMatchObject({ waitSeconds: 280, replacesText: true });
    expect(traitsOf('somebody')).toEqual({ waitSeconds: 50, answerChars: 48_000, replacesText: false });
  });
});
