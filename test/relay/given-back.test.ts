/** What was taken and never got there: the disk failed on the way, or whoever took it has gone. Nobody waits in vain for it. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Journal } from '../../src/journal/journal.ts';
import { LocalJournal } from '../../src/journal/local.ts';
import { RelayError } from '../../src/protocol/codes.ts';
import type { ReceiveResult } from '../../src/protocol/verbs.ts';
import { silentLog } from '../../src/relay/log.ts';
import { Relay } from '../../src/relay/relay.ts';
import type { Command } from '../../src/state/command.ts';
import { State } from '../../src/state/state.ts';
import { systemRandom } from '../../src/util/random.ts';
import { emptyDatabase } from '../state/world.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { openRelay, Peer, settle } from '../support/relay.ts';
import { backlog, bodies, codeOf, crash, delivered, here } from './kit.ts';

afterEach(() => vi.restoreAllMocks());

/** The envelope at that position cannot be read by whoever gives it out, until `mend`. */
function unreadable(journal: Journal, position: number) {
  const { tail } = journal.state.store;
  const row = tail.row.bind(tail);
  vi.spyOn(tail, 'row').mockImplementation((at) => {
    if (at === position && new Error().stack?.includes('#load')) throw new RelayError('storage_failed');
    return row(at);
  });
  return { mend: () => vi.restoreAllMocks() };
}

/** Sessions cannot be read where that function asks, until `mend`. */
function unreadableIn(journal: Journal, asker: string) {
  const { roster } = journal.state.store;
  const session = roster.session.bind(roster);
  vi.spyOn(roster, 'session').mockImplementation((id) => {
    if (new Error().stack?.includes(asker)) throw new RelayError('storage_failed');
    return session(id);
  });
  return { mend: () => vi.restoreAllMocks() };
}

/** The next command of that type is not written. */
function unwritten(journal: Journal, how: 'submit' | 'post', type: Command['type'], before: () => void = () => {}) {
  const real = journal[how].bind(journal);
  let isOver = false;
  vi.spyOn(journal, how).mockImplementation((command) => {
    if (isOver || command.type !== type) return real(command);
    isOver = true;
    before();
    return Promise.reject(new RelayError('storage_full'));
  });
}

describe('a disk that cannot be read for a moment', () => {
  it('costs who asks an error, and nothing of its mail', async () => {
    const { relay, journal } = await openRelay();
    const reader = await Peer.open(relay, { name: 'B', window: 0 });
    await backlog(relay, 'B', 3);
    const disk = unreadable(journal, 2);
    expect(await codeOf(reader.ask('receive', { count: 3 }))).toBe('storage_failed');
    disk.mend();
    const { messages } = await reader.ask('receive', { count: 3 });
    expect(messages.map(({ body, redelivered }) => [body, redelivered])).toEqual([
      ['n1', undefined],
      ['n2', undefined],
      ['n3', undefined],
    ]);
  });

  it('is no try, when what is left cannot be counted', async () => {
    const { relay, journal } = await openRelay();
    const reader = await Peer.open(relay, { name: 'B', window: 0 });
    await backlog(relay, 'B', 1);
    const disk = unreadableIn(journal, 'remaining');
    expect(await codeOf(reader.ask('receive', {}))).toBe('storage_failed');
    disk.mend();
    const { messages } = await reader.ask('receive', {});
    expect(messages.map(({ body, redelivered }) => [body, redelivered])).toEqual([['n1', undefined]]);
  });

  it('keeps no answer back because nobody can look when its caller was here last', async () => {
    const { relay, journal, clock } = await openRelay();
    await relay.perform('status', {}, { name: 'B' });
    await backlog(relay, 'B', 1);
    const ask = async () => bodies(((await relay.perform('receive', {}, { name: 'B' })) as ReceiveResult).messages);
    const disk = unreadableIn(journal, '#noteSeen');
    expect(await ask()).toEqual(['n1']);
    disk.mend();
    await clock.run(60_000);
    expect(await ask()).toEqual(['n1']);
  });

  it('costs who gets its mail pushed a second, and nothing of it', async () => {
    const { relay, journal, clock } = await openRelay();
    const first = await Peer.open(relay, { name: 'B' });
    await crash(first);
    await backlog(relay, 'B', 3);
    const disk = unreadable(journal, 2);
    const reader = await Peer.open(relay, { name: 'B', window: 10, ...keyOf(first) });
    await settle();
    disk.mend();
    await clock.run(1_000);
    expect(bodies(delivered(reader))).toEqual(['n1', 'n2', 'n3']);
  });

  it('gives nothing twice when what had nothing to do was forgotten meanwhile', async () => {
    const { relay, journal, clock } = await openRelay();
    await clock.run(500);
    const first = await Peer.open(relay, { name: 'B' });
    await crash(first);
    await backlog(relay, 'B', 1);
    const disk = unreadable(journal, 1);
    const reader = await Peer.open(relay, { name: 'B', window: 10, ...keyOf(first) });
    await settle();
    disk.mend();
    await clock.run(3_000);
    await backlog(relay, 'B', 1);
    await settle();
    expect(delivered(reader).map(({ redelivered }) => redelivered)).toEqual([undefined, undefined]);
  });

  it('is told to who waits, and not to who goes, which is gone then', async () => {
    const { relay, journal } = await openRelay();
    const reader = await Peer.open(relay, { name: 'B', window: 5 });
    await backlog(relay, 'B', 1);
    await settle();
    const looker = await Peer.open(relay, { name: 'B', window: 0, seat: false, ...keyOf(reader) });
    const waited = codeOf(looker.ask('receive', { wait_seconds: 100 }));
    await settle();
    const disk = unreadable(journal, 1);
    await crash(reader);
    expect(await waited).toBe('storage_failed');
    disk.mend();
    expect(await here(relay)).toEqual([]);
    expect(bodies((await looker.ask('receive', {})).messages)).toEqual(['n1']);
  });
});

describe('a disk that does not take it', () => {
  it('gives the mail to another who waits', async () => {
    const { relay, journal } = await openRelay();
    const reader = await Peer.open(relay, { name: 'B', window: 0 });
    const both = [1, 2].map(() => reader.ask('receive', { wait_seconds: 200 }));
    const codes = both.map((asked) => codeOf(asked));
    await settle();
    unwritten(journal, 'submit', 'claim');
    await backlog(relay, 'B', 1);
    expect(await Promise.race(codes)).toBe('storage_full');
    expect(bodies((await Promise.any(both)).messages)).toEqual(['n1']);
  });

  it('gives the mail again whose receipt it did not take with the taking, to the same connection', async () => {
    const { relay, journal } = await openRelay();
    const reader = await Peer.open(relay, { name: 'B', window: 0 });
    await backlog(relay, 'B', 1);
    unwritten(journal, 'post', 'receipt');
    expect(await codeOf(reader.ask('receive', { receipt: 'handed' }))).toBe('storage_full');
    expect(bodies((await reader.ask('receive', { receipt: 'handed' })).messages)).toEqual(['n1']);
  });

  it('gives mail whose receipt it did not take to another who waits', async () => {
    const { relay, journal } = await openRelay();
    const reader = await Peer.open(relay, { name: 'B', window: 0 });
    await backlog(relay, 'B', 1);
    let waiting: Promise<ReceiveResult> | undefined;
    unwritten(journal, 'post', 'receipt', () => (waiting = reader.ask('receive', { wait_seconds: 200 })));
    expect(await codeOf(reader.ask('receive', { receipt: 'handed' }))).toBe('storage_full');
    expect(bodies((await waiting)?.messages ?? [])).toEqual(['n1']);
  });

  it('gives mail again whose receipt it did not take, to who came since', async () => {
    const { relay, journal } = await openRelay();
    const reader = await Peer.open(relay, { name: 'B', window: 5 });
    await backlog(relay, 'B', 1);
    await settle();
    let fail = (_: unknown) => {};
    const post = journal.post.bind(journal);
    vi.spyOn(journal, 'post').mockImplementation((command) =>
      command.type === 'receipt' ? new Promise((_, reject) => (fail = reject)) : post(command),
    );
    const positions = delivered(reader).map(({ position }) => position);
    reader.say({ type: 'request', id: 9, verb: 'receipt', args: { state: 'handed', positions } });
    await settle();
    await crash(reader);
    const later = await Peer.open(relay, { name: 'B', window: 5, ...keyOf(reader) });
    await settle();
    expect(delivered(later)).toEqual([]);
    fail(new RelayError('storage_full'));
    await settle();
    expect(delivered(later)).toMatchObject([{ body: 'n1', redelivered: true }]);
  });

  it('keeps no window shut: a receipt that was there already is one', async () => {
    const { clock, disk, relay } = await shaky();
    const reader = await Peer.open(relay, { name: 'B', window: 1 });
    await backlog(relay, 'B', 2);
    await settle();
    const positions = delivered(reader).map(({ position }) => position);
    disk.isStuck = true;
    const refused = codeOf(reader.ask('receipt', { state: 'seen', positions }));
    await clock.run(10);
    expect(await refused).toBe('storage_failed');
    disk.isStuck = false;
    await clock.run(5_000);
    const again = reader.ask('receipt', { state: 'seen', positions });
    await clock.run(10);
    expect(await again).toEqual({ changed: 0 });
    await settle();
    expect(bodies(delivered(reader))).toEqual(['n1', 'n2']);
  });
});

describe('mail that is called read with the taking', () => {
  it('is not, when who took it is gone before it got it', async () => {
    const { relay, journal } = await openRelay();
    const reader = await Peer.open(relay, { name: 'B', window: 0 });
    await backlog(relay, 'B', 1);
    const submit = journal.submit.bind(journal);
    vi.spyOn(journal, 'submit').mockImplementation((command) => {
      if (command.type === 'claim') reader.socket.terminate();
      return submit(command);
    });
    reader.say({ type: 'request', id: 1, verb: 'receive', args: { receipt: 'seen' } });
    await settle();
    const { messages } = (await relay.perform('receive', {}, { name: 'B', ...keyOf(reader) })) as ReceiveResult;
    expect(bodies(messages)).toEqual(['n1']);
  });
});

const keyOf = ({ welcome }: Awaited<ReturnType<typeof Peer.open>>) =>
  welcome.key === undefined ? {} : { key: welcome.key };

/** A relay whose commits may reach the tables and not the disk. */
async function shaky() {
  const clock = new FakeClock();
  const disk = { isStuck: false };
  const sync = () => {
    if (disk.isStuck) throw new Error('EIO');
  };
  const database = emptyDatabase();
  const open = () => ({
    exec: (sql: string) => database.exec(sql),
    prepare: (sql: string) => database.prepare(sql),
    close: () => {},
  });
  const log = { sync, forgot: () => {}, close: async () => {} };
  const journal = new LocalJournal(new State(open()), clock, { log, reopen: open });
  await journal.submit({ type: 'found', epoch: 'e' });
  return { clock, disk, relay: new Relay({ journal, clock, random: systemRandom, log: silentLog, version: '0.0.0' }) };
}
