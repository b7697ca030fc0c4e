import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/protocol/limits.ts';
import { openRelay, Peer, settle } from '../support/relay.ts';
import { backlog, bodies, delivered, upTo } from './kit.ts';

const OVER = LIMITS.unsentBytes + 1;

describe('answers', () => {
  it('carry the id of what they answer: 200 parallel sends with one stalled peer, none wrong', async () => {
    const { relay } = await openRelay();
    const stalled = await Peer.open(relay, { name: 'STALLED', window: 4 });
    stalled.socket.frozen = true;
    stalled.relaySide.unsent = OVER;
    const a = await Peer.open(relay, { name: 'A' });
    await Peer.open(relay, { name: 'B' });
    const answers = await Promise.all(
      upTo(200).map((body, i) => a.ask('send', { id: `id-${i}`, to: [i % 2 ? 'STALLED' : 'B'], body })),
    );
    expect(answers.map((answer) => answer.id)).toEqual(upTo(200).map((_, i) => `id-${i}`));
    expect(new Set(answers.map((answer) => answer.position)).size).toBe(200);
    const { messages } = await a.ask('history', { count: 200 });
    for (const [i, message] of messages.entries()) expect(message).toMatchObject({ id: `id-${i}`, body: `n${i + 1}` });
  });

  it('of different verbs are not mixed up, refusals included', async () => {
    const { relay } = await openRelay();
    const a = await Peer.open(relay, { name: 'A' });
    for (let id = 0; id < 60; id++) {
      const [verb, args] = [
        ['status', {}],
        ['send', { to: ['A'], body: `b${id}` }],
        ['nonsense', {}],
        ['send', { to: ['NOBODY'], body: 'x' }],
      ][id % 4] as [string, object];
      a.say({ type: 'request', id, verb, args });
    }
    await settle();
    for (let id = 0; id < 60; id++) {
      const frame = await a.answerTo(id);
      const wanted = [
        { result: { name: 'A' } },
        { result: { to: [{ address: 'A' }] } },
        { code: 'unknown_verb' },
        { code: 'unknown_recipient' },
      ];
      expect(frame).toMatchObject({ id, ...wanted[id % 4] });
    }
    expect(a.frames.filter((frame) => frame.type === 'answer' || frame.type === 'error')).toHaveLength(60);
  });

  it('come before those of earlier requests that wait', async () => {
    const { relay } = await openRelay();
    const a = await Peer.open(relay, { name: 'A' });
    const waiting = a.ask('receive', { wait_seconds: 60 });
    expect(await a.ask('status', {})).toMatchObject({ name: 'A' });
    await a.ask('send', { to: ['A'], body: 'x' });
    expect((await waiting).messages).toHaveLength(1);
  });
});

describe('a slow reader', () => {
  it('is only told that there is more, once, and catches up in order', async () => {
    const { relay } = await openRelay();
    const b = await Peer.open(relay, { name: 'B', window: 256 });
    await backlog(relay, 'B', 3);
    await settle();
    b.relaySide.unsent = OVER;
    for (const body of upTo(50, 4)) await relay.perform('send', { to: 'B', body }, { name: 'SENDER' });
    await settle();
    expect(bodies(delivered(b))).toEqual(upTo(3));
    expect(b.all('more')).toHaveLength(1);
    b.relaySide.drain();
    await settle();
    expect(bodies(delivered(b))).toEqual(upTo(53));
    expect(b.all('more').length).toBeLessThanOrEqual(2);
  });

  it('gets nothing more after one told it, up to exactly a mebibyte it gets everything', async () => {
    const { relay } = await openRelay();
    const b = await Peer.open(relay, { name: 'B', window: 8 });
    b.relaySide.unsent = LIMITS.unsentBytes;
    await backlog(relay, 'B', 1);
    await settle();
    expect(delivered(b)).toHaveLength(1);
    b.relaySide.unsent = OVER;
    const before = b.frames.length;
    await backlog(relay, 'B', 100);
    await settle();
    expect(b.frames.length - before).toBe(1);
  });

  it('hurts nobody else', async () => {
    const { relay } = await openRelay();
    const slow = await Peer.open(relay, { name: 'SLOW', window: 8, presence: true });
    const quick = await Peer.open(relay, { name: 'QUICK', window: 256 });
    const a = await Peer.open(relay, { name: 'A' });
    slow.relaySide.unsent = OVER;
    for (const body of upTo(20)) await a.ask('send', { to: ['all'], body });
    await settle();
    expect(bodies(delivered(quick))).toEqual(upTo(20));
    expect(delivered(slow)).toEqual([]);
  });

  it('asks in vain until it has read, and its connection lives on', async () => {
    const { relay } = await openRelay();
    const b = await Peer.open(relay, { name: 'B' });
    b.relaySide.unsent = OVER;
    await expect(b.ask('status', {})).rejects.toMatchObject({ code: 'too_many_requests' });
    b.relaySide.drain();
    expect(await b.ask('status', {})).toMatchObject({ name: 'B' });
  });

  it('misses no presence and no receipt silently: it is told to look again', async () => {
    const { relay } = await openRelay();
    const a = await Peer.open(relay, { name: 'A', presence: true, receipts: true });
    const b = await Peer.open(relay, { name: 'B' });
    await a.ask('send', { to: ['B'], body: 'x' });
    a.relaySide.unsent = OVER;
    await Peer.open(relay, { name: 'C' });
    await b.ask('receive', { receipt: 'handed' });
    await settle();
    expect([a.all('presence').length, a.all('receipt').length]).toEqual([1, 0]);
    a.relaySide.drain();
    await settle();
    expect(a.all('more').length).toBeGreaterThan(0);
    await Peer.open(relay, { name: 'D' });
    await settle();
    expect(a.all('presence').map((frame) => frame.name)).toEqual(['B', 'D']);
  });
});

describe('requests under way', () => {
  it('are at most 256 on one connection; the next is refused, the others are answered', async () => {
    const { relay, clock } = await openRelay();
    const b = await Peer.open(relay, { name: 'B' });
    const other = await Peer.open(relay, { name: 'A' });
    const waiting = Array.from({ length: LIMITS.requests }, () => b.ask('receive', { wait_seconds: 60, count: 1 }));
    await settle();
    const refused = await b.ask('status', {}).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'too_many_requests' });
    expect(await other.ask('status', {})).toMatchObject({ name: 'A' });
    await other.ask('send', { to: ['B'], body: 'x' });
    await settle();
    expect(await b.ask('status', {})).toMatchObject({ name: 'B' });
    await clock.run(60_000);
    const answers = await Promise.all(waiting);
    expect(answers.flatMap((answer) => bodies(answer.messages))).toEqual(['x']);
    expect(b.closeCode).toBeUndefined();
  });
});
