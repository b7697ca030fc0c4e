import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Log } from '../../src/relay/log.ts';
import { Relay } from '../../src/relay/relay.ts';
import { systemRandom } from '../../src/util/random.ts';
import { openRelay, Peer, settle } from '../support/relay.ts';
import { bodies, crash, upTo } from './kit.ts';

async function two() {
  const opened = await openRelay();
  const a = await Peer.open(opened.relay, { name: 'A', receipts: true });
  const b = await Peer.open(opened.relay, { name: 'B' });
  return { ...opened, a, b };
}

describe('receipts', () => {
  it('are pushed to the sender that asked, as they come, and to nobody else', async () => {
    const { relay, a, b, clock } = await two();
    const deaf = await Peer.open(relay, { name: 'DEAF' });
    for (const from of [a, deaf]) await from.ask('send', { id: `of-${from.welcome.name}`, to: ['B'], body: 'x' });
    await b.ask('receipt', { state: 'handed', positions: [1, 2] });
    await b.ask('receipt', { state: 'seen', ids: ['of-A', 'of-DEAF'] });
    await b.ask('send', { body: 'y', reply_to: 'of-A' });
    await settle();
    const of = { type: 'receipt', id: 'of-A', name: 'B', at: clock.now() };
    expect(a.all('receipt')).toEqual(['handed', 'seen', 'replied'].map((state) => ({ ...of, state })));
    expect([...deaf.all('receipt'), ...b.all('receipt')]).toEqual([]);
  });

  it('move only forwards, and once', async () => {
    const { a, b } = await two();
    await a.ask('send', { id: 'm', to: ['B'], body: 'x' });
    expect(await b.ask('receipt', { state: 'seen', positions: [1, 1, 1] })).toEqual({ changed: 1 });
    expect(await b.ask('receipt', { state: 'handed', positions: [1] })).toEqual({ changed: 0 });
    expect(await b.ask('receipt', { state: 'seen', ids: ['m'] })).toEqual({ changed: 0 });
  });

  it('about other people’s mail, or mail that is not there, change nothing', async () => {
    const { relay, a } = await two();
    await a.ask('send', { id: 'm', to: ['B'], body: 'x' });
    const c = await Peer.open(relay, { name: 'C' });
    for (const peer of [a, c])
      expect(await peer.ask('receipt', { state: 'seen', positions: [1, 99], ids: ['m', 'no'] })).toEqual({
        changed: 0,
      });
    expect(await a.ask('receipts', { id: 'm' })).toMatchObject({ recipients: [{ name: 'B', state: 'stored' }] });
  });

  it.each([
    ['one name', ['B'], { B: 'seen' }],
    ['several names', ['B', 'C'], { B: 'seen', C: 'stored' }],
    ['a room', ['#r'], { B: 'seen', C: 'stored' }],
    ['everybody', ['all'], { B: 'seen', C: 'stored' }],
  ])('of a send to %s tell each recipient', async (_what, to, states) => {
    const { relay, a, b } = await two();
    const c = await Peer.open(relay, { name: 'C' });
    for (const peer of [a, b, c]) await peer.ask('join', { room: '#r' });
    await a.ask('send', { id: 'm', to, body: 'x' });
    await b.ask('receive', { receipt: 'seen' });
    const asked = await a.ask('receipts', { id: 'm' });
    if (!('recipients' in asked)) throw new Error('no recipients');
    expect(Object.fromEntries(asked.recipients.map(({ name, state }) => [name, state]))).toEqual(states);
    expect(asked).toMatchObject({ id: 'm', position: 1, to, more: 0 });
    await expect(b.ask('receipts', { id: 'm' })).rejects.toMatchObject({ code: 'unknown_message' });
  });

  it('without an id are those of the last sends, newest first, five unless asked', async () => {
    const { a } = await two();
    for (const body of upTo(7)) await a.ask('send', { id: body, to: ['B'], body: body.repeat(50) });
    const last = await a.ask('receipts', {});
    expect(last).toMatchObject({
      sends: ['n7', 'n6', 'n5', 'n4', 'n3'].map((id) => ({ id, to: ['B'], states: { stored: 1 } })),
    });
    expect('sends' in last && last.sends[0]?.preview).toBe('n7'.repeat(50).slice(0, 80));
    expect(await a.ask('receipts', { count: 1 })).toMatchObject({ sends: [{ id: 'n7' }] });
  });
});

describe('history', () => {
  it('pages backwards from the newest and forwards from a position, oldest first each, and skips nothing', async () => {
    const { a, b } = await two();
    for (const body of upTo(9)) await a.ask('send', { to: ['B'], body });
    const newest = await b.ask('history', { count: 4 });
    expect([bodies(newest.messages), newest.more]).toEqual([upTo(4, 6), true]);
    const older = await b.ask('history', { count: 5, before: newest.messages[0]?.position ?? 0 });
    expect([bodies(older.messages), older.more]).toEqual([upTo(5), false]);
    const onwards = await b.ask('history', { after: 3, count: 4 });
    expect([bodies(onwards.messages), onwards.more]).toEqual([upTo(4, 4), true]);
    expect(bodies((await b.ask('history', { after: 2, before: 6 })).messages)).toEqual(upTo(3, 3));
  });

  it('finds by words, other side, room, thread, id and direction, and only what one may see', async () => {
    const { relay, a, b } = await two();
    const c = await Peer.open(relay, { name: 'C' });
    for (const peer of [a, b]) await peer.ask('join', { room: '#r' });
    await a.ask('send', { id: 'd', to: ['B'], body: 'the red fox', thread: 't' });
    await b.ask('send', { id: 'r', to: ['#r'], body: 'a red room' });
    await c.ask('send', { id: 'all', to: ['all'], body: 'red for all' });
    const ids = async (peer: Peer, args: object) => (await peer.ask('history', args)).messages.map((each) => each.id);
    expect(await ids(b, { query: 'red' })).toEqual(['d', 'r', 'all']);
    expect(await ids(c, { query: 'red' })).toEqual(['all']);
    expect(await ids(b, { with: 'A' })).toEqual(['d']);
    expect(await ids(b, { room: 'r' })).toEqual(['r']);
    expect(await ids(a, { thread: 't' })).toEqual(['d']);
    expect(await ids(c, { thread: 't' })).toEqual([]);
    expect(await ids(b, { incoming: true })).toEqual(['d', 'all']);
    expect(await ids(b, { id: 'd' })).toEqual(['d']);
    for (const [args, code] of [
      [{ id: 'd' }, 'unknown_message'],
      [{ id: 'nothing' }, 'unknown_message'],
      [{ room: '#r' }, 'not_member'],
      [{ room: '#none' }, 'not_member'],
      [{ with: 'NOBODY' }, 'unknown_recipient'],
    ] as const)
      await expect(c.ask('history', args)).rejects.toMatchObject({ code });
  });

  it('marks nothing, and neither does inbox', async () => {
    const { a, b } = await two();
    await a.ask('send', { id: 'm', to: ['B'], body: 'x' });
    for (let i = 0; i < 3; i++) {
      await b.ask('history', {});
      expect(await b.ask('inbox', {})).toMatchObject({ messages: [{ id: 'm' }], more: 0, unread: 1 });
    }
    const { messages } = await b.ask('receive', {});
    expect(messages[0]).not.toHaveProperty('redelivered');
    expect(a.all('receipt')).toEqual([]);
  });

  it('in the inbox goes on after a position', async () => {
    const { a, b } = await two();
    for (const body of upTo(5)) await a.ask('send', { to: ['B'], body });
    const page = await b.ask('inbox', { count: 2, after: 1 });
    expect([bodies(page.messages), page.more, page.unread]).toEqual([['n2', 'n3'], 2, 5]);
  });
});

describe('rooms, people, names', () => {
  it('tell rooms with their members, those here and whether one is in', async () => {
    const { relay, a, b } = await two();
    expect(await a.ask('join', { room: 'build' })).toEqual({ room: '#build', members: 1 });
    expect(await b.ask('join', { room: '#build' })).toEqual({ room: '#build', members: 2 });
    await crash(b);
    expect(await a.ask('rooms', {})).toEqual({
      rooms: [{ room: '#build', members: 2, here: 1, joined: true }],
      more: 0,
    });
    expect(await a.ask('rooms', { room: '#build' })).toMatchObject({
      members: [
        { name: 'A', here: true },
        { name: 'B', here: false },
      ],
    });
    expect(await relay.perform('rooms', {}, {})).toMatchObject({ rooms: [{ joined: false }] });
    expect(await a.ask('leave', { room: '#build' })).toEqual({ room: '#build' });
    await expect(a.ask('leave', { room: '#build' })).rejects.toMatchObject({ code: 'not_member' });
    await expect(a.ask('rooms', { room: '#none' })).rejects.toMatchObject({ code: 'unknown_room' });
  });

  it('tell in status who one is and how the relay does', async () => {
    const { a, b, clock } = await two();
    await a.ask('join', { room: '#r' });
    await b.ask('send', { to: ['A'], body: 'x' });
    await clock.run(1_500);
    expect(await a.ask('status', {})).toMatchObject({
      name: 'A',
      kind: 'agent',
      unread: 1,
      rooms: ['#r'],
      here: 2,
      sessions: 2,
      position: 1,
      uptime: 1_500,
    });
  });

  it('rename keeps inbox, rooms, key and connection, and refuses a name that is taken', async () => {
    const { relay, a, b } = await two();
    await a.ask('join', { room: '#r' });
    await b.ask('send', { to: ['A'], body: 'x' });
    for (const [to, code] of [
      ['B', 'name_taken'],
      ['all', 'name_reserved'],
      ['9', 'name_invalid'],
    ] as const)
      await expect(a.ask('rename', { to })).rejects.toMatchObject({ code });
    expect(await a.ask('rename', { to: 'A2' })).toEqual({ name: 'A2', was: 'A' });
    expect(await a.ask('rename', { to: 'A2' })).toEqual({ name: 'A2', was: 'A2' });
    expect(await a.ask('status', {})).toMatchObject({ name: 'A2', unread: 1, rooms: ['#r'] });
    await crash(a);
    expect((await Peer.open(relay, { name: 'A2', key: a.welcome.key ?? '' })).welcome.name).toBe('A2');
  });
});

describe('bad arguments', () => {
  it.each([
    ['send', {}, 'bad_request'],
    ['send', { to: 'B' }, 'bad_request'],
    ['send', { to: 'B', body: '' }, 'bad_request'],
    ['send', { to: 'B', body: 7 }, 'bad_request'],
    ['send', { to: 'B', body: 'x'.repeat(64 * 1024 + 1) }, 'too_large'],
    ['send', { to: [], body: 'x' }, 'bad_request'],
    ['send', { to: Array.from({ length: 65 }, () => 'B'), body: 'x' }, 'too_large'],
    ['send', { to: '@role', body: 'x' }, 'address_invalid'],
    ['send', { to: '', body: 'x' }, 'bad_request'],
    ['send', { to: 'B', body: 'x', from: 'C' }, 'bad_request'],
    ['send', { to: 'B', body: 'x', priority: 'high' }, 'bad_request'],
    ['send', { to: 'B', body: 'x', ttl_seconds: 0 }, 'bad_request'],
    ['send', { to: 'B', body: 'x', id: 'a b' }, 'bad_request'],
    ['send', { to: 'B', body: 'a\u0000b' }, 'bad_request'],
    ['send', { to: 'B', body: 'x', attachments: ['y'.repeat(2_000)] }, 'too_large'],
    ['receive', { count: 0 }, 'bad_request'],
    ['receive', { receipt: 'replied' }, 'bad_request'],
    ['inbox', { after: -1 }, 'bad_request'],
    ['receipt', { state: 'seen' }, 'bad_request'],
    ['receipt', { positions: [1] }, 'bad_request'],
    ['receipt', { state: 'dead', positions: [1] }, 'bad_request'],
    ['receipt', { state: 'seen', positions: [1.5] }, 'bad_request'],
    ['receipt', { state: 'seen', positions: Array.from({ length: 2_000 }, () => 1) }, 'too_large'],
    ['receipts', { id: 'nothing' }, 'unknown_message'],
    ['history', { query: '' }, 'bad_request'],
    ['history', { query: '***' }, 'bad_request'],
    ['history', { query: 'x'.repeat(257) }, 'too_large'],
    ['join', {}, 'bad_request'],
    ['join', { room: '#' }, 'address_invalid'],
    ['leave', { room: '#none' }, 'not_member'],
    ['rename', { to: null }, 'name_invalid'],
    ['status', { x: 1 }, 'bad_request'],
    ['status', 'text', 'bad_request'],
    ['status', [], 'bad_request'],
    ['nonsense', {}, 'unknown_verb'],
    ['__proto__', {}, 'unknown_verb'],
  ])('%s %o: refused with its code; the connection lives on and nobody notices', async (verb, args, code) => {
    const { a, b } = await two();
    const before = b.frames.length;
    a.say({ type: 'request', id: 999, verb, args });
    const frame = await a.answerTo(999);
    expect(frame).toMatchObject({ type: 'error', id: 999, code, retry: false });
    expect('message' in frame && frame.message).toMatch(/^[^\n]{5,300}[.?]$/);
    expect(await a.ask('status', {})).toMatchObject({ position: 0, here: 2 });
    expect(b.frames).toHaveLength(before);
  });

  it.each([
    ['no id', { type: 'request', verb: 'status' }, undefined],
    ['an id that is not a number', { type: 'request', id: 'x', verb: 'status' }, undefined],
    ['a fractional id', { type: 'request', id: 1.5, verb: 'status' }, undefined],
    ['no verb', { type: 'request', id: 7 }, 7],
    ['an unknown field', { type: 'request', id: 7, verb: 'status', as: 'B' }, 7],
    ['an unknown type', { type: 'welcome', id: 7 }, 7],
  ])('in the frame itself (%s) are refused, by id where there is one', async (_what, frame, id) => {
    const { a } = await two();
    a.say(frame);
    const error = await a.next('error');
    expect(error.id).toBe(id);
    expect(await a.ask('status', {})).toMatchObject({ name: 'A' });
  });
});

describe('any frame', () => {
  const word = fc.constantFrom('A', 'B', 'all', '#r', 'm', '', '\u0000', 'x'.repeat(70), '__proto__', 'é'.repeat(40));
  const value = fc.oneof(
    word,
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.array(word, { maxLength: 3 }),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const field = fc.constantFrom(
    'id',
    'to',
    'body',
    'count',
    'from',
    'thread',
    'reply_to',
    'wait_seconds',
    'state',
    'positions',
    'ids',
    'query',
    'with',
    'room',
    'before',
    'after',
    'ttl_seconds',
    'attachments',
    'name',
    'priority',
    'constructor',
  );
  const verb = fc.constantFrom(
    'send',
    'receive',
    'inbox',
    'receipt',
    'receipts',
    'history',
    'peers',
    'sessions',
    'status',
    'join',
    'leave',
    'rooms',
    'rename',
    'x',
  );
  const request = fc.record({
    type: fc.constant('request'),
    id: fc.nat(),
    verb,
    args: fc.oneof(fc.dictionary(field, value, { maxKeys: 4 }), value),
  });
  const text = fc.oneof(
    { weight: 8, arbitrary: request.map((each) => JSON.stringify(each)) },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }).map((each) => JSON.stringify(each)) },
    { weight: 1, arbitrary: fc.string() },
    { weight: 1, arbitrary: fc.constant('['.repeat(50_000)) },
  );

  it('never crashes the relay, never is an internal error, and hurts nobody else', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 5, maxLength: 60 }), async (texts) => {
        const { journal, clock } = await openRelay();
        const failures: unknown[] = [];
        const log: Log = {
          debug() {},
          info() {},
          warn: (fields) => failures.push(fields),
          error: (fields) => failures.push(fields),
        };
        const relay = new Relay({ journal, clock, random: systemRandom, log, version: '0' });
        const a = await Peer.open(relay, { name: 'A', window: 2, presence: true, receipts: true, watch: true });
        const b = await Peer.open(relay, { name: 'B' });
        for (const each of texts) a.socket.send(each);
        await clock.run(4_000);
        expect(a.closeCode).toBeUndefined();
        expect(a.all('error').filter((error) => error.code === 'internal')).toEqual([]);
        expect(failures).toEqual([]);
        expect(b.closeCode).toBeUndefined();
        expect(await b.ask('status', {})).toMatchObject({ name: 'B' });
        await relay.stop();
      }),
      { numRuns: 150 },
    );
  });
});
