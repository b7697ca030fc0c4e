import { describe, expect, it } from 'vitest';
import { openRelay, Peer, settle } from '../support/relay.ts';

const bodies = (messages: readonly { body: string }[]) => messages.map((message) => message.body);
const positions = (messages: readonly { position: number }[]) => messages.map((message) => message.position);
const upTo = (count: number, from = 1) => Array.from({ length: count }, (_, i) => `n${from + i}`);

describe('delivery', () => {
  it('answers a send with id, place, recipients and whether they are here', async () => {
    const { relay } = await openRelay();
    const a = await Peer.open(relay, { name: 'A' });
    await Peer.open(relay, { name: 'B' });
    const sent = await a.ask('send', { id: 'm1', to: ['B'], body: 'hi' });
    expect(sent).toMatchObject({ id: 'm1', position: 1, to: [{ address: 'B', recipients: 1, here: 1, absent: [] }] });
  });

  it('pushes at most a window of envelopes, oldest first, and goes on with each receipt', async () => {
    const { relay } = await openRelay();
    const a = await Peer.open(relay, { name: 'A' });
    const b = await Peer.open(relay, { name: 'B', window: 4 });
    for (const body of upTo(10)) await a.ask('send', { to: ['B'], body });
    await settle();
    const got = () => b.all('deliver').flatMap((frame) => frame.messages);
    expect(bodies(got())).toEqual(upTo(4));
    await b.ask('receipt', { state: 'handed', positions: positions(got().slice(0, 2)) });
    await settle();
    expect(bodies(got())).toEqual(upTo(6));
    await b.ask('receipt', { state: 'seen', positions: positions(got()) });
    await settle();
    expect(bodies(got())).toEqual(upTo(10));
  });

  it('reads 25 unread ten at a time, all, in order, once, by three processes one after the other', async () => {
    const { relay } = await openRelay();
    const a = await Peer.open(relay, { name: 'A' });
    const first = await Peer.open(relay, { name: 'B' });
    first.say({ type: 'bye' });
    for (const body of upTo(25)) await a.ask('send', { to: ['B'], body });
    const read: string[] = [];
    for (const more of [15, 5, 0]) {
      const b = await Peer.open(relay, { name: 'B', key: first.welcome.key ?? '' });
      const page = await b.ask('receive', { count: 10 });
      expect(page.more).toBe(more);
      await b.ask('receipt', { state: 'handed', positions: positions(page.messages) });
      read.push(...bodies(page.messages));
      b.socket.terminate();
      await settle();
    }
    expect(read).toEqual(upTo(25));
  });

  it('gives what a dead taker held to the next one, marked', async () => {
    const { relay } = await openRelay();
    const a = await Peer.open(relay, { name: 'A' });
    const b = await Peer.open(relay, { name: 'B' });
    for (const body of upTo(3)) await a.ask('send', { to: ['B'], body });
    const first = await b.ask('receive', { count: 2 });
    expect(bodies(first.messages)).toEqual(['n1', 'n2']);
    expect(first.more).toBe(1);
    await b.ask('receipt', { state: 'handed', positions: [first.messages[0]?.position ?? 0] });
    b.socket.terminate();
    await settle();
    const again = await Peer.open(relay, { name: 'B', key: b.welcome.key ?? '' });
    expect(again.welcome).toMatchObject({ name: 'B', unread: 2 });
    const second = await again.ask('receive', {});
    expect(second.messages.map((m) => [m.body, m.redelivered])).toEqual([
      ['n2', true],
      ['n3', undefined],
    ]);
  });
});

describe('reach', () => {
  it('counts one that waits over HTTP as here, while it waits', async () => {
    const { relay, clock } = await openRelay();
    const a = await Peer.open(relay, { name: 'A' });
    await relay.perform('status', {}, { name: 'B' });
    const absent = await a.ask('send', { to: ['B'], body: 'nobody waits' });
    expect(absent.to).toMatchObject([{ here: 0, absent: ['B'] }]);
    await relay.perform('receive', { receipt: 'seen' }, { name: 'B' });
    const waiting = relay.perform('receive', { wait_seconds: 10 }, { name: 'B' });
    await settle();
    const awaited = await a.ask('send', { to: ['B'], body: 'somebody waits' });
    expect(awaited.to).toMatchObject([{ here: 1, absent: [] }]);
    expect(await waiting).toMatchObject({ messages: [{ body: 'somebody waits' }] });
    const late = relay.perform('receive', { wait_seconds: 10 }, { name: 'B' });
    await settle();
    clock.advance(10_000);
    await late;
    expect((await a.ask('send', { to: ['B'], body: 'gone' })).to).toMatchObject([{ here: 0, absent: ['B'] }]);
  });
});
