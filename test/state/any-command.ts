/** Commands as they might come, right and wrong, about few enough things that they meet. */
import fc from 'fast-check';
import { RECEIPT_STATES } from '../../src/protocol/receipt.ts';
import { STANCES } from '../../src/protocol/stance.ts';
import type { Command } from '../../src/state/command.ts';

const at = fc.nat({ max: 1_000 });
const session = fc.integer({ min: 2, max: 6 });
const name = fc.constantFrom('A', 'B', 'C', 'D', 'E', 'all', '9bad');
const key = fc.constantFrom('k1', 'k2');
const room = fc.constantFrom('#r', '#s', '#t');
const id = fc.constantFrom('m1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7', 'm8');
const positions = fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 5 });
const about = fc.record(
  {
    kind: fc.constantFrom('agent', 'person', 'script'),
    host: fc.constantFrom('h1', 'h2'),
    messages: fc.constantFrom(...STANCES),
  },
  { requiredKeys: [] },
);

const enter = fc.record(
  { type: fc.constant('enter' as const), at, name, key, grant: key, about },
  { requiredKeys: ['type', 'at', 'name', 'about'] },
);
const send = fc.record(
  {
    type: fc.constant('send' as const),
    at,
    id,
    sender: session,
    to: fc.array(fc.oneof(name, room), { maxLength: 3 }),
    body: fc.constantFrom('one', 'two words', '☃', 'x'.repeat(500)),
    priority: fc.constantFrom('normal', 'urgent', 'quiet'),
    thread: fc.constantFrom('t1', 't2'),
    reply_to: id,
    expires_at: at,
    extra: fc.constant('{"key_id":"k"}'),
    hold: fc.constantFrom('hops' as const, 'copies' as const),
    hash: fc.constantFrom('h1', 'h2'),
  },
  { requiredKeys: ['type', 'at', 'id', 'sender', 'to', 'body', 'priority', 'hash'] },
);

export const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  { weight: 3, arbitrary: enter },
  { weight: 6, arbitrary: send },
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant('receipt' as const),
      at,
      session,
      state: fc.constantFrom(...RECEIPT_STATES),
      positions,
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('claim' as const), session, positions }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('remark' as const),
      at,
      session,
      positions,
      reason: fc.constantFrom('idle', 'in a tool'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('join' as const, 'leave' as const), session, room }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('rename' as const), session, to: name }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('depart' as const), session, at }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('expire' as const), at, stored: at }, { requiredKeys: ['type', 'at'] }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('prune' as const), positions }) },
  { weight: 3, arbitrary: fc.oneof(...people()) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('decide' as const),
      at,
      person: fc.constant('owner'),
      stance: fc.constantFrom(...STANCES),
      of: fc.oneof(name, id, fc.constant('owner')),
      always: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('pause' as const), until: at }) },
);

/** People 1 to 3, of whom the second and third come by invitations. */
function people() {
  const person = fc.integer({ min: 1, max: 3 });
  const who = fc.constantFrom('bert', 'Bert', 'carol');
  const device = fc.record({
    id: fc.constantFrom('d1', 'd2', 'd3'),
    name: fc.constant('laptop'),
    kind: fc.constantFrom('key' as const, 'token' as const),
    proof: fc.constantFrom('p1', 'p2', 'p3', 'p4'),
  });
  const grant = fc.constantFrom(
    { may: 'read', what: 'all' } as const,
    { may: 'read', what: '#r' } as const,
    { may: 'send', what: '@owner' } as const,
  );
  const grants = fc.array(grant, { maxLength: 2 });
  const invitation = fc.constantFrom('v1', 'v2');
  const theirs = fc.constantFrom('A@bert', 'B@bert', 'A@carol');
  return [
    fc.record({ type: fc.constant('own' as const), at, name: fc.constantFrom('anna', 'all') }),
    fc.record({ type: fc.constant('invite' as const), at, id: invitation, key, person: who, grants, expires_at: at }),
    fc.record({ type: fc.constant('redeem' as const), at, invitation, device, person: who }),
    fc.record({ type: fc.constant('miss' as const), invitation }),
    fc.record({ type: fc.constant('admit' as const), at, person, device }),
    fc.record({ type: fc.constant('rekey' as const), device: fc.constantFrom('d1', 'd2'), proof: fc.constant('p9') }),
    fc.record({ type: fc.constant('grant' as const), person, add: grants, remove: grants }),
    fc.record({ type: fc.constant('revoke' as const), at, person }),
    fc.record({ type: fc.constant('revoke' as const), at, invitation }),
    fc.record({ type: fc.constant('revoke' as const), at, device: fc.constantFrom('d1', 'd2') }),
    fc.record({ type: fc.constant('enter' as const), at, name: theirs, person, key, grant: key, about }),
    fc.record({ type: fc.constant('rename' as const), session, to: theirs }),
  ];
}

/** Five sessions come first, so that most of what follows is about somebody. */
export const anyHistory: fc.Arbitrary<Command[]> = fc
  .array(anyCommand, { minLength: 1, maxLength: 60, size: 'max' })
  .map((commands) => [
    ...['A', 'B', 'C', 'D', 'E'].map((each): Command => ({ type: 'enter', at: 1, name: each, about: {} })),
    ...commands,
  ]);
