import { describe, expect, it } from 'vitest';
import type { Hello } from '../../src/protocol/frames.ts';
import type { Relay } from '../../src/relay/relay.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { openRelay, Peer, settle } from '../support/relay.ts';
import { codeOf, crash, enter, freeze, here, knock } from './kit.ts';

const keyOf = (peer: { welcome: { key?: string } }) => peer.welcome.key ?? '';

describe('a seat', () => {
  it('is made for a new name, with a key that no other has', async () => {
    const { relay } = await openRelay();
    const a = await Peer.open(relay, { name: 'A' });
    const b = await Peer.open(relay, { name: 'B' });
    expect(keyOf(a)).toMatch(/^[\w-]{43}$/);
    expect(keyOf(b)).toMatch(/^[\w-]{43}$/);
    expect(keyOf(a)).not.toBe(keyOf(b));
  });

  it('keeps no key in the tables, only its digest', async () => {
    const { relay, journal } = await openRelay();
    const a = await Peer.open(relay, { name: 'A' });
    for (const line of journal.state.dump()) expect(line).not.toContain(keyOf(a));
  });

  it('is given again to whoever brings the key when nobody holds it, at once', async () => {
    const { relay } = await openRelay();
    const a = await Peer.open(relay, { name: 'A', instance: 'i1' });
    await crash(a);
    const again = await Peer.open(relay, { name: 'A', instance: 'i2', key: keyOf(a) });
    expect(again.welcome).toMatchObject({ name: 'A' });
    expect(again.welcome).not.toHaveProperty('key');
  });

  it('goes to the same instance at once, whose old socket is told that it was replaced', async () => {
    const { relay } = await openRelay();
    const old = await Peer.open(relay, { name: 'A', instance: 'i1' });
    const again = await Peer.open(relay, { name: 'A', instance: 'i1', key: keyOf(old) });
    expect(again.welcome.name).toBe('A');
    await settle();
    expect(old.frames.at(-1)).toMatchObject({ type: 'error', code: 'replaced', retry: false });
    expect(old.closeCode).toBe(4409);
    expect(await here(relay)).toEqual(['A']);
  });

  it('is not taken away by the end of the socket that it was replaced for: no ghost, nobody missing', async () => {
    const { relay, clock } = await openRelay();
    const watcher = await Peer.open(relay, { name: 'W', presence: true });
    const old = await Peer.open(relay, { name: 'A', instance: 'i1' });
    freeze(old);
    const again = await Peer.open(relay, { name: 'A', instance: 'i1', key: keyOf(old) });
    await settle();
    old.socket.terminate();
    await clock.run(30_000);
    expect(await here(relay)).toEqual(['W', 'A']);
    expect(watcher.all('presence').map((frame) => frame.event)).toEqual(['joined']);
    await watcher.ask('send', { to: ['A'], body: 'still there?' });
    expect((await again.ask('receive', {})).messages).toMatchObject([{ body: 'still there?' }]);
    expect(relay.counts()).toMatchObject({ connections: 2, here: 2 });
  });

  it('of a live holder stays his: another process with the key is NAME.2, with a key of its own, and is told', async () => {
    const { relay, clock } = await openRelay();
    const a = await Peer.open(relay, { name: 'A', instance: 'i1' });
    const fork = await enter(relay, clock, { name: 'A', instance: 'i2', key: keyOf(a) });
    expect(fork.welcome).toMatchObject({ name: 'A.2', suffixed: true, key: expect.any(String) });
    expect(keyOf(fork)).not.toBe(keyOf(a));
    expect(a.closeCode).toBeUndefined();
    expect(await here(relay)).toEqual(['A', 'A.2']);
  });

  it('counts forks upwards, also from a fork of a fork', async () => {
    const { relay, clock } = await openRelay();
    const a = await Peer.open(relay, { name: 'A' });
    const second = await enter(relay, clock, { name: 'A', key: keyOf(a) });
    const third = await enter(relay, clock, { name: 'A', key: keyOf(a) });
    const fourth = await enter(relay, clock, { name: 'A.2', key: keyOf(second) });
    expect([second, third, fourth].map((each) => each.welcome.name)).toEqual(['A.2', 'A.3', 'A.4']);
  });

  it.each([
    ['no key', undefined],
    ['a wrong key', 'x'.repeat(43)],
    ['an empty key', ''],
  ])('is not given with %s, held or not: that is NAME.2, without a probe', async (_what, key) => {
    const { relay } = await openRelay();
    const a = await Peer.open(relay, { name: 'A' });
    const other = await Peer.open(relay, { name: 'A', ...(key === undefined ? {} : { key }) });
    expect(other.welcome).toMatchObject({ name: 'A.2', suffixed: true, key: expect.any(String) });
    await crash(a);
    const later = await Peer.open(relay, { name: 'A', ...(key === undefined ? {} : { key }) });
    expect(later.welcome).toMatchObject({ name: 'A.3', suffixed: true });
    expect((await Peer.open(relay, { name: 'A', key: keyOf(a) })).welcome.name).toBe('A');
  });

  it('does not open with the digest of its key', async () => {
    const { relay, journal } = await openRelay();
    const a = await Peer.open(relay, { name: 'A' });
    await crash(a);
    const row = [...journal.state.dump()].find((line) => line.startsWith('session '));
    const digest = /"key":"([^"]+)"/.exec(row ?? '')?.[1] ?? '';
    expect(digest).toHaveLength(43);
    expect((await Peer.open(relay, { name: 'A', key: digest })).welcome.name).toBe('A.2');
  });

  it('fits its number into 64 characters', async () => {
    const { relay } = await openRelay();
    const name = `A${'b'.repeat(63)}`;
    await Peer.open(relay, { name });
    const other = await Peer.open(relay, { name });
    expect(other.welcome.name).toBe(`${name.slice(0, 62)}.2`);
  });

  it('of a dead holder is free after three seconds of silence, and not before', async () => {
    const { relay, clock } = await openRelay();
    const a = await Peer.open(relay, { name: 'A', instance: 'i1' });
    freeze(a);
    const next = knock(relay, { name: 'A', instance: 'i2', key: keyOf(a) });
    await clock.run(2_999);
    expect(next.all('welcome')).toEqual([]);
    await clock.run(1);
    expect((await next.next('welcome')).name).toBe('A');
    expect(await here(relay)).toEqual(['A']);
    expect(relay.counts()).toMatchObject({ connections: 1, here: 1 });
  });

  it('stays with a holder that answers late, but answers', async () => {
    const { relay, clock } = await openRelay();
    const a = await Peer.open(relay, { name: 'A', instance: 'i1' });
    freeze(a);
    const next = knock(relay, { name: 'A', instance: 'i2', key: keyOf(a) });
    await clock.run(1_500);
    a.socket.frozen = false;
    a.socket.pong(a.socket.pings.at(-1) ?? '');
    await clock.run(1_500);
    expect((await next.next('welcome')).name).toBe('A.2');
    expect(a.closeCode).toBeUndefined();
  });

  // What a process said last may arrive after the one that was started in its place has knocked.
  it.each<[string, (a: Peer) => void]>([
    ['a frame', (a) => a.say({ type: 'request', id: 900, verb: 'status', args: {} })],
    ['a pong to an earlier ping', (a) => a.socket.pong(a.socket.pings.at(-2) ?? '')],
    ['a pong to no ping', (a) => a.socket.pong('')],
    ['a pong to a ping to come', (a) => a.socket.pong('99')],
  ])('of a dead holder is free although %s of it comes during the probe, three seconds later', async (_what, late) => {
    const { relay, clock } = await openRelay();
    const a = await Peer.open(relay, { name: 'A', instance: 'i1' });
    await clock.run(5_000);
    freeze(a);
    const next = knock(relay, { name: 'A', instance: 'i2', key: keyOf(a) });
    await clock.run(2_500);
    late(a);
    await clock.run(2_999);
    expect(next.all('welcome')).toEqual([]);
    await clock.run(1);
    expect((await next.next('welcome')).name).toBe('A');
    expect(a.relaySide.closed).toBe(true);
  });

  it('of a dead holder is free when its end comes, behind what came of it during the probe', async () => {
    const { relay, clock } = await openRelay();
    const a = await Peer.open(relay, { name: 'A', instance: 'i1' });
    freeze(a);
    const next = knock(relay, { name: 'A', instance: 'i2', key: keyOf(a) });
    await clock.run(1_000);
    a.say({ type: 'request', id: 900, verb: 'status', args: {} });
    await clock.run(100);
    await crash(a);
    expect((await next.next('welcome')).name).toBe('A');
  });

  it('of a holder that talks and talks and never answers the probe is free after fifteen seconds', async () => {
    const { relay, clock } = await openRelay();
    const a = await Peer.open(relay, { name: 'A', instance: 'i1' });
    freeze(a);
    const next = knock(relay, { name: 'A', instance: 'i2', key: keyOf(a) });
    for (let second = 0; second < 15; second += 1) {
      expect(next.all('welcome')).toEqual([]);
      a.say({ type: 'request', id: 900 + second, verb: 'status', args: {} });
      await clock.run(1_000);
    }
    expect((await next.next('welcome')).name).toBe('A');
  });

  it('of a holder that answers the probe and then closes is free, at once', async () => {
    const { relay, clock } = await openRelay();
    const a = await Peer.open(relay, { name: 'A', instance: 'i1' });
    const next = knock(relay, { name: 'A', instance: 'i2', key: keyOf(a) });
    await clock.run(500);
    expect(next.all('welcome')).toEqual([]);
    a.say({ type: 'bye' });
    await settle();
    expect(next.all('welcome').map(({ name }) => name)).toEqual(['A']);
  });

  it.each([1, 2, 5])('is held by one of %i that bring its key at the same moment', async (rivals) => {
    const { relay, clock } = await openRelay();
    const a = await Peer.open(relay, { name: 'A', instance: 'i0' });
    await crash(a);
    const all = Array.from({ length: rivals }, (_, i) => knock(relay, { name: 'A', instance: `r${i}`, key: keyOf(a) }));
    await clock.run(10_000);
    const names = all.map((each) => each.all('welcome')[0]?.name).sort();
    expect(names).toEqual(['A', ...Array.from({ length: rivals - 1 }, (_, i) => `A.${i + 2}`)]);
    expect(all.map((each) => each.closeCode)).toEqual(all.map(() => undefined));
    expect((await here(relay)).sort()).toEqual(names);
  });

  it.each([2, 7])(
    'is made for one of %i that ask for a new name at the same moment, and all have keys',
    async (rivals) => {
      const { relay, clock } = await openRelay();
      const all = Array.from({ length: rivals }, (_, i) => knock(relay, { name: 'A', instance: `r${i}` }));
      await clock.run(10_000);
      const welcomes = all.flatMap((each) => each.all('welcome'));
      expect(new Set(welcomes.map((each) => each.name)).size).toBe(rivals);
      expect(welcomes.map((each) => each.name)).toContain('A');
      expect(new Set(welcomes.map((each) => each.key)).size).toBe(rivals);
      expect(welcomes.filter((each) => each.suffixed)).toHaveLength(rivals - 1);
    },
  );

  it('is found by one instance that asks twice at the same moment: one seat, the other connection replaced', async () => {
    const { relay, clock } = await openRelay();
    const [one, two] = [knock(relay, { name: 'A', instance: 'i1' }), knock(relay, { name: 'A', instance: 'i1' })];
    await clock.run(5_000);
    expect(await here(relay)).toEqual(['A']);
    expect([one.closeCode, two.closeCode].filter((code) => code === undefined)).toHaveLength(1);
    const key = [...one.all('welcome'), ...two.all('welcome')].map((welcome) => welcome.key);
    expect(new Set(key).size).toBe(1);
  });

  it('is one, by whichever of its names two processes ask for it at the same moment', async () => {
    const { relay, clock } = await openRelay();
    const a = await Peer.open(relay, { name: 'A', instance: 'i0' });
    await a.ask('rename', { to: 'B' });
    await crash(a);
    const key = keyOf(a);
    const [byOld, byNew] = [
      knock(relay, { name: 'A', instance: 'i1', key }),
      knock(relay, { name: 'B', instance: 'i2', key }),
    ];
    await clock.run(10_000);
    expect([byOld.closeCode, byNew.closeCode]).toEqual([undefined, undefined]);
    const names = [...byOld.all('welcome'), ...byNew.all('welcome')].map((welcome) => welcome.name);
    expect(names.filter((name) => name === 'B')).toHaveLength(1);
    expect(new Set(names).size).toBe(2);
  });

  it('is given with its present name to the key that asks by the old one', async () => {
    const { relay } = await openRelay();
    const a = await Peer.open(relay, { name: 'A' });
    await a.ask('rename', { to: 'B' });
    await crash(a);
    const again = await Peer.open(relay, { name: 'A', key: keyOf(a) });
    expect(again.welcome).toMatchObject({ name: 'B' });
    expect(again.welcome).not.toHaveProperty('suffixed');
  });

  it('by an old name is free for others, also while the session is here under its new one', async () => {
    const { relay } = await openRelay();
    const a = await Peer.open(relay, { name: 'A' });
    await a.ask('rename', { to: 'B' });
    const other = await Peer.open(relay, { name: 'A' });
    expect(other.welcome).toMatchObject({ name: 'A', key: expect.any(String) });
    expect(other.welcome).not.toHaveProperty('suffixed');
    expect(await here(relay)).toEqual(['B', 'A']);
  });

  it('of a name that a script made gets its key with the first hello, and its mail', async () => {
    const { relay } = await openRelay();
    await relay.perform('status', {}, { name: 'CI' });
    await relay.perform('send', { to: ['CI'], body: 'x' }, { name: 'OTHER' });
    const ci = await Peer.open(relay, { name: 'CI' });
    expect(ci.welcome).toMatchObject({ name: 'CI', key: expect.any(String), unread: 1 });
    expect(await codeOf(relay.perform('receive', {}, { name: 'CI' }))).toBe('name_taken');
  });

  it('of a keyless name goes to one of two that ask at the same moment', async () => {
    const { relay, clock } = await openRelay();
    await relay.perform('status', {}, { name: 'CI' });
    const all = [knock(relay, { name: 'CI', instance: 'i1' }), knock(relay, { name: 'CI', instance: 'i2' })];
    await clock.run(10_000);
    expect(all.map((each) => each.all('welcome')[0]?.name).sort()).toEqual(['CI', 'CI.2']);
    expect(all.map((each) => each.all('welcome')[0]?.key)).not.toContain(undefined);
  });
});

describe('a key whose welcome was lost', () => {
  it('is told again to the same instance, which has its name back', async () => {
    const { relay } = await openRelay();
    const lost = knock(relay, { name: 'A', instance: 'i1' });
    lost.socket.frozen = true;
    await settle();
    expect(lost.frames).toEqual([]);
    const again = await Peer.open(relay, { name: 'A', instance: 'i1' });
    expect(again.welcome).toMatchObject({ name: 'A', key: expect.any(String) });
    expect(again.welcome).not.toHaveProperty('suffixed');
    await crash(again);
    expect((await Peer.open(relay, { name: 'A', instance: 'i9', key: keyOf(again) })).welcome.name).toBe('A');
  });

  it.each(['A', 'B'])(
    'is told again to the instance that was renamed from A to B meanwhile and asks for %s',
    async (name) => {
      const { relay } = await openRelay();
      const a = await Peer.open(relay, { name: 'A', instance: 'i1' });
      await a.ask('rename', { to: 'B' });
      await crash(a);
      const again = await Peer.open(relay, { name, instance: 'i1' });
      expect(again.welcome).toMatchObject({ name: 'B', key: keyOf(a) });
      expect(again.welcome).not.toHaveProperty('suffixed');
    },
  );

  it('is not told to any other instance', async () => {
    const { relay } = await openRelay();
    const a = await Peer.open(relay, { name: 'A', instance: 'i1' });
    await crash(a);
    const other = await Peer.open(relay, { name: 'A', instance: 'i2' });
    expect(other.welcome).toMatchObject({ name: 'A.2', suffixed: true });
    expect(keyOf(other)).not.toBe(keyOf(a));
  });

  it('is not told again once it was presented', async () => {
    const { relay } = await openRelay();
    const a = await Peer.open(relay, { name: 'A', instance: 'i1' });
    await crash(a);
    await crash(await Peer.open(relay, { name: 'A', instance: 'i1', key: keyOf(a) }));
    expect((await Peer.open(relay, { name: 'A', instance: 'i1' })).welcome.name).toBe('A.2');
  });

  it('belongs to nobody when its connection was gone before it was told: the next one has name and key', async () => {
    const { relay } = await openRelay();
    const gone = knock(relay, { name: 'A', instance: 'i1' });
    await new Promise<void>((resolve) => queueMicrotask(resolve));
    gone.socket.terminate();
    await settle();
    expect(relay.counts()).toMatchObject({ connections: 0, here: 0 });
    const next = await Peer.open(relay, { name: 'A', instance: 'i2' });
    expect(next.welcome).toMatchObject({ name: 'A', key: expect.any(String) });
    await crash(next);
    expect((await Peer.open(relay, { name: 'A', instance: 'i3' })).welcome.name).toBe('A.2');
    expect((await Peer.open(relay, { name: 'A', instance: 'i4', key: keyOf(next) })).welcome.name).toBe('A');
  });

  it('that was told stays a secret when the same instance goes while it is greeted again', async () => {
    const { relay } = await openRelay();
    const a = await Peer.open(relay, { name: 'A', instance: 'i1' });
    await crash(a);
    const gone = knock(relay, { name: 'A', instance: 'i1' });
    await new Promise<void>((resolve) => queueMicrotask(resolve));
    gone.socket.terminate();
    await settle();
    const thief = await Peer.open(relay, { name: 'A', instance: 'i2' });
    expect(thief.welcome.name).toBe('A.2');
    expect(keyOf(thief)).not.toBe(keyOf(a));
  });

  it('gives a fork that asks by the first name for ever the same second name', async () => {
    const { relay, clock } = await openRelay();
    const a = await Peer.open(relay, { name: 'A', instance: 'i1' });
    for (let i = 0; i < 5; i++) {
      const fork = await enter(relay, clock, { name: 'A', instance: 'i2', key: keyOf(a) });
      expect(fork.welcome).toMatchObject({ name: 'A.2', suffixed: true, key: expect.any(String) });
      await crash(fork);
    }
    expect(relay.counts().sessions).toBe(2);
  });
});

/** A process as the client library is: it stores what it is told, and comes back whenever its connection ends. */
class Stubborn {
  registrations = 0;
  peer: Peer | undefined;
  readonly #relay: Relay;
  readonly #clock: FakeClock;
  readonly #hello: Partial<Hello>;
  readonly #keys: Map<string, string>;
  #name: string;

  constructor(relay: Relay, clock: FakeClock, hello: Partial<Hello> & { name: string }, keys: Map<string, string>) {
    this.#relay = relay;
    this.#clock = clock;
    this.#hello = hello;
    this.#name = hello.name;
    this.#keys = keys;
  }

  get name(): string {
    return this.#name;
  }

  /** Follows the granted name, or asks for the wanted one for ever. */
  async connect(isFaithful: boolean): Promise<void> {
    const asked = isFaithful ? this.#name : (this.#hello.name ?? '');
    const key = this.#keys.get(asked);
    const hello = { ...this.#hello, name: asked, ...(key === undefined ? {} : { key }) };
    const { welcome } = Object.assign(this, { peer: await enter(this.#relay, this.#clock, hello) }).peer;
    this.registrations++;
    this.#name = welcome.name ?? '';
    if (welcome.key) this.#keys.set(this.#name, welcome.key);
  }
}

describe('two processes that come back for ever', () => {
  it.each([true, false])('settle: nobody pushes the other out (following the granted name: %s)', async (isFaithful) => {
    const { relay, clock } = await openRelay();
    // A copied environment: both find the same keys.
    const keys = new Map<string, string>();
    const both = ['i1', 'i2'].map((instance) => new Stubborn(relay, clock, { name: 'A', instance }, keys));
    for (const each of both) await each.connect(isFaithful);
    for (let minute = 0; minute < 10; minute++) {
      for (const each of both) if (each.peer?.closeCode !== undefined) await each.connect(isFaithful);
      await clock.run(6_000);
    }
    expect(both.map((each) => each.registrations)).toEqual([1, 1]);
    expect(both.map((each) => each.name)).toEqual(['A', 'A.2']);
  });

  it('settle after both lost their connections at once, again and again', async () => {
    const { relay, clock } = await openRelay();
    const keys = new Map<string, string>();
    const both = ['i1', 'i2'].map((instance) => new Stubborn(relay, clock, { name: 'A', instance }, keys));
    for (const each of both) await each.connect(true);
    for (let i = 0; i < 5; i++) {
      for (const each of both) each.peer?.socket.terminate();
      await settle();
      await Promise.all(both.map((each) => each.connect(true)));
      await clock.run(4_000);
      expect(both.map((each) => each.peer?.closeCode)).toEqual([undefined, undefined]);
    }
    expect(both.map((each) => each.registrations)).toEqual([6, 6]);
    expect(relay.counts().sessions).toBe(2);
  });
});

describe('who only looks on', () => {
  it('is given no key, so that scripts go on under that name', async () => {
    const { relay } = await openRelay();
    await relay.perform('status', {}, { name: 'anna' });
    const watcher = await Peer.open(relay, { name: 'anna', seat: false, watch: true });
    expect(watcher.welcome).toMatchObject({ name: 'anna' });
    expect(watcher.welcome.key).toBeUndefined();
    expect(await relay.perform('status', {}, { name: 'anna' })).toMatchObject({ name: 'anna' });
    const holder = await Peer.open(relay, { name: 'anna' });
    expect(holder.welcome.key).toBeDefined();
    await expect(relay.perform('status', {}, { name: 'anna' })).rejects.toMatchObject({ code: 'name_taken' });
  });
});
