import { describe, expect, it } from 'vitest';
import { anthropic } from './anthropic.ts';
import { readEvents } from './sse.ts';

const id = (prefix: string) => `${prefix}_1`;
const path = '/messages';

describe('what Anthropic Messages shows', () => {
  it('are the tools, with their size, and which are known by name only', () => {
    const tool = { name: 'mcp__relay__relay_send', description: 'Send.', input_schema: {} };
    const { tools } = anthropic.view({ tools: [tool, { name: 'Later', defer_loading: true }] });
    expect(tools).toEqual([
      { name: tool.name, description: 'Send.', bytes: JSON.stringify(tool).length, deferred: false },
      { name: 'Later', description: '', bytes: expect.any(Number), deferred: true },
    ]);
  });

  it('is what came after the last word of the assistant', () => {
    const result = { type: 'tool_result', tool_use_id: 't', is_error: true, content: [{ type: 'text', text: 'no' }] };
    const messages = [
      { role: 'user', content: 'old' },
      { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'x', input: {} }] },
      { role: 'user', content: [result, { type: 'text', text: 'and this' }] },
      { role: 'user', content: 'a plain one' },
    ];
    expect(anthropic.view({ messages }).fresh).toEqual([
      { role: 'user', type: 'tool_result', text: 'no', isError: true },
      { role: 'user', type: 'text', text: 'and this', isError: false },
      { role: 'user', type: 'text', text: 'a plain one', isError: false },
    ]);
  });

  it('is nothing when the request makes no sense', () => {
    expect(anthropic.view('hello')).toEqual({ tools: [], fresh: [] });
    expect(anthropic.view({ messages: 5, tools: {} })).toEqual({ tools: [], fresh: [] });
  });
});

describe('an answer in Anthropic Messages', () => {
  const said = [
    { kind: 'text', text: 'sending' },
    { kind: 'call', name: 'relay_send', input: { to: 'CC-2' } },
  ] as const;

  it('is one document when it is not to be streamed', () => {
    const answer = anthropic.answer({ path, body: { model: 'm' } }, said, id);
    expect(answer.type).toBe('application/json');
    expect(JSON.parse(answer.text)).toMatchObject({
      model: 'm',
      content: [
        { type: 'text', text: 'sending' },
        { type: 'tool_use', name: 'relay_send', input: { to: 'CC-2' } },
      ],
      stop_reason: 'tool_use',
    });
  });

  it('is the same in events when it is', () => {
    const answer = anthropic.answer({ path, body: { stream: true } }, said, id);
    const list = readEvents(answer.text);
    expect(answer.type).toBe('text/event-stream');
    expect(list.map(({ event }) => event)).toEqual([
      'message_start',
      ...['content_block_start', 'content_block_delta', 'content_block_stop'],
      ...['content_block_start', 'content_block_delta', 'content_block_stop'],
      'message_delta',
      'message_stop',
    ]);
    expect(list[2]?.data).toMatchObject({ index: 0, delta: { type: 'text_delta', text: 'sending' } });
    expect(list[5]?.data).toMatchObject({ index: 1, delta: { partial_json: '{"to":"CC-2"}' } });
    expect(list[7]?.data).toMatchObject({ delta: { stop_reason: 'tool_use' } });
  });

  it('ends the turn when nothing is called', () => {
    const { text } = anthropic.answer({ path, body: {} }, [{ kind: 'text', text: 'done' }], id);
    expect(JSON.parse(text)).toMatchObject({ stop_reason: 'end_turn' });
  });

  it('refuses what only Codex understands', () => {
    expect(() => anthropic.answer({ path, body: {} }, [{ kind: 'search', query: 'x' }], id)).toThrow(
      /nothing for search/,
    );
  });
});
