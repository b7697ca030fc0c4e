import { describe, expect, it } from 'vitest';
import type { RelayFrame } from '../../src/protocol/frames.ts';
import { LIMITS } from '../../src/protocol/limits.ts';
import { openRelay, Peer, settle } from '../support/relay.ts';
import { codeOf, crash, here, knock } from './kit.ts';

const GOOD = { type: 'hello', v: 1, instance: 'i1', seat: true } as const;

const first = (peer: Peer): RelayFrame | undefined => peer.frames[0];

describe('hello', () => {
  it('is answered by a welcome with name, key, epoch, position, unread and version', async () => {
    const { relay, journal } = await openRelay();
    const a = await Peer.open(relay, { name: 'A' });
    expect(a.welcome).toEqual({
      type: 'welcome',
      v: 1,
      name: 'A',
      key: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
      epoch: journal.state.epoch,
      position: 0,
      unread: 0,
      version: '0.0.0',
    });
    expect(a.welcome.epoch).not.toBe('');
  });

  it('says in the welcome how far the relay is and how much waits', async () => {
    const { relay } = await openRelay();
    const a = await Peer.open(relay, { name: 'A' });
    const b = await Peer.open(relay, { name: 'B' });
    await crash(b);
    for (const to of ['B', 'all', 'A', '#x']) if (to !== '#x') await a.ask('send', { to: [to], body: to });
    const again = await Peer.open(relay, { name: 'B', key: b.welcome.key ?? '' });
    expect(again.welcome).toMatchObject({ name: 'B', position: 3, unread: 2 });
    expect(again.welcome).not.toHaveProperty('key');
    expect(again.welcome).not.toHaveProperty('suffixed');
  });

  it.each([
    ['another version', { ...GOOD, v: 2 }, 'version_unsupported', 4406],
    ['no version', { type: 'hello', instance: 'i1', seat: true }, 'bad_request', 1011],
    ['no instance', { type: 'hello', v: 1, seat: true }, 'bad_request', 1011],
    ['no seat', { type: 'hello', v: 1, instance: 'i1' }, 'bad_request', 1011],
    ['a name that is not one', { ...GOOD, name: '1abc' }, 'name_invalid', 1011],
    ['a reserved name', { ...GOOD, name: 'ALL' }, 'name_reserved', 1011],
    ['an unknown field', { ...GOOD, admin: true }, 'bad_request', 1011],
    ['an unknown field in about', { ...GOOD, about: { root: 1 } }, 'bad_request', 1011],
    ['a window that is too wide', { ...GOOD, window: LIMITS.window + 1 }, 'bad_request', 1011],
    ['a negative window', { ...GOOD, window: -1 }, 'bad_request', 1011],
    ['a key that is not text', { ...GOOD, name: 'A', key: 7 }, 'bad_request', 1011],
    ['an instance with a space', { ...GOOD, instance: 'a b' }, 'bad_request', 1011],
    ['a frame of the other side', { type: 'welcome' }, 'bad_frame', 1011],
    ['no type', { v: 1 }, 'bad_frame', 1011],
    ['a request', { type: 'request', id: 1, verb: 'status', args: {} }, 'hello_required', 4400],
  ])('is refused with %s, and the connection ends', async (_what, frame, code, close) => {
    const { relay } = await openRelay();
    const peer = new Peer(relay);
    peer.say(frame);
    await settle();
    expect(first(peer)).toMatchObject({ type: 'error', code });
    expect(peer.frames).toHaveLength(1);
    expect(peer.closeCode).toBe(close);
    expect(relay.counts().connections).toBe(0);
    expect(relay.counts().sessions).toBe(0);
  });

  it.each(['', 'x', '[]', '7', 'null', '{', '"hello"', '\u0000'])('is refused when it is %j', async (text) => {
    const { relay } = await openRelay();
    const peer = new Peer(relay);
    peer.socket.send(text);
    await settle();
    expect(first(peer)).toMatchObject({ type: 'error', code: 'bad_frame' });
    expect(peer.closeCode).toBeDefined();
  });

  it.each([
    ['letters', 'x'],
    ['letters of three bytes each', '語'],
  ])('is refused when it is larger than its limit in bytes, in %s', async (_what, letter) => {
    const { relay } = await openRelay();
    const padded = (bytes: number) => {
      const empty = JSON.stringify({ ...GOOD, key: '' }).length;
      return JSON.stringify({ ...GOOD, key: letter.repeat(Math.floor((bytes - empty) / Buffer.byteLength(letter))) });
    };
    const over = new Peer(relay);
    over.socket.send(padded(LIMITS.helloBytes + 3));
    const under = new Peer(relay);
    under.socket.send(padded(LIMITS.helloBytes));
    await settle();
    expect(first(over)).toMatchObject({ code: 'frame_too_large' });
    expect(over.closeCode).toBe(1009);
    expect(first(under)).toMatchObject({ code: 'too_large' });
  });

  it('takes larger frames once it is welcomed', async () => {
    const { relay } = await openRelay();
    const a = await Peer.open(relay, { name: 'A' });
    const body = 'x'.repeat(LIMITS.bodyBytes);
    expect(await a.ask('send', { to: ['A'], body })).toMatchObject({ position: 1 });
  });

  it('must come within five seconds', async () => {
    const { relay, clock } = await openRelay();
    const silent = new Peer(relay);
    await clock.run(4_999);
    expect(silent.frames).toEqual([]);
    await clock.run(1);
    expect(first(silent)).toMatchObject({ code: 'hello_timeout', retry: true });
    expect(silent.closeCode).toBe(4408);
    expect(relay.counts().connections).toBe(0);
  });

  it('is not cut off by that time once it has come', async () => {
    const { relay, clock } = await openRelay();
    const a = await Peer.open(relay, { name: 'A' });
    await clock.run(6_000);
    expect(a.closeCode).toBeUndefined();
    expect(await a.ask('status', {})).toMatchObject({ name: 'A' });
  });

  it('is refused the second time, and the connection lives on', async () => {
    const { relay } = await openRelay();
    const a = await Peer.open(relay, { name: 'A' });
    a.say({ ...GOOD, name: 'B' });
    expect(await a.next('error')).toMatchObject({ code: 'hello_twice' });
    expect(await a.ask('status', {})).toMatchObject({ name: 'A' });
    expect(await here(relay)).toEqual(['A']);
  });

  it('is refused twice in a row, before the first is answered, and nobody is seated', async () => {
    const { relay } = await openRelay();
    const peer = new Peer(relay);
    peer.say({ ...GOOD, name: 'A' });
    peer.say({ ...GOOD, name: 'B' });
    await settle();
    expect(peer.all('welcome')).toEqual([]);
    expect(first(peer)).toMatchObject({ code: 'hello_twice' });
    expect(await here(relay)).toEqual([]);
    // The name that nobody heard of is not lost to whoever comes next.
    expect((await Peer.open(relay, { name: 'A' })).welcome).toMatchObject({ name: 'A', key: expect.any(String) });
  });

  it('must be answered before anything else is asked', async () => {
    const { relay } = await openRelay();
    const peer = new Peer(relay);
    peer.say({ ...GOOD, name: 'A' });
    peer.say({ type: 'request', id: 1, verb: 'status', args: {} });
    await settle();
    expect(first(peer)).toMatchObject({ code: 'hello_required' });
    expect(peer.closeCode).toBe(4400);
  });

  it('needs no name: the verbs without an actor work, the others say what is missing', async () => {
    const { relay } = await openRelay();
    const nobody = await Peer.open(relay);
    expect(nobody.welcome).not.toHaveProperty('name');
    expect(nobody.welcome).not.toHaveProperty('key');
    expect(nobody.welcome.unread).toBe(0);
    expect(await nobody.ask('status', {})).toMatchObject({ here: 0, sessions: 0, unread: 0, rooms: [] });
    expect(await nobody.ask('status', {})).not.toHaveProperty('name');
    expect(await nobody.ask('peers', {})).toEqual({ peers: [], more: 0 });
    expect(await nobody.ask('sessions', {})).toEqual({ sessions: [], more: 0 });
    expect(await nobody.ask('rooms', {})).toMatchObject({ rooms: [] });
    for (const verb of ['receive', 'inbox', 'history', 'receipts'] as const)
      expect(await codeOf(nobody.ask(verb, {}))).toBe('name_required');
    expect(await codeOf(nobody.ask('send', { to: ['A'], body: 'x' }))).toBe('name_required');
    expect(await codeOf(nobody.ask('join', { room: '#x' }))).toBe('name_required');
    expect(nobody.closeCode).toBeUndefined();
  });

  it('with seat:false acts as the name and is not here', async () => {
    const { relay } = await openRelay();
    const a = await Peer.open(relay, { name: 'A' });
    const watcher = await Peer.open(relay, { name: 'B', presence: true });
    const aside = await Peer.open(relay, { name: 'A', key: a.welcome.key ?? '', seat: false, window: 8 });
    expect(aside.welcome.name).toBe('A');
    expect(await here(relay)).toEqual(['A', 'B']);
    await aside.ask('send', { to: ['B'], body: 'from aside' });
    expect((await watcher.ask('receive', {})).messages).toMatchObject([{ from: 'A' }]);
    await watcher.ask('send', { to: ['A'], body: 'x' });
    await settle();
    // Its window counts for nothing: mail goes to the holder.
    expect(aside.all('deliver')).toEqual([]);
    aside.say({ type: 'bye' });
    await settle();
    expect(watcher.all('presence')).toEqual([]);
    expect(await here(relay)).toEqual(['A', 'B']);
    expect(await a.ask('status', {})).toMatchObject({ name: 'A', here: 2 });
  });

  it('with seat:false never disturbs a holder of the same instance', async () => {
    const { relay } = await openRelay();
    const a = await Peer.open(relay, { name: 'A', instance: 'same' });
    await Peer.open(relay, { name: 'A', instance: 'same', seat: false, key: a.welcome.key ?? '' });
    await settle();
    expect(a.closeCode).toBeUndefined();
  });

  it('tells others what it says about itself, but not the session id of its program', async () => {
    const { relay, clock } = await openRelay();
    const about = {
      kind: 'person',
      host: 'h',
      cwd: '/w',
      program: 'p',
      version: '1',
      agent_session: 'secret',
    } as const;
    await Peer.open(relay, { name: 'A', about });
    const b = await Peer.open(relay, { name: 'B' });
    const { peers } = await b.ask('peers', {});
    expect(peers[0]).toEqual({
      name: 'A',
      kind: 'person',
      host: 'h',
      cwd: '/w',
      program: 'p',
      version: '1',
      here: true,
      since: clock.now(),
      last_seen: clock.now(),
    });
    expect(peers[1]).toMatchObject({ name: 'B', kind: 'agent' });
  });

  it('of one that goes while it is being greeted leaves nothing behind', async () => {
    const { relay, journal } = await openRelay();
    const watcher = await Peer.open(relay, { name: 'W', presence: true });
    const gone = knock(relay, { name: 'A' });
    gone.socket.terminate();
    await settle();
    expect(await here(relay)).toEqual(['W']);
    expect(watcher.all('presence')).toEqual([]);
    expect(relay.counts().connections).toBe(1);
    expect(journal.state.position).toBe(0);
  });
});
