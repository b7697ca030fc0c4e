/** What is held between people on one relay: as each of them calls it, and decided by whom it waits for. */
import { describe, expect, it } from 'vitest';
import { peopledRelay } from '../support/people.ts';
import { openRelay } from '../support/relay.ts';

interface Held {
  readonly held: readonly { readonly id: string; readonly from: string; readonly to: string; readonly why: string }[];
}

async function strangers() {
  const rig = await peopledRelay({ bert: ['send:all'] });
  const { journal } = rig;
  for (const [person, of] of [
    ['anna', 'bert'],
    ['bert', 'anna'],
  ] as const)
    await journal.submit({ type: 'decide', at: 2, person, stance: 'hold', of, always: true });
  return rig;
}

describe('a message of another person', () => {
  it('waits until its person accepts it, and both are told in their own words', async () => {
    const { as } = await strangers();
    const anna = as('anna', 'A');
    const bert = as('bert', 'A');
    await anna('status');
    const sent = await bert('send', { to: ['A@anna'], body: 'May I?' });
    expect(sent).toMatchObject({ held: [{ name: 'A@anna', why: 'policy' }] });
    expect(await anna('inbox')).toMatchObject({ messages: [] });
    const { held } = await anna<Held>('held');
    expect(held).toMatchObject([{ from: 'A@bert', to: 'A', why: 'policy' }]);
    expect(await anna('status')).toMatchObject({ held: [{ from: 'A@bert', count: 1 }] });
    expect(await bert('held')).toMatchObject({ held: [] });
    await expect(bert('decide', { stance: 'accept', of: held[0]?.id })).rejects.toMatchObject({
      code: /person_only|not_held/,
    });
    expect(await as('anna', 'anna')('status')).toBeDefined();
  });

  it('can be accepted for a session of theirs, by the name that the person has for it', async () => {
    const { as, journal } = await strangers();
    await as('anna', 'A')('status');
    await as('bert', 'A')('send', { to: ['A@anna'], body: 'May I?' });
    await journal.submit({ type: 'decide', at: 3, person: 'anna', stance: 'accept', of: 'A@bert', always: false });
    expect(await as('anna', 'A')('inbox')).toMatchObject({ messages: [{ from: 'A@bert', body: 'May I?' }] });
  });
});

describe('a pause', () => {
  it('is nothing that somebody else could know of', async () => {
    const { as } = await strangers();
    await as('bert', 'A')('status');
    await expect(as('bert', 'A')('pause')).rejects.toMatchObject({ code: 'unknown_verb' });
  });
});

describe('who comes by an invitation', () => {
  it('accepts whose relay it is, and is held until accepted', async () => {
    const { journal, relay } = await openRelay();
    await journal.submit({ type: 'own', at: 1, name: 'anna' });
    const expires_at = Number.MAX_SAFE_INTEGER;
    const grants = [{ may: 'send', what: 'all' }] as const;
    await journal.submit({ type: 'invite', at: 1, id: 'v', key: 'k', person: 'bert', grants, expires_at });
    const device = { id: 'd', name: 'laptop', kind: 'key', proof: 'p' } as const;
    const { outcome } = await journal.submit({ type: 'redeem', at: 1, invitation: 'v', device, person: 'bert' });
    const anna = { identity: { person: 1 }, name: 'A' };
    const bert = { identity: { person: outcome.person }, name: 'A' };
    for (const caller of [anna, bert]) await relay.perform('status', {}, caller);
    expect(await relay.perform('send', { to: ['A@bert'], body: 'Welcome.' }, anna)).not.toHaveProperty('held');
    expect(await relay.perform('send', { to: ['A@anna'], body: 'Hello.' }, bert)).toMatchObject({
      held: [{ name: 'A@anna', why: 'unknown' }],
    });
  });
});
