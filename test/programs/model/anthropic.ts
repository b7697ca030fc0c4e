/** Anthropic Messages: `POST /v1/messages`, streamed or not. */
import { bytes, flat, get, items, text } from './json.ts';
import { type Answer, events, json, type NewId, type Protocol } from './protocol.ts';
import type { Said } from './reply.ts';
import { behindLast, type Item, item, offered } from './view.ts';

type Typed = { readonly type: string; readonly [key: string]: unknown };
type Block = Typed;
type Event = Typed;

const USAGE = { input_tokens: 100, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 5 };

export const anthropic: Protocol = {
  name: 'anthropic',
  takes: (path) => path === '/messages',

  view(body) {
    const messages = behindLast(items(get(body, 'messages')), (message) => get(message, 'role') === 'assistant');
    return {
      tools: items(get(body, 'tools')).map((tool) => offered(tool, bytes(tool))),
      fresh: messages.flatMap(itemsOf),
    };
  },

  answer({ body }, said, id) {
    const content = said.map((part) => block(part, id));
    const stop = content.some(({ type }) => type === 'tool_use') ? 'tool_use' : 'end_turn';
    const message = {
      id: id('msg'),
      type: 'message',
      role: 'assistant',
      model: text(get(body, 'model')),
      content,
      stop_reason: stop,
      stop_sequence: null,
      usage: USAGE,
    };
    return get(body, 'stream') === true ? streamed(message) : json(message);
  },
};

function itemsOf(message: unknown): Item[] {
  const role = text(get(message, 'role'));
  const content = get(message, 'content');
  if (typeof content === 'string') return [item(role, 'text', content)];
  return items(content).map((each) => item(role, text(get(each, 'type')), flat(each), get(each, 'is_error') === true));
}

function block(part: Said, id: NewId): Block {
  if (part.kind === 'text') return { type: 'text', text: part.text };
  if (part.kind === 'call') return { type: 'tool_use', id: id('toolu'), name: part.name, input: part.input };
  throw new Error(`Anthropic Messages has nothing for ${part.kind}.`);
}

function streamed(message: { readonly content: readonly Block[]; readonly stop_reason: string }): Answer {
  const { content, stop_reason } = message;
  const delta = { stop_reason, stop_sequence: null };
  const all: readonly Event[] = [
    { type: 'message_start', message: { ...message, content: [], stop_reason: null } },
    ...content.flatMap(blockEvents),
    { type: 'message_delta', delta, usage: { output_tokens: USAGE.output_tokens } },
    { type: 'message_stop' },
  ];
  return events(all.map((data) => [data.type, data]));
}

function blockEvents(whole: Block, index: number): Event[] {
  const isText = whole.type === 'text';
  const empty = isText ? { ...whole, text: '' } : { ...whole, input: {} };
  const delta = isText
    ? { type: 'text_delta', text: whole['text'] }
    : { type: 'input_json_delta', partial_json: JSON.stringify(whole['input']) };
  return [
    { type: 'content_block_start', index, content_block: empty },
    { type: 'content_block_delta', index, delta },
    { type: 'content_block_stop', index },
  ];
}
