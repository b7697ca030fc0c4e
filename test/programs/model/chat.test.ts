import { describe, expect, it } from 'vitest';
import { chat } from './chat.ts';
import type { Said } from './reply.ts';
import { readEvents } from './sse.ts';

const path = '/chat/completions';
const id = (prefix: string) => `${prefix}_1`;
const said: readonly Said[] = [
  { kind: 'text', text: 'send' },
  { kind: 'text', text: 'ing' },
  { kind: 'call', name: 'relay_send', input: { to: 'CC-2' } },
  { kind: 'call', name: 'relay_peers', input: {} },
];

describe('what Chat Completions shows', () => {
  it('are functions, and what came after the last word of the assistant', () => {
    const tool = { type: 'function', function: { name: 'relay_relay_send', description: 'Send.', parameters: {} } };
    const messages = [
      { role: 'system', content: 'be brief' },
      { role: 'user', content: 'old' },
      { role: 'assistant', content: null, tool_calls: [] },
      { role: 'tool', tool_call_id: 'c', content: 'Sent.' },
    ];
    expect(chat.view({ tools: [tool], messages })).toEqual({
      tools: [{ name: 'relay_relay_send', description: 'Send.', bytes: JSON.stringify(tool).length, deferred: false }],
      fresh: [{ role: 'tool', type: 'message', text: 'Sent.', isError: false }],
    });
  });
});

describe('an answer in Chat Completions', () => {
  it('is one document when it is not to be streamed', () => {
    const { type, text } = chat.answer({ path, body: { model: 'm' } }, said, id);
    expect(type).toBe('application/json');
    const [choice] = JSON.parse(text).choices;
    expect(choice).toMatchObject({ finish_reason: 'tool_calls', message: { role: 'assistant', content: 'sending' } });
    expect(choice.message.tool_calls).toMatchObject([
      { index: 0, function: { name: 'relay_send', arguments: '{"to":"CC-2"}' } },
      { index: 1, function: { name: 'relay_peers', arguments: '{}' } },
    ]);
  });

  it('is streamed with its usage and an end', () => {
    const list = readEvents(chat.answer({ path, body: { stream: true } }, said, id).text);
    expect(list[0]?.data).toMatchObject({ choices: [{ delta: { role: 'assistant', content: 'sending' } }] });
    expect(list[1]?.data).toMatchObject({ choices: [{ finish_reason: 'tool_calls' }] });
    expect(list[2]?.data).toMatchObject({ choices: [], usage: { total_tokens: 105 } });
    expect(list[3]?.data).toBe('[DONE]');
  });

  it('stops when nothing is called, and has no list of calls then', () => {
    const { text } = chat.answer({ path, body: {} }, [{ kind: 'text', text: 'done' }], id);
    const [choice] = JSON.parse(text).choices;
    expect(choice.finish_reason).toBe('stop');
    expect(choice.message).not.toHaveProperty('tool_calls');
  });

  it('refuses what only Codex understands', () => {
    expect(() => chat.answer({ path, body: {} }, [{ kind: 'code', source: 'x' }], id)).toThrow(/nothing for code/);
  });
});
