/**
 * Over stdio the protocol is spoken by us, over HTTP by its library. Whatever a program says, both answer alike: the same
 * lines go to ours and to the library's own server over stdio, with the same session behind them.
 *
 * Where we are stricter, and where the words of an error are ours, is said below; the codes are the library's.
 */
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Shelf } from '../../src/delivery/shelf.ts';
import { libraryServer } from '../../src/http/mcp-server.ts';
import { LEGACY_REVISIONS, META, MODERN_REVISIONS } from '../../src/mcp/revisions.ts';
import { Server } from '../../src/mcp/server.ts';
import { AfterWrite } from '../../src/mcp/written.ts';
import { systemClock } from '../../src/util/clock.ts';
import { fieldsOf } from '../../src/util/fields.ts';
import { settle } from '../support/fake-clock.ts';
import { envelope, FakeSession } from './fake-session.ts';
import { fixedRandom } from './fixed-random.ts';
import { FakeProcess, serve } from './harness.ts';

const [MODERN] = MODERN_REVISIONS;
const CLIENT = { name: 'raw', version: '1' };
const INITIALIZE = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: CLIENT };

type Said = Readonly<Record<string, unknown>>;

const GOOD = { [META.revision]: MODERN, [META.client]: CLIENT, [META.capabilities]: {} };
const GOOD_ENVELOPES: readonly Said[] = [
  GOOD,
  { [META.revision]: MODERN, [META.capabilities]: {} },
  { ...GOOD, [META.logLevel]: 'debug', progressToken: 7, 'x.example/own': [1] },
];
const BAD_ENVELOPES: readonly Said[] = [
  { [META.revision]: MODERN },
  { ...GOOD, [META.revision]: 7 },
  { ...GOOD, [META.capabilities]: 7 },
  { ...GOOD, [META.client]: { name: 'raw' } },
  { ...GOOD, [META.client]: 'raw' },
  { ...GOOD, [META.logLevel]: 'loud' },
  // Names no revision, so it is none.
  { [META.client]: CLIENT, [META.capabilities]: {}, progressToken: 'p' },
];
const UNKNOWN_ENVELOPES: readonly Said[] = ['2030-01-01', '2025-11-25', ''].map((revision) => ({
  ...GOOD,
  [META.revision]: revision,
}));

const REQUESTS: readonly (readonly [method: string, params: Said])[] = [
  ...[...LEGACY_REVISIONS, '2030-01-01', ''].map(
    (protocolVersion) => ['initialize', { protocolVersion, capabilities: {}, clientInfo: CLIENT }] as const,
  ),
  [
    'initialize',
    { protocolVersion: '2025-11-25', capabilities: { sampling: {} }, clientInfo: { ...CLIENT, title: 'x' } },
  ],
  ['initialize', {}],
  ['initialize', { protocolVersion: 7, capabilities: {}, clientInfo: CLIENT }],
  ['initialize', { protocolVersion: '2025-11-25', clientInfo: CLIENT }],
  ['initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw' } }],
  ['server/discover', {}],
  ['ping', {}],
  ['tools/list', {}],
  ['tools/list', { cursor: 'x' }],
  ['tools/call', { name: 'relay_receive', arguments: {} }],
  ['tools/call', { name: 'relay_receive', arguments: { wait_seconds: 50 } }],
  ['tools/call', { name: 'relay_status' }],
  ['tools/call', { name: 'relay_send', arguments: { to: 7 } }],
  ['tools/call', { name: 'nope' }],
  ['tools/call', { name: 7 }],
  ['tools/call', {}],
  ['resources/list', {}],
  ['resources/templates/list', {}],
  ['resources/read', { uri: 'relay://inbox' }],
  ['resources/read', { uri: 'file:///etc/passwd' }],
  ['resources/read', {}],
  ['resources/subscribe', { uri: 'relay://inbox' }],
  ['resources/subscribe', { uri: 'x' }],
  ['resources/unsubscribe', { uri: 'relay://inbox' }],
  ['subscriptions/listen', { notifications: { resourceSubscriptions: ['relay://inbox'] } }],
  ['subscriptions/listen', { notifications: { resourceSubscriptions: [], toolsListChanged: true } }],
  ['subscriptions/listen', { notifications: {} }],
  ['subscriptions/listen', { notifications: { resourceSubscriptions: [7] } }],
  ['subscriptions/listen', { notifications: { toolsListChanged: 'yes' } }],
  ['subscriptions/listen', { notifications: 7 }],
  ['subscriptions/listen', {}],
  ['prompts/list', {}],
  ['logging/setLevel', { level: 'debug' }],
  ['tasks/list', {}],
  ['roots/list', {}],
  ['constructor', {}],
  ['no/such/method', {}],
];
const NOTIFICATIONS: readonly (readonly [method: string, params: Said])[] = [
  ['notifications/initialized', {}],
  ['notifications/cancelled', { requestId: 1, reason: 'no longer' }],
  ['notifications/cancelled', { requestId: 3 }],
  ['notifications/cancelled', {}],
  ['notifications/roots/list_changed', {}],
  ['no/such/notification', {}],
];
const IN_MODERN: ReadonlySet<string> = new Set([
  'server/discover',
  'subscriptions/listen',
  'tools/list',
  'tools/call',
  'resources/list',
  'resources/templates/list',
  'resources/read',
]);

const oneOf = <T>(values: readonly T[]) => fc.constantFrom(...values);

interface Line {
  readonly isRequest: boolean;
  readonly method: string;
  readonly params: Said;
}

function saying(
  isRequest: boolean,
  values: readonly (readonly [string, Said])[],
  envelopes: fc.Arbitrary<Said | undefined>,
): fc.Arbitrary<Line> {
  return fc.record({ what: oneOf(values), _meta: envelopes }).map(({ what: [method, params], _meta }) => ({
    isRequest,
    method,
    params: { ...params, ...(_meta && { _meta }) },
  }));
}

const envelopes = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  { weight: 5, arbitrary: oneOf(GOOD_ENVELOPES) },
  { weight: 2, arbitrary: oneOf(BAD_ENVELOPES) },
);
const request = saying(true, REQUESTS, envelopes);
const notification = saying(false, NOTIFICATIONS, envelopes);
const unknown = saying(true, REQUESTS, oneOf(UNKNOWN_ENVELOPES));
/** What begins a connection: before it, a notification decides its era in the library, and nothing with us. */
const first: fc.Arbitrary<Line> = oneOf([
  { isRequest: true, method: 'initialize', params: INITIALIZE },
  { isRequest: true, method: 'tools/list', params: { _meta: GOOD } },
]);
const SCRIPTS = {
  'whatever it says first': fc.array(request, { minLength: 1, maxLength: 8 }),
  'once it has begun': fc
    .tuple(first, fc.array(fc.oneof({ weight: 3, arbitrary: request }, notification), { maxLength: 8 }))
    .map((lines) => lines.flat()),
  'when it names a revision that nobody knows': fc.array(unknown, { minLength: 1, maxLength: 4 }),
};

type Speaker = readonly [process: FakeProcess, close: () => Promise<void>];

const MAIL = [1, 2].map((position) => envelope({ position }));

function ours(): Speaker {
  const { process, over, host } = serve();
  host.session.deliver(...MAIL);
  const close = () => {
    process.signal();
    return over;
  };
  return [process, close];
}

function theirs(): Speaker {
  const session = new FakeSession();
  session.deliver(...MAIL);
  const host = { session, shelf: new Shelf(), version: '0.0.0', clock: systemClock, random: fixedRandom() };
  const process = new FakeProcess();
  const handle = serveStdio(({ era }) => libraryServer(new Server(host, new AfterWrite()), { era }), {
    transport: new StdioServerTransport(process.stdin, process.stdout),
  });
  return [process, () => handle.close()];
}

/** All that is answered to these lines, and said at the end. The words of errors are left out. */
async function heard([process, close]: Speaker, lines: readonly Line[]): Promise<readonly Said[]> {
  const said: Said[] = [];
  process.onLine = (line) => said.push(JSON.parse(line));
  for (const [index, { isRequest, method, params }] of lines.entries()) {
    process.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...(isRequest && { id: index + 1 }), method, params })}\n`);
    await settle();
  }
  await close();
  await settle();
  return said.map(({ error, ...rest }) => (error === undefined ? rest : { ...rest, error: fieldsOf(error).code }));
}

/**
 * What the library says as it is compared: it finds parameters wrong with the code of an internal error, and of a modern
 * request that has no good envelope and is for what that era does not have, which is wrong twice, it says the second.
 */
function comparable(answers: readonly Said[], lines: readonly Line[]): readonly Said[] {
  return answers.map((answer) => {
    const line = lines[Number(answer.id) - 1];
    const isWrongTwice = line && !GOOD_ENVELOPES.includes(fieldsOf(line.params._meta)) && !IN_MODERN.has(line.method);
    const alike = answer.error === -32_603 || (isWrongTwice && answer.error === -32_601);
    return alike ? { ...answer, error: -32_602 } : answer;
  });
}

describe.each(Object.entries(SCRIPTS))('a program is answered as by the library, %s', (_, script) => {
  it('in each era', async () => {
    let answered = 0;
    await fc.assert(
      fc.asyncProperty(script, async (lines) => {
        const [mine, library] = await Promise.all([heard(ours(), lines), heard(theirs(), lines)]);
        expect(comparable(mine, lines)).toEqual(comparable(library, lines));
        expect(mine).not.toContainEqual(expect.objectContaining({ error: -32_603 }));
        answered += mine.length;
      }),
      { numRuns: 300 },
    );
    expect(answered).toBeGreaterThan(300);
  });
});
