import { describe, expect, it } from 'vitest';
import { get, items } from './json.ts';
import type { Said } from './reply.ts';
import { responses } from './responses.ts';
import { readEvents } from './sse.ts';

const send = { type: 'function', name: 'relay_send', description: 'Send.' };

describe('what OpenAI Responses shows', () => {
  it('are tools, single and in the namespaces of servers', () => {
    const { tools } = responses.view({
      tools: [{ type: 'web_search' }, { type: 'namespace', name: 'mcp__relay', tools: [send] }],
    });
    expect(tools).toMatchObject([
      { name: 'web_search' },
      { name: 'relay_send', namespace: 'mcp__relay', bytes: JSON.stringify(send).length },
    ]);
  });

  it.each(['additional_tools', 'tool_search_output'])('are also those that come with %s', (type) => {
    const found = { type: 'namespace', name: 'mcp__relay', tools: [{ ...send, defer_loading: true }] };
    const { tools } = responses.view({ input: [{ type, tools: [found] }] });
    expect(tools).toMatchObject([{ name: 'relay_send', namespace: 'mcp__relay', deferred: true }]);
  });

  it('is what came after the last thing that the model said or did', () => {
    const input = [
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'old' }] },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'sending' }] },
      { type: 'function_call', call_id: 'c', name: 'relay_send', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c', output: 'Sent.' },
      { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'context' }] },
    ];
    expect(responses.view({ input }).fresh).toEqual([
      { role: 'tool', type: 'function_call_output', text: 'Sent.', isError: false },
      { role: 'developer', type: 'message', text: 'context', isError: false },
    ]);
  });

  it('is a plain prompt as well, and the whole of an item that has no text', () => {
    expect(responses.view({ input: 'hello' }).fresh).toMatchObject([{ role: 'user', text: 'hello' }]);
    const item = { type: 'tool_search_output', tools: [] };
    expect(responses.view({ input: [item] }).fresh).toMatchObject([{ text: JSON.stringify(item) }]);
  });
});

describe('an answer in OpenAI Responses', () => {
  let ids = 0;
  const answer = (...said: readonly Said[]) =>
    readEvents(
      responses.answer({ path: '/responses', body: { model: 'm' } }, said, (prefix) => `${prefix}_${++ids}`).text,
    );
  const output = (list: ReturnType<typeof answer>) => items(get(list.at(-1)?.data, 'response', 'output'));

  it('adds, fills and finishes each item, numbers its events, and ends with all of it', () => {
    const list = answer(
      { kind: 'text', text: 'sending' },
      { kind: 'call', name: 'send', namespace: 'ns', input: { a: 1 } },
    );
    expect(list.map(({ event }) => event)).toEqual([
      'response.created',
      ...['response.output_item.added', 'response.output_text.delta', 'response.output_item.done'],
      ...['response.output_item.added', 'response.output_item.done'],
      'response.completed',
    ]);
    expect(list.map(({ data }) => get(data, 'sequence_number'))).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(list[2]?.data).toMatchObject({ delta: 'sending', output_index: 0 });
    expect(output(list)).toMatchObject([
      { type: 'message', content: [{ text: 'sending' }] },
      { type: 'function_call', name: 'send', namespace: 'ns', arguments: '{"a":1}', call_id: expect.any(String) },
    ]);
  });

  it('has a program for code mode, and a search for tools', () => {
    expect(output(answer({ kind: 'code', source: 'text(1)' }, { kind: 'search', query: 'send' }))).toMatchObject([
      { type: 'custom_tool_call', name: 'exec', namespace: 'functions', input: 'text(1)' },
      { type: 'tool_search_call', execution: 'client', arguments: { query: 'send' } },
    ]);
  });

  it('has ids that are all different', () => {
    const said: Said = { kind: 'call', name: 'send', input: {} };
    const all = output(answer(said, said)).flatMap((item) => [get(item, 'id'), get(item, 'call_id')]);
    expect(new Set(all).size).toBe(4);
  });
});
