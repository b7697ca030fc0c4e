/** Promise R16 from the inside: what the disk has altered is given to nobody, its sender is told, and the rest goes on. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Journal } from '../../src/journal/journal.ts';
import type { HistoryResult, InboxResult, ReceiptsResult, ReceiveResult } from '../../src/protocol/verbs.ts';
import type { Relay } from '../../src/relay/relay.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { openRelay, Peer, settle } from '../support/relay.ts';
import { backlog, bodies, codeOf, delivered } from './kit.ts';

let relay: Relay;
let journal: Journal;
let clock: FakeClock;

beforeEach(async () => {
  ({ relay, journal, clock } = await openRelay());
  await relay.perform('status', {}, { name: 'B' });
  await backlog(relay, 'B', 3, 'A');
});

/** As a flipped bit would, past every command, when the relay is started again. */
function damage(position: number, set = "body = 'N2'"): void {
  journal.state.store.settle();
  journal.state.store.run(`UPDATE envelope SET ${set} WHERE position = ?`, position);
}

const ask = async <T>(verb: string, args: object, name = 'B') => (await relay.perform(verb, args, { name })) as T;

const ALTERED = [
  ['its body', "body = 'N2'"],
  ['its sender', 'sender = 2'],
  ['its id', "id = 'another'"],
  ['its channels', "channels = '[9]'"],
  ['its channels, so that they cannot be read', "channels = '[2'"],
  ['its time', 'at = 5'],
  ['its end of life', 'expires_at = 99999999999999'],
  ['its thread', "thread = 'other'"],
] as const;

describe('an envelope that the disk has altered', () => {
  it.each(ALTERED)('in %s is passed over by whoever takes mail, and is dead', async (_, set) => {
    damage(2, set);
    expect(bodies((await ask<ReceiveResult>('receive', {})).messages)).toEqual(['n1', 'n3']);
    await clock.run(1_000);
    const { unread } = await ask<InboxResult>('inbox', {});
    expect(unread).toBe(2);
    expect(relay.counters.get('damaged')).toBe(1);
  });

  it('is known for what it is also when a crash came before it was filed', async () => {
    journal.state.store.run("UPDATE envelope SET body = 'N2' WHERE position = 2");
    expect(bodies((await ask<ReceiveResult>('receive', {})).messages)).toEqual(['n1', 'n3']);
    await clock.run(1_000);
    expect(bodies((await ask<ReceiveResult>('receive', {}, 'A')).messages)).toHaveLength(1);
  });

  it('is not pushed', async () => {
    damage(2);
    const peer = await Peer.open(relay, { name: 'B', window: 10 });
    await peer.next('deliver');
    await settle();
    expect(bodies(delivered(peer))).toEqual(['n1', 'n3']);
  });

  it('is told to its sender, and counted for who was to read it', async () => {
    const { id } = (await ask<{ sends: { id: string }[] }>('receipts', { count: 3 }, 'A')).sends[1] ?? { id: '' };
    damage(2);
    await ask('receive', {});
    await clock.run(1_000);
    expect((await ask<ReceiptsResult>('receipts', { id }, 'A')).recipients).toMatchObject([
      { name: 'B', state: 'dead', reason: 'it was damaged on the disk of the relay' },
    ]);
    const { messages } = await ask<ReceiveResult>('receive', {}, 'A');
    expect(messages).toMatchObject([{ from: '(relay)', reply_to: id }]);
    expect(await ask('status', {})).toMatchObject({ missed: 1 });
  });

  it('is shown by nothing that looks back', async () => {
    damage(2);
    expect(bodies((await ask<InboxResult>('inbox', {})).messages)).toEqual(['n1', 'n3']);
    expect(bodies((await ask<HistoryResult>('history', {})).messages)).toEqual(['n1', 'n3']);
    damage(1, "id = 'known'");
    expect(await codeOf(ask('history', { id: 'known' }))).toBe('unknown_message');
    const { sends } = await ask<{ sends: { preview: string }[] }>('receipts', {}, 'A');
    expect(sends.map(({ preview }) => preview)).toEqual(['n3', '', '']);
  });

  it('takes nobody’s place on a page of history, whichever way it is read', async () => {
    await ask('receive', { receipt: 'seen' });
    damage(2);
    const page = async (args: object) => {
      const { messages, more } = await ask<HistoryResult>('history', { count: 1, ...args });
      return [bodies(messages), more];
    };
    expect(await page({ before: 3 })).toEqual([['n1'], false]);
    expect(await page({ after: 1 })).toEqual([['n3'], false]);
    expect(await page({ query: 'n*', before: 3 })).toEqual([['n1'], false]);
    expect(await page({ after: 1, before: 3 })).toEqual([[], false]);
    expect(relay.counters.get('damaged')).toBe(1);
  });

  it('takes nobody’s place on a page of the inbox, however many they are', async () => {
    const page = async (args: object) => {
      const { messages, more, unread } = await ask<InboxResult>('inbox', args);
      return [bodies(messages), more, unread];
    };
    damage(1);
    expect(await page({ count: 1 })).toEqual([['n2'], 1, 3]);
    expect(await page({ count: 1, from: 'A' })).toEqual([['n2'], 1, 3]);
    expect(await page({ after: 2 })).toEqual([['n3'], 0, 3]);
    await backlog(relay, 'B', 700, 'A');
    journal.state.store.settle();
    journal.state.store.run("UPDATE envelope SET body = '' WHERE position < 700");
    expect(await page({ count: 2 })).toEqual([['n697', 'n698'], 2, 703]);
    expect(await page({ count: 2, after: 701 })).toEqual([['n699', 'n700'], 0, 703]);
    expect(relay.counters.get('damaged')).toBe(699);
    damage(703);
    expect(await page({ after: 702 })).toEqual([[], 0, 703]);
  });

  it.each(ALTERED)('in %s is reported when who has read it looks back', async (_, set) => {
    await ask('receive', { receipt: 'seen' });
    damage(2, set);
    expect(bodies((await ask<HistoryResult>('history', {})).messages)).toEqual(['n1', 'n3']);
    expect(relay.counters.get('damaged')).toBe(1);
  });

  it('is reported, and told nobody whose it is not known to be, when it is asked for by its id', async () => {
    const { messages } = await ask<ReceiveResult>('receive', { receipt: 'seen' });
    damage(2, "channels = '[9]'");
    expect(await codeOf(ask('history', { id: messages[1]?.id }))).toBe('unknown_message');
    expect(relay.counters.get('damaged')).toBe(1);
  });

  it('is reported once, however often it is met', async () => {
    damage(2);
    for (let i = 0; i < 5; i++) await ask('history', {});
    expect(relay.counters.get('damaged')).toBe(1);
  });
});
