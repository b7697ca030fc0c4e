/** A session process begins, and may be told of its program, and of its end, before or while it does. */
import { expect, it } from 'vitest';
import { berths } from '../../src/config/rendezvous.ts';
import { idsOf, letter, makeRig, type Rig } from './rig.ts';

it('gives mail and can be reached once it has begun, whatever was known before', async () => {
  const rig = await makeRig({ isLate: true });
  const mail = letter();
  rig.inbox.deliver(mail);
  expect(berths(rig.home)).toEqual([]);
  await rig.delivery.start();
  expect(berths(rig.home)).toMatchObject([{ name: 'CC-1', program: rig.program.id }]);
  await rig.clock.run(1_000);
  expect(rig.door.ids).toEqual([idsOf([mail])]);
});

it.each([
  ['before it begins', (rig: Rig) => [rig.delivery.stop(), rig.delivery.start()]],
  ['while it begins', (rig: Rig) => [rig.delivery.start(), rig.delivery.stop()]],
])('leaves nothing behind when it is stopped %s', async (_, begin) => {
  const rig = await makeRig({ isLate: true });
  const { pending } = rig.clock;
  await Promise.all(begin(rig));
  expect(berths(rig.home)).toEqual([]);
  expect(rig.clock.pending).toBeLessThanOrEqual(pending);
  rig.inbox.deliver(letter());
  await rig.clock.run(1_000);
  expect(rig.door.ids).toEqual([]);
});
