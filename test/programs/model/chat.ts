/** OpenAI Chat Completions: `POST /v1/chat/completions`, streamed or not. */
import { bytes, flat, get, items, text } from './json.ts';
import { events, json, type NewId, type Protocol } from './protocol.ts';
import type { Said } from './reply.ts';
import { behindLast, item, offered } from './view.ts';

const USAGE = { prompt_tokens: 100, completion_tokens: 5, total_tokens: 105 };

export const chat: Protocol = {
  name: 'chat',
  takes: (path) => path === '/chat/completions',

  view(body) {
    const messages = behindLast(items(get(body, 'messages')), (message) => get(message, 'role') === 'assistant');
    return {
      tools: items(get(body, 'tools')).map((tool) => offered(get(tool, 'function'), bytes(tool))),
      fresh: messages.map((message) => item(text(get(message, 'role')), 'message', flat(get(message, 'content')))),
    };
  },

  answer({ body }, said, id) {
    const calls = said.filter((part) => part.kind !== 'text').map((part, index) => toolCall(part, index, id));
    const content = said.map((part) => (part.kind === 'text' ? part.text : '')).join('');
    const finish_reason = calls.length > 0 ? 'tool_calls' : 'stop';
    const base = { id: id('chatcmpl'), created: 0, model: text(get(body, 'model')) };
    const tool_calls = calls.length > 0 ? { tool_calls: calls } : {};
    if (get(body, 'stream') !== true) {
      const message = { role: 'assistant', content, ...tool_calls };
      const choices = [{ index: 0, message, finish_reason }];
      return json({ ...base, object: 'chat.completion', choices, usage: USAGE });
    }
    const chunk = (choices: readonly object[], more: object = {}) =>
      [undefined, { ...base, object: 'chat.completion.chunk', choices, ...more }] as const;
    return events([
      chunk([{ index: 0, delta: { role: 'assistant', content, ...tool_calls }, finish_reason: null }]),
      chunk([{ index: 0, delta: {}, finish_reason }]),
      chunk([], { usage: USAGE }),
      [undefined, '[DONE]'],
    ]);
  },
};

function toolCall(part: Said, index: number, id: NewId): object {
  if (part.kind !== 'call') throw new Error(`Chat Completions has nothing for ${part.kind}.`);
  const called = { name: part.name, arguments: JSON.stringify(part.input) };
  return { index, id: id('call'), type: 'function', function: called };
}
