/**
 * What the conformance suite expects a server to offer, so that it can look at all of the protocol: tools, prompts and
 * resources named `test_*`. They are served by our own stack; the product offers none of them.
 */
import {
  type McpRequestContext,
  MissingRequiredClientCapabilityError,
  ResourceNotFoundError,
  type Server,
} from '@modelcontextprotocol/server';
import { toolList } from '../../src/mcp/server.ts';
import { ASKING_PROMPTS, ASKING_TOOLS, askOrAnswer } from './conformance-asking.ts';

/** A red pixel, and four samples of silence. */
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
const WAV = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=';

const text = (value: string) => ({ type: 'text' as const, text: value });
const image = { type: 'image' as const, data: PNG, mimeType: 'image/png' };
const audio = { type: 'audio' as const, data: WAV, mimeType: 'audio/wav' };
const embedded = (uri: string, mimeType = 'text/plain', value = 'This is an embedded resource content.') => ({
  type: 'resource' as const,
  resource: { uri, mimeType, text: value },
});

const CONTENT = {
  test_simple_text: [text('This is a simple text response for testing.')],
  test_image_content: [image],
  test_audio_content: [audio],
  test_embedded_resource: [embedded('test://embedded-resource')],
  test_multiple_content_types: [
    text('Multiple content types test:'),
    image,
    embedded('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
  ],
  test_error_handling: [text('This tool intentionally returns an error for testing')],
  test_tool_with_progress: [text('Progress done.')],
  test_tool_with_logging: [text('Logging done.')],
  test_logging_tool: [text('Nothing was logged.')],
  test_streaming_elicitation: [text('Nothing was asked.')],
  test_missing_capability: [text('This is never answered.')],
};
type Fixture = keyof typeof CONTENT;

const isFixture = (name: string): name is Fixture => Object.hasOwn(CONTENT, name);

const PROMPTS = [
  'test_simple_prompt',
  'test_prompt_with_arguments',
  'test_prompt_with_embedded_resource',
  'test_prompt_with_image',
];

const RESOURCES = ['test://static-text', 'test://static-binary', 'test://watched-resource'];

export function addFixtures(server: Server, era: McpRequestContext['era']): void {
  server.registerCapabilities({ prompts: {}, completions: {}, ...(era === 'legacy' ? { logging: {} } : {}) });
  addTools(server, era);
  addPrompts(server, era);
  addResources(server, era);
  server.setRequestHandler('completion/complete', ({ params }) => ({
    completion: {
      values: ['test1', 'test2'].filter((value) => value.startsWith(params.argument.value)),
      hasMore: false,
    },
  }));
}

function addTools(server: Server, era: McpRequestContext['era']): void {
  const names = [...Object.keys(CONTENT), ...(era === 'modern' ? ASKING_TOOLS : [])];
  const fixtures = names.map((name) => ({
    name,
    description: `Fixture ${name}`,
    inputSchema: { type: 'object' as const },
  }));
  const schema = {
    name: 'json_schema_2020_12_tool',
    description: 'Tool with JSON Schema 2020-12 features',
    inputSchema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object' as const,
      $defs: {
        address: {
          $anchor: 'addressDef',
          type: 'object',
          properties: { street: { type: 'string' }, city: { type: 'string' } },
        },
      },
      properties: {
        name: { type: 'string' },
        address: { $ref: '#/$defs/address' },
        contactMethod: { type: 'string', enum: ['phone', 'email'] },
        phone: { type: 'string' },
        email: { type: 'string' },
      },
      allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
      if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
      then: { required: ['phone'] },
      else: { required: ['email'] },
      additionalProperties: false,
    },
  };
  server.setRequestHandler('tools/list', () => ({ tools: [...fixtures, schema, ...toolList()] }));
  server.setRequestHandler('tools/call', async ({ params }, ctx) => {
    const { mcpReq } = ctx;
    const asked = era === 'modern' ? await askOrAnswer(params.name, ctx) : undefined;
    if (asked !== undefined) return typeof asked === 'string' ? { content: [text(asked)] } : asked;
    if (!isFixture(params.name)) throw new Error(`no fixture ${params.name}`);
    if (params.name === 'test_missing_capability')
      throw new MissingRequiredClientCapabilityError({ requiredCapabilities: { sampling: {} } });
    const progressToken = params._meta?.progressToken;
    if (params.name === 'test_tool_with_progress' && progressToken !== undefined) {
      for (const progress of [0, 50, 100]) {
        await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: 100 } });
      }
    }
    if (params.name === 'test_tool_with_logging' && era === 'legacy') {
      for (const data of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
        await mcpReq.notify({ method: 'notifications/message', params: { level: 'info', data } });
      }
    }
    return { content: CONTENT[params.name], ...(params.name === 'test_error_handling' ? { isError: true } : {}) };
  });
  if (era === 'legacy') server.setRequestHandler('logging/setLevel', () => ({}));
}

function addPrompts(server: Server, era: McpRequestContext['era']): void {
  server.setRequestHandler('prompts/list', () => ({
    prompts: [...PROMPTS, ...(era === 'modern' ? ASKING_PROMPTS : [])].map((name) => ({
      name,
      description: `Fixture ${name}`,
      ...(name === 'test_prompt_with_arguments'
        ? { arguments: ['arg1', 'arg2'].map((arg) => ({ name: arg, description: arg, required: true })) }
        : {}),
      ...(name === 'test_prompt_with_embedded_resource'
        ? { arguments: [{ name: 'resourceUri', description: 'a URI', required: true }] }
        : {}),
    })),
  }));
  server.setRequestHandler('prompts/get', async ({ params: { name, arguments: args = {} } }, ctx) => {
    const asked = era === 'modern' ? await askOrAnswer(name, ctx) : undefined;
    if (asked !== undefined && typeof asked !== 'string') return asked;
    const contents = asked === undefined ? promptContent(name, args) : [text(asked)];
    return { messages: contents.map((content) => ({ role: 'user' as const, content })) };
  });
}

function promptContent(name: string, args: Readonly<Record<string, string>>) {
  switch (name) {
    case 'test_simple_prompt':
      return [text('This is a simple prompt for testing.')];
    case 'test_prompt_with_arguments':
      return [text(`Prompt with arguments: arg1='${args['arg1']}', arg2='${args['arg2']}'`)];
    case 'test_prompt_with_embedded_resource':
      return [
        embedded(args['resourceUri'] ?? '', 'text/plain', 'Embedded resource content for testing.'),
        text('Please process the embedded resource above.'),
      ];
    case 'test_prompt_with_image':
      return [image, text('Please analyze the image above.')];
    default:
      throw new Error(`no prompt ${name}`);
  }
}

function addResources(server: Server, era: McpRequestContext['era']): void {
  server.setRequestHandler('resources/list', () => ({
    resources: RESOURCES.map((uri) => ({ uri, name: uri, mimeType: 'text/plain' })),
  }));
  server.setRequestHandler('resources/templates/list', () => ({
    resourceTemplates: [{ uriTemplate: 'test://template/{id}/data', name: 'template', mimeType: 'application/json' }],
  }));
  server.setRequestHandler('resources/read', ({ params: { uri } }) => ({ contents: [contentsOf(uri)] }));
  if (era === 'modern') return;
  for (const method of ['resources/subscribe', 'resources/unsubscribe'] as const)
    server.setRequestHandler(method, () => ({}));
}

function contentsOf(uri: string) {
  const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
  if (id !== undefined)
    return {
      uri,
      mimeType: 'application/json',
      text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
    };
  if (uri === 'test://static-binary') return { uri, mimeType: 'image/png', blob: PNG };
  if (RESOURCES.includes(uri))
    return { uri, mimeType: 'text/plain', text: 'This is the content of the static text resource.' };
  throw new ResourceNotFoundError(uri);
}
