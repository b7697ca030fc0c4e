import { describe, expect, it } from 'vitest';
import { openRelay, Peer, settle } from '../support/relay.ts';
import { codeOf, crash, enter, freeze, here, knock } from './kit.ts';

const told = (peer: Peer) => peer.all('presence').map(({ event, name }) => `${event} ${name}`);

describe('presence', () => {
  it('is told to those who asked, and to nobody else', async () => {
    const { relay } = await openRelay();
    const asked = await Peer.open(relay, { name: 'ASKED', presence: true });
    const nameless = await Peer.open(relay, { presence: true, seat: false });
    const not = await Peer.open(relay, { name: 'NOT' });
    const a = await Peer.open(relay, { name: 'A' });
    a.say({ type: 'bye' });
    await settle();
    expect(told(asked)).toEqual(['joined NOT', 'joined A', 'left A']);
    expect(told(nameless)).toEqual(['joined NOT', 'joined A', 'left A']);
    expect(told(not)).toEqual([]);
  });

  it('says who came, when, and what it said about itself', async () => {
    const { relay, clock } = await openRelay();
    const w = await Peer.open(relay, { name: 'W', presence: true });
    await Peer.open(relay, {
      name: 'A',
      about: { kind: 'script', host: 'h', cwd: '/c', program: 'p', version: '9', agent_session: 's' },
    });
    expect(await w.next('presence')).toEqual({
      type: 'presence',
      event: 'joined',
      name: 'A',
      at: clock.now(),
      kind: 'script',
      host: 'h',
      cwd: '/c',
      program: 'p',
      version: '9',
    });
  });

  it('never tells the whole list, and nothing about oneself', async () => {
    const { relay } = await openRelay();
    for (const name of ['A', 'B', 'C']) await Peer.open(relay, { name });
    const w = await Peer.open(relay, { name: 'W', presence: true });
    await w.ask('rename', { to: 'W2' });
    await settle();
    expect(told(w)).toEqual([]);
  });

  it('tells a goodbye as left, and an end without one as lost', async () => {
    const { relay } = await openRelay();
    const w = await Peer.open(relay, { name: 'W', presence: true });
    const [a, b, c] = [
      await Peer.open(relay, { name: 'A' }),
      await Peer.open(relay, { name: 'B' }),
      await Peer.open(relay, { name: 'C' }),
    ];
    a.say({ type: 'bye' });
    await settle();
    b.socket.terminate();
    await settle();
    c.socket.close(1000);
    await settle();
    expect(told(w).slice(3)).toEqual(['left A', 'lost B', 'lost C']);
    expect(a.closeCode).toBe(1000);
    expect(await here(relay)).toEqual(['W']);
  });

  it('tells a new name with the old one, only of those who are here', async () => {
    const { relay } = await openRelay();
    const w = await Peer.open(relay, { name: 'W', presence: true });
    const a = await Peer.open(relay, { name: 'A' });
    await a.ask('rename', { to: 'B' });
    await relay.perform('status', {}, { name: 'SCRIPT' });
    await relay.perform('rename', { to: 'SCRIPT2' }, { name: 'SCRIPT' });
    await a.ask('rename', { to: 'B' });
    await settle();
    expect(w.all('presence').slice(1)).toMatchObject([{ event: 'renamed', name: 'B', was: 'A' }]);
  });

  it('says nothing of a session that only comes back on another connection', async () => {
    const { relay } = await openRelay();
    const w = await Peer.open(relay, { name: 'W', presence: true });
    const a = await Peer.open(relay, { name: 'A', instance: 'i1' });
    await Peer.open(relay, { name: 'A', instance: 'i1', key: a.welcome.key ?? '' });
    await settle();
    expect(told(w)).toEqual(['joined A']);
  });

  it('says once that a session was lost and once that it came back', async () => {
    const { relay } = await openRelay();
    const w = await Peer.open(relay, { name: 'W', presence: true });
    const a = await Peer.open(relay, { name: 'A', instance: 'i1' });
    await crash(a);
    await Peer.open(relay, { name: 'A', instance: 'i1', key: a.welcome.key ?? '' });
    await settle();
    expect(told(w)).toEqual(['joined A', 'lost A', 'joined A']);
  });

  it('says lost and joined once each when a dead holder gives way to another process', async () => {
    const { relay, clock } = await openRelay();
    const w = await Peer.open(relay, { name: 'W', presence: true });
    const a = await Peer.open(relay, { name: 'A', instance: 'i1' });
    freeze(a);
    await enter(relay, clock, { name: 'A', instance: 'i2', key: a.welcome.key ?? '' });
    await settle();
    expect(told(w)).toEqual(['joined A', 'lost A', 'joined A']);
  });

  it('says nothing any more to one that has gone', async () => {
    const { relay } = await openRelay();
    const w = await Peer.open(relay, { name: 'W', presence: true });
    w.say({ type: 'bye' });
    await settle();
    const before = w.frames.length;
    await Peer.open(relay, { name: 'A' });
    await settle();
    expect(w.frames).toHaveLength(before);
  });

  it('of a thousand joins costs each listener a bounded number of bytes, and no list', {
    timeout: 60_000,
  }, async () => {
    const { relay } = await openRelay();
    const w = await Peer.open(relay, { name: 'W', presence: true });
    const about = {
      kind: 'agent',
      host: 'machine.example',
      cwd: '/home/someone/project',
      program: 'claude-code',
      version: '2.1.0',
    } as const;
    for (let i = 0; i < 1_000; i++) await Peer.open(relay, { name: `S-${i}`, about });
    await settle();
    const bytes = w.frames.reduce((sum, frame) => sum + JSON.stringify(frame).length, 0);
    expect(w.all('presence')).toHaveLength(1_000);
    // 182 each, measured; as whole lists it would be a thousand times that.
    expect(bytes).toBeLessThan(300 * 1_000);
    expect(Math.max(...w.frames.map((frame) => JSON.stringify(frame).length))).toBeLessThan(400);
  });
});

describe('silence', () => {
  it('of fifteen seconds is the end: lost within twenty, and told', async () => {
    const { relay, clock } = await openRelay();
    const w = await Peer.open(relay, { name: 'W', presence: true });
    const a = await Peer.open(relay, { name: 'A' });
    await clock.run(5_000);
    freeze(a);
    await clock.run(15_000);
    expect(told(w)).toEqual(['joined A']);
    await clock.run(5_000);
    expect(told(w)).toEqual(['joined A', 'lost A']);
    expect(a.relaySide.closed).toBe(true);
    expect(relay.counters.get('lost')).toBe(1);
    expect(await here(relay)).toEqual(['W']);
  });

  it('is broken by a pong: pings go out every five seconds', async () => {
    const { relay, clock } = await openRelay();
    const a = await Peer.open(relay, { name: 'A' });
    let pings = 0;
    const ping = a.relaySide.ping.bind(a.relaySide);
    a.relaySide.ping = (mark) => {
      pings++;
      ping(mark);
    };
    await clock.run(60_000);
    expect(pings).toBe(12);
    expect(a.closeCode).toBeUndefined();
  });

  it('is broken by a frame, even if no pong ever comes', async () => {
    const { relay, clock } = await openRelay();
    const a = await Peer.open(relay, { name: 'A' });
    a.relaySide.ping = () => undefined;
    for (let i = 0; i < 6; i++) {
      await clock.run(10_000);
      expect(await a.ask('status', {})).toMatchObject({ name: 'A' });
    }
  });

  it('frees what the silent one had claimed', async () => {
    const { relay, clock } = await openRelay();
    const a = await Peer.open(relay, { name: 'A', window: 8 });
    await relay.perform('send', { to: 'A', body: 'x' }, { name: 'S' });
    await settle();
    freeze(a);
    await clock.run(25_000);
    const again = await Peer.open(relay, { name: 'A', key: a.welcome.key ?? '' });
    expect((await again.ask('receive', {})).messages).toMatchObject([{ body: 'x', redelivered: true }]);
  });
});

describe('last seen', () => {
  it('is when the session went', async () => {
    const { relay, clock } = await openRelay();
    const a = await Peer.open(relay, { name: 'A' });
    await clock.run(12_345);
    await crash(a);
    const went = clock.now();
    await clock.run(5_000);
    const answer = await relay.perform('sessions', {}, {});
    expect(answer).toEqual({ sessions: [{ name: 'A', kind: 'agent', here: false, last_seen: went }], more: 0 });
  });

  it('never goes back, even if the machine’s clock does', async () => {
    const { relay, clock } = await openRelay();
    const a = await Peer.open(relay, { name: 'A' });
    const came = clock.now();
    clock.step(-3_600_000);
    const sent = await a.ask('send', { to: ['A'], body: 'x' });
    expect(sent.at).toBe(came);
    const late = knock(relay, { name: 'B', presence: true });
    expect(await late.next('welcome')).toMatchObject({ name: 'B' });
  });
});

describe('what a session is doing', () => {
  const doing = (peer: Peer) => peer.all('presence').filter((frame) => frame.event === 'doing');

  async function watched() {
    const { relay, clock } = await openRelay();
    const w = await Peer.open(relay, { name: 'W', presence: true });
    const a = await Peer.open(relay, { name: 'A' });
    await settle();
    return { relay, clock, w, a };
  }

  it('is told as a delta, and stands in every list', async () => {
    const { relay, clock, w, a } = await watched();
    await a.ask('presence', { doing: 'busy', for_ms: 250, tool: 'Bash', door: 'queue' });
    const told = { doing: 'busy', doing_since: clock.now() - 250, tool: 'Bash', door: 'queue' };
    expect(doing(w)).toEqual([{ type: 'presence', event: 'doing', name: 'A', at: clock.now(), ...told }]);
    const { peers } = await w.ask('peers', {});
    expect(peers.find(({ name }) => name === 'A')).toMatchObject(told);
    expect(((await relay.perform('sessions', {}, {})) as { sessions: unknown[] }).sessions).toContainEqual(
      expect.objectContaining({ name: 'A', ...told }),
    );
  });

  it('is told once a second at most, as it is by then', async () => {
    const { clock, w, a } = await watched();
    await a.ask('presence', { doing: 'busy' });
    await a.ask('presence', { doing: 'busy', tool: 'Bash' });
    await a.ask('presence', { doing: 'idle' });
    expect(doing(w).map((frame) => frame.doing)).toEqual(['busy']);
    await clock.run(999);
    expect(doing(w)).toHaveLength(1);
    await clock.run(1);
    expect(doing(w).map((frame) => frame.doing)).toEqual(['busy', 'idle']);
    await clock.run(10_000);
    expect(doing(w)).toHaveLength(2);
  });

  it('is no news when it is the same', async () => {
    const { clock, w, a } = await watched();
    await a.ask('presence', { doing: 'idle', for_ms: 0 });
    await clock.run(5_000);
    await a.ask('presence', { doing: 'idle', for_ms: 5_000 });
    expect(doing(w)).toHaveLength(1);
  });

  it('ends with the connection, and is told under the name of the moment', async () => {
    const { clock, w, a, relay } = await watched();
    await a.ask('presence', { doing: 'busy' });
    await a.ask('presence', { doing: 'idle', door: 'queue' });
    await a.ask('rename', { to: 'A2' });
    await clock.run(1_000);
    expect(doing(w).map((frame) => frame.name)).toEqual(['A', 'A2']);
    await a.ask('presence', { doing: 'busy' });
    await crash(a);
    await clock.run(5_000);
    expect(doing(w)).toHaveLength(2);
    const back = await Peer.open(relay, { name: 'A2', key: a.welcome.key as string });
    expect((await back.ask('peers', {})).peers.find(({ name }) => name === 'A2')).not.toHaveProperty('doing');
  });

  it('is said by who holds the name only', async () => {
    const { relay, w, a } = await watched();
    const other = await Peer.open(relay, { name: 'A', key: a.welcome.key as string, seat: false });
    expect(await codeOf(other.ask('presence', { doing: 'idle' }))).toBe('bad_request');
    expect(await codeOf(relay.perform('presence', { doing: 'idle' }, { name: 'X' }))).toBe('bad_request');
    expect(doing(w)).toEqual([]);
  });
});

describe('a peer that falls silent', () => {
  it.each([0, 1, 900, 2_500, 4_999, 5_000])('%i ms after a sign of life is lost within sixteen seconds', async (ms) => {
    const { relay, clock } = await openRelay();
    const watcher = await Peer.open(relay, { name: 'W', presence: true });
    const peer = await Peer.open(relay, { name: 'P' });
    await clock.run(20_000);
    await peer.ask('status', {});
    const heard = clock.monotonic();
    await clock.run(ms);
    peer.socket.frozen = true;
    peer.relaySide.frozen = true;
    const lost = () => watcher.all('presence').some((frame) => frame.event === 'lost' && frame.name === 'P');
    while (!lost()) {
      // Ours is alive all the while.
      watcher.say({ type: 'request', id: 1, verb: 'status', args: {} });
      await clock.run(250);
      expect(clock.monotonic() - heard).toBeLessThan(22_000);
    }
    expect(clock.monotonic() - heard - ms).toBeLessThanOrEqual(16_000);
  });
});
