import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LiveRelay, liveRelay } from '../support/live-relay.ts';

let relay: LiveRelay;
beforeEach(async () => {
  relay = await liveRelay();
});
afterEach(() => relay.stop());

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe('a first-generation client', () => {
  it('registers and is told who else is there', async () => {
    const first = await relay.legacy();
    first.say({ type: 'register', clientId: 'CC-1' });
    expect(await first.next('registered')).toEqual({ type: 'registered', clientId: 'CC-1', peers: [] });
    const second = await relay.legacy();
    second.say({ type: 'register', clientId: 'CC-2' });
    expect(await second.next('registered')).toEqual({ type: 'registered', clientId: 'CC-2', peers: ['CC-1'] });
  });

  it('tells the others that it joined and left, with all that are there', async () => {
    const first = await relay.registered('CC-1');
    const second = await relay.registered('CC-2');
    expect(await first.next('peer_joined')).toEqual({ type: 'peer_joined', clientId: 'CC-2', peers: ['CC-1', 'CC-2'] });
    second.close();
    expect(await first.next('peer_left')).toEqual({ type: 'peer_left', clientId: 'CC-2', peers: ['CC-1'] });
  });

  it('is not told of its own coming', async () => {
    const first = await relay.registered('CC-1');
    await first.settled();
    expect(first.of('peer_joined')).toEqual([]);
  });

  it('sends to one name', async () => {
    const [a, b, c] = [await relay.registered('A'), await relay.registered('B'), await relay.registered('C')];
    a.say({ type: 'message', to: 'B', content: 'for B' });
    const got = await b.next('message');
    expect(got).toEqual({
      type: 'message',
      id: expect.any(String),
      from: 'A',
      to: 'B',
      content: 'for B',
      timestamp: expect.stringMatching(ISO),
    });
    expect(await a.next('sent')).toEqual({ type: 'sent', id: got['id'], to: 'B', delivered: 1 });
    await c.settled();
    expect(c.of('message')).toEqual([]);
  });

  it.each([[undefined], ['all'], [null], ['']])('sends to everybody else when `to` is %j', async (to) => {
    const [a, b, c] = [await relay.registered('A'), await relay.registered('B'), await relay.registered('C')];
    a.say({ type: 'message', content: 'for all', ...(to === undefined ? {} : { to }) });
    for (const client of [b, c])
      expect(await client.next('message')).toMatchObject({ from: 'A', to: 'all', content: 'for all' });
    expect(await a.next('sent')).toMatchObject({ to: 'all', delivered: 2 });
    await a.settled();
    expect(a.of('message')).toEqual([]);
  });

  it('is told when a name is not connected', async () => {
    const a = await relay.registered('A');
    a.say({ type: 'message', to: 'NOBODY', content: 'x' });
    expect(await a.next('error')).toEqual({ type: 'error', message: 'Client NOBODY not connected' });
    a.say({ type: 'message', to: 'not a name!', content: 'x' });
    expect(await a.next('error')).toEqual({ type: 'error', message: 'Client not a name! not connected' });
  });

  it('reads the history of what it may see, oldest first, 10 unless it says', async () => {
    const [a, b] = [await relay.registered('A'), await relay.registered('B')];
    for (let n = 1; n <= 12; n += 1) a.say({ type: 'message', to: 'B', content: `m${n}` });
    for (let n = 1; n <= 12; n += 1) await b.next('message');
    b.say({ type: 'message', to: 'A', content: 'answer' });
    await b.next('sent');
    const history = async (args: object) => {
      b.say({ type: 'get_history', ...args });
      const { messages } = await b.next('history');
      return (messages as { content: string }[]).map(({ content }) => content);
    };
    expect(await history({})).toEqual(['m4', 'm5', 'm6', 'm7', 'm8', 'm9', 'm10', 'm11', 'm12', 'answer']);
    expect(await history({ count: 2 })).toEqual(['m12', 'answer']);
    expect(await history({ count: 3, from: 'A' })).toEqual(['m10', 'm11', 'm12']);
    expect(await history({ from: 'B' })).toEqual(['answer']);
    expect(await history({ from: 'NOBODY' })).toEqual([]);
    expect(await history({ count: 100_000 })).toHaveLength(13);
    expect(await history({ count: -1 })).toHaveLength(10);
    expect(await history({ count: 'many' })).toHaveLength(10);
  });

  it('gets history in the shape of a message', async () => {
    const [a, b] = [await relay.registered('A'), await relay.registered('B')];
    a.say({ type: 'message', to: 'B', content: 'x' });
    const pushed = await b.next('message');
    b.say({ type: 'get_history' });
    expect(await b.next('history')).toEqual({ type: 'history', messages: [pushed] });
  });

  it('asks for the peers, before and after it registers', async () => {
    const a = await relay.legacy();
    a.say({ type: 'get_peers' });
    expect(await a.next('peers')).toEqual({ type: 'peers', peers: [], self: null });
    a.say({ type: 'register', clientId: 'A' });
    await a.next('registered');
    a.say({ type: 'get_peers' });
    expect(await a.next('peers')).toEqual({ type: 'peers', peers: ['A'], self: 'A' });
  });

  it('pings', async () => {
    const a = await relay.legacy();
    const before = Date.now();
    a.say({ type: 'ping' });
    const pong = await a.next('pong');
    expect(Object.keys(pong)).toEqual(['type', 'timestamp']);
    expect(pong['timestamp']).toBeGreaterThanOrEqual(before);
  });

  it('may say everything at once, and is answered in that order', async () => {
    const a = await relay.legacy();
    a.say({ type: 'register', clientId: 'A' });
    a.say({ type: 'message', to: 'NOBODY', content: 'x' });
    a.say({ type: 'message', to: 'all', content: 'y' });
    a.say({ type: 'get_peers' });
    a.say({ type: 'ping' });
    await a.next('pong');
    expect(a.frames.map(({ type }) => type)).toEqual(['registered', 'error', 'sent', 'peers', 'pong']);
  });

  it.each([
    ['not JSON', 'hello'],
    ['no object', '[1]'],
    ['null', 'null'],
    ['no type', '{}'],
    ['an unknown type', '{"type":"launch"}'],
    ['a type of Object', '{"type":"constructor"}'],
    ['no name', '{"type":"register"}'],
    ['a number for a name', '{"type":"register","clientId":7}'],
    ['a name that is none', '{"type":"register","clientId":"no name!"}'],
    ['the reserved name', '{"type":"register","clientId":"ALL"}'],
    ['no content', '{"type":"message","to":"B"}'],
    ['an object for content', '{"type":"message","content":{}}'],
    ['a number for a recipient', '{"type":"message","to":7,"content":"x"}'],
  ])('is answered with an error for %s, and lives on', async (_what, text) => {
    const a = await relay.legacy();
    a.sayRaw(text);
    expect(await a.next('error')).toEqual({ type: 'error', message: expect.any(String) });
    await a.settled();
  });

  it('is told when its content is larger than the relay takes', async () => {
    const a = await relay.registered('A');
    a.say({ type: 'message', content: 'x'.repeat(70_000) });
    expect(await a.next('error')).toMatchObject({ message: expect.stringContaining('65536') });
    await a.settled();
  });
});

describe('the later version of the first generation', () => {
  it('registers with more fields, and asks for the sessions', async () => {
    const a = await relay.registered('A', { meta: { cwd: '/work', hostname: 'box', pid: 7 }, ownerSecret: 's3cret' });
    const b = await relay.registered('B', { meta: 'odd', ownerSecret: 7 });
    b.cut();
    await a.next('peer_left');
    a.say({ type: 'get_sessions' });
    const { sessions } = await a.next('sessions');
    expect(sessions).toEqual([
      { clientId: 'A', connected: true, lastSeen: expect.stringMatching(ISO) },
      { clientId: 'B', connected: false, lastSeen: expect.stringMatching(ISO) },
    ]);
    const { json } = await relay.verb('peers');
    expect(json).toMatchObject({ peers: [{ name: 'A', cwd: '/work', host: 'box' }] });
    expect(JSON.stringify(json)).not.toContain('s3cret');
  });

  it('gets envelopes with the id that the sender was told', async () => {
    const [a, b] = [await relay.registered('A', { meta: {} }), await relay.registered('B', { meta: {} })];
    a.say({ type: 'message', to: 'B', content: 'x' });
    const { id } = await a.next('sent');
    expect((await b.next('message'))['id']).toBe(id);
  });
});

describe('both generations on one relay', () => {
  it('write to each other, with receipts for the newer side', async () => {
    const old = await relay.registered('OLD');
    const modern = await relay.client('NEW', { window: 8, receipts: true });
    await old.next('peer_joined', ({ clientId }) => clientId === 'NEW');
    old.say({ type: 'message', to: 'NEW', content: 'from the old' });
    const { messages } = await modern.next('deliver');
    expect(messages).toMatchObject([{ from: 'OLD', to: ['NEW'], body: 'from the old' }]);
    const sent = await modern.ask('send', { to: 'OLD', body: 'from the new' });
    expect(await old.next('message')).toMatchObject({ from: 'NEW', to: 'OLD', content: 'from the new' });
    const receipt = await modern.next('receipt');
    expect(receipt).toMatchObject({ name: 'OLD', state: 'handed', id: (sent['result'] as { id: string }).id });
  });

  it('see each other as peers', async () => {
    const modern = await relay.client('NEW', { presence: true });
    const old = await relay.registered('OLD');
    expect(await modern.next('presence')).toMatchObject({ event: 'joined', name: 'OLD', kind: 'agent' });
    old.say({ type: 'get_peers' });
    expect(await old.next('peers')).toEqual({ type: 'peers', peers: ['NEW', 'OLD'], self: 'OLD' });
    old.close();
    expect(await modern.next('presence')).toMatchObject({ name: 'OLD' });
  });

  it('follow a session that is renamed', async () => {
    const modern = await relay.client('NEW');
    const old = await relay.registered('OLD');
    await modern.ask('rename', { to: 'NEWER' });
    expect(await old.next('peer_left')).toMatchObject({ clientId: 'NEW' });
    expect(await old.next('peer_joined')).toMatchObject({
      clientId: 'NEWER',
      peers: expect.arrayContaining(['NEWER', 'OLD']),
    });
  });

  it('let a session move from the old program to the new one, its inbox with it', async () => {
    const old = await relay.registered('CC-1');
    old.close();
    await old.closed;
    await relay.verb('send', { to: 'CC-1', body: 'kept' }, 'SCRIPT');
    const moved = await relay.client('CC-1', { window: 8 });
    expect(moved.of('welcome')).toMatchObject([{ name: 'CC-1', key: expect.any(String) }]);
    expect((await moved.next('deliver'))['messages']).toMatchObject([{ body: 'kept' }]);
  });

  it('keep the name of the newer one once it has a key: the older is given another', async () => {
    const modern = await relay.client('CC-1');
    modern.cut();
    const old = await relay.legacy();
    old.say({ type: 'register', clientId: 'CC-1' });
    expect(await old.next('registered')).toMatchObject({ clientId: 'CC-1.2' });
  });
});
