/** A relay with people on it: anna owns it, others have the grants that a test gives them, and everybody accepts everybody. */
import type { Grant } from '../../src/protocol/grant.ts';
import { grantOf } from '../../src/protocol/grant.ts';
import type { Identity } from '../../src/relay/identity.ts';
import type { Relay } from '../../src/relay/relay.ts';
import { openRelay } from './relay.ts';

export async function peopledRelay(people: Readonly<Record<string, readonly string[]>>) {
  const rig = await openRelay();
  const { journal } = rig;
  await journal.submit({ type: 'own', at: 1, name: 'anna' });
  const identities = new Map<string, Identity>([['anna', { person: 1 }]]);
  for (const [name, words] of Object.entries(people)) {
    const grants: readonly Grant[] = words.map(grantOf);
    const expires_at = Number.MAX_SAFE_INTEGER;
    await journal.submit({ type: 'invite', at: 1, id: name, key: name, person: name, grants, expires_at });
    const device = { id: `d-${name}`, name: `${name}s-laptop`, kind: 'key', proof: `p-${name}` } as const;
    const { outcome } = await journal.submit({ type: 'redeem', at: 1, invitation: name, device, person: name });
    identities.set(name, { person: outcome.person, device: device.id });
  }
  const all = [...identities.keys()];
  for (const person of all)
    for (const of of all)
      if (of !== person) await journal.submit({ type: 'decide', at: 1, person, stance: 'accept', of, always: true });
  const of = (name: string): Identity => identities.get(name) ?? { person: -1 };
  return { ...rig, of, as: (person: string, name?: string) => acting(rig.relay, of(person), name) };
}

/** Asks as one session of one person. */
function acting(relay: Relay, identity: Identity, name?: string) {
  const caller = { identity, ...(name === undefined ? {} : { name }) };
  return async <R = Record<string, unknown>>(verb: string, args: object = {}): Promise<R> =>
    (await relay.perform(verb, args, caller)) as R;
}
