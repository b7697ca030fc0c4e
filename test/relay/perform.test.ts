import { describe, expect, it } from 'vitest';
import { openRelay, Peer, settle } from '../support/relay.ts';
import { codeOf, crash, here } from './kit.ts';

describe('a verb without a connection', () => {
  it('makes a keyless script of a name that is new, which is not here', async () => {
    const { relay } = await openRelay();
    expect(await relay.perform('status', {}, { name: 'CI' })).toMatchObject({ name: 'CI', kind: 'script', here: 0 });
    expect(await relay.perform('status', {}, { name: 'ME', kind: 'person' })).toMatchObject({ kind: 'person' });
    expect(await here(relay)).toEqual([]);
    // The kind counts for a new name only.
    expect(await relay.perform('status', {}, { name: 'CI', kind: 'person' })).toMatchObject({ kind: 'script' });
    expect(relay.counts().sessions).toBe(2);
  });

  it('of a keyless name is anybody’s, with any key', async () => {
    const { relay } = await openRelay();
    await relay.perform('send', { to: 'CI', body: 'x' }, { name: 'CI' });
    expect(await relay.perform('receive', {}, { name: 'CI', key: 'whatever' })).toMatchObject({
      messages: [{ body: 'x' }],
    });
  });

  it('of a keyed name needs its key, and says where it is', async () => {
    const { relay } = await openRelay();
    const a = await Peer.open(relay, { name: 'A' });
    for (const caller of [{ name: 'A' }, { name: 'A', key: '' }, { name: 'A', key: 'wrong' }]) {
      const error = await relay.perform('receive', {}, caller).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'name_taken', status: 409 });
      expect(String(error)).toMatch(/Relay-Key.*keys\//);
    }
    expect(await relay.perform('status', {}, { name: 'A', key: a.welcome.key ?? '' })).toMatchObject({ name: 'A' });
  });

  it('by an old name and its key acts as the session under its new name', async () => {
    const { relay } = await openRelay();
    const a = await Peer.open(relay, { name: 'A' });
    await a.ask('rename', { to: 'B' });
    expect(await relay.perform('status', {}, { name: 'A', key: a.welcome.key ?? '' })).toMatchObject({ name: 'B' });
    expect(await relay.perform('status', {}, { name: 'A' })).toMatchObject({ name: 'A', kind: 'script' });
  });

  it('that loses the race for a new name says what a late one is told', async () => {
    const { relay } = await openRelay();
    const peer = new Peer(relay);
    peer.say({ type: 'hello', v: 1, instance: 'i1', seat: true, name: 'A' });
    await new Promise<void>((resolve) => queueMicrotask(() => queueMicrotask(resolve)));
    const error = await relay.perform('status', {}, { name: 'A' }).catch((thrown: unknown) => String(thrown));
    const welcome = await peer.next('welcome');
    // Whoever was first has it: either way nobody is refused without a remedy.
    if (typeof error === 'string') expect(error).toMatch(/Relay-Key/);
    expect(welcome.name).toBe('A');
  });

  it('made by two at the same moment makes one session', async () => {
    const { relay } = await openRelay();
    const both = await Promise.all([
      relay.perform('status', {}, { name: 'CI' }),
      relay.perform('status', {}, { name: 'CI' }),
    ]);
    expect(both).toMatchObject([{ name: 'CI' }, { name: 'CI' }]);
    expect(relay.counts().sessions).toBe(1);
  });

  it.each(['peers', 'sessions', 'status', 'rooms'])('%s needs no name', async (verb) => {
    const { relay } = await openRelay();
    expect(await codeOf(relay.perform(verb, undefined, {}))).toBe('ok');
  });

  it.each(['send', 'receive', 'inbox', 'receipt', 'receipts', 'history', 'join', 'leave', 'rename'])(
    '%s needs a name, which is said before its arguments are looked at',
    async (verb) => {
      const { relay } = await openRelay();
      expect(await codeOf(relay.perform(verb, { nonsense: 1 }, {}))).toBe('name_required');
    },
  );

  it.each(['', 'SEND', 'toString', '__proto__', 'constructor', 'hello', 'x'.repeat(1_000)])(
    '%s is unknown',
    async (verb) => {
      const { relay } = await openRelay();
      const error = await relay.perform(verb, {}, { name: 'A' }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'unknown_verb', status: 404 });
      expect(String(error)).toContain('send, receive');
    },
  );

  it('counts what is done, and what is under way', async () => {
    const { relay, clock } = await openRelay();
    await relay.perform('send', { to: 'A', body: 'x', id: 'm1' }, { name: 'A' });
    await relay.perform('send', { to: 'A', body: 'x', id: 'm1' }, { name: 'A' });
    expect(Object.fromEntries(relay.counters)).toMatchObject({ requests: 2, sends: 1, sends_repeated: 1 });
    const waiting = relay.perform('receive', { wait_seconds: 1, from: 'A', thread: 't' }, { name: 'A' });
    await settle();
    expect(relay.counts()).toEqual({ connections: 0, here: 0, sessions: 1, performing: 1, unsentBytes: 0 });
    await clock.run(1_000);
    await waiting;
    expect(relay.counts().performing).toBe(0);
  });

  it('leaves no timer behind, but for what receive holds', async () => {
    const { relay, clock } = await openRelay();
    const idle = clock.pending;
    for (const verb of ['status', 'inbox', 'peers', 'receive']) await relay.perform(verb, {}, { name: 'A' });
    expect(clock.pending).toBe(idle);
    await relay.perform('send', { to: 'A', body: 'x' }, { name: 'A' });
    await relay.perform('receive', {}, { name: 'A' });
    expect(clock.pending).toBe(idle + 1);
    await clock.run(60_000);
    expect(clock.pending).toBe(idle);
  });
});

describe('onMail', () => {
  it('calls for mail of that name, by any of its names, until it is stopped', async () => {
    const { relay } = await openRelay();
    const a = await Peer.open(relay, { name: 'A' });
    let calls = 0;
    const stop = relay.onMail({ name: 'A' }, () => calls++);
    await relay.perform('send', { to: 'all', body: 'x' }, { name: 'S' });
    await a.ask('send', { to: ['S'], body: 'not for A' });
    expect(calls).toBe(1);
    await a.ask('rename', { to: 'B' });
    await crash(a);
    await relay.perform('send', { to: 'B', body: 'x' }, { name: 'S' });
    expect(calls).toBe(2);
    stop();
    await relay.perform('send', { to: 'B', body: 'x' }, { name: 'S' });
    expect(calls).toBe(2);
  });

  it('never calls for a name that nobody knows', async () => {
    const { relay } = await openRelay();
    let calls = 0;
    relay.onMail({ name: 'NOBODY' }, () => calls++)();
    await relay.perform('send', { to: 'S', body: 'x' }, { name: 'S' });
    expect(calls).toBe(0);
  });
});

describe('a caller over HTTP', () => {
  const lastSeen = async (relay: Awaited<ReturnType<typeof openRelay>>['relay']) => {
    const { sessions } = (await relay.perform('sessions', {}, {})) as { sessions: { last_seen: number }[] };
    return sessions[0]?.last_seen ?? 0;
  };

  it('was last seen when it last asked, to ten seconds', async () => {
    const { relay, clock } = await openRelay();
    await relay.perform('status', {}, { name: 'ci' });
    const first = await lastSeen(relay);
    clock.advance(9_000);
    await relay.perform('status', {}, { name: 'ci' });
    await settle();
    expect(await lastSeen(relay)).toBe(first);
    clock.advance(60_000);
    await relay.perform('status', {}, { name: 'ci' });
    await settle();
    expect(await lastSeen(relay)).toBe(first + 69_000);
  });
});

describe('a long list of rooms', () => {
  it('is cut, and says how many more there are', async () => {
    const { relay } = await openRelay();
    for (let i = 0; i < 9; i++) {
      for (let j = 0; j < 60; j++) await relay.perform('join', { room: `#r${i}-${j}` }, { name: `S${i}` });
    }
    const listed = (await relay.perform('rooms', {}, {})) as { rooms: object[]; more: number };
    expect([listed.rooms.length, listed.more]).toEqual([500, 40]);
  });
});
