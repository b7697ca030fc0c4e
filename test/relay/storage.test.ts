/** What a relay does when its disk fails under it: `journal/recovery.ts` from the outside. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { LocalJournal } from '../../src/journal/local.ts';
import { RelayError } from '../../src/protocol/codes.ts';
import { silentLog } from '../../src/relay/log.ts';
import { Relay } from '../../src/relay/relay.ts';
import { State } from '../../src/state/state.ts';
import { systemRandom } from '../../src/util/random.ts';
import { emptyDatabase } from '../state/world.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { peopledRelay } from '../support/people.ts';
import { Peer, settle } from '../support/relay.ts';
import { bodies, codeOf, delivered } from './kit.ts';

describe('a message that was committed and could not be synced', () => {
  it('is refused, and arrives when the disk works again, once, whether or not it is sent again', async () => {
    const clock = new FakeClock();
    let isStuck = false;
    const log = {
      sync: () => {
        if (isStuck) throw new Error('EIO');
      },
      forgot: () => {},
      close: async () => {},
    };
    const database = emptyDatabase();
    // Opened anew, it is the same tables.
    const open = () => ({
      exec: (sql: string) => database.exec(sql),
      prepare: (sql: string) => database.prepare(sql),
      close: () => {},
    });
    const journal = new LocalJournal(new State(open()), clock, { log, reopen: open });
    await journal.submit({ type: 'found', epoch: 'e' });
    const relay = new Relay({ journal, clock, random: systemRandom, log: silentLog, version: '0.0.0' });
    const reader = await Peer.open(relay, { name: 'B', window: 10 });
    const sender = await Peer.open(relay, { name: 'A' });
    isStuck = true;
    expect(await codeOf(sender.ask('send', { id: 'm1', to: ['B'], body: 'one' }))).toBe('storage_failed');
    await settle();
    expect(delivered(reader)).toEqual([]);
    await clock.run(1_000);
    expect(relay.ready).toBe(false);
    isStuck = false;
    await clock.run(3_000);
    expect([relay.ready, bodies(delivered(reader))]).toEqual([true, ['one']]);
    expect(await sender.ask('send', { id: 'm1', to: ['B'], body: 'one' })).toMatchObject({ duplicate: true });
    await settle();
    expect(bodies(delivered(reader))).toEqual(['one']);
  });
});

describe('a disk that cannot be read', () => {
  afterEach(() => vi.restoreAllMocks());

  it('ends nothing while it is looked whose credentials are good, and who lost his is cut as soon as it can be', async () => {
    const { relay, journal, clock, of } = await peopledRelay({ bert: [], carol: [] });
    const bert = await Peer.open(relay, { name: 'B' }, of('bert'));
    const carol = await Peer.open(relay, { name: 'C' }, of('carol'));
    const { store } = journal.state;
    const get = store.get.bind(store);
    vi.spyOn(store, 'get').mockImplementation((sql, ...values) => {
      if (new Error().stack?.includes('isGood')) throw new RelayError('storage_failed');
      return get(sql, ...values);
    });
    await clock.run(3_000);
    await journal.submit({ type: 'revoke', at: 2, device: 'd-bert' });
    await settle();
    expect([bert.closeCode, carol.closeCode]).toEqual([undefined, undefined]);
    vi.restoreAllMocks();
    await clock.run(1_000);
    expect([bert.closeCode, carol.closeCode]).toEqual([4401, undefined]);
    expect(await carol.ask('status', {})).toMatchObject({ here: 1 });
  });

  it('keeps nobody here who has fallen silent meanwhile', async () => {
    const { relay, journal, clock, of } = await peopledRelay({ bert: [] });
    const bert = await Peer.open(relay, { name: 'B' }, of('bert'));
    const anna = await Peer.open(relay, { name: 'A' });
    vi.spyOn(journal.state.store, 'get').mockImplementation(() => {
      throw new RelayError('storage_failed');
    });
    bert.socket.frozen = true;
    await clock.run(20_000);
    vi.restoreAllMocks();
    expect(await anna.ask('status', {})).toMatchObject({ here: 1 });
  });
});
