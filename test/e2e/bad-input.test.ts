/**
 * Bad input through every way in: each gets a coded answer of one sentence, whoever gave it goes on where that is possible,
 * and a bystander's mail comes as if nothing had happened.
 */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/protocol/limits.ts';
import { idsIn, Machine, type McpSession, machine } from '../support/cli.ts';
import { ask, bearer } from '../support/raw-http.ts';
import { type Frame, Wire } from '../support/wire.ts';

/** One sentence, or two halves of one: it ends as one, on one line, and is no trace of a stack. */
function expectSentence(text: unknown): void {
  expect(text).toMatch(/^[A-Z"(\w][^\n]{8,300}[.?]$/);
  expect(text).not.toMatch(/\bat \w+ \(|Error:|undefined|\[object/);
}

const OVERSIZE = 'x'.repeat(LIMITS.bodyBytes + 1);

/** Verbs with arguments that are wrong, and the code of the answer. */
const REQUESTS: readonly [what: string, verb: string, args: unknown, code: string][] = [
  ['an unknown verb', 'shout', {}, 'unknown_verb'],
  ['a verb that is a property of objects', 'constructor', {}, 'unknown_verb'],
  ['a body that is a number', 'send', { to: 'CC-9', body: 42 }, 'bad_request'],
  ['no body', 'send', { to: 'CC-9' }, 'bad_request'],
  ['an empty body', 'send', { to: 'CC-9', body: '' }, 'bad_request'],
  ['no address', 'send', { body: 'x' }, 'bad_request'],
  ['an oversize body', 'send', { to: 'CC-9', body: OVERSIZE }, 'too_large'],
  ['an unknown field', 'send', { to: 'CC-9', body: 'x', admin: true }, 'bad_request'],
  ['a field called __proto__', 'send', JSON.parse('{"to":"CC-9","body":"x","__proto__":{"y":1}}'), 'bad_request'],
  ['an address that is none', 'send', { to: 'CC 9', body: 'x' }, 'address_invalid'],
  ['a body that would be cut short', 'send', { to: 'CC-9', body: 'a\u0000b' }, 'bad_request'],
  ['too many addresses', 'send', { to: Array.from({ length: 65 }, (_, i) => `n${i}`), body: 'x' }, 'too_large'],
  ['an id that is none', 'send', { id: 'm 1', to: 'CC-9', body: 'x' }, 'bad_request'],
  ['an unknown recipient', 'send', { to: 'CC-8', body: 'x' }, 'unknown_recipient'],
  ['a reply to nothing', 'send', { reply_to: 'm000000000000', body: 'x' }, 'unknown_message'],
  ['arguments that are a list', 'receive', [], 'bad_request'],
  ['a count as text', 'receive', { count: '10' }, 'bad_request'],
  ['a count of none', 'receive', { count: 0 }, 'bad_request'],
  ['a sender who is none', 'receive', { from: '9' }, 'name_invalid'],
  ['a wait of a day', 'receive', { wait_seconds: 86_400 }, 'bad_request'],
  ['a receipt for nothing', 'receipt', { state: 'seen' }, 'bad_request'],
  ['a receipt of the relay’s own', 'receipt', { state: 'replied', positions: [1] }, 'bad_request'],
  ['receipts of somebody else', 'receipts', { id: 'm000000000000' }, 'unknown_message'],
  ['a room that is none', 'join', { room: '#' }, 'address_invalid'],
  ['the history of a room of others', 'history', { room: '#secret' }, 'not_member'],
  ['a search for nothing', 'history', { query: '"*' }, 'bad_request'],
  ['a new name that is none', 'rename', { to: '1st' }, 'name_invalid'],
  ['a new name that is everybody', 'rename', { to: 'ALL' }, 'name_reserved'],
  ['a new name that is taken', 'rename', { to: 'CC-9' }, 'name_taken'],
];

describe('bad input', () => {
  const m = new Machine();
  let bystander: McpSession;
  let noted = 0;

  beforeAll(async () => {
    await m.relay();
    bystander = await m.session('CC-9');
    await bystander.connected();
  });

  afterAll(() => m.end());

  /** After every test: the relay is ready, and the bystander gets the next message, and nothing else. */
  afterEach(async () => {
    expect((await ask({ port: m.port, path: '/readyz', headers: bearer(m.token) })).status).toBe(200);
    noted += 1;
    await m.ok(['send', 'CC-9', `note ${noted}`, '--as', 'noter']);
    const text = await bystander.call('relay_receive', { wait_seconds: 20 });
    expect(text).toContain(`> note ${noted}\n`);
    expect(idsIn(text)).toHaveLength(1);
    expect(await bystander.call('relay_status')).toMatch(/^You are CC-9\.\nConnected to/);
  });

  describe('over WebSocket', () => {
    const there = () => ({ port: m.port, token: m.token });

    function expectRefusal(frame: Frame, code: string): void {
      expect(frame).toMatchObject({ type: 'error', code, retry: expect.any(Boolean) });
      expectSentence(frame.message);
    }

    it('is answered with its id and code, and the connection lives on', async () => {
      const wire = await Wire.seated(there(), 'ws-1');
      for (const [what, verb, args, code] of REQUESTS) {
        const frame = await wire.ask(verb, args);
        expect({ what, code: frame.code }).toEqual({ what, code });
        expectRefusal(frame, code);
      }
      expect(await wire.ask('status', {})).toMatchObject({ type: 'answer', result: { name: 'ws-1' } });
      wire.end();
    });

    it('is answered when it is no frame at all, and the connection lives on', async () => {
      const wire = await Wire.seated(there(), 'ws-2');
      const frames = [
        'not json',
        '[]',
        '42',
        'null',
        '""',
        '{}',
        '{"type":"shout"}',
        '{"type":7}',
        `${'['.repeat(5_000)}`,
      ];
      for (const text of frames) {
        wire.say(text);
        expectRefusal(await wire.next(({ type }) => type === 'error'), 'bad_frame');
      }
      wire.say({ type: 'request', id: 'one', verb: 'status' });
      expectRefusal(await wire.next(({ type }) => type === 'error'), 'bad_request');
      wire.say({ type: 'request', id: 7, verb: 'status', args: {}, as: 'CC-9' });
      expectRefusal(await wire.next(({ id }) => id === 7), 'bad_request');
      wire.say({ type: 'hello', v: 1, name: 'ws-2b', instance: 'i2', seat: true });
      expectRefusal(await wire.next(({ type }) => type === 'error'), 'hello_twice');
      expect(await wire.ask('status', {})).toMatchObject({ result: { name: 'ws-2' } });
      wire.end();
    });

    const HELLO = { type: 'hello', v: 1, instance: 'i1', seat: true };
    const FIRST: readonly [what: string, frame: object | string | Buffer, code: string, close: number | undefined][] = [
      ['no JSON', 'not json', 'bad_frame', undefined],
      ['a request', { type: 'request', id: 1, verb: 'status', args: {} }, 'hello_required', 4400],
      ['a name that is none', { ...HELLO, name: '1st' }, 'name_invalid', undefined],
      ['the name of everybody', { ...HELLO, name: 'All' }, 'name_reserved', undefined],
      ['another version', { ...HELLO, name: 'ws-3', v: 2 }, 'version_unsupported', 4406],
      ['no instance', { type: 'hello', v: 1, name: 'ws-3', seat: true }, 'bad_request', undefined],
      ['an unknown field', { ...HELLO, name: 'ws-3', sudo: true }, 'bad_request', undefined],
      ['more than a hello may have', { ...HELLO, name: 'ws-3', key: 'k'.repeat(5_000) }, 'frame_too_large', 1009],
    ];

    it.each(FIRST)('ends the connection with a code when the first frame is %s', async (_what, frame, code, close) => {
      const wire = await Wire.open(there());
      wire.say(frame);
      expectRefusal(await wire.next(({ type }) => type === 'error'), code);
      const closed = await wire.ended();
      expect(closed === (close ?? closed) && closed !== 1006).toBe(true);
    });

    it('ends the connection, and no other, when a frame is larger than any may be', async () => {
      const wire = await Wire.seated(there(), 'ws-4');
      wire.say('x'.repeat(LIMITS.frameBytes + 1));
      expect(await wire.ended()).toBe(1009);
    });

    it.each([
      ['no token', undefined, {}, 401, 'unauthorized'],
      ['a wrong token', 'x'.repeat(43), {}, 401, 'unauthorized'],
      ['another host', 'right', { host: 'evil.example' }, 403, 'forbidden_host'],
      ['the origin of a web page', 'right', { origin: 'https://evil.example' }, 403, 'forbidden_origin'],
    ])('is refused before any frame with %s', async (_what, token, headers, status, code) => {
      const refused = await Wire.open({ port: m.port, token: token === 'right' ? m.token : token, headers }).catch(
        (error: Error) => JSON.parse(error.message),
      );
      expect(refused.status).toBe(status);
      const { error } = JSON.parse(refused.body);
      expect(error.code).toBe(code);
      expectSentence(error.message);
    });
  });

  describe('over HTTP', () => {
    async function post(verb: string, body: string, headers: Record<string, string> = {}) {
      const said = { ...bearer(m.token), 'relay-as': 'curl', ...headers };
      const answer = await ask({ port: m.port, method: 'POST', path: `/v1/${verb}`, headers: said, body });
      return { status: answer.status, error: JSON.parse(answer.body).error };
    }

    it('is answered with a status and a code', async () => {
      for (const [what, verb, args, code] of REQUESTS) {
        const { status, error } = await post(verb, JSON.stringify(args));
        expect({ what, code: error?.code }).toEqual({ what, code });
        expect(status).toBeGreaterThanOrEqual(400);
        expect(status).toBeLessThan(500);
        expectSentence(error.message);
      }
    });

    it.each([
      ['a body that is no JSON', 'not json', {}, 400, 'bad_request'],
      ['a body beyond every limit', 'x'.repeat(LIMITS.frameBytes + 1), {}, 413, 'too_large'],
      ['no token', '{}', { authorization: '' }, 401, 'unauthorized'],
      ['a wrong token', '{}', { authorization: `Bearer ${'x'.repeat(43)}` }, 401, 'unauthorized'],
      ['nobody who acts', '{}', { 'relay-as': '' }, 400, 'name_invalid'],
      ['a name that is none', '{}', { 'relay-as': '1st' }, 400, 'name_invalid'],
      ['the name of another', '{}', { 'relay-as': 'CC-9' }, 409, 'name_taken'],
      ['the name of another and a wrong key', '{}', { 'relay-as': 'CC-9', 'relay-key': 'k' }, 409, 'name_taken'],
      ['an unknown kind', '{}', { 'relay-kind': 'root' }, 400, 'bad_request'],
      ['another host', '{}', { host: 'evil.example' }, 403, 'forbidden_host'],
      ['the origin of a web page', '{}', { origin: 'https://evil.example' }, 403, 'forbidden_origin'],
    ])('is refused with %s', async (_what, body, headers, status, code) => {
      const refused = await post('receive', body, headers);
      expect({ status: refused.status, code: refused.error.code }).toEqual({ status, code });
      expectSentence(refused.error.message);
    });

    it('is told how to ask', async () => {
      const get = await ask({ port: m.port, path: '/v1/status', headers: bearer(m.token) });
      expect({ status: get.status, allow: get.headers.allow }).toEqual({ status: 405, allow: 'POST' });
      expect((await ask({ port: m.port, path: '/v2/status', headers: bearer(m.token) })).status).toBe(404);
    });
  });

  describe('from an agent program', () => {
    const CALLS: readonly [what: string, tool: string, args: object, says: RegExp][] = [
      ['no message', 'relay_send', { to: 'CC-9' }, /^message is missing\./],
      ['a message that is a number', 'relay_send', { message: 7 }, /^message must be text/],
      ['an oversize message', 'relay_send', { message: OVERSIZE, to: 'CC-9' }, /^message must be/],
      ['an unknown argument', 'relay_send', { message: 'x', sudo: true }, /^"sudo" is not known here/],
      ['an address that is none', 'relay_send', { message: 'x', to: 'CC 9' }, /^An address is a name, a room/],
      ['an unknown recipient', 'relay_send', { message: 'x', to: 'CC-8' }, /CC-8 .*CC-9/],
      ['a count as text', 'relay_receive', { count: '10' }, /^count must be a whole number/],
      ['a room without its name', 'relay_room', { action: 'join' }, /^room is missing/],
      ['an unknown action', 'relay_room', { action: 'burn', room: '#x' }, /^action must be one of/],
      ['a name that is none', 'relay_rename', { to: '1st' }, /^A name is a letter/],
      ['the name of another', 'relay_rename', { to: 'CC-9' }, /another session/],
    ];

    it('is an error that says what to do, and the session lives on', async () => {
      const session = await m.session('mcp-1');
      await session.connected();
      for (const [what, tool, args, says] of CALLS) {
        const { isError, text } = await session.tool(tool, args);
        expect({ what, isError }).toEqual({ what, isError: true });
        expect(text).toMatch(says);
        expect(text).not.toContain('\n');
      }
      expect(await session.call('relay_status')).toMatch(/^You are mcp-1\./);
    });

    it('is answered when it is no message at all, and the session lives on', async () => {
      const session = await m.session('mcp-2');
      await session.connected();
      const answers: { id: unknown; error: { code: number; message: string } }[] = [];
      session.started.child.stdout.on('data', (text: string) => {
        for (const line of text.trim().split('\n')) {
          const answer = JSON.parse(line);
          if (answer.error) answers.push(answer);
        }
      });
      const lines = ['not json', '{', '{}', '[]', '42', '"text"', '{"jsonrpc":"1.0","id":90,"method":"ping"}'];
      for (const line of lines) session.line(line);
      session.line(Buffer.from([0x7b, 0xff, 0xfe, 0x7d]).toString('latin1'));
      session.line('x'.repeat(5 * 1024 * 1024));
      session.line('');
      await session.request('ping');
      expect(answers.length).toBeGreaterThanOrEqual(lines.length + 2);
      for (const { error } of answers) expect([-32_700, -32_600]).toContain(error.code);

      expect((await session.ask('tools/burn')).error?.code).toBe(-32_601);
      const unknown = await session.ask('tools/call', { name: 'relay_burn', arguments: {} });
      expect(unknown.error ?? unknown.result?.isError).toBeTruthy();
      expect(await session.call('relay_status')).toMatch(/^You are mcp-2\.\nConnected to/);
    });

    it('may be a second initialize, which neither ends nor repeats the connection', async () => {
      const session = await m.session('mcp-3');
      await session.connected();
      for (let i = 0; i < 3; i += 1) {
        const clientInfo = { name: 'again', version: '1' };
        const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
        const { result, error } = await session.ask('initialize', params);
        expect(result ?? error).toBeDefined();
        if (error) expect(error.message.length).toBeGreaterThan(8);
      }
      expect(await session.call('relay_status')).toMatch(/^You are mcp-3\.\nConnected to/);
      const { peers } = (await m.json(['peers'])) as { peers: { name: string }[] };
      expect(peers.filter(({ name }) => name.startsWith('mcp-3')).map(({ name }) => name)).toEqual(['mcp-3']);
    });
  });

  describe('on the command line', () => {
    const LINES: readonly [what: string, args: string[], code: number, says: RegExp][] = [
      ['an unknown command', ['sned', 'x'], 2, /unknown command 'sned'.*send/i],
      ['an unknown flag', ['peers', '--frm', 'x'], 2, /unknown option '--frm'/i],
      ['no message', ['send', 'CC-9'], 2, /missing required argument 'message'/i],
      ['an empty message', ['send', 'CC-9', ''], 2, /The message is empty\./],
      ['a name that is none', ['status', '--as', '1st'], 2, /"1st" is no name/],
      ['the name of everybody', ['status', '--as', 'All'], 2, /"All" means everybody/],
      ['a wait that is no number', ['receive', '--wait', 'soon'], 2, /--wait must be a number from 0 to 86400/],
      ['a count of none', ['receive', '--count', '0'], 2, /--count must be a number from 1 to 200/],
      ['half a message', ['receive', '--count', '1.5'], 2, /--count must be a whole number/],
      ['to look and to wait', ['receive', '--peek', '--wait', '1'], 2, /--peek does not wait/],
      ['an id that is none', ['send', 'CC-9', 'x', '--id', 'a b'], 2, /--id must be/],
      ['an address of a relay that is none', ['peers', '--relay-url', 'ftp://x'], 2, /--relay-url must be an address/],
      ['an address that is none', ['send', 'CC 9', 'x'], 4, /An address is a name, a room/],
      ['an unknown recipient', ['send', 'CC-8', 'x'], 4, /CC-8 .*CC-9/],
      ['an unknown message', ['receipts', 'm000000000000'], 4, /You have sent nothing with the id/],
      ['an unknown room', ['rooms', 'nowhere'], 4, /There is no room #nowhere/],
      ['a room of others', ['history', '--room', 'secret'], 4, /You are not in #secret/],
      ['a search for nothing', ['history', '***'], 4, /at least one word/],
    ];

    it.each(LINES)('is %s: one sentence on stderr, nothing on stdout', async (_what, args, code, says) => {
      const ran = await m.run(args);
      expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code, stdout: '' });
      expect(ran.stderr).toMatch(/^claude-relay: /);
      expect(ran.stderr).toMatch(says);
      expect(ran.stderr).not.toMatch(/\bat \w+ \(|node:internal/);
    });

    it('may come through stdin: too much, nothing, or what no text may hold', async () => {
      expect(await m.run(['send', 'CC-9', '-'], { input: `${OVERSIZE}${OVERSIZE}` })).toMatchObject({ code: 2 });
      expect(await m.run(['send', 'CC-9', '-'], { input: OVERSIZE })).toMatchObject({ code: 4 });
      expect(await m.run(['send', 'CC-9', '-'], { input: '\n' })).toMatchObject({ code: 2 });
      expect(await m.run(['send', 'CC-9', '-'], { input: 'a\u0000b' })).toMatchObject({ code: 4 });
    });

    it('may stand in the environment', async () => {
      const wrong = await m.run(['status'], { env: { RELAY_TOKEN: 'x'.repeat(43) } });
      expect(wrong).toMatchObject({ code: 4, stdout: '' });
      expect(wrong.stderr).toMatch(/does not take this token; .*RELAY_TOKEN/);
      const named = await m.run(['status'], { env: { RELAY_CLIENT_ID: '1st' } });
      expect(named).toMatchObject({ code: 2, stdout: '' });
      expect(named.stderr).toMatch(/RELAY_CLIENT_ID must be a name/);
      const away = await m.run(['peers'], { env: { RELAY_URL: 'ws://localhost:1' } });
      expect(away).toMatchObject({ code: 3, stdout: '' });
      expect(away.stderr).toMatch(/cannot be reached \(ECONNREFUSED\); start it with/);
    });
  });
});

describe('a recipient', () => {
  it('who was ever known gets it later; one who was not is refused with near names', async () => {
    const m = machine();
    await m.relay();
    const gone = await m.session('CC-2');
    await gone.connected();
    await gone.kill();
    expect(await m.ok(['send', 'CC-2', 'for later'])).toMatch(/to CC-2 \(away, kept for it\)/);
    const unknown = await m.run(['send', 'CC-3', 'for nobody']);
    expect(unknown).toMatchObject({ code: 4, stdout: '' });
    expect(unknown.stderr).toContain('CC-2');
    const back = await m.session('CC-2');
    await back.connected();
    expect(await back.call('relay_receive')).toContain('> for later');
  });

  it('with a full inbox refuses with a code that says to try again, and loses nothing of what it has', async () => {
    const m = machine();
    await m.relay();
    await m.ok(['status', '--as', 'CC-2']);
    const wire = await Wire.seated({ port: m.port, token: m.token }, 'flood');
    const answers: Frame[] = [];
    for (let sent = 0; sent < LIMITS.inboxMessages; sent += 200) {
      const batch = Array.from({ length: 200 }, (_, i) => wire.ask('send', { to: 'CC-2', body: `${sent + i}` }));
      answers.push(...(await Promise.all(batch)));
    }
    expect(answers.filter(({ type }) => type === 'answer')).toHaveLength(LIMITS.inboxMessages);
    expect(await wire.ask('send', { to: 'CC-2', body: 'one too many' })).toMatchObject({
      type: 'error',
      code: 'inbox_full',
      retry: true,
    });
    const refused = await m.run(['send', 'CC-2', 'one too many']);
    expect(refused).toMatchObject({ code: 4, stdout: '' });
    expect(refused.stderr).toMatch(/inbox of .* is full/);
    expect((await m.json(['status', '--as', 'CC-2'])) as object).toMatchObject({ unread: LIMITS.inboxMessages });
    await m.ok(['receive', '--as', 'CC-2', '--count', '1']);
    expect(await m.ok(['send', 'CC-2', 'room again'])).toMatch(/to CC-2/);
    wire.end();
  });
});

describe('a state directory', () => {
  it('that others can reach is refused with 78 and the remedy, by every entry', async () => {
    const m = machine();
    chmodSync(m.home, 0o755);
    for (const args of [['status'], ['serve', '--port', '0'], ['mcp']]) {
      const { code, stdout, stderr } = await m.run(args);
      expect({ args, code, stdout }).toEqual({ args, code: 78, stdout: '' });
      expect(stderr).toContain('chmod 700');
    }
  });

  it('with damaged files is told about in one sentence', async () => {
    const m = machine();
    writeFileSync(join(m.home, 'config.json'), '{"port": 99', { mode: 0o600 });
    expect((await m.run(['peers'])).stderr).toMatch(/^claude-relay: \S+config\.json is not valid JSON\.\n {2}Mend it/);
    writeFileSync(join(m.home, 'config.json'), '{}');
    writeFileSync(join(m.home, 'relay.json'), '\u0000garbage', { mode: 0o600 });
    expect((await m.run(['peers', '--relay-url', 'localhost:1'])).code).toBe(3);
    writeFileSync(join(m.home, 'token'), 'short\n', { mode: 0o600 });
    expect(await m.run(['serve', '--port', '0'])).toMatchObject({ code: 78, stdout: '' });
  });
});
