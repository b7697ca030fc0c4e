/** Gemini: `POST /v1beta/models/M:generateContent`, and `:streamGenerateContent` with one event. */
import { bytes, flat, get, items, text } from './json.ts';
import { events, json, type Protocol } from './protocol.ts';
import type { Said } from './reply.ts';
import { behindLast, type Item, item, offered } from './view.ts';

const USAGE = { promptTokenCount: 100, candidatesTokenCount: 5, totalTokenCount: 105 };

export const gemini: Protocol = {
  name: 'gemini',
  takes: (path) => /:(stream)?generateContent$/i.test(path),

  view(body) {
    const contents = behindLast(items(get(body, 'contents')), (content) => get(content, 'role') === 'model');
    const declared = items(get(body, 'tools')).flatMap((tool) => items(get(tool, 'functionDeclarations')));
    return {
      tools: declared.map((tool) => offered(tool, bytes(tool))),
      fresh: contents.flatMap((content) =>
        items(get(content, 'parts')).map((part) => itemOf(text(get(content, 'role')), part)),
      ),
    };
  },

  answer({ path }, said) {
    const content = { role: 'model', parts: said.map(partOf) };
    const answer = { candidates: [{ index: 0, content, finishReason: 'STOP' }], usageMetadata: USAGE };
    return /:stream/i.test(path) ? events([[undefined, answer]]) : json(answer);
  },
};

function itemOf(role: string, part: unknown): Item {
  const result = get(part, 'functionResponse');
  if (result === undefined) return item(role, 'text', flat(part));
  return item(role, 'tool_result', flat(get(result, 'response')) || JSON.stringify(result));
}

function partOf(part: Said): object {
  if (part.kind === 'text') return { text: part.text };
  if (part.kind === 'call') return { functionCall: { name: part.name, args: part.input } };
  throw new Error(`Gemini has nothing for ${part.kind}.`);
}
