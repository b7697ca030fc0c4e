/** Messages between people are braked whoever writes them, and whether or not anybody wrote to them first. */
import { describe, expect, it, vi } from 'vitest';
import { LIMITS } from '../../src/protocol/limits.ts';
import { KINDS } from '../../src/protocol/session.ts';
import { openRelay, Peer } from '../support/relay.ts';
import { codeOf, upTo } from './kit.ts';

vi.mock('../../src/state/queries/people.ts', async (original) => ({
  ...(await original<object>()),
  ...(await import('../support/two-people.ts')),
}));

async function rig() {
  const opened = await openRelay();
  const ann = await Peer.open(opened.relay, { name: 'ANN', about: { kind: 'person' } });
  await ann.ask('decide', { stance: 'accept', of: 'bob', always: true });
  return { ...opened, ann };
}

describe('a session that writes to another person', () => {
  it.each(KINDS)('is braked by its rate, a %s too', async (kind) => {
    const { relay } = await rig();
    const bob = await Peer.open(relay, { name: 'BOB', about: { kind } });
    for (let i = 0; i < LIMITS.pairPerMinute; i++) await bob.ask('send', { to: ['ANN'], body: `text ${i}` });
    expect(await codeOf(bob.ask('send', { to: ['ANN'], body: 'one more' }))).toBe('too_fast');
    expect((await bob.ask('status', {})).braked).toMatchObject([{ name: 'BOB', brake: 'pair' }]);
  });

  it('is free among its own', async () => {
    const { relay } = await rig();
    const bob = await Peer.open(relay, { name: 'BOB', about: { kind: 'script' } });
    await Peer.open(relay, { name: 'BOB-2' });
    for (let i = 0; i < 2 * LIMITS.pairPerMinute; i++) await bob.ask('send', { to: ['BOB-2'], body: 'the same' });
  });

  it('does not reach more than ten of them at once, nor one after the other with the same text', async () => {
    const { relay, ann } = await rig();
    for (const name of upTo(LIMITS.fanOut)) await Peer.open(relay, { name });
    const bob = await Peer.open(relay, { name: 'BOB', about: { kind: 'person' } });
    expect(await codeOf(bob.ask('send', { to: ['all'], body: 'x' }))).toBe('fan_out');
    const held: number[] = [];
    for (const name of upTo(5)) held.push((await bob.ask('send', { to: [name], body: 'the same' })).held?.length ?? 0);
    expect(held).toEqual([0, 0, 0, 1, 1]);
    expect((await ann.ask('held', {})).held.map(({ why }) => why)).toEqual(['copies', 'copies']);
  });

  it('does not tell the other person of its brake', async () => {
    const { relay, ann } = await rig();
    const bob = await Peer.open(relay, { name: 'BOB' });
    for (let i = 0; i <= LIMITS.pairPerMinute; i++) await codeOf(bob.ask('send', { to: ['ANN'], body: `text ${i}` }));
    expect([ann.all('braked').length, bob.all('braked').length]).toEqual([0, 1]);
    expect(await ann.ask('status', {})).not.toHaveProperty('braked');
  });
});
