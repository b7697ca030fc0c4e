/** The relay's data were restored: a position of before is another envelope's now. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { failed, type Given, HANDED } from '../../src/agents/door.ts';
import { settle } from '../support/fake-clock.ts';
import { hook, LocalClient } from './local-client.ts';
import { letter, makeRig, type Rig } from './rig.ts';

/** As the client tells it: at once, and connected a little later. */
async function restored({ delivery, standing, inbox, clock }: Rig, during = 0): Promise<void> {
  inbox.said.splice(0);
  inbox.isConnected = false;
  delivery.forget();
  await clock.run(during);
  inbox.isConnected = true;
  standing.epoch = 'e2';
  delivery.welcomed();
  inbox.wake();
  await settle();
}

/** A program that has been given one message and has not begun with it. */
async function given(rig: Rig) {
  const mail = letter();
  rig.inbox.deliver(mail);
  await rig.clock.run(100);
  expect(rig.inbox.said).toEqual([`handed ${mail.position}`]);
  return mail;
}

describe('after a restore', () => {
  it('evidence for what was given before says nothing to the relay', async () => {
    const rig = await makeRig();
    const mail = await given(rig);
    rig.program.does('busy');
    await restored(rig);
    rig.program.transcript.write('seen', mail.id);
    await rig.clock.run(60_000);
    expect(rig.inbox.said).toEqual([]);
  });

  it('neither does evidence that comes before the welcome, nor that of a hook', async () => {
    const rig = await makeRig({ doors: [] });
    rig.inbox.deliver(letter());
    await settle();
    await hook(rig.home, 'UserPromptSubmit', { prompt: 'x' });
    await restored(rig);
    await hook(rig.home, 'PostToolUse');
    expect(rig.inbox.said).toEqual([]);
    const busy = await makeRig();
    const { id } = await given(busy);
    busy.program.transcript.write('seen', id);
    await restored(busy, 1_000);
    expect(busy.inbox.said).toEqual([]);
  });

  it('what a door had in its hand is handed in silence', async () => {
    const rig = await makeRig();
    let settleDoor: (given: Given) => void = () => undefined;
    rig.door.answers.push(new Promise((resolve) => (settleDoor = resolve)));
    rig.inbox.deliver(letter());
    await rig.clock.run(100);
    rig.program.does('busy');
    await restored(rig);
    settleDoor(HANDED);
    await rig.clock.run(60_000);
    expect(rig.door.parcels).toHaveLength(1);
    expect(rig.inbox.said).toEqual([]);
  });

  it('so is what a hook had in its hand', async () => {
    const rig = await makeRig({ doors: [] });
    rig.inbox.deliver(letter());
    await settle();
    const client = LocalClient.of(rig.home);
    client.say({ hook: 'claude-code', event: 'UserPromptSubmit', input: { prompt: 'x' } });
    expect(await client.next()).toHaveProperty('stdout');
    await restored(rig);
    client.say({ printed: true });
    await client.closed();
    expect(rig.inbox.said).toEqual([]);
  });

  it('what was taken and not shown is shown all the same: the relay may have it no more', async () => {
    const rig = await makeRig();
    const mail = letter();
    rig.door.answers.push(failed('it is gone'));
    rig.inbox.deliver(mail);
    await rig.clock.run(100);
    await restored(rig);
    await rig.clock.run(31_000);
    expect(rig.door.ids).toEqual([[mail.id], [mail.id]]);
    expect(rig.door.parcels[1]?.text).not.toContain('redelivered');
    expect(rig.inbox.said).toEqual([]);
  });

  it('what the relay gives again before it was shown is shown once, with its receipt', async () => {
    const rig = await makeRig();
    const mail = letter();
    rig.door.answers.push(failed('it is gone'));
    rig.inbox.deliver(mail);
    await rig.clock.run(100);
    rig.inbox.mail.push({ ...mail, position: 9_001 });
    await restored(rig);
    rig.program.reads(1_000);
    await rig.clock.run(31_000);
    expect(rig.door.ids).toEqual([[mail.id], [mail.id]]);
    expect(rig.inbox.said).toEqual(['handed 9001', 'seen 9001']);
  });

  it('what the relay gives again after it was shown is marked', async () => {
    const rig = await makeRig();
    rig.program.reads(1_000);
    const mail = letter();
    rig.inbox.deliver(mail);
    await rig.clock.run(5_000);
    rig.inbox.mail.push({ ...mail, position: 9_002 });
    await restored(rig);
    await rig.clock.run(5_000);
    expect(rig.door.ids).toEqual([[mail.id], [mail.id]]);
    expect(rig.door.parcels[1]?.text).toContain('redelivered');
    expect(rig.inbox.said).toEqual(['handed 9002', 'seen 9002']);
  });

  it('what was in doubt is given again, marked, and no sender is told of another’s message', async () => {
    const rig = await makeRig();
    const mail = await given(rig);
    await restored(rig);
    await rig.clock.run(20 * 60_000);
    expect(rig.door.ids.length).toBeGreaterThan(1);
    expect(rig.door.ids.flat().every((id) => id === mail.id)).toBe(true);
    expect(rig.door.parcels.at(-1)?.text).toContain('redelivered');
    expect(rig.inbox.said).toEqual([]);
  });

  it('what waits is told of with its present position, and with none until that is known', async () => {
    const rig = await makeRig({ doors: [] });
    const mail = letter();
    rig.inbox.deliver(mail);
    await rig.clock.run(44_000);
    await restored(rig, 2_000);
    expect(rig.inbox.said).toEqual([]);
    const other = await makeRig({ doors: [] });
    other.inbox.deliver(mail);
    await other.clock.run(44_000);
    other.inbox.mail.splice(0, 1, { ...mail, position: 9_003 });
    await restored(other);
    await other.clock.run(2_000);
    expect(other.inbox.said).toEqual([expect.stringMatching(/^unseen 9003:/)]);
  });

  it('what was in doubt outlives the process, in the ledger of the new epoch', async () => {
    const rig = await makeRig();
    const mail = await given(rig);
    rig.program.does('busy');
    await restored(rig);
    expect(JSON.parse(readFileSync(join(rig.home, 'ledger', 'CC-1.json'), 'utf8'))).toMatchObject({ epoch: 'e2' });
    rig.delivery.stop();
    const next = await makeRig({ home: rig.home, clock: rig.clock, epoch: 'e2' });
    next.program.reads(1_000);
    await next.clock.run(5_000);
    expect(next.door.ids).toEqual([[mail.id]]);
    expect(next.door.parcels[0]?.text).toContain('redelivered');
    expect(next.inbox.said).toEqual([]);
  });
});
