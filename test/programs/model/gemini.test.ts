import { describe, expect, it } from 'vitest';
import { gemini } from './gemini.ts';
import type { Said } from './reply.ts';
import { readEvents } from './sse.ts';

const said: readonly Said[] = [
  { kind: 'text', text: 'sending' },
  { kind: 'call', name: 'mcp_relay_relay_send', input: { to: 'CC-2' } },
];
const parts = [{ text: 'sending' }, { functionCall: { name: 'mcp_relay_relay_send', args: { to: 'CC-2' } } }];
const id = (prefix: string) => prefix;

describe('what Gemini shows', () => {
  it('are declared functions, and what came after the last word of the model', () => {
    const tool = { name: 'mcp_relay_relay_send', description: 'Send.' };
    const response = { name: tool.name, response: { output: 'Sent.' } };
    const contents = [
      { role: 'user', parts: [{ text: 'old' }] },
      { role: 'model', parts: [{ functionCall: {} }] },
      { role: 'user', parts: [{ functionResponse: response }, { text: 'more' }] },
    ];
    expect(gemini.view({ tools: [{ functionDeclarations: [tool] }, { googleSearch: {} }], contents })).toEqual({
      tools: [{ ...tool, bytes: JSON.stringify(tool).length, deferred: false }],
      fresh: [
        { role: 'user', type: 'tool_result', text: 'Sent.', isError: false },
        { role: 'user', type: 'text', text: 'more', isError: false },
      ],
    });
  });

  it('is a result without a text as well, as it came', () => {
    const functionResponse = { name: 'x', response: { error: 'no' } };
    const { fresh } = gemini.view({ contents: [{ role: 'user', parts: [{ functionResponse }] }] });
    expect(fresh[0]?.text).toBe(JSON.stringify(functionResponse));
  });
});

describe('an answer in Gemini', () => {
  it('is a document or an event, as the path says', () => {
    const one = gemini.answer({ path: '/models/m:generateContent', body: {} }, said, id);
    const stream = gemini.answer({ path: '/models/m:streamGenerateContent', body: {} }, said, id);
    expect(JSON.parse(one.text)).toMatchObject({ candidates: [{ content: { parts }, finishReason: 'STOP' }] });
    expect(readEvents(stream.text)).toMatchObject([{ data: { candidates: [{ content: { role: 'model', parts } }] } }]);
    expect([one.type, stream.type]).toEqual(['application/json', 'text/event-stream']);
  });

  it('is asked for at no other path', () => {
    expect(gemini.takes('/models/m:countTokens')).toBe(false);
    expect(gemini.takes('/models/gemini-2.5-pro:streamGenerateContent')).toBe(true);
  });

  it('refuses what only Codex understands', () => {
    expect(() => gemini.answer({ path: '', body: {} }, [{ kind: 'code', source: 'x' }], id)).toThrow(
      /nothing for code/,
    );
  });
});
