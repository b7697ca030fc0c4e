/** What a relay does when its disk fails under it: `journal/recovery.ts` from the outside. */
import { describe, expect, it } from 'vitest';
import { LocalJournal } from '../../src/journal/local.ts';
import { silentLog } from '../../src/relay/log.ts';
import { Relay } from '../../src/relay/relay.ts';
import { State } from '../../src/state/state.ts';
import { systemRandom } from '../../src/util/random.ts';
import { emptyDatabase } from '../state/world.ts';
import { FakeClock } from '../support/fake-clock.ts';
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
