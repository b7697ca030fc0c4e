/**
 * A model that says what a test tells it to, on a port of the loopback, in every protocol at once; and keeps whatever
 * it was asked. It is also the proxy of the programs: what they would have fetched from elsewhere is refused and known.
 */
import http, { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { systemClock } from '../../../src/util/clock.ts';
import { afterEveryTest } from '../../support/cleanup.ts';
import { evidence } from '../evidence.ts';
import { anthropic } from './anthropic.ts';
import { chat } from './chat.ts';
import { gemini } from './gemini.ts';
import { type Answer, json, type Protocol } from './protocol.ts';
import { type Part, type Reply, resolve, say } from './reply.ts';
import { type ModelRequest, summary, withoutCredentials } from './request.ts';
import { responses } from './responses.ts';
import { Script, type Step } from './script.ts';

const PROTOCOLS: readonly Protocol[] = [anthropic, responses, chat, gemini];
const VERSION = /^(\/v\d[a-z0-9]*)+/;
const MODELS = {
  object: 'list',
  data: [{ id: 'scripted', object: 'model', type: 'model' }],
  models: [],
  has_more: false,
};

/** A turn whose answer waits for the test: until then the program is busy. */
export interface Held {
  /** Settles when the program has asked. */
  readonly asked: Promise<ModelRequest>;
  answer(...reply: Reply): void;
}

export class Model {
  readonly name: string;
  /** All of them, oldest first. */
  readonly requests: ModelRequest[] = [];
  /** Names of the hosts that somebody tried to reach through the proxy. */
  readonly egress = new Set<string>();
  readonly #script = new Script([say('ok')]);
  readonly #server = http.createServer((request, response) => void this.#take(request, response));
  #wake: (() => void)[] = [];
  #ids = 0;

  constructor(name: string) {
    this.name = name;
    this.#server.on('connect', (request: IncomingMessage, socket: Duplex) => this.#refuse(request, socket));
    this.#server.on('upgrade', (_request: IncomingMessage, socket: Duplex) => socket.destroy());
    evidence(`the model of ${name} was asked`, () => this.requests.map(summary).join('\n'));
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** For a program's environment: whatever is not on the loopback goes through here, and no further. */
  get proxy(): Record<string, string> {
    return { HTTPS_PROXY: this.url, HTTP_PROXY: this.url, NO_PROXY: '127.0.0.1,localhost' };
  }

  get turns(): ModelRequest[] {
    return this.requests.filter(({ isTurn }) => isTurn);
  }

  step(step: Step): void {
    this.#script.add(step);
  }

  /** Says this to the first turn that shows such a text. */
  on(when: RegExp, ...reply: readonly Part[]): void {
    this.step({ when, reply });
  }

  /** Says this to every turn that does. */
  always(when: RegExp, ...reply: readonly Part[]): void {
    this.step({ when, reply, repeat: true });
  }

  /** Keeps the first such turn waiting. */
  hold(when: RegExp): Held {
    let answer = (_reply: Reply): void => undefined;
    const answered = new Promise<Reply>((resolve) => {
      answer = resolve;
    });
    const asked = new Promise<ModelRequest>((resolve) => {
      const reply = (request: ModelRequest) => {
        resolve(request);
        return answered;
      };
      this.step({ when, reply });
    });
    return { asked, answer: (...reply) => answer(reply) };
  }

  /** Turns that showed such a text as something new, oldest first. */
  sightings(text: RegExp): ModelRequest[] {
    return this.turns.filter((request) => text.test(request.text));
  }

  /** The first of them, as soon as there is one; `count` waits for as many. A test's own time limit ends what never comes. */
  async saw(text: RegExp, count = 1): Promise<ModelRequest> {
    for (;;) {
      const found = this.sightings(text)[count - 1];
      if (found) return found;
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  async #take(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const raw = await textOf(incoming).catch(() => undefined);
    // Hung up while it was speaking.
    if (raw === undefined) return;
    const answer = await this.#answer(incoming, raw);
    if (answer === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': answer.type }).end(answer.text);
  }

  async #answer({ method, url = '/', headers }: IncomingMessage, raw: string): Promise<Answer | undefined> {
    // A proxy is asked for a whole URL.
    if (url.startsWith('http')) return void this.egress.add(new URL(url).hostname);
    const path = new URL(url, 'http://model').pathname.replace(VERSION, '');
    const protocol = method === 'POST' ? PROTOCOLS.find((each) => each.takes(path)) : undefined;
    if (!protocol) return aside(method, path, raw);
    const body: unknown = JSON.parse(raw);
    const request = this.#note(protocol, headers, body, raw);
    const reply = await this.#script.reply(request);
    return protocol.answer({ path, body }, resolve(reply, request, raw), (prefix) => `${prefix}_${++this.#ids}`);
  }

  #note(protocol: Protocol, headers: IncomingHttpHeaders, body: unknown, raw: string): ModelRequest {
    const view = protocol.view(body);
    const request: ModelRequest = {
      ...view,
      at: systemClock.now(),
      protocol: protocol.name,
      headers: withoutCredentials(headers),
      body,
      raw,
      text: view.fresh.map(({ text }) => text).join('\n'),
      isTurn: view.tools.length > 0,
    };
    this.requests.push(request);
    for (const look of this.#wake.splice(0)) look();
    return request;
  }

  #refuse({ url = '' }: IncomingMessage, socket: Duplex): void {
    this.egress.add(url.replace(/:\d+$/, ''));
    socket.on('error', () => undefined);
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  }
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** What programs ask besides. Undefined: nobody knows what. */
function aside(method: string | undefined, path: string, raw: string): Answer | undefined {
  const tokens = Math.ceil(raw.length / 4);
  if (path === '/messages/count_tokens') return json({ input_tokens: tokens });
  if (path.endsWith(':countTokens')) return json({ totalTokens: tokens });
  if (method === 'GET' && path === '/models') return json(MODELS);
  return method === 'HEAD' || path === '/' ? json({}) : undefined;
}

const models: Model[] = [];

/** One for each program of a test: what it was asked is then what that program showed. */
export async function scriptedModel(name: string): Promise<Model> {
  const model = new Model(name);
  models.push(model);
  await model.listen();
  return model;
}

afterEveryTest(async () => {
  for (const model of models.splice(0)) await model.close();
});
