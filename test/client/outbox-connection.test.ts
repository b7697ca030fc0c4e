/** What becomes of a send, and of a receipt, whose connection ends before the answer. */
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { RelayClient } from '../../src/client/client.ts';
import { MemoryKeys } from '../../src/client/keys.ts';
import { Outbox } from '../../src/client/outbox.ts';
import { OutboxStore, type Refused } from '../../src/client/outbox-store.ts';
import { RelayError } from '../../src/protocol/codes.ts';
import { systemRandom } from '../../src/util/random.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { tempDir } from '../support/temp-dir.ts';
import { errorFrame, ScriptedRelay, type ScriptedSocket } from './scripted-relay.ts';

let clock: FakeClock;
let relay: ScriptedRelay;
let client: RelayClient;
let outbox: Outbox;
let refused: Refused[];

beforeEach(async () => {
  clock = new FakeClock();
  relay = new ScriptedRelay();
  refused = [];
  client = new RelayClient({
    url: () => 'ws://localhost:9999',
    token: () => 'secret',
    hello: { name: 'CC-1', seat: true, window: 0 },
    instance: 'i1',
    keys: new MemoryKeys(),
    clock,
    random: { bytes: (count) => new Uint8Array(count), fraction: () => 0.5 },
    connect: relay.connect,
  });
  const store = new OutboxStore({ dir: join(tempDir(), 'outbox'), owner: { pid: 1 }, isAlive: () => false });
  outbox = new Outbox({
    client,
    store,
    name: 'CC-1',
    clock,
    random: systemRandom,
    onRefused: (one) => refused.push(one),
  });
  client.start();
  await client.ready();
});

const ends: readonly [string, (socket: ScriptedSocket) => void][] = [
  ['a frame that is cut off', (socket) => socket.listener?.onText('{"type":"answer","id":')],
  ['what is no frame', (socket) => socket.listener?.onText('null')],
  ['another token', (socket) => socket.push(errorFrame(new RelayError('unauthorized')))],
  ['the end of the relay', (socket) => socket.hangUp(1001)],
  ['a broken line', (socket) => socket.hangUp(1006)],
];

describe('a connection that ends under way', () => {
  it.each(ends)('by %s keeps the send, which goes out again with its id', async (_, end) => {
    relay.answers.send = () => 'silence';
    const sent = outbox.send({ to: ['B'], body: 'x' });
    await settle();
    end(relay.socket);
    const kept = await sent;
    expect(kept).toMatchObject({ kept: true });
    expect(outbox.size).toBe(1);
    relay.answers.send = () => ({ result: { id: kept.id, position: 1, at: 1, to: [], duplicate: true } });
    await clock.run(60_000);
    const ids = relay.requests.filter(({ verb }) => verb === 'send').map(({ args }) => args);
    expect(ids).toMatchObject([{ id: kept.id }, { id: kept.id }]);
    expect([outbox.size, refused]).toEqual([0, []]);
  });

  it.each(ends)('by %s keeps the receipt, which is said again', async (_, end) => {
    relay.answers.receipt = () => 'silence';
    client.receipts.seen([5]);
    await settle();
    end(relay.socket);
    await settle();
    relay.answers.receipt = () => ({ result: { changed: 1 } });
    await clock.run(60_000);
    const said = relay.requests.filter(({ verb }) => verb === 'receipt').map(({ args }) => args);
    expect(said).toMatchObject([{ positions: [5] }, { positions: [5] }]);
    expect(client.receipts.pending).toBe(0);
  });

  it('because another verb was too large keeps the send; one that was too large itself is refused', async () => {
    relay.answers.send = relay.answers.history = () => 'silence';
    const sent = outbox.send({ to: ['B'], body: 'x' });
    const larger = client.request('history', { query: 'y'.repeat(500) }).catch((error: RelayError) => error.code);
    await settle();
    relay.socket.hangUp(1009);
    expect([await larger, await sent]).toMatchObject(['frame_too_large', { kept: true }]);
    await clock.run(60_000);
    relay.socket.hangUp(1009);
    await settle();
    expect([outbox.size, refused]).toMatchObject([0, [{ code: 'frame_too_large' }]]);
  });
});
