/**
 * OpenAI Responses: `POST /v1/responses`, streamed; with what Codex adds to it. Tools come with the request, in an
 * `additional_tools` item (code mode), and in the output of a search for tools.
 */
import { bytes, flat, get, items, text } from './json.ts';
import { events, type NewId, type Protocol } from './protocol.ts';
import type { Said } from './reply.ts';
import { behindLast, type Item, item, type OfferedTool, offered } from './view.ts';

type Event = { readonly type: string; readonly [key: string]: unknown };
type OutputItem = Event & { readonly id: string };

/** Besides messages of the assistant. */
const SAID = /^(function_call|custom_tool_call|local_shell_call|reasoning|web_search_call|tool_search_call)$/;
const WITH_TOOLS = /^(additional_tools|tool_search_output)$/;
const USAGE = {
  input_tokens: 100,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: 5,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 105,
};

export const responses: Protocol = {
  name: 'responses',
  takes: (path) => path === '/responses',

  view(body) {
    const input = inputOf(body);
    const later = input.filter((each) => WITH_TOOLS.test(typeOf(each))).flatMap((each) => items(get(each, 'tools')));
    return {
      tools: [...items(get(body, 'tools')), ...later].flatMap(toolsOf),
      fresh: behindLast(input, isSaid).map(itemOf),
    };
  },

  answer({ body }, said, id) {
    const output = said.map((part) => outputItem(part, id));
    const response = { id: id('resp'), object: 'response', model: text(get(body, 'model')) };
    const list: readonly Event[] = [
      { type: 'response.created', response: { ...response, status: 'in_progress', output: [] } },
      ...output.flatMap(itemEvents),
      { type: 'response.completed', response: { ...response, status: 'completed', output, usage: USAGE } },
    ];
    return events(list.map((data, sequence_number) => [data.type, { ...data, sequence_number }]));
  },
};

function inputOf(body: unknown): readonly unknown[] {
  const input = get(body, 'input');
  return typeof input === 'string' ? [{ type: 'message', role: 'user', content: input }] : items(input);
}

const typeOf = (each: unknown): string => text(get(each, 'type'));

const isSaid = (each: unknown): boolean => get(each, 'role') === 'assistant' || SAID.test(typeOf(each));

function toolsOf(tool: unknown): OfferedTool[] {
  if (typeOf(tool) !== 'namespace') return [offered(tool, bytes(tool))];
  const name = text(get(tool, 'name'));
  return items(get(tool, 'tools')).map((each) => offered(each, bytes(each), name));
}

function itemOf(each: unknown): Item {
  const content = flat(get(each, 'output') ?? get(each, 'content'));
  return item(text(get(each, 'role')) || 'tool', typeOf(each) || 'message', content || JSON.stringify(each));
}

function outputItem(part: Said, id: NewId): OutputItem {
  return {
    ...bare(part),
    id: id('item'),
    status: 'completed',
    ...(part.kind === 'text' ? {} : { call_id: id('call') }),
  };
}

function bare(part: Said): Event {
  switch (part.kind) {
    case 'text': {
      const content = [{ type: 'output_text', text: part.text, annotations: [] }];
      return { type: 'message', role: 'assistant', content };
    }
    case 'call': {
      const { name, namespace, input } = part;
      const named = namespace === undefined ? { name } : { name, namespace };
      return { type: 'function_call', ...named, arguments: JSON.stringify(input) };
    }
    case 'code':
      return { type: 'custom_tool_call', name: 'exec', namespace: 'functions', input: part.source };
    case 'search':
      return { type: 'tool_search_call', execution: 'client', arguments: { query: part.query } };
    default:
      return part satisfies never;
  }
}

function itemEvents(whole: OutputItem, output_index: number): Event[] {
  const content = whole['content'];
  const begun = { ...whole, status: 'in_progress', ...(content === undefined ? {} : { content: [] }) };
  const at = { item_id: whole.id, output_index, content_index: 0 };
  const delta = { type: 'response.output_text.delta', ...at, delta: flat(content) };
  return [
    { type: 'response.output_item.added', output_index, item: begun },
    ...(content === undefined ? [] : [delta]),
    { type: 'response.output_item.done', output_index, item: whole },
  ];
}
