import { describe, expect, it } from 'vitest';
import type { Journal } from '../../src/journal/journal.ts';
import { openRelay, Peer, settle } from '../support/relay.ts';
import { backlog, codeOf, knock, upTo } from './kit.ts';

/** A journal whose writes end when the test says so, as a slow disk does. */
function held(journal: Journal): () => void {
  const submit = journal.submit.bind(journal);
  let open: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  journal.submit = async (command) => {
    const applied = await submit(command);
    await gate;
    return applied;
  };
  return open;
}

describe('stop', () => {
  it('answers under load what was accepted, then closes with 1001', async () => {
    const { relay, journal } = await openRelay();
    const a = await Peer.open(relay, { name: 'A' });
    const others = await Promise.all(upTo(5).map((name) => Peer.open(relay, { name, window: 4, presence: true })));
    const open = held(journal);
    const sends = upTo(100).map((body) => a.ask('send', { to: ['all'], body }));
    const http = relay.perform('send', { to: 'A', body: 'http' }, { name: 'S' });
    await settle();
    const stopped = relay.stop();
    await settle();
    expect(a.closeCode).toBeUndefined();
    open();
    expect(new Set((await Promise.all(sends)).map((sent) => sent.position)).size).toBe(100);
    expect(await http).toMatchObject({ to: [{ address: 'A' }] });
    await stopped;
    await settle();
    for (const peer of [a, ...others]) {
      expect(peer.frames.at(-1)).toMatchObject({ type: 'error', code: 'shutting_down', retry: true });
      expect(peer.closeCode).toBe(1001);
    }
  });

  it('tells nobody of everybody else’s end', async () => {
    const { relay } = await openRelay();
    const peers = await Promise.all(upTo(20).map((name) => Peer.open(relay, { name, presence: true })));
    await settle();
    const before = peers.map((peer) => peer.all('presence').length);
    await relay.stop();
    await settle();
    expect(peers.map((peer) => peer.all('presence').length)).toEqual(before);
  });

  it('ends what waits, with nothing, and takes nothing for it', async () => {
    const { relay } = await openRelay();
    const a = await Peer.open(relay, { name: 'A' });
    const waiting = [
      a.ask('receive', { wait_seconds: 300 }),
      relay.perform('receive', { wait_seconds: 300 }, { name: 'S' }),
    ];
    await settle();
    await relay.stop();
    expect(await Promise.all(waiting)).toEqual([
      { messages: [], more: 0 },
      { messages: [], more: 0 },
    ]);
  });

  it('refuses what comes meanwhile by its id, without cutting off what is under way', async () => {
    const { relay, journal } = await openRelay();
    const a = await Peer.open(relay, { name: 'A' });
    const open = held(journal);
    const early = a.ask('send', { to: ['A'], body: 'early' });
    await settle();
    const stopped = relay.stop();
    const late = codeOf(a.ask('send', { to: ['A'], body: 'late' }));
    await settle();
    expect(await late).toBe('shutting_down');
    open();
    expect(await early).toMatchObject({ position: 1 });
    await stopped;
  });

  it('does not wait longer than a second for a journal that hangs', async () => {
    const { relay, journal, clock } = await openRelay();
    const a = await Peer.open(relay, { name: 'A' });
    held(journal);
    a.say({ type: 'request', id: 1, verb: 'send', args: { to: 'A', body: 'x' } });
    await settle();
    const stopped = relay.stop();
    await clock.run(999);
    expect(a.closeCode).toBeUndefined();
    await clock.run(1);
    await stopped;
    expect(a.closeCode).toBe(1001);
  });

  it('twice is once, and leaves no timer', async () => {
    const { relay, clock } = await openRelay();
    await Peer.open(relay, { name: 'A' });
    await backlog(relay, 'A', 1);
    await relay.perform('status', {}, { name: 'S' });
    expect(relay.stop()).toBe(relay.stop());
    await relay.stop();
    await relay.stop();
    expect(clock.pending).toBe(0);
    await clock.run(120_000);
  });

  it('cancels the leases of HTTP takers', async () => {
    const { relay, clock } = await openRelay();
    await relay.perform('send', { to: 'S', body: 'x' }, { name: 'S' });
    await relay.perform('receive', {}, { name: 'S' });
    await relay.stop();
    expect(clock.pending).toBe(0);
  });

  it('is known from then on: nothing is performed, nobody is let in, it is not ready', async () => {
    const { relay } = await openRelay();
    expect(relay.ready).toBe(true);
    const stopped = relay.stop();
    expect(relay.ready).toBe(false);
    expect(await codeOf(relay.perform('status', {}, {}))).toBe('shutting_down');
    const late = new Peer(relay);
    await stopped;
    await settle();
    expect(late.frames).toMatchObject([{ code: 'shutting_down' }]);
    expect(late.closeCode).toBe(1001);
  });

  it('ends a greeting that is under way, and one that probes', async () => {
    const { relay } = await openRelay();
    const a = await Peer.open(relay, { name: 'A' });
    const prober = knock(relay, { name: 'A', key: a.welcome.key ?? '' });
    await settle();
    const greeting = knock(relay, { name: 'B' });
    await relay.stop();
    await settle();
    expect([prober.closeCode, greeting.closeCode]).toEqual([1001, 1001]);
  });

  it('closes the journal last: who went is written down', async () => {
    const { relay, journal, clock } = await openRelay();
    await Peer.open(relay, { name: 'A' });
    const departed: number[] = [];
    const post = journal.post.bind(journal);
    journal.post = (command) => {
      if (command.type === 'depart') departed.push(command.at);
      return post(command);
    };
    await clock.run(5_000);
    await relay.stop();
    expect(departed).toEqual([clock.now()]);
  });
});
