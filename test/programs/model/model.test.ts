import http from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { get } from './json.ts';
import { type Model, scriptedModel } from './model.ts';
import { call, say } from './reply.ts';

const TOOLS = [{ name: 'relay_send', input_schema: {} }];

/** A turn in Anthropic Messages; answers with the text and the tools that the model named. */
async function turn(model: Model, text: string, more: object = {}): Promise<string> {
  const body = { tools: TOOLS, messages: [{ role: 'user', content: text }], ...more };
  const answer: unknown = await post(model, '/v1/messages', body).then((response) => response.json());
  const content = get(answer, 'content');
  return Array.isArray(content) ? content.map((part) => get(part, 'text') ?? get(part, 'name')).join(' ') : '';
}

function post(model: Model, path: string, body: object): Promise<Response> {
  const headers = { 'content-type': 'application/json', 'x-api-key': 'secret', 'thread-id': 't-1' };
  return fetch(`${model.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
}

describe('a scripted model', () => {
  it('says what the first step that fits tells it to, once, and ok to everything else', async () => {
    const model = await scriptedModel('test');
    model.on(/go/, say('first'));
    model.on(/go/, say('second'), call(/send$/));
    expect(await turn(model, 'hello')).toBe('ok');
    expect(await turn(model, 'go')).toBe('first');
    expect(await turn(model, 'go')).toBe('second relay_send');
    expect(await turn(model, 'go')).toBe('ok');
  });

  it('says the same again and again when told so, made from what it was shown', async () => {
    const model = await scriptedModel('test');
    model.step({ when: /id=(\w+)/, repeat: true, reply: (_request, match) => [say(`thanks for ${match[1]}`)] });
    expect(await turn(model, 'a message id=m1')).toBe('thanks for m1');
    expect(await turn(model, 'a message id=m2')).toBe('thanks for m2');
  });

  it('keeps its steps for turns: a title takes none, unless the step says so', async () => {
    const model = await scriptedModel('test');
    model.on(/go/, say('a turn'));
    expect(await turn(model, 'a title for: go', { tools: [] })).toBe('ok');
    model.step({ when: /go/, reply: [say('a title')], toolless: true });
    expect(await turn(model, 'go')).toBe('a turn');
    expect(await turn(model, 'go', { tools: [] })).toBe('a title');
  });

  it('waits with a step until a tool is on offer', async () => {
    const model = await scriptedModel('test');
    model.step({ when: /go/, offers: /relay_send/, reply: [say('sent')] });
    expect(await turn(model, 'go', { tools: [{ name: 'Bash' }] })).toBe('ok');
    expect(await turn(model, 'go')).toBe('sent');
  });

  it('does not look at what it was shown before', async () => {
    const model = await scriptedModel('test');
    model.on(/old/, say('again'));
    const messages = [
      { role: 'user', content: 'old' },
      { role: 'assistant', content: 'yes' },
      { role: 'user', content: 'new' },
    ];
    expect(await turn(model, '', { messages })).toBe('ok');
    expect(model.sightings(/old/)).toEqual([]);
    expect(model.sightings(/new/)).toHaveLength(1);
  });

  it('can be held: the program waits until the test answers', async () => {
    const model = await scriptedModel('test');
    const held = model.hold(/go/);
    let answered = false;
    const answer = turn(model, 'go').finally(() => {
      answered = true;
    });
    expect((await held.asked).text).toBe('go');
    expect(await turn(model, 'another one meanwhile')).toBe('ok');
    expect(answered).toBe(false);
    held.answer(say('at last'));
    expect(await answer).toBe('at last');
  });

  it('tells when it was shown something, before or after it was asked for that', async () => {
    const model = await scriptedModel('test');
    const later = model.saw(/second/);
    await turn(model, 'first');
    expect((await model.saw(/first/)).text).toBe('first');
    await turn(model, 'the second');
    expect((await later).text).toBe('the second');
    const twice = model.saw(/second/, 2);
    await turn(model, 'a second one');
    expect((await twice).text).toBe('a second one');
  });

  it('keeps each request with its time, and without credentials', async () => {
    const model = await scriptedModel('test');
    const before = Date.now();
    await turn(model, 'hello');
    const [request] = model.requests;
    expect(request).toMatchObject({ protocol: 'anthropic', isTurn: true, text: 'hello' });
    expect(request?.at).toBeGreaterThanOrEqual(before);
    expect(request?.headers).toMatchObject({ 'thread-id': 't-1' });
    expect(JSON.stringify(request)).not.toContain('secret');
  });

  it.each([
    ['/v1/messages', { messages: [{ role: 'user', content: 'hello' }] }, 'anthropic'],
    ['/messages', { messages: [{ role: 'user', content: 'hello' }] }, 'anthropic'],
    ['/v1/responses', { input: 'hello' }, 'responses'],
    ['/v1/chat/completions', { messages: [{ role: 'user', content: 'hello' }] }, 'chat'],
    ['/v1beta/models/m:generateContent', { contents: [{ role: 'user', parts: [{ text: 'hello' }] }] }, 'gemini'],
  ])('speaks at %s', async (path, body, protocol) => {
    const model = await scriptedModel('test');
    const response = await post(model, path, body);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('ok');
    expect(model.requests).toMatchObject([{ protocol, text: 'hello' }]);
  });

  it('counts tokens, names a model, and knows nothing else', async () => {
    const model = await scriptedModel('test');
    expect(await post(model, '/v1/messages/count_tokens', {}).then((r) => r.json())).toEqual({ input_tokens: 1 });
    expect(await post(model, '/v1beta/models/m:countTokens', {}).then((r) => r.json())).toEqual({ totalTokens: 1 });
    const listed: unknown = await fetch(`${model.url}/v1/models`).then((r) => r.json());
    expect(listed).toMatchObject({ data: [{ id: 'scripted' }] });
    expect((await fetch(`${model.url}/`, { method: 'HEAD' })).status).toBe(200);
    expect((await post(model, '/v1/embeddings', {})).status).toBe(404);
    expect(model.requests).toEqual([]);
  });
});

describe('a scripted model as a proxy', () => {
  it('refuses to connect to anywhere, and remembers where to', async () => {
    const model = await scriptedModel('test');
    const { port } = new URL(model.url);
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () => socket.write('CONNECT api.example:443 HTTP/1.1\r\n\r\n'));
      socket.once('data', (data) => resolve(String(data)));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 403/);
    expect([...model.egress]).toEqual(['api.example']);
  });

  it('answers for nobody else', async () => {
    const model = await scriptedModel('test');
    const { port } = new URL(model.url);
    const status = await new Promise((resolve) => {
      const path = 'http://updates.example/v1/messages';
      http.request({ port, path, method: 'POST' }, (response) => resolve(response.statusCode)).end('{}');
    });
    expect(status).toBe(404);
    expect([...model.egress]).toEqual(['updates.example']);
    expect(model.requests).toEqual([]);
  });
});
