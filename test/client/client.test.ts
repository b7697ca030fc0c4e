import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type ClientOptions, type ClientState, RelayClient } from '../../src/client/client.ts';
import { MemoryKeys } from '../../src/client/keys.ts';
import { relayUrl } from '../../src/client/place.ts';
import { type Code, RelayError } from '../../src/protocol/codes.ts';
import type { Envelope } from '../../src/protocol/envelope.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { isPending, ScriptedRelay } from './scripted-relay.ts';

const withCode = (code: Code) => expect.objectContaining({ code });
const envelope = (position: number, extra: Partial<Envelope> = {}): Envelope => ({
  id: `m${position}`,
  position,
  from: 'A',
  to: ['CC-1'],
  at: 0,
  body: 'x',
  ...extra,
});
const positions = (messages: readonly Envelope[]) => messages.map((message) => message.position);

let clock: FakeClock;
let relay: ScriptedRelay;
let keys: MemoryKeys;
let url: string;
let token: string | undefined;
let states: ClientState[];

beforeEach(() => {
  clock = new FakeClock();
  relay = new ScriptedRelay();
  keys = new MemoryKeys();
  url = 'ws://localhost:9999';
  token = 'secret';
  states = [];
});

function make(extra: Partial<ClientOptions> = {}): RelayClient {
  const client = new RelayClient({
    url: () => url,
    token: () => token,
    hello: { name: 'CC-1', seat: true, window: 0 },
    instance: 'i1',
    keys,
    clock,
    random: { bytes: (count) => new Uint8Array(count), fraction: () => 0.5 },
    connect: relay.connect,
    ...extra,
  });
  client.on('state', (state) => states.push(state));
  return client;
}

async function connected(extra: Partial<ClientOptions> = {}): Promise<RelayClient> {
  const client = make(extra);
  client.start();
  await client.ready();
  return client;
}

const phases = () => states.map((state) => state.phase);

describe('connecting', () => {
  it('says hello with name, instance and key, and is connected when welcomed', async () => {
    keys.save(relayUrl(url), 'CC-1', 'k1');
    const client = await connected({
      hello: { name: 'CC-1', seat: true, window: 0, presence: true, about: { program: 'p' } },
    });
    expect(relay.hellos).toEqual([
      {
        type: 'hello',
        v: 1,
        name: 'CC-1',
        key: 'k1',
        instance: 'i1',
        seat: true,
        window: 0,
        presence: true,
        about: { program: 'p' },
      },
    ]);
    expect(relay.targets[0]).toMatchObject({ url: 'ws://localhost:9999/', token: 'secret' });
    expect(client.state).toEqual({ phase: 'connected', name: 'CC-1', wanted: undefined, trouble: undefined });
    expect(phases()).toEqual(['connecting', 'connected']);
  });

  it('tells welcome and mail, and keeps the key that it is given', async () => {
    relay.welcome = { key: 'k9', unread: 4 };
    const client = make();
    const heard: unknown[] = [];
    client.on('welcome', (welcome) => heard.push(welcome.key));
    client.on('mail', (unread) => heard.push(unread));
    client.start();
    client.start();
    await client.ready();
    expect(heard).toEqual(['k9', 4]);
    expect(client.unread).toBe(4);
    expect(keys.load(relayUrl(url), 'CC-1')).toBe('k9');
    expect(relay.sockets).toHaveLength(1);
  });

  it('works without a name', async () => {
    const client = await connected({ hello: { seat: false } });
    expect(client.state.name).toBeUndefined();
    expect(relay.hellos[0]).not.toHaveProperty('name');
  });

  it('reads address and token again at each try', async () => {
    relay.unreachable = new RelayError('not_connected');
    token = undefined;
    const client = make();
    client.start();
    await settle();
    url = 'ws://localhost:4000';
    token = 'later';
    relay.unreachable = undefined;
    await clock.run(10_000);
    expect(client.state.phase).toBe('connected');
    expect(relay.targets.map((target) => [target.url, target.token])).toEqual([
      ['ws://localhost:9999/', undefined],
      ['ws://localhost:4000/', 'later'],
    ]);
  });

  it('gives an attempt up that leads nowhere for ten seconds', async () => {
    const client = make({
      connect: ({ signal }) =>
        new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
    });
    client.start();
    await clock.run(10_000);
    expect(client.state).toMatchObject({ phase: 'waiting', trouble: withCode('not_connected') });
  });
});

describe('coming back', () => {
  it('retries quickly, then about once a second, then ever slower', async () => {
    relay.unreachable = new RelayError('not_connected', 'Start it.');
    const at: number[] = [];
    const client = make({
      connect: (target) => {
        at.push(clock.monotonic());
        return relay.connect(target);
      },
    });
    client.start();
    await clock.run(120_000);
    expect(at.slice(0, 8)).toEqual([0, 125, 1250, 2375, 3500, 5500, 9500, 17500]);
    expect(at.length).toBeLessThan(16);
    expect(client.state).toMatchObject({ phase: 'waiting', trouble: { message: 'Start it.' } });
    await client.stop();
  });

  it('never tries twice within a second, however long each takes to begin', async () => {
    relay.unreachable = new RelayError('not_connected');
    const at: number[] = [];
    const client = make({
      // A disk that is slow to give the key, every other time.
      token: () => {
        if (at.length % 2 === 0) clock.skip(400);
        return token;
      },
      connect: (target) => {
        at.push(clock.monotonic());
        return relay.connect(target);
      },
    });
    client.start();
    await clock.run(60_000);
    await client.stop();
    // The first retry is quick.
    const gaps = at.slice(2).map((time, i) => time - (at[i + 1] ?? 0));
    expect(gaps.length).toBeGreaterThan(5);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1000);
  });

  it('happens after every loss, under the same name', async () => {
    const client = await connected();
    for (let i = 0; i < 3; i += 1) {
      await clock.run(11_000);
      relay.socket.hangUp(1006);
      await clock.run(200);
      expect(client.state.phase).toBe('connected');
    }
    expect(relay.hellos.map((hello) => hello.name)).toEqual(['CC-1', 'CC-1', 'CC-1', 'CC-1']);
  });

  it('keeps a suffixed name and its key: no takeover loop', async () => {
    keys.save(relayUrl(url), 'CC-1', 'k1');
    relay.welcome = { name: 'CC-1.2', key: 'k2', suffixed: true };
    const client = make();
    const changes: unknown[] = [];
    client.on('name', (change) => changes.push(change));
    client.start();
    await client.ready();
    expect(client.state).toMatchObject({ name: 'CC-1.2', wanted: 'CC-1' });
    relay.welcome = {};
    for (let i = 0; i < 3; i += 1) {
      relay.socket.hangUp(1006);
      await clock.run(5_000);
    }
    expect(relay.hellos.slice(1).map((hello) => [hello.name, hello.key])).toEqual(Array(3).fill(['CC-1.2', 'k2']));
    expect(client.state).toMatchObject({ phase: 'connected', name: 'CC-1.2', wanted: 'CC-1' });
    expect(changes).toEqual([{ was: 'CC-1', now: 'CC-1.2', why: 'suffixed' }]);
  });

  it('is hurried by somebody who waits, but never more than once a second', async () => {
    relay.unreachable = new RelayError('not_connected');
    const client = make();
    client.start();
    await clock.run(60_000);
    const before = relay.targets.length;
    for (let i = 0; i < 50; i += 1) {
      client.nudge();
      await clock.run(100);
    }
    expect(relay.targets.length - before).toBeLessThanOrEqual(6);
    expect(relay.targets.length - before).toBeGreaterThanOrEqual(3);
  });

  it.each(['unauthorized', 'name_taken', 'version_unsupported', 'forbidden_host', 'too_many_sessions'] as const)(
    'is slow after %s, and succeeds once the cause is gone',
    async (code) => {
      relay.refusing = new RelayError(code, 'Do this.');
      const client = make();
      client.start();
      await clock.run(25_000);
      expect(relay.targets).toHaveLength(1);
      expect(client.state).toMatchObject({ phase: 'refused', trouble: { code, message: 'Do this.' } });
      client.nudge();
      await clock.run(1_000);
      expect(relay.targets).toHaveLength(1);
      relay.refusing = undefined;
      await clock.run(12_000);
      expect(client.state).toMatchObject({ phase: 'connected', trouble: undefined });
    },
  );

  it('never happens after it was replaced', async () => {
    const client = await connected();
    relay.socket.push({ type: 'error', code: 'replaced', message: 'Came back elsewhere.', retry: false });
    await clock.run(600_000);
    expect(relay.sockets).toHaveLength(1);
    expect(client.state).toMatchObject({ phase: 'ended', trouble: withCode('replaced') });
    await expect(client.request('peers', {})).rejects.toEqual(withCode('replaced'));
    await expect(client.ready()).rejects.toEqual(withCode('replaced'));
    await client.stop();
  });

  it('says once that the relay’s data is another, and forgets what it had shown', async () => {
    const client = await connected();
    const gaps: unknown[] = [];
    client.on('gap', (gap) => gaps.push(gap));
    client.receipts.handed([1]);
    await settle();
    relay.welcome = { epoch: 'e2' };
    for (let i = 0; i < 2; i += 1) {
      relay.socket.hangUp(1006);
      await clock.run(3_000);
    }
    expect(gaps).toEqual([{ why: 'replaced' }]);
    relay.answers.receive = () => ({ result: { messages: [envelope(1)], more: 0 } });
    expect((await client.request('receive', {})).messages).toHaveLength(1);
  });
});

describe('a request', () => {
  it('goes through when connected', async () => {
    const client = await connected();
    expect(await client.request('peers', {})).toEqual({ verb: 'peers' });
  });

  it.each([
    ['before start', async () => make(), /claude-relay serve/],
    [
      'while connecting',
      async () => {
        const client = make({ connect: () => new Promise(() => {}) });
        client.start();
        return client;
      },
      /claude-relay serve/,
    ],
    [
      'after stop',
      async () => {
        const client = await connected();
        await client.stop();
        return client;
      },
      /goodbye/,
    ],
  ])('is refused at once %s, saying what to do', async (_, prepare, message) => {
    const client = await prepare();
    const request = client.request('peers', {});
    await expect(request).rejects.toEqual(withCode('not_connected'));
    await expect(request).rejects.toThrow(message);
  });

  it('can wait for the connection first', async () => {
    relay.unreachable = new RelayError('not_connected');
    const client = make();
    client.start();
    await clock.run(100);
    const request = client.request('peers', {}, { whenReady: 5_000 });
    relay.unreachable = undefined;
    await clock.run(3_000);
    expect(await request).toEqual({ verb: 'peers' });
  });

  it('waits no longer than it was told, and then says why', async () => {
    relay.unreachable = new RelayError('not_connected', 'Start it.');
    const client = make();
    client.start();
    const request = client.request('peers', {}, { whenReady: 5_000 });
    const failed = expect(request).rejects.toThrow('Start it.');
    await clock.run(5_000);
    await failed;
  });

  it('does not wait where waiting is no use', async () => {
    relay.refusing = new RelayError('unauthorized');
    const client = make();
    client.start();
    await settle();
    await expect(client.request('peers', {}, { whenReady: 60_000 })).rejects.toEqual(withCode('unauthorized'));
  });

  it('stops waiting when its signal aborts', async () => {
    relay.unreachable = new RelayError('not_connected');
    const client = make();
    client.start();
    const end = new AbortController();
    const request = client.request('peers', {}, { whenReady: 60_000, signal: end.signal });
    await settle();
    end.abort('enough');
    await expect(request).rejects.toBe('enough');
  });

  it('to rename changes the name everywhere: state, key, the next hello', async () => {
    relay.welcome = { key: 'k1' };
    const client = await connected();
    relay.answers.rename = () => ({ result: { name: 'Ada', was: 'CC-1' } });
    await client.request('rename', { to: 'Ada' });
    expect(client.state.name).toBe('Ada');
    relay.welcome = {};
    relay.socket.hangUp(1006);
    await clock.run(1_000);
    expect(relay.hellos.at(-1)).toMatchObject({ name: 'Ada', key: 'k1' });
  });

  it('waits for a key that cannot be read: without it the name would be another', async () => {
    keys.save(relayUrl(url), 'CC-1', 'k1');
    const load = vi.spyOn(keys, 'load').mockImplementationOnce(() => {
      throw new RelayError('not_connected', 'CC-1.json cannot be read now (EMFILE).');
    });
    const client = make();
    client.start();
    await clock.run(5_000);
    expect(relay.hellos).toMatchObject([{ name: 'CC-1', key: 'k1' }]);
    expect(load.mock.calls.length).toBeGreaterThan(1);
    await client.stop();
  });

  it('to rename, and a gap that was told, are of the relay that answered, whatever is configured by then', async () => {
    relay.welcome = { key: 'k1' };
    const configured = url;
    const client = await connected({
      url: () => {
        if (url === '') throw new RelayError('bad_request', 'device.json cannot be read.');
        return url;
      },
    });
    relay.answers.rename = () => ({ result: { name: 'Ada', was: 'CC-1' } });
    url = '';
    await client.request('rename', { to: 'Ada' });
    client.gapTold();
    expect(client.state.name).toBe('Ada');
    expect(keys.load(relayUrl(configured), 'Ada')).toBe('k1');
  });
});

describe('receiving', () => {
  it('says receipts of before first on the next connection, answered before anybody can ask', async () => {
    const client = await connected();
    relay.answers.receipt = () => 'silence';
    client.receipts.handed([1, 2]);
    await settle();
    relay.socket.hangUp(1006);
    await clock.run(200);
    expect(relay.socket.verbs()).toEqual(['receipt']);
    expect(client.state.phase).toBe('connecting');
    const request = client.request('receive', {}, { whenReady: 5_000 });
    await settle();
    expect(relay.socket.verbs()).toEqual(['receipt']);
    relay.socket.push({ type: 'answer', id: 1, result: { changed: 2 } });
    await settle();
    expect(relay.socket.verbs()).toEqual(['receipt', 'receive']);
    await request;
  });

  it('knows of mail that comes while it is being welcomed', async () => {
    const client = await connected();
    const told: number[] = [];
    client.on('mail', (unread) => told.push(unread));
    relay.answers.receipt = () => 'silence';
    client.receipts.handed([1]);
    await settle();
    relay.socket.hangUp(1006);
    await clock.run(200);
    relay.socket.push({ type: 'more', unread: 1 });
    relay.socket.push({ type: 'answer', id: 1, result: { changed: 1 } });
    await settle();
    expect([client.state.phase, client.unread, told.at(-1)]).toEqual(['connected', 1, 1]);
  });

  it('never gives a live process what it has shown: it says the receipt again and asks on', async () => {
    const client = await connected();
    client.receipts.handed([1, 2]);
    await settle();
    const pages = [
      { messages: [envelope(1, { redelivered: true }), envelope(2, { redelivered: true })], more: 2 },
      { messages: [envelope(3), envelope(4)], more: 0 },
    ];
    relay.answers.receive = () => ({ result: pages.shift() });
    expect(positions((await client.request('receive', {})).messages)).toEqual([3, 4]);
    expect(relay.socket.verbs()).toEqual(['receipt', 'receive', 'receipt', 'receive']);
  });

  it('gives what is left of a page of which some was shown', async () => {
    const client = await connected();
    client.receipts.handed([1]);
    relay.answers.receive = () => ({ result: { messages: [envelope(1), envelope(2)], more: 0 } });
    expect(positions((await client.request('receive', {})).messages)).toEqual([2]);
  });

  it('does not ask for ever when a relay gives only what was shown', async () => {
    const client = await connected();
    client.receipts.handed([1]);
    relay.answers.receive = () => ({ result: { messages: [envelope(1)], more: 1 } });
    expect((await client.request('receive', {})).messages).toEqual([]);
    expect(relay.socket.verbs().filter((verb) => verb === 'receive').length).toBeLessThan(10);
  });

  it('gives to the next receive what a given-up one had taken', async () => {
    const client = await connected();
    relay.answers.receive = () => 'silence';
    const end = new AbortController();
    const mail: number[] = [];
    client.on('mail', (unread) => mail.push(unread));
    const given = client.request('receive', { wait_seconds: 60 }, { signal: end.signal });
    await settle();
    end.abort('cancelled');
    await expect(given).rejects.toBe('cancelled');
    relay.socket.push({ type: 'answer', id: 1, result: { messages: [envelope(1), envelope(2)], more: 0 } });
    await settle();
    expect(mail).toEqual([2]);
    relay.answers.receive = () => ({ result: { messages: [envelope(3)], more: 0 } });
    expect(positions((await client.request('receive', { count: 2 })).messages)).toEqual([1, 2]);
    expect(positions((await client.request('receive', { count: 2 })).messages)).toEqual([3]);
  });

  it('leaves it to the relay when the connection of a given-up receive is gone', async () => {
    const client = await connected();
    relay.answers.receive = () => 'silence';
    await expect(client.request('receive', {}, { signal: AbortSignal.timeout(0) })).rejects.toThrow();
    await settle();
    relay.socket.push({ type: 'answer', id: 1, result: { messages: [envelope(1)], more: 0 } });
    await settle();
    relay.socket.hangUp(1006);
    await clock.run(1_000);
    // Not given again yet: it may be in other hands by now, so the old copy must not be shown.
    relay.answers.receive = () => ({ result: { messages: [], more: 0 } });
    expect((await client.request('receive', {})).messages).toEqual([]);
    relay.answers.receive = () => ({ result: { messages: [envelope(1, { redelivered: true })], more: 0 } });
    expect((await client.request('receive', {})).messages).toHaveLength(1);
  });

  it('does not show what came late a second time, when it was shown from the connection of before meanwhile', async () => {
    const client = await connected();
    relay.answers.receive = () => ({ result: { messages: [envelope(1)], more: 0 } });
    expect(positions((await client.request('receive', {})).messages)).toEqual([1]);
    relay.socket.hangUp(1006);
    await clock.run(1_000);
    relay.answers.receive = () => 'silence';
    await expect(client.request('receive', {}, { signal: AbortSignal.timeout(0) })).rejects.toThrow();
    await settle();
    const { id } = relay.socket.frames('request').at(-1) ?? {};
    relay.socket.push({ type: 'answer', id, result: { messages: [envelope(1, { redelivered: true })], more: 0 } });
    await settle();
    client.receipts.handed([1]);
    relay.answers.receive = () => ({ result: { messages: [envelope(2)], more: 0 } });
    expect(positions((await client.request('receive', { wait_seconds: 9 })).messages)).toEqual([2]);
    const asked = relay.requests.filter(({ verb }) => verb === 'receive');
    expect(asked.at(-1)?.args).toEqual({ wait_seconds: 9 });
  });

  it('is pushed: mail, envelopes not shown yet, receipts, presence', async () => {
    const client = await connected();
    const heard: unknown[] = [];
    client.on('mail', (unread) => heard.push(['mail', unread]));
    client.on('deliver', (frame) => heard.push(['deliver', positions(frame.messages)]));
    client.on('receipt', (frame) => heard.push(['receipt', frame.state]));
    client.on('presence', (frame) => heard.push(['presence', frame.event]));
    client.receipts.handed([1]);
    relay.socket.push({ type: 'more', unread: 3 });
    relay.socket.push({ type: 'deliver', messages: [envelope(1), envelope(2)], unread: 2 });
    relay.socket.push({ type: 'deliver', messages: [envelope(1)], unread: 1 });
    relay.socket.push({ type: 'receipt', id: 'm1', name: 'B', state: 'seen', at: 1 });
    relay.socket.push({ type: 'presence', event: 'lost', name: 'B', at: 1 });
    await settle();
    expect(heard).toEqual([
      ['mail', 3],
      ['deliver', [2]],
      ['receipt', 'seen'],
      ['presence', 'lost'],
    ]);
    expect(client.unread).toBe(1);
  });
});

describe('stopping', () => {
  it('says receipts, then goodbye, leaves no timer, and may be done twice', async () => {
    const client = await connected();
    client.receipts.handed([1]);
    await Promise.all([client.stop(), client.stop()]);
    await client.stop();
    expect(relay.socket.sent.map((frame) => frame.verb ?? frame.type)).toEqual(['hello', 'receipt', 'bye']);
    expect(client.state.phase).toBe('idle');
    expect(clock.pending).toBe(0);
  });

  it('does not wait for a relay that answers no receipt', async () => {
    const client = await connected();
    relay.answers.receipt = () => 'silence';
    client.receipts.handed([1]);
    const stopped = client.stop();
    await clock.run(999);
    expect(await isPending(stopped)).toBe(true);
    await clock.run(1);
    await stopped;
    expect(relay.socket.frames('bye')).toHaveLength(1);
  });

  it.each([
    ['that was never started', async () => make()],
    [
      'that waits for its next try',
      async () => {
        relay.unreachable = new RelayError('not_connected');
        const client = make();
        client.start();
        await clock.run(50);
        return client;
      },
    ],
    [
      'in the middle of hello',
      async () => {
        const client = make({
          connect: async (target) => {
            const socket = await relay.connect(target);
            relay.socket.onFrame = () => {};
            return socket;
          },
        });
        client.start();
        await settle();
        return client;
      },
    ],
    [
      'in the middle of connecting',
      async () => {
        const client = make({
          connect: ({ signal }) =>
            new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
        });
        client.start();
        await settle();
        return client;
      },
    ],
  ])('ends at once a client %s', async (_, prepare) => {
    const client = await prepare();
    await client.stop();
    expect(client.state.phase).toBe('idle');
    expect(clock.pending).toBe(0);
    await clock.run(60_000);
    expect(client.state.phase).toBe('idle');
  });

  it('closes a socket that opens only after it', async () => {
    let finish: () => void = () => {};
    const client = make({
      connect: async (target) => {
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        return relay.connect(target);
      },
    });
    client.start();
    await settle();
    const stopped = client.stop();
    finish();
    await stopped;
    expect(relay.socket.closedWith).toBe(1000);
    expect(relay.hellos).toHaveLength(0);
  });
});
