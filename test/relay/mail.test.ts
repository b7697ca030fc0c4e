import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/protocol/limits.ts';
import { openRelay, Peer, settle } from '../support/relay.ts';
import { backlog, bodies, codeOf, crash, delivered, positions, upTo } from './kit.ts';

async function three() {
  const opened = await openRelay();
  const a = await Peer.open(opened.relay, { name: 'A', receipts: true });
  const b = await Peer.open(opened.relay, { name: 'B' });
  const c = await Peer.open(opened.relay, { name: 'C' });
  return { ...opened, a, b, c };
}

const inbox = async (peer: Peer) => bodies((await peer.ask('inbox', {})).messages);

describe('a broadcast', () => {
  it('reaches everybody who was known, here or away, and not the sender', async () => {
    const { relay, a, b, c } = await three();
    await crash(c);
    const sent = await a.ask('send', { to: ['all'], body: 'x' });
    expect(sent.to).toEqual([{ address: 'all', recipients: 2, here: 1, absent: [] }]);
    const back = await Peer.open(relay, { name: 'C', key: c.welcome.key ?? '' });
    expect([await inbox(a), await inbox(b), await inbox(back)]).toEqual([[], ['x'], ['x']]);
  });

  it('does not reach who comes later', async () => {
    const { relay, a } = await three();
    await a.ask('send', { to: ['all'], body: 'x' });
    const late = await Peer.open(relay, { name: 'LATE' });
    expect(late.welcome.unread).toBe(0);
    expect(await inbox(late)).toEqual([]);
  });

  it('swallows the other addresses: everybody gets it once', async () => {
    const { a, b } = await three();
    await b.ask('join', { room: '#r' });
    const sent = await a.ask('send', { to: ['B', '#r', 'all', 'B'], body: 'x' });
    expect(sent.to).toMatchObject([{ address: 'all' }]);
    expect(await b.ask('receive', {})).toMatchObject({ messages: [{ body: 'x' }], more: 0 });
    expect(await b.ask('receive', {})).toEqual({ messages: [], more: 0 });
  });

  it('wakes a window of 0 with more, and is pushed into a wider one', async () => {
    const { relay, a, b } = await three();
    const wide = await Peer.open(relay, { name: 'W', window: 1 });
    await a.ask('send', { to: ['all'], body: 'x' });
    expect(await b.next('more')).toEqual({ type: 'more', unread: 1 });
    expect(await wide.next('deliver')).toMatchObject({ messages: [{ body: 'x', to: ['all'] }], unread: 1 });
    expect(wide.all('more')).toEqual([]);
  });
});

describe('the sender of a broadcast', () => {
  it('is not woken by it', async () => {
    const { a, b } = await three();
    await a.ask('join', { room: '#r' });
    for (const to of ['all', '#r']) await a.ask('send', { to: [to], body: 'x' });
    await b.next('more');
    expect(a.all('more')).toEqual([]);
  });
});

describe('a room', () => {
  it('reaches its members, also those who are away, and not its sender', async () => {
    const { relay, a, b, c } = await three();
    for (const peer of [a, b, c]) await peer.ask('join', { room: 'build' });
    await crash(c);
    const sent = await a.ask('send', { to: ['#build'], body: 'x' });
    expect(sent.to).toEqual([{ address: '#build', recipients: 2, here: 1, absent: ['C'] }]);
    const back = await Peer.open(relay, { name: 'C', key: c.welcome.key ?? '' });
    expect([await inbox(a), await inbox(b), await inbox(back)]).toEqual([[], ['x'], ['x']]);
  });

  it('gives what was sent between join and leave: nothing before, nothing after, and again after a new join', async () => {
    const { a, b } = await three();
    await a.ask('join', { room: '#r' });
    const say = (body: string) => a.ask('send', { to: ['#r'], body });
    await say('before');
    await b.ask('join', { room: '#r' });
    await say('during');
    await b.ask('leave', { room: '#r' });
    await say('after');
    await b.ask('join', { room: '#r' });
    await say('again');
    expect(await inbox(b)).toEqual(['during', 'again']);
  });

  it('wakes only members, from the moment they join, until they leave', async () => {
    const { a, b, c } = await three();
    await a.ask('join', { room: '#r' });
    await b.ask('join', { room: '#r' });
    await a.ask('send', { to: ['#r'], body: 'x' });
    await settle();
    expect([b.all('more').length, c.all('more').length]).toEqual([1, 0]);
    await b.ask('leave', { room: '#r' });
    await a.ask('send', { to: ['#r'], body: 'y' });
    await settle();
    expect(b.all('more')).toHaveLength(1);
  });

  it('is written to by anybody who knows it, but must be there', async () => {
    const { a, b } = await three();
    expect(await codeOf(a.ask('send', { to: ['#r'], body: 'x' }))).toBe('unknown_room');
    await b.ask('join', { room: '#r' });
    expect(await a.ask('send', { to: ['#r'], body: 'x' })).toMatchObject({ to: [{ recipients: 1 }] });
  });
});

describe('one’s own messages', () => {
  it('are not mail, but a note to oneself is', async () => {
    const { a, b } = await three();
    await a.ask('join', { room: '#r' });
    await a.ask('send', { to: ['#r', 'B'], body: 'to others' });
    const note = await a.ask('send', { to: ['A'], body: 'note' });
    expect(note.to).toEqual([{ address: 'A', recipients: 1, here: 1, absent: [] }]);
    expect(await a.ask('receive', {})).toMatchObject({ messages: [{ body: 'note', from: 'A', to: ['A'] }], more: 0 });
    expect(await inbox(b)).toEqual(['to others']);
  });

  it('wake a watcher, who is told of everything it may see', async () => {
    const { relay, a, b } = await three();
    const watcher = await Peer.open(relay, { name: 'A', key: a.welcome.key ?? '', seat: false, watch: true });
    await a.ask('send', { to: ['B'], body: 'x' });
    await settle();
    expect(watcher.all('more')).toEqual([{ type: 'more', unread: 0 }]);
    await b.ask('send', { to: ['C'], body: 'not for A' });
    await settle();
    expect(watcher.all('more')).toHaveLength(1);
    await b.ask('send', { to: ['A'], body: 'y' });
    await settle();
    expect(watcher.all('more').at(-1)).toEqual({ type: 'more', unread: 1 });
  });
});

describe('an envelope', () => {
  it('arrives with everything that its sender said', async () => {
    const { a, b, clock } = await three();
    const draft = {
      id: 'my-id_1',
      to: ['B', 'C'],
      body: 'Grüße 🙂\n\u001b[31m"}],',
      thread: 't',
      reply_to: 'elsewhere',
      priority: 'urgent' as const,
      ttl_seconds: 60,
      attachments: [{ a: 1 }, 'b', null],
      signature: 'sig',
      key_id: 'k',
    };
    await a.ask('send', draft);
    const [message] = (await b.ask('receive', {})).messages;
    const { ttl_seconds, ...said } = draft;
    expect(message).toEqual({ ...said, position: 1, from: 'A', at: clock.now(), expires_at: clock.now() + 60_000 });
  });

  it('of normal priority says nothing of it', async () => {
    const { a, b } = await three();
    await a.ask('send', { to: ['B'], body: 'x', priority: 'normal' });
    expect((await b.ask('receive', {})).messages[0]).not.toHaveProperty('priority');
  });

  it('is stored once, however often it is sent with its id', async () => {
    const { a, b } = await three();
    const draft = { id: 'm1', to: ['B'], body: 'x' };
    const first = await a.ask('send', draft);
    await b.ask('receive', { receipt: 'seen' });
    expect(await a.ask('send', draft)).toEqual({ ...first, duplicate: true });
    expect(await inbox(b)).toEqual([]);
  });

  it.each([
    ['another body', { id: 'm1', to: ['B'], body: 'y' }],
    ['another address', { id: 'm1', to: ['C'], body: 'x' }],
    ['another thread', { id: 'm1', to: ['B'], body: 'x', thread: 't' }],
  ])('with a used id and %s is refused', async (_what, draft) => {
    const { a, b } = await three();
    await a.ask('send', { id: 'm1', to: ['B'], body: 'x' });
    expect(await codeOf(a.ask('send', draft))).toBe('id_conflict');
    expect(await codeOf(b.ask('send', { id: 'm1', to: ['B'], body: 'x' }))).toBe('id_conflict');
    expect(await inbox(b)).toEqual(['x']);
  });

  it('to a name that nobody knows is refused with near names, and to one that is away is kept', async () => {
    const { relay, a, b } = await three();
    await expect(a.ask('send', { to: ['BB'], body: 'x' })).rejects.toThrow(/did you mean .*B/);
    await crash(b);
    expect(await a.ask('send', { to: ['B'], body: 'kept' })).toMatchObject({ to: [{ here: 0, absent: ['B'] }] });
    const back = await Peer.open(relay, { name: 'B', key: b.welcome.key ?? '' });
    expect(await inbox(back)).toEqual(['kept']);
  });

  it('to several, one of whom nobody knows, reaches nobody', async () => {
    const { a, b } = await three();
    expect(await codeOf(a.ask('send', { to: ['B', 'NOBODY'], body: 'x' }))).toBe('unknown_recipient');
    expect(await inbox(b)).toEqual([]);
  });

  it('follows a renamed session, by both names', async () => {
    const { a, b } = await three();
    await b.ask('rename', { to: 'B2' });
    for (const to of ['B', 'B2']) await a.ask('send', { to: [to], body: to });
    expect(await inbox(b)).toEqual(['B', 'B2']);
    expect((await b.ask('inbox', {})).messages.map((message) => message.to)).toEqual([['B2'], ['B2']]);
  });
});

describe('a time to live', () => {
  it('that is over means: never delivered, and the sender is told', async () => {
    const { a, b, clock } = await three();
    await a.ask('send', { id: 'm1', to: ['B'], body: 'x', ttl_seconds: 10 });
    await a.ask('send', { id: 'm2', to: ['B'], body: 'y' });
    await clock.run(9_999);
    expect(a.all('receipt')).toEqual([]);
    await clock.run(1_001);
    expect(await b.ask('receive', {})).toMatchObject({ messages: [{ id: 'm2' }], more: 0 });
    expect(a.all('receipt')).toEqual([
      { type: 'receipt', id: 'm1', name: 'B', state: 'expired', at: expect.any(Number) },
    ]);
    expect(await b.ask('status', {})).toMatchObject({ unread: 1 });
  });

  it('that is over since a moment is not delivered before the round comes by, and holds up nobody', async () => {
    const { relay, a, clock } = await three();
    await a.ask('send', { to: ['B'], body: 'x', ttl_seconds: 1 });
    await a.ask('send', { to: ['B'], body: 'y' });
    clock.step(1_000);
    const aside = await Peer.open(relay, { name: 'D', window: 1 });
    expect(delivered(aside)).toEqual([]);
    const { messages } = await a.ask('send', { to: ['D'], body: 'z', ttl_seconds: 1 }).then(async () => {
      await settle();
      return { messages: delivered(aside) };
    });
    expect(bodies(messages)).toEqual(['z']);
  });

  it('that is over leaves what was handed in time as it is', async () => {
    const { a, b, clock } = await three();
    await a.ask('send', { id: 'm1', to: ['B', 'C'], body: 'x', ttl_seconds: 10 });
    await b.ask('receive', { receipt: 'handed' });
    await clock.run(11_000);
    expect(await a.ask('receipts', { id: 'm1' })).toMatchObject({
      recipients: [
        { name: 'B', state: 'handed' },
        { name: 'C', state: 'expired' },
      ],
    });
  });

  it('ends what is claimed, and the window goes on', async () => {
    const { relay, a, clock } = await three();
    const d = await Peer.open(relay, { name: 'D', window: 1 });
    await a.ask('send', { to: ['D'], body: 'x', ttl_seconds: 5 });
    await a.ask('send', { to: ['D'], body: 'y' });
    await settle();
    expect(bodies(delivered(d))).toEqual(['x']);
    await clock.run(6_000);
    expect(bodies(delivered(d))).toEqual(['x', 'y']);
  });

  it('of many ends them all in one round', async () => {
    const { relay, a, clock } = await three();
    for (const body of upTo(250)) await relay.perform('send', { to: 'all', body, ttl_seconds: 1 }, { name: 'A2' });
    await clock.run(2_000);
    expect(await a.ask('status', {})).toMatchObject({ unread: 0 });
  });
});

describe('a full inbox', () => {
  it('refuses the next and keeps what it has; reading makes room', { timeout: 120_000 }, async () => {
    const { relay } = await openRelay();
    await relay.perform('status', {}, { name: 'B' });
    await backlog(relay, 'B', LIMITS.inboxMessages);
    const sender = await Peer.open(relay, { name: 'A' });
    expect(await codeOf(sender.ask('send', { to: ['B'], body: 'one too many' }))).toBe('inbox_full');
    expect(sender.closeCode).toBeUndefined();
    const b = await Peer.open(relay, { name: 'B' });
    expect(b.welcome.unread).toBe(LIMITS.inboxMessages);
    const { messages } = await b.ask('receive', { count: 2, receipt: 'handed' });
    expect(bodies(messages)).toEqual(['n1', 'n2']);
    expect(await sender.ask('send', { to: ['B'], body: 'fits' })).toMatchObject({ position: LIMITS.inboxMessages + 1 });
    // Group mail fills nobody's inbox.
    expect(await sender.ask('send', { to: ['all'], body: 'x' })).toMatchObject({ to: [{ recipients: 2 }] });
  });
});

describe('an answer without an address', () => {
  it('goes to the sender of a direct message, and makes it replied', async () => {
    const { a, b } = await three();
    await a.ask('send', { id: 'q', to: ['B', 'C'], body: 'q' });
    const sent = await b.ask('send', { body: 'a', reply_to: 'q' });
    expect(sent.to).toMatchObject([{ address: 'A' }]);
    expect(await a.next('receipt', ({ state }) => state === 'replied')).toMatchObject({ id: 'q', name: 'B' });
    expect(await a.ask('receive', {})).toMatchObject({ messages: [{ reply_to: 'q', from: 'B' }] });
    expect(await a.ask('receipts', { id: 'q' })).toMatchObject({
      recipients: [
        { name: 'B', state: 'replied' },
        { name: 'C', state: 'stored' },
      ],
    });
  });

  it('goes to the room that the question came through', async () => {
    const { a, b, c } = await three();
    for (const peer of [a, b, c]) await peer.ask('join', { room: '#r' });
    await a.ask('send', { id: 'q', to: ['#r'], body: 'q' });
    expect((await b.ask('send', { body: 'a', reply_to: 'q' })).to).toMatchObject([{ address: '#r', recipients: 2 }]);
    expect(await inbox(c)).toEqual(['q', 'a']);
  });

  it('to a broadcast goes to its sender alone', async () => {
    const { a, b, c } = await three();
    await a.ask('send', { id: 'q', to: ['all'], body: 'q' });
    expect((await b.ask('send', { body: 'a', reply_to: 'q' })).to).toMatchObject([{ address: 'A' }]);
    expect(await inbox(c)).toEqual(['q']);
  });

  it('to what one may not see, or what is not there, is refused alike', async () => {
    const { a, c } = await three();
    await a.ask('send', { id: 'q', to: ['B'], body: 'q' });
    for (const reply_to of ['q', 'nothing']) {
      const error = await c.ask('send', { body: 'a', reply_to }).catch((thrown: Error) => thrown.message);
      expect(error).toBe(
        `unknown_message: There is no message ${reply_to} that you may answer; say with \`to\` who should get this.`,
      );
    }
  });

  it('and without a question is refused', async () => {
    const { a } = await three();
    expect(await codeOf(a.ask('send', { body: 'x' }))).toBe('bad_request');
  });

  it('takes what it answers out of the inbox', async () => {
    const { a, b } = await three();
    await a.ask('send', { id: 'q', to: ['B'], body: 'q' });
    await b.ask('send', { body: 'a', reply_to: 'q' });
    expect(await inbox(b)).toEqual([]);
    expect(await b.ask('status', {})).toMatchObject({ unread: 0 });
  });
});

describe('a refusal by the recipient', () => {
  it('is told to the sender with its reason, and the envelope does not come again', async () => {
    const { relay, a, b } = await three();
    await a.ask('send', { id: 'm1', to: ['B'], body: 'x' });
    const { messages } = await b.ask('receive', {});
    await b.ask('receipt', { state: 'refused', positions: positions(messages), reason: 'not for me' });
    expect(await a.next('receipt')).toMatchObject({ id: 'm1', state: 'refused', reason: 'not for me' });
    await crash(b);
    expect((await Peer.open(relay, { name: 'B', key: b.welcome.key ?? '' })).welcome.unread).toBe(0);
  });
});
