/** The session process is killed, and the next one of its name takes up what was left in doubt. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { settle } from '../support/fake-clock.ts';
import { hook } from './local-client.ts';
import { idsOf, letter, letters, makeRig, type Rig } from './rig.ts';

const ledgerOf = (home: string) => join(home, 'ledger', 'CC-1.json');

/** The process is gone, and said nothing; another one starts in the same home. */
async function killed(rig: Rig, options: Parameters<typeof makeRig>[0] = {}): Promise<Rig> {
  rig.delivery.stop();
  return makeRig({ home: rig.home, clock: rig.clock, ...options });
}

describe('a session process that was killed', () => {
  it('after a door took the text: it is given again, marked, when the conversation does not hold it', async () => {
    const first = await makeRig();
    const mail = letter();
    first.inbox.deliver(mail);
    await first.clock.run(100);
    expect(first.inbox.said).toEqual([`handed ${mail.position}`]);
    const second = await killed(first);
    await second.clock.run(5_000);
    expect(second.door.ids).toEqual([[mail.id]]);
    expect(second.door.parcels[0]?.text).toContain('redelivered');
    expect(second.inbox.said).toEqual([`handed ${mail.position}`]);
  });

  it('after a door took the text: it is seen when the conversation holds it, and not shown again', async () => {
    const first = await makeRig();
    const mail = letters(3);
    first.inbox.deliver(...mail);
    await first.clock.run(100);
    const second = await killed(first);
    for (const { id } of mail) second.program.transcript.past.add(id);
    await second.clock.run(5_000);
    expect(second.door.parcels).toEqual([]);
    expect(second.inbox.said).toEqual([`seen ${mail.map(({ position }) => position).join()}`]);
    expect(existsSync(ledgerOf(first.home))).toBe(false);
  });

  it('after the conversation took the text in: it is given again, marked, unless its model went on with it', async () => {
    const first = await makeRig();
    first.program.reads(0);
    const [read, lost] = letters(2);
    if (!read || !lost) throw new Error('two letters');
    first.inbox.deliver(read);
    await first.clock.run(1_000);
    first.program.answers([read.id]);
    first.inbox.deliver(lost);
    await first.clock.run(1_000);
    expect(first.inbox.said.filter((line) => line.startsWith('seen'))).toEqual([
      `seen ${read.position}`,
      `seen ${lost.position}`,
    ]);
    const second = await killed(first);
    await second.clock.run(5_000);
    expect(second.door.ids).toEqual([[lost.id]]);
    expect(second.door.parcels[0]?.text).toContain('redelivered');
  });

  it('after the conversation took the text in, and a hook or a tool call showed that its model went on: no more', async () => {
    const first = await makeRig();
    first.program.reads(0);
    first.inbox.deliver(letter());
    await first.clock.run(1_000);
    expect(existsSync(ledgerOf(first.home))).toBe(true);
    first.delivery.called('relay_peers')();
    expect(existsSync(ledgerOf(first.home))).toBe(false);
  });

  it('before the door answered: it is given again, marked', async () => {
    const first = await makeRig();
    first.door.answers.push(new Promise(() => undefined));
    const mail = letter();
    first.inbox.deliver(mail);
    await first.clock.run(100);
    expect(first.inbox.said).toEqual([]);
    const second = await killed(first);
    await second.clock.run(5_000);
    expect(second.door.parcels[0]?.text).toContain('redelivered');
  });

  it('after a hook printed it: the same', async () => {
    const first = await makeRig({ doors: [] });
    const mail = letter();
    first.inbox.deliver(mail);
    await settle();
    await hook(first.home, 'UserPromptSubmit', { prompt: 'x' });
    const second = await killed(first, { doors: [] });
    await second.clock.run(5_000);
    const reply = await hook(second.home, 'UserPromptSubmit', { prompt: 'y' });
    expect(reply.stdout).toContain(`id=${mail.id}`);
    expect(reply.stdout).toContain('redelivered');
  });

  it('again and again, leaves each message shown once more at most for each death, and always marked', async () => {
    let rig = await makeRig();
    const mail = letters(4);
    rig.inbox.deliver(...mail);
    await rig.clock.run(100);
    for (let death = 0; death < 5; death += 1) {
      rig = await killed(rig);
      await rig.clock.run(5_000);
      expect(rig.door.ids.flat()).toEqual(idsOf(mail));
      expect(rig.door.parcels.every(({ text }) => text.split('redelivered').length === mail.length + 1)).toBe(true);
    }
  });

  it('a second time, before it came to give all of them again, has forgotten none', async () => {
    const first = await makeRig();
    const mail = letters(30, { body: 'x'.repeat(2_000) });
    // Turns of a second, of which nothing is written down.
    first.door.onHanded = () => {
      first.program.does('busy');
      first.clock.after(1_000, () => first.program.does('idle'));
    };
    first.inbox.deliver(...mail);
    await first.clock.run(6_000);
    expect(first.inbox.said.join(',')).toContain(String(mail.at(-1)?.position));
    const second = await killed(first);
    // It gives what fits at once, and is killed in the middle of that turn.
    second.program.does('idle');
    await second.clock.run(3_500);
    const given = second.door.ids.flat();
    expect(given.length).toBeGreaterThan(0);
    expect(given.length).toBeLessThan(mail.length);
    const third = await killed(second);
    third.program.reads(100);
    await third.clock.run(60_000);
    expect(third.door.ids.flat().sort()).toEqual(idsOf(mail).sort());
    expect(readdirSync(join(third.home, 'ledger'))).toEqual([]);
  });

  it('a second time, after it gave newer mail and before it looked at what was left, has forgotten none', async () => {
    const first = await makeRig();
    const [old, newer] = letters(2);
    if (!old || !newer) throw new Error('two letters');
    first.inbox.deliver(old);
    await first.clock.run(100);
    const second = await killed(first);
    second.inbox.deliver(newer);
    await second.clock.run(500);
    expect(second.door.ids).toEqual([[newer.id]]);
    const third = await killed(second);
    third.program.transcript.past.add(newer.id);
    await third.clock.run(5_000);
    expect(third.door.ids).toEqual([[old.id]]);
    expect(third.door.parcels[0]?.text).toContain('redelivered');
  });

  it('keeps what a closed door gave back to be given again', async () => {
    const first = await makeRig();
    const mail = letter();
    first.inbox.deliver(mail);
    await first.clock.run(100);
    const second = await killed(first);
    second.door.answers.push({ outcome: 'failed', reason: 'closed' });
    await second.clock.run(5_000);
    const third = await killed(second);
    await third.clock.run(5_000);
    expect(third.door.ids).toEqual([[mail.id]]);
  });

  it('does not give an answer again that its model asked for, unless the conversation can be read and does not hold it', async () => {
    const rig = await makeRig({ doors: [] });
    const [read, lost] = [letter(), letter()];
    rig.delivery.answered([read, lost]);
    const second = await killed(rig);
    second.program.transcript.past.add(read.id);
    await second.clock.run(5_000);
    expect(second.inbox.said[0]).toBe(`seen ${read.position}`);
    expect(second.door.ids).toEqual([[lost.id]]);
    const blind = await makeRig({ doors: [] });
    blind.program.hasTranscript = false;
    blind.delivery.answered([letter()]);
    const third = await killed(blind);
    await third.clock.run(5_000);
    expect(third.shelf.all).toEqual([]);
  });

  it('of another epoch left nothing that means anything now', async () => {
    const first = await makeRig();
    first.inbox.deliver(letter());
    await first.clock.run(100);
    const text = readFileSync(ledgerOf(first.home), 'utf8').replace('"epoch":"e1"', '"epoch":"e0"');
    writeFileSync(ledgerOf(first.home), text);
    const second = await killed(first);
    await second.clock.run(5_000);
    expect(second.door.parcels).toEqual([]);
  });

  it.each([
    '',
    '{',
    '[]',
    '{"name":"CC-1","epoch":"e1","entries":[{"envelope":{}},5]}',
    '{"name":"CC-2","epoch":"e1","entries":[]}',
  ])('may have left damage (%j): nothing is given, nothing falls over', async (text) => {
    const first = await makeRig();
    first.inbox.deliver(letter());
    await first.clock.run(100);
    writeFileSync(ledgerOf(first.home), text);
    const second = await killed(first);
    await second.clock.run(5_000);
    expect(second.door.parcels).toEqual([]);
    second.inbox.deliver(letter());
    await second.clock.run(200);
    expect(second.door.parcels).toHaveLength(1);
  });
});

describe('the ledger on disk', () => {
  it('is private, and gone once everything was seen', async () => {
    const rig = await makeRig();
    rig.program.reads(50);
    rig.inbox.deliver(letter());
    await rig.clock.run(70);
    expect(statSync(ledgerOf(rig.home)).mode & 0o777).toBe(0o600);
    await rig.clock.run(1_000);
    expect(readdirSync(join(rig.home, 'ledger'))).toEqual([]);
  });

  it('goes along to another name', async () => {
    const rig = await makeRig();
    const mail = letter();
    rig.inbox.deliver(mail);
    await rig.clock.run(100);
    rig.standing.name = 'CC-9';
    rig.delivery.renamed({ name: 'CC-1', epoch: 'e1' });
    expect(readdirSync(join(rig.home, 'ledger'))).toEqual(['CC-9.json']);
    expect(readFileSync(join(rig.home, 'ledger', 'CC-9.json'), 'utf8')).toContain(mail.id);
  });

  it('that cannot be written costs the mark, not the message', async () => {
    const rig = await makeRig();
    writeFileSync(join(rig.home, 'ledger'), 'in the way');
    rig.inbox.deliver(letter());
    await rig.clock.run(200);
    expect(rig.door.parcels).toHaveLength(1);
    expect(rig.logged.join('\n')).toContain('ledger:');
  });
});
