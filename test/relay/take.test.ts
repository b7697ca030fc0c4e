import { describe, expect, it } from 'vitest';
import { RelayError } from '../../src/protocol/codes.ts';
import { LIMITS } from '../../src/protocol/limits.ts';
import type { ReceiveResult } from '../../src/protocol/verbs.ts';
import { silentLog } from '../../src/relay/log.ts';
import { Relay } from '../../src/relay/relay.ts';
import { systemRandom } from '../../src/util/random.ts';
import { openRelay, Peer, settle } from '../support/relay.ts';
import { backlog, bodies, codeOf, crash, delivered, enter, positions, upTo } from './kit.ts';

const take = async (relay: Relay, name: string, args: object = {}) =>
  (await relay.perform('receive', args, { name })) as ReceiveResult;

describe('a claim', () => {
  it('is one taker’s: two connections and two HTTP takers of one name share nothing', async () => {
    const { relay } = await openRelay();
    const holder = await Peer.open(relay, { name: 'B' });
    const key = holder.welcome.key ?? '';
    const aside = await Peer.open(relay, { name: 'B', key, seat: false });
    await backlog(relay, 'B', 40);
    const as = { name: 'B', key };
    const pages = await Promise.all([
      holder.ask('receive', { count: 10 }),
      aside.ask('receive', { count: 10 }),
      relay.perform('receive', { count: 10 }, as) as Promise<ReceiveResult>,
      relay.perform('receive', { count: 10 }, as) as Promise<ReceiveResult>,
    ]);
    const all = pages.flatMap((page) => bodies(page.messages));
    expect(all).toHaveLength(40);
    expect(new Set(all)).toEqual(new Set(upTo(40)));
  });

  it('is its taker’s until a receipt: asking again gives the next ones, not the same', async () => {
    const { relay } = await openRelay();
    const b = await Peer.open(relay, { name: 'B' });
    await backlog(relay, 'B', 5);
    expect(bodies((await b.ask('receive', { count: 2 })).messages)).toEqual(['n1', 'n2']);
    expect(bodies((await b.ask('receive', { count: 2 })).messages)).toEqual(['n3', 'n4']);
    expect(await b.ask('status', {})).toMatchObject({ unread: 5 });
  });

  it('of an HTTP taker runs out a minute after the answer', async () => {
    const { relay, clock } = await openRelay();
    await relay.perform('status', {}, { name: 'B' });
    await backlog(relay, 'B', 1);
    expect((await take(relay, 'B')).messages).toMatchObject([{ body: 'n1' }]);
    await clock.run(59_999);
    expect((await take(relay, 'B')).messages).toEqual([]);
    await clock.run(1);
    expect((await take(relay, 'B')).messages).toMatchObject([{ body: 'n1', redelivered: true }]);
  });

  it('of an HTTP taker that waited longer than a minute also lasts a minute from the answer on', async () => {
    const { relay, clock } = await openRelay();
    await relay.perform('status', {}, { name: 'B' });
    const waiting = take(relay, 'B', { wait_seconds: 300 });
    await clock.run(100_000);
    await backlog(relay, 'B', 1);
    expect((await waiting).messages).toMatchObject([{ body: 'n1' }]);
    await clock.run(59_999);
    expect((await take(relay, 'B')).messages).toEqual([]);
    await clock.run(1);
    expect((await take(relay, 'B')).messages).toMatchObject([{ redelivered: true }]);
  });

  it('is ended by a receipt over HTTP, so that nothing comes again', async () => {
    const { relay, clock } = await openRelay();
    await relay.perform('status', {}, { name: 'B' });
    await backlog(relay, 'B', 2);
    const { messages } = await take(relay, 'B');
    await relay.perform('receipt', { state: 'seen', positions: positions(messages) }, { name: 'B' });
    await clock.run(120_000);
    expect(await take(relay, 'B')).toEqual({ messages: [], more: 0 });
    expect(clock.pending).toBe(3);
  });

  it('that runs out wakes whoever waits', async () => {
    const { relay, clock } = await openRelay();
    await relay.perform('status', {}, { name: 'B' });
    await backlog(relay, 'B', 1);
    await take(relay, 'B');
    const waiting = take(relay, 'B', { wait_seconds: 200 });
    await clock.run(60_000);
    expect((await waiting).messages).toMatchObject([{ body: 'n1', redelivered: true }]);
  });

  it('of a connection ends with it, and whoever waits elsewhere is given the mail', async () => {
    const { relay } = await openRelay();
    const b = await Peer.open(relay, { name: 'B' });
    const aside = await Peer.open(relay, { name: 'B', key: b.welcome.key ?? '', seat: false });
    await backlog(relay, 'B', 1);
    await b.ask('receive', {});
    const waiting = aside.ask('receive', { wait_seconds: 60 });
    await settle();
    b.socket.terminate();
    expect((await waiting).messages).toMatchObject([{ body: 'n1', redelivered: true }]);
  });

  it('is not given again while the receipt that its taker sent last is being written', async () => {
    const { relay, journal, clock } = await openRelay();
    const b = await Peer.open(relay, { name: 'B' });
    await backlog(relay, 'B', 2);
    const { messages } = await b.ask('receive', {});
    // A journal that lets posts ride along, as the one on disk does.
    let write: () => void = () => undefined;
    const written = new Promise<void>((resolve) => {
      write = resolve;
    });
    const post = journal.post.bind(journal);
    journal.post = async (command) => {
      if (command.type === 'receipt') await written;
      return post(command);
    };
    b.say({
      type: 'request',
      id: 77,
      verb: 'receipt',
      args: { state: 'handed', positions: positions(messages).slice(0, 1) },
    });
    await settle();
    await crash(b);
    const again = await enter(relay, clock, { name: 'B', key: b.welcome.key ?? '' });
    expect(await again.ask('receive', {})).toMatchObject({ messages: [{ body: 'n2', redelivered: true }], more: 0 });
    write();
    await settle();
    expect(await again.ask('receive', {})).toEqual({ messages: [], more: 0 });
    expect(await again.ask('status', {})).toMatchObject({ unread: 1 });
  });

  it('comes again when the receipt that its taker sent last could not be written', async () => {
    const { relay, journal, clock } = await openRelay();
    const b = await Peer.open(relay, { name: 'B' });
    await backlog(relay, 'B', 1);
    const { messages } = await b.ask('receive', {});
    const { post } = journal;
    journal.post = () => Promise.reject(new Error('disk'));
    expect(await codeOf(b.ask('receipt', { state: 'handed', positions: positions(messages) }))).toBe('internal');
    journal.post = post;
    await crash(b);
    const again = await enter(relay, clock, { name: 'B', key: b.welcome.key ?? '' });
    expect((await again.ask('receive', {})).messages).toMatchObject([{ body: 'n1', redelivered: true }]);
  });

  it('survives the relay: what was given out is marked by the next one', async () => {
    const { relay, journal, clock } = await openRelay();
    const b = await Peer.open(relay, { name: 'B' });
    await backlog(relay, 'B', 3);
    await b.ask('receive', { count: 2 });
    await settle();
    const next = new Relay({ journal, clock, random: systemRandom, log: silentLog, version: '0.0.0' });
    const again = await Peer.open(next, { name: 'B', key: b.welcome.key ?? '' });
    const { messages } = await again.ask('receive', {});
    expect(messages.map((each) => [each.body, each.redelivered])).toEqual([
      ['n1', true],
      ['n2', true],
      ['n3', undefined],
    ]);
  });
});

describe('an envelope that is given out in vain', () => {
  it('is given five times, then dead: the sender is told, and nothing stands behind it', async () => {
    const { relay } = await openRelay();
    const a = await Peer.open(relay, { name: 'A', receipts: true });
    let b = await Peer.open(relay, { name: 'B' });
    const key = b.welcome.key ?? '';
    await a.ask('send', { id: 'm1', to: ['B'], body: 'poison' });
    for (let i = 0; i < LIMITS.attempts; i++) {
      const { messages } = await b.ask('receive', {});
      expect(messages).toMatchObject([{ id: 'm1', ...(i > 0 ? { redelivered: true } : {}) }]);
      await crash(b);
      b = await Peer.open(relay, { name: 'B', key });
    }
    await a.ask('send', { id: 'm2', to: ['B'], body: 'next' });
    expect((await b.ask('receive', { count: 1 })).messages).toMatchObject([{ id: 'm2' }]);
    expect(await a.next('receipt')).toMatchObject({
      id: 'm1',
      name: 'B',
      state: 'dead',
      reason: expect.stringContaining('5'),
    });
    expect(await a.ask('receipts', { id: 'm1' })).toMatchObject({ recipients: [{ name: 'B', state: 'dead' }] });
    expect(await b.ask('status', {})).toMatchObject({ unread: 1 });
  });

  it('counts its tries across relays', async () => {
    const { relay, journal, clock } = await openRelay();
    const b = await Peer.open(relay, { name: 'B' });
    await backlog(relay, 'B', 1);
    const key = b.welcome.key ?? '';
    for (let i = 0; i < LIMITS.attempts; i++) {
      const next = new Relay({ journal, clock, random: systemRandom, log: silentLog, version: '0.0.0' });
      const peer = await Peer.open(next, { name: 'B', key });
      expect((await peer.ask('receive', {})).messages).toHaveLength(1);
      await settle();
    }
    const last = await Peer.open(new Relay({ journal, clock, random: systemRandom, log: silentLog, version: '0' }), {
      name: 'B',
      key,
    });
    expect((await last.ask('receive', {})).messages).toEqual([]);
  });

  it('does not hold up a window of one', async () => {
    const { relay, clock } = await openRelay();
    let b = await Peer.open(relay, { name: 'B', window: 1 });
    const key = b.welcome.key ?? '';
    await backlog(relay, 'B', 3);
    for (let i = 0; i < LIMITS.attempts; i++) {
      await settle();
      await crash(b);
      b = await enter(relay, clock, { name: 'B', key, window: 1 });
    }
    await settle();
    expect(bodies(delivered(b))).toEqual(['n2']);
  });
});

describe('a filter', () => {
  it('takes out of order by sender, thread and answered message, and skips nothing', async () => {
    const { relay } = await openRelay();
    const a = await Peer.open(relay, { name: 'A' });
    const c = await Peer.open(relay, { name: 'C' });
    const b = await Peer.open(relay, { name: 'B' });
    const asked = await b.ask('send', { id: 'q', to: ['A'], body: 'question' });
    expect(asked.id).toBe('q');
    await a.ask('send', { to: ['B'], body: 'a1' });
    await c.ask('send', { to: ['B'], body: 'c1', thread: 't' });
    await a.ask('send', { to: ['B'], body: 'a2', thread: 't' });
    await a.ask('send', { body: 'answer', reply_to: 'q' });
    await c.ask('send', { to: ['B'], body: 'c2' });
    expect(await b.ask('receive', { reply_to: 'q' })).toMatchObject({ messages: [{ body: 'answer' }], more: 0 });
    expect(await b.ask('receive', { from: 'C', count: 1 })).toMatchObject({ messages: [{ body: 'c1' }], more: 1 });
    expect(await b.ask('receive', { thread: 't' })).toMatchObject({ messages: [{ body: 'a2' }], more: 0 });
    expect(bodies((await b.ask('receive', {})).messages)).toEqual(['a1', 'c2']);
    expect(await b.ask('receive', { from: 'A', thread: 'nothing' })).toEqual({ messages: [], more: 0 });
  });

  it('finds its message behind thousands of others', { timeout: 60_000 }, async () => {
    const { relay } = await openRelay();
    await relay.perform('status', {}, { name: 'B' });
    await backlog(relay, 'B', 1_000);
    await relay.perform('send', { to: 'B', body: 'needle', thread: 'x' }, { name: 'A' });
    const b = await Peer.open(relay, { name: 'B' });
    await b.ask('receive', { count: 200 });
    expect(await b.ask('receive', { thread: 'x' })).toMatchObject({ messages: [{ body: 'needle' }], more: 0 });
  });

  it('by a sender whom nobody knows is refused', async () => {
    const { relay } = await openRelay();
    const b = await Peer.open(relay, { name: 'B' });
    for (const verb of ['receive', 'inbox'] as const)
      expect(await codeOf(b.ask(verb, { from: 'NOBODY' }))).toBe('unknown_recipient');
  });

  it('by a sender’s old name finds what it sends under the new one', async () => {
    const { relay } = await openRelay();
    const [a, b] = [await Peer.open(relay, { name: 'A' }), await Peer.open(relay, { name: 'B' })];
    await a.ask('rename', { to: 'A2' });
    await a.ask('send', { to: ['B'], body: 'x' });
    expect((await b.ask('receive', { from: 'A' })).messages).toMatchObject([{ from: 'A2' }]);
  });
});

describe('wait_seconds', () => {
  it('is answered by what arrives, at once', async () => {
    const { relay, clock } = await openRelay();
    const b = await Peer.open(relay, { name: 'B' });
    const waiting = b.ask('receive', { wait_seconds: 30 });
    await settle();
    await backlog(relay, 'B', 1);
    expect((await waiting).messages).toMatchObject([{ body: 'n1' }]);
    expect(clock.monotonic()).toBe(0);
  });

  it('ends with nothing when its time is over, and not before', async () => {
    const { relay, clock } = await openRelay();
    const b = await Peer.open(relay, { name: 'B' });
    let isOver = false;
    const waiting = b.ask('receive', { wait_seconds: 30 }).finally(() => {
      isOver = true;
    });
    await clock.run(29_999);
    expect(isOver).toBe(false);
    await clock.run(1);
    expect(await waiting).toEqual({ messages: [], more: 0 });
    expect(await b.ask('status', {})).toMatchObject({ name: 'B' });
  });

  it('passes over what its filter does not want, and takes nothing of it', async () => {
    const { relay } = await openRelay();
    const b = await Peer.open(relay, { name: 'B' });
    await relay.perform('status', {}, { name: 'A' });
    const waiting = b.ask('receive', { wait_seconds: 30, from: 'A' });
    await settle();
    await backlog(relay, 'B', 2, 'OTHER');
    await relay.perform('send', { to: 'B', body: 'wanted' }, { name: 'A' });
    expect(await waiting).toMatchObject({ messages: [{ body: 'wanted' }], more: 0 });
    expect(bodies((await b.ask('receive', {})).messages)).toEqual(['n1', 'n2']);
  });

  it('of two waiters gives one message to one of them', async () => {
    const { relay, clock } = await openRelay();
    await relay.perform('status', {}, { name: 'B' });
    const both = [take(relay, 'B', { wait_seconds: 5 }), take(relay, 'B', { wait_seconds: 5 })];
    await settle();
    await backlog(relay, 'B', 1);
    await clock.run(5_000);
    expect((await Promise.all(both)).map((page) => page.messages.length).sort()).toEqual([0, 1]);
  });

  it('of two waiters shares nothing, even after another taker’s time has run out in between', async () => {
    const { relay, clock } = await openRelay();
    await relay.perform('status', {}, { name: 'B' });
    await backlog(relay, 'B', 1);
    const { messages } = await take(relay, 'B');
    const early = take(relay, 'B', { wait_seconds: 200 });
    await relay.perform('receipt', { state: 'handed', positions: positions(messages) }, { name: 'B' });
    await clock.run(70_000);
    const late = take(relay, 'B', { wait_seconds: 40 });
    await settle();
    await backlog(relay, 'B', 1);
    await clock.run(40_000);
    expect([await early, await late].flatMap((page) => bodies(page.messages))).toEqual(['n1']);
  });

  it('is cut short when the caller is gone, who takes nothing', async () => {
    const { relay } = await openRelay();
    await relay.perform('status', {}, { name: 'B' });
    const caller = new AbortController();
    const waiting = relay.perform('receive', { wait_seconds: 300 }, { name: 'B' }, caller.signal);
    await settle();
    caller.abort();
    expect(await waiting).toEqual({ messages: [], more: 0 });
    await backlog(relay, 'B', 1);
    expect((await take(relay, 'B')).messages).toMatchObject([{ body: 'n1' }]);
    expect((await take(relay, 'B')).messages).toEqual([]);
  });

  it('takes nothing for a caller who was gone before it began', async () => {
    const { relay } = await openRelay();
    await relay.perform('status', {}, { name: 'B' });
    await backlog(relay, 'B', 1);
    expect(await relay.perform('receive', {}, { name: 'B' }, AbortSignal.abort())).toEqual({ messages: [], more: 1 });
    const [message] = (await take(relay, 'B')).messages;
    expect(message).not.toHaveProperty('redelivered');
  });

  it('ends with its connection, which takes nothing', async () => {
    const { relay, clock } = await openRelay();
    const b = await Peer.open(relay, { name: 'B' });
    b.say({ type: 'request', id: 5, verb: 'receive', args: { wait_seconds: 300 } });
    await settle();
    await crash(b);
    await backlog(relay, 'B', 1);
    const again = await Peer.open(relay, { name: 'B', key: b.welcome.key ?? '' });
    expect((await again.ask('receive', {})).messages).toMatchObject([{ body: 'n1' }]);
    expect((await again.ask('inbox', {})).messages[0]).not.toHaveProperty('redelivered');
    // Once it is known that it came back, nothing waits any more but the relay's three rounds.
    await clock.run(15_000);
    expect(clock.pending).toBe(3);
  });

  it.each([-1, 1.5, '3', LIMITS.waitSeconds + 1])('of %j is refused', async (wait_seconds) => {
    const { relay } = await openRelay();
    expect(await codeOf(relay.perform('receive', { wait_seconds }, { name: 'B' }))).toBe('bad_request');
  });
});

describe('receive with a receipt', () => {
  it.each(['handed', 'seen'] as const)('marks what it answers as %s: nobody needs to say more', async (receipt) => {
    const { relay } = await openRelay();
    const a = await Peer.open(relay, { name: 'A', receipts: true });
    const b = await Peer.open(relay, { name: 'B' });
    await a.ask('send', { id: 'm1', to: ['B'], body: 'x' });
    expect((await b.ask('receive', { receipt })).messages).toHaveLength(1);
    expect(await b.ask('status', {})).toMatchObject({ unread: 0 });
    expect(await a.next('receipt')).toMatchObject({ id: 'm1', state: receipt });
  });

  it('does so for what came while it waited', async () => {
    const { relay, clock } = await openRelay();
    await relay.perform('status', {}, { name: 'B' });
    const waiting = take(relay, 'B', { wait_seconds: 30, receipt: 'seen' });
    await settle();
    await backlog(relay, 'B', 1);
    expect((await waiting).messages).toHaveLength(1);
    await clock.run(120_000);
    expect(await take(relay, 'B')).toEqual({ messages: [], more: 0 });
  });
});

describe('a page', () => {
  it('holds twenty unless asked, and at most two hundred', async () => {
    const { relay } = await openRelay();
    const b = await Peer.open(relay, { name: 'B' });
    await backlog(relay, 'B', 250);
    expect((await b.ask('inbox', {})).messages).toHaveLength(20);
    expect((await b.ask('receive', {})).messages).toHaveLength(20);
    expect(await codeOf(b.ask('receive', { count: LIMITS.page + 1 }))).toBe('bad_request');
    expect((await b.ask('receive', { count: LIMITS.page })).messages).toHaveLength(200);
  });

  it.each([
    ['bodies', { body: 'x'.repeat(60_000) }],
    ['attachments', { body: 'x', attachments: Array.from({ length: 16 }, () => 'y'.repeat(1_000)) }],
  ])('is bounded by bytes too, whichever way it is asked for: %s', async (_what, draft) => {
    const { relay } = await openRelay();
    const b = await Peer.open(relay, { name: 'B', window: 64 });
    for (let i = 0; i < 20; i++) await relay.perform('send', { to: 'all', ...draft }, { name: 'A' });
    await settle();
    const aside = await Peer.open(relay, { name: 'B', key: b.welcome.key ?? '', seat: false });
    const answers = [await aside.ask('inbox', { count: 50 }), await aside.ask('history', { count: 50 })];
    const frames = [...b.all('deliver'), ...answers];
    expect(delivered(b)).toHaveLength(20);
    for (const frame of frames) expect(JSON.stringify(frame).length).toBeLessThan(LIMITS.pageBytes + 32_000);
    for (const { messages } of answers) expect(messages.length).toBeGreaterThan(0);
    expect(answers[0]).toMatchObject({ more: 20 - (answers[0]?.messages.length ?? 0), unread: 20 });
    expect(answers[1]).toMatchObject({ more: true });
  });
});

describe('a claim that could not be written', () => {
  it('gives the mail back, and is no vain try, however often the disk refuses', async () => {
    const { relay, journal, clock } = await openRelay();
    await relay.perform('status', {}, { name: 'B' });
    await backlog(relay, 'B', 2);
    const full = new RelayError('storage_full');
    const submit = journal.submit.bind(journal);
    Object.defineProperty(journal, 'submit', { value: () => Promise.reject(full), configurable: true });
    for (let i = 0; i < 20; i++) expect(await codeOf(relay.perform('receive', {}, { name: 'B' }))).toBe('storage_full');
    Object.defineProperty(journal, 'submit', { value: submit });
    await clock.run(1_000);
    const { messages } = (await relay.perform('receive', {}, { name: 'B' })) as { messages: object[] };
    expect(messages).toMatchObject([{ body: 'n1' }, { body: 'n2' }]);
    expect(messages).not.toContainEqual(expect.objectContaining({ redelivered: true }));
  });
});
