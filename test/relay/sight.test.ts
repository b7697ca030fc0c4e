/** Whom a person sees among all who were ever here: the same as it sees each, at the price of a few queries. */
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { View } from '../../src/relay/view.ts';
import { peopledRelay } from '../support/people.ts';
import { Peer } from '../support/relay.ts';

afterEach(() => vi.restoreAllMocks());

const GRANTS = ['send:OURS', 'see:OURS@carol', 'send:@carol', 'see:@anna', 'see:all', 'send:all', 'read:#build'];
const OTHERS = ['read:all', 'read:#other', 'send:#build', 'administer', 'see:NOBODY'];

/** Sessions of three people, some of them in rooms and some here. */
async function town(grants: readonly string[]) {
  const rig = await peopledRelay({ bert: grants, carol: ['read:all'] });
  for (const who of ['anna', 'bert', 'carol']) {
    for (const name of ['OURS', 'BUILDS', 'LEFT', 'ALONE']) await rig.as(who, name)('status');
    await rig
      .as(
        who,
        'OURS@nobody',
      )('status')
      .catch(() => undefined);
    await Peer.open(rig.relay, { name: 'HERE' }, rig.of(who));
  }
  for (const who of ['anna', 'carol'])
    for (const [name, room] of [
      ['BUILDS', '#build'] as const,
      ['LEFT', '#build'] as const,
      ['HERE', '#other'] as const,
    ])
      await rig
        .as(who, name)('join', { room })
        .catch(() => undefined);
  for (const who of ['anna', 'carol']) await rig.as(who, 'LEFT')('leave', { room: '#build' });
  return rig;
}

/** How often the tables were asked while `ask` ran, with nothing in memory. */
async function queriesOf(known: number, verb: string, args: object): Promise<number> {
  const { as, journal } = await peopledRelay({ bert: ['see:@anna', 'read:#build'] });
  for (let n = 0; n < known; n++) await as('anna', `A${n}`)('status');
  const { store } = journal.state;
  store.forget();
  const asked = [vi.spyOn(store, 'getWritten'), vi.spyOn(store, 'all')];
  expect(await as('bert')(verb, args)).toMatchObject(verb === 'status' ? { sessions: known } : { more: known - 3 });
  const count = asked.reduce((sum, spy) => sum + spy.mock.calls.length, 0);
  vi.restoreAllMocks();
  return count;
}

describe('what a person sees of all sessions', () => {
  it('is those that it sees one by one, whatever is granted', async () => {
    await fc.assert(
      fc.asyncProperty(fc.subarray([...GRANTS, ...OTHERS]), async (grants) => {
        const { relay, as, of, journal } = await town(grants);
        const { store } = journal.state;
        const view = new View(store, of('bert').person);
        const ids = store.all<{ id: number }>('SELECT id FROM session ORDER BY last_seen DESC, id').map(({ id }) => id);
        const seen = ids.filter((id) => view.seesSession(id));
        expect(view.recent(ids.length).map(({ id }) => id)).toEqual(seen);
        expect(view.seen(ids)).toEqual(seen);
        expect(await as('bert')('status')).toMatchObject({ sessions: seen.length });
        await relay.stop();
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    ['status', {}],
    ['sessions', { count: 3 }],
  ])('costs no more queries the more there are: %s', async (verb, args) => {
    expect(await queriesOf(60, verb, args)).toBe(await queriesOf(6, verb, args));
  });

  it('costs no more queries the more are here', async () => {
    const asked = async (here: number) => {
      const { relay, as, journal } = await peopledRelay({ bert: ['see:@anna'] });
      for (let n = 0; n < here; n++) await Peer.open(relay, { name: `A${n}` });
      const spies = [vi.spyOn(journal.state.store, 'getWritten'), vi.spyOn(journal.state.store, 'all')];
      expect(await as('bert')('status')).toMatchObject({ here });
      const count = spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0);
      vi.restoreAllMocks();
      return count;
    };
    expect(await asked(30)).toBe(await asked(3));
  });
});
