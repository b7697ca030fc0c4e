import { afterEach, describe, expect, it, vi } from 'vitest';
import { RelayError } from '../../src/protocol/codes.ts';
import { openRelay, Peer, settle } from '../support/relay.ts';
import { crash } from './kit.ts';

/** A has written to B, which has taken it. */
async function taken() {
  const { relay, journal, clock } = await openRelay();
  const a = await Peer.open(relay, { name: 'A', receipts: true });
  const b = await Peer.open(relay, { name: 'B' });
  const { position } = await a.ask('send', { to: ['B'], body: 'one' });
  await b.ask('receive', {});
  const remarks = () =>
    a.all('receipt').flatMap(({ name, state, unseen }) => (unseen ? [{ name, state, unseen }] : []));
  return { relay, journal, clock, a, b, position, remarks, key: b.welcome.key as string };
}

/** A has written to B, which was handed it. */
async function handed() {
  const all = await taken();
  await all.b.ask('receipt', { state: 'handed', positions: [all.position] });
  await settle();
  return all;
}

/** As `handed`, and B goes before that is written. */
async function handedWhileGoing() {
  const { journal, ...all } = await taken();
  const post = journal.post.bind(journal);
  let write = () => {};
  const written = new Promise<void>((resolve) => (write = resolve));
  vi.spyOn(journal, 'post').mockImplementation((command) =>
    command.type === 'receipt' ? written.then(() => post(command)) : post(command),
  );
  all.b.say({ type: 'request', id: 9, verb: 'receipt', args: { state: 'handed', positions: [all.position] } });
  await settle();
  await crash(all.b);
  write();
  await settle();
  return all;
}

afterEach(() => vi.restoreAllMocks());

describe('what was handed and not seen', () => {
  it('is told to its sender when the session goes and does not come back', async () => {
    const { clock, a, b, remarks } = await handed();
    await crash(b);
    await clock.run(14_999);
    expect(remarks()).toEqual([]);
    await clock.run(20);
    expect(remarks()).toEqual([
      { name: 'B', state: 'handed', unseen: 'B went away before there was a sign that it was read' },
    ]);
    const { sends } = (await a.ask('receipts', {})) as { sends: readonly { unseen?: unknown }[] };
    expect(sends[0]?.unseen).toEqual([{ name: 'B', reason: 'B went away before there was a sign that it was read' }]);
  });

  it('is told to nobody when the disk cannot be read then, and that ends nothing', async () => {
    const { journal, clock, a, b, remarks } = await handed();
    await crash(b);
    vi.spyOn(journal.state.store.roster, 'nameOf').mockImplementation(() => {
      throw new RelayError('storage_failed');
    });
    await clock.run(15_020);
    vi.restoreAllMocks();
    expect(remarks()).toEqual([]);
    expect(await a.ask('status', {})).toMatchObject({ here: 1 });
  });

  it('is told also after a goodbye', async () => {
    const { clock, b, remarks } = await handed();
    b.say({ type: 'bye' });
    await clock.run(15_020);
    expect(remarks()).toHaveLength(1);
  });

  it('is told also when the session went before that it was handed was written', async () => {
    const { clock, remarks } = await handedWhileGoing();
    await clock.run(15_020);
    expect(remarks()).toHaveLength(1);
  });

  it('is no news when such a session is back in time', async () => {
    const { relay, clock, key, remarks } = await handedWhileGoing();
    await Peer.open(relay, { name: 'B', key });
    await clock.run(60_000);
    expect(remarks()).toEqual([]);
  });

  it('is nothing to remember of who was never here, only looked on', async () => {
    const { relay, clock, a, remarks } = await handed();
    await crash(await Peer.open(relay, { name: 'SCRIPT', seat: false }));
    const { position } = await a.ask('send', { to: ['SCRIPT'], body: 'two' });
    await relay.perform('receive', { receipt: 'handed' }, { name: 'SCRIPT' });
    expect(position).toBe(2);
    await clock.run(60_000);
    expect(remarks()).toEqual([]);
  });

  it('is no news when the session is back in time', async () => {
    const { relay, clock, b, key, remarks } = await handed();
    await crash(b);
    await clock.run(10_000);
    await Peer.open(relay, { name: 'B', key });
    await clock.run(60_000);
    expect(remarks()).toEqual([]);
  });

  it('is told of a second going, although the first was made good', async () => {
    const { relay, clock, b, key, remarks } = await handed();
    await crash(b);
    await clock.run(10_000);
    const again = await Peer.open(relay, { name: 'B', key });
    await crash(again);
    await clock.run(15_020);
    expect(remarks()).toHaveLength(1);
  });

  it.each(['seen', 'refused'] as const)('is over when it was %s', async (state) => {
    const { clock, b, position, remarks } = await handed();
    await b.ask('receipt', { state, positions: [position] });
    await crash(b);
    await clock.run(60_000);
    expect(remarks()).toEqual([]);
  });

  it('is remarked on by the recipient itself, without moving it', async () => {
    const { a, b, position, remarks } = await handed();
    expect(await b.ask('receipt', { state: 'unseen', positions: [position], reason: 'in a tool' })).toEqual({
      changed: 1,
    });
    expect(remarks()).toEqual([{ name: 'B', state: 'handed', unseen: 'in a tool' }]);
    await b.ask('receipt', { state: 'seen', positions: [position] });
    expect(a.all('receipt').map(({ state }) => state)).toEqual(['handed', 'handed', 'seen']);
  });

  it('stays given out when it is remarked on before it was handed', async () => {
    const { relay } = await openRelay();
    const a = await Peer.open(relay, { name: 'A' });
    const b = await Peer.open(relay, { name: 'B' });
    const { position } = await a.ask('send', { to: ['B'], body: 'one' });
    await b.ask('receive', {});
    await b.ask('receipt', { state: 'unseen', positions: [position], reason: 'in a tool' });
    expect((await b.ask('receive', {})).messages).toEqual([]);
    expect((await b.ask('inbox', {})).unread).toBe(1);
  });

  it.each(['before', 'with'] as const)('leaves no timer behind when the session went %s the relay', async (when) => {
    const { relay, clock, b } = await handed();
    if (when === 'before') await crash(b);
    await relay.stop();
    expect(clock.pending).toBe(0);
  });
});
