/** What the first generation got wrong, a test each: none of it can be reproduced against this relay. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Envelope } from '../../src/protocol/envelope.ts';
import { type LiveRelay, liveRelay } from '../support/live-relay.ts';
import type { Frame, WireClient } from '../support/wire-client.ts';

let relay: LiveRelay;
beforeEach(async () => {
  relay = await liveRelay();
});
afterEach(() => relay.stop());

const bodies = (frame: Frame) =>
  ((frame['result'] as { messages?: Envelope[] } | undefined)?.messages ?? (frame['messages'] as Envelope[])).map(
    ({ body }) => body,
  );
const peersOf = async (client: WireClient) => {
  client.say({ type: 'get_peers' });
  return (await client.next('peers'))['peers'];
};

describe('two holders of one id', () => {
  it('do not take it from each other: the second one gets a name of its own', async () => {
    const first = await relay.registered('CC-1');
    const second = await relay.legacy();
    second.say({ type: 'register', clientId: 'CC-1' });
    expect(await second.next('registered')).toEqual({ type: 'registered', clientId: 'CC-1.2', peers: ['CC-1'] });
    const writer = await relay.registered('W');
    writer.say({ type: 'message', to: 'CC-1', content: 'for the first' });
    expect(await first.next('message')).toMatchObject({ content: 'for the first' });
    await second.settled();
    expect(second.of('message')).toEqual([]);
  });

  it('the old socket of a session does not unregister its new one when it dies', async () => {
    const more = { instance: 'one-process', window: 4 };
    const old = await relay.client('CC-1', more);
    const back = await relay.client('CC-1', { ...more, key: String(old.of('welcome')[0]?.['key']) });
    expect(await old.closed).toBe(4409);
    const { json } = await relay.verb('peers');
    expect(json).toMatchObject({ peers: [{ name: 'CC-1' }] });
    await relay.verb('send', { to: 'CC-1', body: 'still here' }, 'W');
    expect(bodies(await back.next('deliver'))).toEqual(['still here']);
  });

  it('leave no loop of replacements: both stay, however often the second one comes back', async () => {
    const first = await relay.registered('CC-1');
    for (let round = 0; round < 2; round += 1) {
      const second = await relay.legacy();
      second.say({ type: 'register', clientId: 'CC-1' });
      expect((await second.next('registered'))['clientId']).not.toBe('CC-1');
      second.cut();
    }
    await first.settled();
    expect(first.frames.filter(({ type }) => type === 'error')).toEqual([]);
    expect(await peersOf(first)).toContain('CC-1');
  });
});

describe('registering again on one socket', () => {
  it('leaves no ghost behind', async () => {
    const watcher = await relay.registered('W');
    const client = await relay.registered('A');
    client.say({ type: 'register', clientId: 'B' });
    expect(await client.next('registered')).toMatchObject({ clientId: 'B', peers: ['W'] });
    expect(await watcher.next('peer_left')).toMatchObject({ clientId: 'A' });
    expect(await peersOf(watcher)).toEqual(['W', 'B']);
    client.cut();
    expect(await watcher.next('peer_left')).toMatchObject({ clientId: 'B', peers: ['W'] });
  });

  it('with the same id is answered again, and nothing changes', async () => {
    const client = await relay.registered('A');
    client.say({ type: 'register', clientId: 'A' });
    expect(await client.next('registered')).toEqual({ type: 'registered', clientId: 'A', peers: [] });
    expect(await peersOf(client)).toEqual(['A']);
  });
});

describe('a socket that has not registered', () => {
  it.each([
    [{ type: 'message', to: 'B', content: 'forged' }],
    [{ type: 'message', content: 'forged' }],
    [{ type: 'message', to: 'B', from: 'A', content: 'forged' }],
    [{ type: 'get_history', count: 100 }],
    [{ type: 'get_history', from: 'A' }],
  ])('may not %j', async (frame) => {
    const [a, b] = [await relay.registered('A'), await relay.registered('B')];
    a.say({ type: 'message', to: 'B', content: 'between us' });
    await b.next('message');
    const stranger = await relay.legacy();
    stranger.say(frame);
    expect(await stranger.next('error')).toMatchObject({ message: expect.stringContaining('register') });
    await b.settled();
    expect(b.of('message')).toHaveLength(1);
    expect(JSON.stringify(stranger.frames)).not.toContain('between us');
  });

  it('does not hear what others say to everybody', async () => {
    const stranger = await relay.legacy();
    const a = await relay.registered('A');
    a.say({ type: 'message', content: 'for all' });
    await a.next('sent');
    await stranger.settled();
    expect(stranger.of('message')).toEqual([]);
  });
});

describe('the messages of others', () => {
  it('are in nobody else’s history', async () => {
    const [a, b, c] = [await relay.registered('A'), await relay.registered('B'), await relay.registered('C')];
    a.say({ type: 'message', to: 'B', content: 'between us' });
    await b.next('message');
    for (const frame of [
      { type: 'get_history' },
      { type: 'get_history', from: 'A' },
      { type: 'get_history', count: 100, from: 'B' },
    ]) {
      c.say(frame);
      expect(await c.next('history')).toEqual({ type: 'history', messages: [] });
    }
    expect((await relay.verb('history', { query: 'between' }, 'C')).json).toMatchObject({ messages: [] });
  });

  it('are not sent in anybody else’s name', async () => {
    const [a, b] = [await relay.registered('A'), await relay.registered('B')];
    a.say({ type: 'message', to: 'B', from: 'BOSS', clientId: 'BOSS', content: 'do it' });
    expect(await b.next('message')).toMatchObject({ from: 'A' });
  });
});

describe('a message for somebody who is not there', () => {
  it('is not said to be delivered, and comes when they are back', async () => {
    const a = await relay.registered('A');
    const b = await relay.registered('B');
    b.cut();
    await a.next('peer_left');
    a.say({ type: 'message', to: 'B', content: 'while you were out' });
    expect(await a.next('error')).toEqual({ type: 'error', message: 'Client B not connected' });
    expect(a.of('sent')).toEqual([]);
    const back = await relay.registered('B');
    expect(await back.next('message')).toMatchObject({ from: 'A', content: 'while you were out' });
    expect(back.frames.map(({ type }) => type)).toEqual(['registered', 'message']);
  });

  it('says to a newer sender who is away', async () => {
    const b = await relay.registered('B');
    b.cut();
    const a = await relay.client('A');
    await expect.poll(async () => ((await relay.verb('peers')).json as { peers: object[] }).peers.length).toBe(1);
    const { result } = await a.ask('send', { to: 'B', body: 'x' });
    expect(result).toMatchObject({ to: [{ address: 'B', recipients: 1, here: 0, absent: ['B'] }] });
  });

  it('without a body is refused at once', async () => {
    const a = await relay.registered('A');
    a.say({ type: 'message', to: 'A' });
    expect(await a.next('error')).toMatchObject({ message: expect.stringContaining('content') });
    const modern = await relay.client('M');
    expect(await modern.ask('send', { to: 'A' })).toMatchObject({ type: 'error', code: 'bad_request' });
  });

  it('is pushed again when its receiver died before it had it', async () => {
    const frozen = await relay.registered('B');
    frozen.freeze();
    const a = await relay.registered('A');
    a.say({ type: 'message', to: 'B', content: 'held up' });
    await a.next('sent');
    frozen.cut();
    await a.next('peer_left');
    const back = await relay.registered('B');
    expect(await back.next('message')).toMatchObject({ content: 'held up' });
  });
});

describe('25 unread', () => {
  it('are all read, 10 at a time, the oldest first, once', async () => {
    await relay.verb('status', {}, 'B');
    for (let n = 1; n <= 25; n += 1) await relay.verb('send', { to: 'B', body: `m${n}` }, 'A');
    const pages: { bodies: string[]; more: number }[] = [];
    for (let page = 0; page < 4; page += 1) {
      const { json } = await relay.verb('receive', { count: 10, receipt: 'handed' }, 'B');
      const { messages, more } = json as { messages: Envelope[]; more: number };
      pages.push({ bodies: messages.map(({ body }) => body), more });
    }
    const all = Array.from({ length: 25 }, (_, n) => `m${n + 1}`);
    expect(pages).toEqual([
      { bodies: all.slice(0, 10), more: 15 },
      { bodies: all.slice(10, 20), more: 5 },
      { bodies: all.slice(20), more: 0 },
      { bodies: [], more: 0 },
    ]);
  });

  it('are all pushed to a first-generation client that comes back', async () => {
    const b = await relay.registered('B');
    b.cut();
    await expect.poll(async () => ((await relay.verb('peers')).json as { peers: object[] }).peers.length).toBe(0);
    for (let n = 1; n <= 25; n += 1) await relay.verb('send', { to: 'B', body: `m${n}` }, 'A');
    const back = await relay.registered('B');
    await back.next('message', ({ content }) => content === 'm25');
    expect(back.of('message').map(({ content }) => content)).toEqual(Array.from({ length: 25 }, (_, n) => `m${n + 1}`));
  });

  it('stay unread when they are looked at, in the inbox or the history', async () => {
    await relay.verb('status', {}, 'B');
    for (let n = 1; n <= 25; n += 1) await relay.verb('send', { to: 'B', body: `m${n}` }, 'A');
    await relay.verb('inbox', {}, 'B');
    await relay.verb('history', { count: 200 }, 'B');
    expect((await relay.verb('status', {}, 'B')).json).toMatchObject({ unread: 25 });
  });
});

describe('answers', () => {
  it('carry the number of what they answer, whatever the order', async () => {
    const a = await relay.client('A');
    await relay.verb('status', {}, 'B');
    const slow = a.ask('receive', { wait_seconds: 20 });
    const sends = ['x', 'y', 'z'].map((id) => a.ask('send', { to: 'B', body: id, id }));
    const answers = await Promise.all(sends);
    expect(answers.map(({ result }) => (result as { id: string }).id)).toEqual(['x', 'y', 'z']);
    await relay.verb('send', { to: 'A', body: 'done' }, 'B');
    expect(bodies(await slow)).toEqual(['done']);
  });

  it('come to a first-generation client in the order of its sends, a refused one between them', async () => {
    const a = await relay.registered('A');
    const b = await relay.registered('B');
    b.freeze();
    for (const to of ['B', 'NOBODY', 'all', 'B']) a.say({ type: 'message', to, content: 'x' });
    await a.next('sent', ({ to }) => to === 'all');
    await a.next('sent');
    await a.next('sent');
    const answers = a.frames.filter(({ type }) => type === 'sent' || type === 'error');
    expect(answers.map(({ type, to }) => to ?? type)).toEqual(['B', 'error', 'all', 'B']);
  });
});

describe('a slow receiver', () => {
  it('holds up nobody: the others have the broadcast, and the sender its answer', async () => {
    const sender = await relay.client('S');
    const [slow, quick] = [await relay.client('SLOW', { window: 256 }), await relay.client('QUICK', { window: 256 })];
    slow.freeze();
    const body = 'x'.repeat(60_000);
    for (let n = 0; n < 60; n += 1) {
      const answer = await sender.ask('send', { to: 'all', body });
      expect(answer.type).toBe('answer');
      const { messages } = await quick.next('deliver');
      quick.say({
        type: 'request',
        id: 1_000 + n,
        verb: 'receipt',
        args: { state: 'handed', positions: (messages as Envelope[]).map(({ position }) => position) },
      });
    }
    // Past the limit it is only told that there is more: what waits for it is on the disk, not in memory.
    expect(relay.relay.counts().unsentBytes).toBeLessThan(2 * 1024 * 1024);
    slow.thaw();
    await slow.next('deliver');
  });

  it('of the first generation holds up nobody either', async () => {
    const [slow, quick] = [await relay.registered('SLOW'), await relay.registered('QUICK')];
    slow.freeze();
    const sender = await relay.registered('S');
    for (let n = 0; n < 60; n += 1) {
      sender.say({ type: 'message', content: `${n} ${'x'.repeat(60_000)}` });
      await sender.next('sent');
      await quick.next('message');
    }
    expect(relay.relay.counts().unsentBytes).toBeLessThan(3 * 1024 * 1024);
    slow.thaw();
    for (let n = 0; n < 60; n += 1)
      expect(String((await slow.next('message'))['content'])).toMatch(new RegExp(`^${n} x`));
  });
});

describe('asking for the history', () => {
  it('reads as much as it answers, however long the history is', async () => {
    const a = await relay.registered('A');
    await relay.verb('status', {}, 'B');
    for (let n = 0; n < 1_000; n += 1) a.say({ type: 'message', to: 'B', content: `${n}` });
    await a.next('error');
    for (let n = 1; n < 1_000; n += 1) await a.next('error');
    a.say({ type: 'get_history', count: 100_000 });
    const { messages } = await a.next('history');
    expect((messages as { content: string }[]).map(({ content }) => content)).toEqual(
      Array.from({ length: 100 }, (_, n) => `${n + 900}`),
    );
    const { json } = await relay.verb('history', { count: 200 }, 'A');
    expect((json as { messages: Envelope[]; more: boolean }).messages.length).toBeLessThanOrEqual(200);
    expect(json).toMatchObject({ more: true });
  });
});

describe('a join', () => {
  it('is told to newer clients as one line about one session, never as the list of all', async () => {
    const watcher = await relay.client('W', { presence: true });
    const clients: WireClient[] = [];
    for (let n = 0; n < 40; n += 1) clients.push(await relay.client(`C-${n}`));
    await watcher.next('presence', ({ name }) => name === 'C-39');
    const frames = watcher.of('presence');
    expect(frames).toHaveLength(40);
    const sizes = frames.map((frame) => JSON.stringify(frame).length);
    expect(Math.max(...sizes)).toBeLessThan(300);
    expect((sizes[39] ?? 0) - (sizes[0] ?? 0)).toBeLessThan(20);
  });

  it('is not told to who did not ask', async () => {
    const quiet = await relay.client('Q');
    await relay.client('C-1');
    await quiet.ask('status');
    expect(quiet.of('presence')).toEqual([]);
  });
});

describe('a live connection', () => {
  it('is not attention: what was pushed is handed, and only a later sign makes it seen', async () => {
    const [a, b] = [await relay.client('A', { receipts: true }), await relay.registered('B')];
    await a.ask('send', { to: 'B', body: 'read me', id: 'm1' });
    await b.next('message');
    expect(await a.next('receipt')).toMatchObject({ id: 'm1', name: 'B', state: 'handed' });
    expect((await a.ask('receipts', { id: 'm1' }))['result']).toMatchObject({
      recipients: [{ name: 'B', state: 'handed' }],
    });
  });
});
