import { describe, expect, it, vi } from 'vitest';
import { peopledRelay } from '../support/people.ts';
import { openRelay, Peer, settle } from '../support/relay.ts';
import { codeOf, crash, knock } from './kit.ts';

// The real numbers are too large to reach in a test.
vi.mock('../../src/protocol/limits.ts', async (load) => {
  const real = await load<typeof import('../../src/protocol/limits.ts')>();
  return {
    ...real,
    LIMITS: {
      ...real.LIMITS,
      connections: 5,
      unauthenticated: 3,
      unauthenticatedPerPerson: 1,
      sessions: 6,
      roomsPerSession: 2,
      sessionsPage: 3,
    },
  };
});

describe('limits', () => {
  it('on connections refuse the next, hurt nobody, and end when one goes', async () => {
    const { relay } = await openRelay();
    const peers = [];
    for (const name of ['A', 'B', 'C', 'D', 'E']) peers.push(await Peer.open(relay, { name }));
    const sixth = knock(relay, { name: 'F' });
    await settle();
    expect(sixth.frames).toMatchObject([{ code: 'too_many_connections', retry: true }]);
    expect(sixth.closeCode).toBe(4429);
    for (const peer of peers) expect(await peer.ask('status', {})).toMatchObject({ here: 5, sessions: 5 });
    await crash(peers[0] as Peer);
    expect((await Peer.open(relay, { name: 'F' })).welcome.name).toBe('F');
  });

  it('on connections that have not said hello refuse the next such one', async () => {
    const { relay } = await openRelay();
    const strangers = [new Peer(relay), new Peer(relay), new Peer(relay)];
    const fourth = new Peer(relay);
    await settle();
    expect(fourth.closeCode).toBe(4429);
    expect(strangers.map((peer) => peer.closeCode)).toEqual([undefined, undefined, undefined]);
    strangers[0]?.say({ type: 'hello', v: 1, instance: 'i', seat: true, name: 'A' });
    await strangers[0]?.next('welcome');
    expect(new Peer(relay).closeCode).toBeUndefined();
  });

  it('on those that have not said hello keep places for the owner, whoever else waits', async () => {
    const { relay, of } = await peopledRelay({ bert: [], carol: [], dora: [] });
    const waiting = ['bert', 'bert', 'carol', 'dora', 'anna', 'anna'].map((who) => new Peer(relay, of(who)));
    await settle();
    expect(waiting.map((peer) => peer.closeCode)).toEqual([undefined, 4429, undefined, 4429, undefined, 4429]);
  });

  it('on sessions refuse a new name and keep the known ones', async () => {
    const { relay } = await openRelay();
    for (const name of ['A', 'B', 'C', 'D', 'E', 'F']) await relay.perform('status', {}, { name });
    expect(await codeOf(relay.perform('status', {}, { name: 'G' }))).toBe('too_many_sessions');
    expect(await codeOf(relay.perform('status', {}, { name: 'A' }))).toBe('ok');
    const peer = knock(relay, { name: 'G' });
    await settle();
    expect(peer.frames).toMatchObject([{ code: 'too_many_sessions' }]);
    expect(peer.closeCode).toBeDefined();
  });

  it('on rooms refuse the next until one is left', async () => {
    const { relay } = await openRelay();
    const as = { name: 'A' };
    for (const room of ['#a', '#b']) await relay.perform('join', { room }, as);
    expect(await codeOf(relay.perform('join', { room: '#c' }, as))).toBe('too_many_rooms');
    expect(await codeOf(relay.perform('join', { room: '#a' }, as))).toBe('ok');
    await relay.perform('leave', { room: '#a' }, as);
    expect(await codeOf(relay.perform('join', { room: '#c' }, as))).toBe('ok');
  });

  it('on the sessions of one answer say how many more there are', async () => {
    const { relay } = await openRelay();
    const peers = [];
    for (const name of ['A', 'B', 'C', 'D']) peers.push(await Peer.open(relay, { name }));
    for (const name of ['E', 'F']) await relay.perform('status', {}, { name });
    const names = (list: readonly { name: string }[]) => list.map((each) => each.name);
    const here = await peers[0]?.ask('peers', {});
    expect([names(here?.peers ?? []), here?.more]).toEqual([['A', 'B', 'C'], 1]);
    const known = await peers[0]?.ask('sessions', {});
    expect([names(known?.sessions ?? []), known?.more]).toEqual([['A', 'B', 'C'], 3]);
    await crash(peers[0] as Peer);
    expect(await peers[1]?.ask('peers', {})).toMatchObject({ more: 0 });
  });
});
