import { describe, expect, it } from 'vitest';
import { SessionEvents } from '../../../src/agents/copilot/events.ts';
import { recorded } from '../../plugins/recorded.ts';

const KEPT = recorded(new URL('recorded.jsonl', import.meta.url));
const TOLD = recorded(new URL('../../plugins/copilot/recorded.jsonl', import.meta.url));

let at = 0;
const event = (type: string, data: object = {}, over: object = {}) => {
  at += 1;
  return { type, data, timestamp: new Date(1_000_000 + at).toISOString(), ...over };
};

/** What it does after each event, without repeats. */
function doings(all: readonly Readonly<Record<string, unknown>>[]): string[] {
  const events = new SessionEvents();
  const seen: string[] = [];
  for (const each of all) {
    events.note(each);
    const { doing = 'unknown', tool } = events.activity ?? {};
    const now = tool === undefined ? doing : `${doing} ${tool}`;
    if (seen.at(-1) !== now) seen.push(now);
  }
  return seen;
}

describe('a recorded session of Copilot CLI 1.0.102', () => {
  it('as an extension is told: turns, tools and what its person is asked, but not for permission', () => {
    expect(doings(TOLD)).toMatchInlineSnapshot(`
      [
        "unknown",
        "busy",
        "idle",
        "busy",
        "idle",
        "busy",
        "busy bash",
        "busy",
        "idle",
        "busy read_bash",
        "busy",
        "idle",
        "busy",
        "busy bash",
        "busy",
        "idle",
        "busy",
        "busy task",
        "busy",
        "idle",
        "busy",
        "busy ask_user",
        "waiting ask_user",
        "busy ask_user",
        "busy",
        "idle",
        "busy",
        "idle",
      ]
    `);
  });

  it('as it is kept on disk: the same without the ends of turns, and with what it asks permission for', () => {
    expect(doings(KEPT)).toMatchInlineSnapshot(`
      [
        "unknown",
        "busy",
        "busy bash",
        "waiting bash",
        "busy bash",
        "busy",
        "busy read_bash",
        "busy",
        "busy bash",
        "waiting bash",
        "busy bash",
        "busy",
      ]
    `);
  });

  it.each([
    ['told', TOLD],
    ['kept', KEPT],
  ])('shows as %s that both messages were read, each once', (_how, all) => {
    const events = new SessionEvents();
    const ids = [...new Set([...JSON.stringify(all).matchAll(/\bid=(m[0-9a-z]{12})\b/g)].map(([, id = '']) => id))];
    expect(ids).toHaveLength(2);
    events.watch(ids);
    const seen = all.flatMap((each) => {
      events.note(each);
      return [...events.take()].filter(([, evidence]) => evidence === 'answered').map(([id]) => id);
    });
    expect(seen).toEqual(ids);
  });
});

describe('what the session does', () => {
  it('is unknown at first, and has the time at which it began', () => {
    const events = new SessionEvents();
    events.note(event('session.start'));
    expect(events.activity).toBeUndefined();
    const first = event('user.message', { content: 'x' });
    events.note(first);
    events.note(event('assistant.turn_start'));
    expect(events.activity).toEqual({ doing: 'busy', since: Date.parse(first.timestamp) });
  });

  it('has the tool that began last of those that run', () => {
    const start = (toolCallId: string, toolName: string) => event('tool.execution_start', { toolCallId, toolName });
    const end = (toolCallId: string) => event('tool.execution_complete', { toolCallId });
    expect(doings([start('1', 'bash'), start('2', 'view'), end('2'), end('1'), event('session.idle')])).toEqual([
      'busy bash',
      'busy view',
      'busy bash',
      'busy',
      'idle',
    ]);
  });

  it('does not change by what a helper of its model does, but for what the person is asked', () => {
    const helper = { agentId: 'a1' };
    expect(
      doings([
        event('assistant.idle'),
        event('user.message', {}, helper),
        event('tool.execution_start', { toolCallId: '1', toolName: 'bash' }, helper),
        event('permission.requested', { requestId: 'r' }, helper),
        event('permission.completed', { requestId: 'r' }, helper),
      ]),
    ).toEqual(['idle', 'waiting', 'idle']);
  });

  it.each(['permission', 'user_input', 'elicitation', 'exit_plan_mode'])(
    'is to wait while its person is asked: %s',
    (what) => {
      expect(
        doings([
          event('assistant.turn_start'),
          event(`${what}.requested`, { requestId: 'r' }),
          event(`${what}.completed`, { requestId: 'other' }),
          event(`${what}.completed`, { requestId: 'r' }),
        ]),
      ).toEqual(['busy', 'waiting', 'busy']);
    },
  );

  it('is idle when the turn ends, whatever was asked and never answered', () => {
    expect(doings([event('permission.requested', { requestId: 'r' }), event('session.idle')])).toEqual([
      'waiting',
      'idle',
    ]);
  });

  it('is not changed by what makes no sense', () => {
    const events = new SessionEvents();
    for (const odd of [{}, { type: 5 }, { type: 'tool.execution_complete' }, { data: 'x' }]) events.note(odd);
    expect(events.activity).toBeUndefined();
  });
});

describe('what its model has read', () => {
  function watching() {
    const events = new SessionEvents();
    events.watch(['m1']);
    return events;
  }
  const answer = () => event('assistant.message', { turnId: '0', content: 'ok' });

  it.each([
    ['a message', event('user.message', { content: 'hello', transformedContent: 'hello id=m1' })],
    ['a tool’s result', event('tool.execution_complete', { result: { content: 'x id=m1' } })],
    [
      'what a hook adds at the start',
      event('hook.end', { hookType: 'sessionStart', output: { additionalContext: 'id=m1' } }),
    ],
  ])('is in %s, queued until the model answers', (_where, shown) => {
    const events = watching();
    events.note(shown);
    expect([...events.take()]).toEqual([['m1', 'queued']]);
    events.note(answer());
    expect([...events.take()]).toEqual([['m1', 'answered']]);
    expect([...events.take()]).toEqual([]);
  });

  it.each([
    ['what another hook prints', event('hook.end', { hookType: 'agentStop', output: { reason: 'id=m1' } })],
    ['what a hook is told', event('hook.start', { input: { prompt: 'id=m1' } })],
    ['what a helper is told', event('user.message', { content: 'id=m1' }, { agentId: 'a1' })],
  ])('is not in %s', (_where, shown) => {
    const events = watching();
    events.note(shown);
    events.note(answer());
    expect([...events.take()]).toEqual([]);
  });

  it('is not told by a message that the program made up, nor by a helper’s', () => {
    const events = watching();
    events.note(event('user.message', { content: 'id=m1' }));
    events.note(event('assistant.message', { content: '', toolRequests: [{ name: 'read_bash' }] }));
    events.note({ ...answer(), agentId: 'a1' });
    expect([...events.take()]).toEqual([['m1', 'queued']]);
  });
});
