/** The client against the real relay, over pairs in memory: no ports, time by hand. */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ClientOptions, RelayClient } from '../../src/client/client.ts';
import { FileKeys } from '../../src/client/keys.ts';
import { Outbox } from '../../src/client/outbox.ts';
import { OutboxStore } from '../../src/client/outbox-store.ts';
import { openMemoryJournal } from '../../src/journal/open.ts';
import { RelayError } from '../../src/protocol/codes.ts';
import type { Envelope } from '../../src/protocol/envelope.ts';
import type { ReceiptsResult } from '../../src/protocol/verbs.ts';
import { silentLog } from '../../src/relay/log.ts';
import { Relay } from '../../src/relay/relay.ts';
import { MemorySocket } from '../../src/transports/memory.ts';
import { instanceId, systemRandom } from '../../src/util/random.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { tempDir } from '../support/temp-dir.ts';

let clock: FakeClock;
let home: string;
let relay: Relay | undefined;
let clients: RelayClient[];
/** Both ends of every connection that a client made, ours first. */
let sockets: Map<RelayClient, [MemorySocket, MemorySocket][]>;

async function startRelay(): Promise<Relay> {
  const journal = await openMemoryJournal();
  relay = new Relay({ journal, clock, random: systemRandom, log: silentLog, version: '0.0.0' });
  return relay;
}

/** A client of one process: its keys are on the disk that all processes share. */
function make(name: string, extra: Partial<ClientOptions> = {}): RelayClient {
  const mine: [MemorySocket, MemorySocket][] = [];
  const client = new RelayClient({
    url: () => 'ws://localhost:9999',
    token: () => 'token',
    hello: { name, seat: true, window: 0, receipts: true, about: { kind: 'agent' } },
    instance: instanceId(systemRandom),
    keys: new FileKeys(join(home, 'keys')),
    clock,
    random: systemRandom,
    connect: async () => {
      if (!relay) throw new RelayError('not_connected', 'Start it.');
      const [ours, theirs] = MemorySocket.pair();
      mine.push([ours, theirs]);
      relay.connect(theirs);
      return ours;
    },
    ...extra,
  });
  clients.push(client);
  sockets.set(client, mine);
  return client;
}

async function connected(name: string, extra: Partial<ClientOptions> = {}): Promise<RelayClient> {
  const client = make(name, extra);
  client.start();
  const ready = client.ready();
  await clock.run(5_000);
  await ready;
  return client;
}

const pairOf = (client: RelayClient) => sockets.get(client)?.at(-1) ?? expect.unreachable();
const socketOf = (client: RelayClient): MemorySocket => pairOf(client)[0];
const bodies = (messages: readonly Envelope[]) => messages.map((message) => message.body);

async function cut(client: RelayClient): Promise<void> {
  socketOf(client).terminate();
  await clock.run(5_000);
}

async function stateOf(client: RelayClient, id: string): Promise<string | undefined> {
  const result = (await client.request('receipts', { id })) as ReceiptsResult;
  return result.recipients[0]?.state;
}

beforeEach(async () => {
  clock = new FakeClock();
  home = tempDir();
  clients = [];
  sockets = new Map();
  await startRelay();
});

afterEach(async () => {
  await Promise.all(clients.map((client) => client.stop()));
  await relay?.stop();
  relay = undefined;
});

describe('a name', () => {
  it('is granted with a key, and comes back to the next process of this machine', async () => {
    const first = await connected('CC-1');
    expect(first.state).toMatchObject({ phase: 'connected', name: 'CC-1', wanted: undefined });
    await first.stop();
    await settle();
    expect((await connected('CC-1')).state.name).toBe('CC-1');
  });

  it('that a live session holds is given with a number, and both stay what they are', async () => {
    const first = await connected('CC-1');
    const second = await connected('CC-1');
    expect(second.state).toMatchObject({ name: 'CC-1.2', wanted: 'CC-1' });
    for (let i = 0; i < 3; i += 1) {
      await cut(first);
      await cut(second);
    }
    expect(first.state).toMatchObject({ phase: 'connected', name: 'CC-1' });
    expect(second.state).toMatchObject({ phase: 'connected', name: 'CC-1.2', wanted: 'CC-1' });
    const { sessions } = await first.request('sessions', {});
    expect(sessions.map((session) => session.name).sort()).toEqual(['CC-1', 'CC-1.2']);
  });

  it('of somebody whose key we do not have is not given', async () => {
    await (await connected('CC-1')).stop();
    const stranger = await connected('CC-1', { keys: new FileKeys(join(home, 'other-keys')) });
    expect(stranger.state).toMatchObject({ name: 'CC-1.2', wanted: 'CC-1' });
  });

  it('is taken over from a holder that is dead and does not answer', async () => {
    const frozen = await connected('CC-1');
    socketOf(frozen).frozen = true;
    const next = await connected('CC-1');
    expect(next.state).toMatchObject({ phase: 'connected', name: 'CC-1' });
  });

  it('is reseated at once for the same process, though its old connection is still open', async () => {
    const client = await connected('CC-1');
    const [old, theirs] = pairOf(client);
    theirs.frozen = true; // we hear nothing of the relay any more, and it does not hear that we hang up
    await clock.run(22_000);
    expect(theirs.closed).toBe(true);
    expect(client.state).toMatchObject({ phase: 'connected', name: 'CC-1' });
    expect(socketOf(client)).not.toBe(old);
    await clock.run(60_000);
    expect(client.state.phase).toBe('connected');
  });

  it('changed by its holder brings inbox and key along', async () => {
    const client = await connected('CC-1');
    const other = await connected('CC-2');
    await other.request('send', { to: ['CC-1'], body: 'before' });
    await client.request('rename', { to: 'Ada' });
    await cut(client);
    expect(client.state).toMatchObject({ phase: 'connected', name: 'Ada', wanted: undefined });
    expect(bodies((await client.request('receive', {})).messages)).toEqual(['before']);
  });
});

describe('mail', () => {
  it('wakes the receiver and goes up the ladder to seen', async () => {
    const a = await connected('CC-1');
    const b = await connected('CC-2');
    const woken: number[] = [];
    b.on('mail', (unread) => woken.push(unread));
    const { id } = await a.request('send', { to: ['CC-2'], body: 'hello' });
    await settle();
    expect(woken).toEqual([1]);
    const { messages } = await b.request('receive', {});
    expect(bodies(messages)).toEqual(['hello']);
    expect(await stateOf(a, id)).toBe('stored');
    b.receipts.handed(messages.map((message) => message.position));
    await settle();
    expect(await stateOf(a, id)).toBe('handed');
    b.receipts.seen(messages.map((message) => message.position));
    await settle();
    expect(await stateOf(a, id)).toBe('seen');
  });

  it('that was taken and shown, its receipt lost with the connection, is never given to this process again', async () => {
    const a = await connected('CC-1');
    const b = await connected('CC-2');
    for (const body of ['one', 'two', 'three']) await a.request('send', { to: ['CC-2'], body });
    const { messages } = await b.request('receive', { count: 2 });
    socketOf(b).terminate();
    b.receipts.handed(messages.map((message) => message.position));
    await clock.run(5_000);
    expect(b.state.phase).toBe('connected');
    const rest = await b.request('receive', {});
    expect(bodies(rest.messages)).toEqual(['three']);
    expect(b.receipts.pending).toBe(0);
  });

  it('that was taken and not shown when the process died is given to the next, marked', async () => {
    const a = await connected('CC-1');
    const b = await connected('CC-2');
    await a.request('send', { to: ['CC-2'], body: 'one' });
    await b.request('receive', {});
    await b.stop();
    const next = await connected('CC-2');
    expect((await next.request('receive', {})).messages).toMatchObject([{ body: 'one', redelivered: true }]);
  });

  it('taken by a wait that was given up is in the next answer, once', async () => {
    const a = await connected('CC-1');
    const b = await connected('CC-2');
    const end = new AbortController();
    const waiting = b.request('receive', { wait_seconds: 60 }, { signal: end.signal });
    const cancelled = expect(waiting).rejects.toBe('cancelled');
    await settle();
    end.abort('cancelled');
    await cancelled;
    await a.request('send', { to: ['CC-2'], body: 'one' });
    await a.request('send', { to: ['CC-2'], body: 'two' });
    await settle();
    expect(bodies((await b.request('receive', {})).messages)).toEqual(['one', 'two']);
    expect(bodies((await b.request('receive', {})).messages)).toEqual([]);
  });

  it('of twenty-five unread comes ten at a time, all, in order, once, with connections lost in between', async () => {
    const a = await connected('CC-1');
    const b = await connected('CC-2');
    const sent = Array.from({ length: 25 }, (_, i) => `n${i}`);
    for (const body of sent) await a.request('send', { to: ['CC-2'], body });
    const shown: string[] = [];
    while (shown.length < 25) {
      const { messages } = await b.request('receive', { count: 10 });
      expect(messages.length).toBeGreaterThan(0);
      shown.push(...bodies(messages));
      b.receipts.handed(messages.map((message) => message.position));
      await cut(b);
    }
    expect(shown).toEqual(sent);
    expect((await b.request('receive', {})).messages).toEqual([]);
  });
});

describe('a relay that goes and comes', () => {
  it('with new data is a gap that is said, and the session goes on under its name', async () => {
    const client = await connected('CC-1');
    const gaps: unknown[] = [];
    client.on('gap', (gap) => gaps.push(gap));
    await relay?.stop();
    relay = undefined;
    await clock.run(3_000);
    expect(client.state).toMatchObject({ phase: 'waiting', trouble: { message: 'Start it.' } });
    await startRelay();
    await clock.run(10_000);
    expect(client.state).toMatchObject({ phase: 'connected', name: 'CC-1' });
    expect(gaps).toHaveLength(1);
  });

  it('finds all of fifty clients again within five seconds, none of which hurried', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, (_, i) => make(`CC-${i + 1}`)));
    for (const client of all) client.start();
    await clock.run(15_000);
    await relay?.stop();
    relay = undefined;
    await clock.run(2_000);
    await startRelay();
    await clock.run(5_000);
    expect(all.filter((client) => client.state.phase !== 'connected')).toEqual([]);
    for (const client of all) expect(sockets.get(client)?.length).toBeLessThanOrEqual(4);
  });
});

describe('the outbox', () => {
  const open = (client: RelayClient, name: string, pid: number) =>
    new Outbox({
      client,
      name,
      clock,
      random: systemRandom,
      store: new OutboxStore({ dir: join(home, 'outbox'), owner: { pid }, isAlive: () => false }),
    });

  it('delivers what was kept while the relay was away, once, in order, with its first ids', async () => {
    const reader = await connected('CC-2');
    const away = relay;
    relay = undefined;
    const client = make('CC-1');
    const outbox = open(client, 'CC-1', 1);
    const kept = ['a', 'b', 'c'].map((body) => outbox.send({ to: ['CC-2'], body }));
    clock.advance(0);
    const ids = (await Promise.all(kept)).map((each) => each.id);
    client.start();
    await clock.run(1_000);
    relay = away;
    await clock.run(10_000);
    const { messages } = await reader.request('receive', {});
    expect(messages.map((message) => [message.body, message.id, message.from])).toEqual(
      ['a', 'b', 'c'].map((body, i) => [body, ids[i], 'CC-1']),
    );
    expect(outbox.size).toBe(0);
  });

  it('stores once what was answered into a connection that was gone', async () => {
    const reader = await connected('CC-2');
    const client = await connected('CC-1');
    const outbox = open(client, 'CC-1', 1);
    const sent = outbox.send({ to: ['CC-2'], body: 'once' });
    await Promise.resolve();
    socketOf(client).frozen = true; // the relay hears it, its answer never arrives
    await settle();
    await cut(client);
    await sent;
    expect(outbox.size).toBe(0);
    expect(bodies((await reader.request('receive', {})).messages)).toEqual(['once']);
    const { messages } = await reader.request('history', { with: 'CC-1' });
    expect(messages).toHaveLength(1);
  });

  it('sends what a dead process left, under its name and never under a numbered one', async () => {
    const reader = await connected('CC-2');
    const holder = await connected('CC-1');
    const dead = new OutboxStore({ dir: join(home, 'outbox'), owner: { pid: 99 } });
    dead.add('CC-1', { seq: 1, id: 'left', at: 1, draft: { id: 'left', to: ['CC-2'], body: 'left behind' } });
    const second = make('CC-1');
    const numbered = open(second, 'CC-1', 2);
    const own = numbered.send({ to: ['CC-2'], body: 'mine' });
    clock.advance(0);
    await own;
    second.start();
    await clock.run(5_000);
    expect(second.state.name).toBe('CC-1.2');
    const first = await reader.request('receive', { receipt: 'handed' });
    expect(first.messages.map((message) => [message.from, message.body])).toEqual([['CC-1.2', 'mine']]);
    open(holder, 'CC-1', 1);
    await cut(holder);
    const then = await reader.request('receive', {});
    expect(then.messages.map((message) => [message.from, message.id])).toEqual([['CC-1', 'left']]);
  });

  it('tells a refusal to its caller', async () => {
    const client = await connected('CC-1');
    const outbox = open(client, 'CC-1', 1);
    const sent = outbox.send({ to: ['Nobody'], body: 'x' });
    await expect(sent).rejects.toEqual(expect.objectContaining({ code: 'unknown_recipient' }));
    expect(outbox.size).toBe(0);
  });
});
