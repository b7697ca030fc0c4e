/** Mail to an idle, a busy and a silent program through its doors: once, in order, and the sender knows. */
import { describe, expect, it } from 'vitest';
import { failed } from '../../src/agents/door.ts';
import { RelayError } from '../../src/protocol/codes.ts';
import { settle } from '../support/fake-clock.ts';
import { FakeDoor } from './fake-program.ts';
import { idsOf, letter, letters, makeRig } from './rig.ts';

describe('an idle session', () => {
  it('is woken by a message, which is handed, and seen once the conversation holds it', async () => {
    const { inbox, door, clock, program } = await makeRig();
    const mail = letter({ body: 'Is the build green?' });
    inbox.deliver(mail);
    await clock.run(60);
    expect(door.ids).toEqual([[mail.id]]);
    expect(door.parcels[0]).toMatchObject({ from: 'CC-2', urgent: false });
    expect(door.parcels[0]?.text).toContain('> Is the build green?');
    expect(inbox.said).toEqual([`handed ${mail.position}`]);
    program.does('busy');
    program.transcript.write('seen', mail.id);
    await clock.run(500);
    expect(inbox.said).toEqual([`handed ${mail.position}`, `seen ${mail.position}`]);
  });

  it('loses nothing to a fault on the way to its door', async () => {
    const { inbox, door, clock, program } = await makeRig();
    program.transcript.watch = () => {
      throw new Error('EIO');
    };
    const mail = letter();
    inbox.deliver(mail);
    await clock.run(1_000);
    expect(door.parcels).toEqual([]);
    program.transcript.watch = () => undefined;
    await clock.run(60_000);
    expect(door.ids).toContainEqual([mail.id]);
  });

  it('is given a burst at once, in order, and what comes during its turn after it', async () => {
    const { inbox, door, clock, program } = await makeRig();
    program.reads(2_000);
    const burst = letters(50);
    for (const [i, mail] of burst.entries()) {
      inbox.deliver(mail);
      if (i % 10 === 9) await clock.run(20);
    }
    await clock.run(10_000);
    expect(door.ids.flat()).toEqual(idsOf(burst));
    expect(door.parcels.length).toBeLessThanOrEqual(3);
    await clock.run(5_000);
    expect(
      inbox.said
        .filter((said) => said.startsWith('seen'))
        .flatMap((said) => said.slice(5).split(','))
        .sort(),
    ).toEqual(burst.map(({ position }) => String(position)).sort());
  });

  it('is not woken by quiet mail, which rides along with the next', async () => {
    const { inbox, door, clock, program } = await makeRig();
    program.reads(100);
    const quiet = letter({ priority: 'quiet' });
    inbox.deliver(quiet);
    await clock.run(120_000);
    expect(door.parcels).toEqual([]);
    expect(inbox.said).toEqual([]);
    const loud = letter();
    inbox.deliver(loud);
    await clock.run(1_000);
    expect(door.ids).toEqual([[quiet.id, loud.id]]);
  });

  it('is woken so often an hour, and then at its next turn', async () => {
    const { inbox, door, clock, program } = await makeRig({ wakes: 3 });
    program.reads(100);
    for (let i = 0; i < 5; i += 1) {
      inbox.deliver(letter());
      await clock.run(5_000);
    }
    expect(door.parcels).toHaveLength(3);
    await clock.run(60_000);
    const [waiting] = inbox.said.filter((said) => said.startsWith('unseen'));
    expect(waiting).toMatch(
      /^unseen \d+(,\d+)?: woken 3 times in the last hour; again in \d+ min, or at its next turn$/,
    );
    await clock.run(3_600_000);
    expect(door.ids.slice(3)).toHaveLength(1);
    expect(door.ids[3]).toHaveLength(2);
  });

  it('shows several senders as the relay, and shortens what is long', async () => {
    const { inbox, door, clock } = await makeRig();
    const long = letter({ from: 'CC-3', body: 'x'.repeat(9_000) });
    inbox.deliver(letter(), long);
    await clock.run(100);
    const [parcel] = door.parcels;
    expect(parcel?.from).toBe('claude-relay');
    expect(parcel?.text).toContain('whole=9000');
    expect(parcel?.text).toContain('relay_history {"id": id}');
    expect(parcel?.text.length).toBeLessThan(6_000);
  });

  it('is given no more at once than it can well take in; the rest follows', async () => {
    const { inbox, door, clock, program } = await makeRig();
    program.reads(500);
    const many = letters(40, { body: 'y'.repeat(1_500) });
    inbox.deliver(...many);
    await clock.run(60_000);
    for (const { text } of door.parcels) expect(text.length).toBeLessThanOrEqual(24_000);
    expect(door.ids.flat()).toEqual(idsOf(many));
    expect(door.parcels[0]?.text).toMatch(/ \d+ more unread: call relay_receive\./);
    expect(door.parcels.at(-1)?.text).not.toContain('more unread');
  });
});

describe('a session at work', () => {
  it('is not disturbed by a normal message until its turn ends', async () => {
    const { inbox, door, clock, program } = await makeRig();
    program.does('busy', 'Bash');
    inbox.deliver(letter());
    await clock.run(30_000);
    expect(door.parcels).toEqual([]);
    program.does('idle');
    await clock.run(300);
    expect(door.parcels).toHaveLength(1);
  });

  it('gets an urgent one in between, with what is older, where its door can', async () => {
    const { inbox, door, program } = await makeRig({ doors: [new FakeDoor('socket', true)] });
    program.does('busy', 'Bash');
    const [first, second] = [letter(), letter({ priority: 'urgent' })];
    inbox.deliver(first, second);
    await settle();
    expect(door.parcels).toMatchObject([{ urgent: true, ids: [first.id, second.id] }]);
  });

  it('tells the sender within a minute what it is doing', async () => {
    const { inbox, clock, program } = await makeRig();
    program.does('busy', 'Bash');
    const mail = letter();
    inbox.deliver(mail);
    await clock.run(44_000);
    expect(inbox.said).toEqual([]);
    await clock.run(2_000);
    expect(inbox.said).toEqual([
      `unseen ${mail.position}: in Bash since ${new Date(clock.now() - 46_000).toISOString().slice(11, 19)}Z; it comes at the end of its turn`,
    ]);
    await clock.run(600_000);
    expect(inbox.said).toHaveLength(1);
  });

  it('that waits for its person says so', async () => {
    const { inbox, clock, program } = await makeRig();
    program.does('waiting');
    inbox.deliver(letter());
    await clock.run(50_000);
    expect(inbox.said[0]).toMatch(/: waiting for its person since [\d:]{8}Z; it comes at the end of its turn$/);
  });
});

describe('a door that does not work', () => {
  it.each([
    ['failed', failed('it is closed')],
    ['refused', { outcome: 'refused', reason: 'not now' }],
  ] as const)('and says %s, is followed by the next one at once', async (_what, given) => {
    const doors = [new FakeDoor('first'), new FakeDoor('second')];
    const { inbox, clock } = await makeRig({ doors });
    doors[0]?.answers.push(given);
    const mail = letter();
    inbox.deliver(mail);
    await clock.run(200);
    expect(doors.map(({ ids }) => ids)).toEqual([[[mail.id]], [[mail.id]]]);
    expect(doors[1]?.parcels[0]?.text).not.toContain('redelivered');
    expect(inbox.said).toEqual([`handed ${mail.position}`]);
  });

  it('rests for a while, and is tried again when it is the only one', async () => {
    const { inbox, clock, door } = await makeRig();
    door.answers.push(failed('it is closed'));
    const mail = letter();
    inbox.deliver(mail);
    await clock.run(29_000);
    expect(door.parcels).toHaveLength(1);
    await clock.run(2_000);
    expect(door.ids).toEqual([[mail.id], [mail.id]]);
    expect(inbox.said).toEqual([`handed ${mail.position}`]);
  });

  it('and is the only one, is told to the sender within a minute', async () => {
    const { inbox, clock, door } = await makeRig();
    door.answers.push(failed('the socket is gone (ECONNREFUSED)'), failed('the socket is gone (ECONNREFUSED)'));
    inbox.deliver(letter());
    await clock.run(60_000);
    expect(inbox.said[0]).toMatch(
      /^unseen \d+: the socket is gone \(ECONNREFUSED\); reached at its next turn, idle since /,
    );
  });

  it('because the program holds the text for its person, marks what the next one gives', async () => {
    const doors = [new FakeDoor('first'), new FakeDoor('second')];
    const { inbox, clock } = await makeRig({ doors });
    doors[0]?.answers.push({ outcome: 'held', reason: 'its person must say yes' });
    inbox.deliver(letter());
    await clock.run(200);
    expect(doors[1]?.parcels[0]?.text).toContain('redelivered');
  });

  it('and drops the text in silence, is found out, and the next one gives it again, marked', async () => {
    const doors = [new FakeDoor('first'), new FakeDoor('second')];
    const { inbox, clock, program } = await makeRig({ doors });
    const mail = letter();
    inbox.deliver(mail);
    await clock.run(9_000);
    expect(doors[1]?.parcels).toEqual([]);
    await clock.run(3_000);
    expect(doors[1]?.parcels).toMatchObject([{ ids: [mail.id] }]);
    expect(doors[1]?.parcels[0]?.text).toContain('redelivered');
    program.transcript.write('seen', mail.id);
    await clock.run(500);
    expect(inbox.said.at(-1)).toBe(`seen ${mail.position}`);
    // The one that dropped it is not trusted for a while.
    const next = letter();
    inbox.deliver(next);
    await clock.run(3_000);
    expect(doors.map(({ ids }) => ids.length)).toEqual([1, 2]);
  });

  it('is not blamed while the program is at work, or has the text in its own queue', async () => {
    const doors = [new FakeDoor('first'), new FakeDoor('second')];
    const { inbox, clock, program } = await makeRig({ doors });
    const mail = letter();
    inbox.deliver(mail);
    await clock.run(100);
    program.does('busy', 'Bash');
    await clock.run(300_000);
    program.transcript.write('queued', mail.id);
    program.does('idle');
    await clock.run(30_000);
    expect(doors[1]?.parcels).toEqual([]);
    program.transcript.write('seen', mail.id);
    await clock.run(1_000);
    expect(inbox.said.at(-1)).toBe(`seen ${mail.position}`);
  });

  it.each([
    ['ahead', 24 * 3_600_000],
    ['back', -24 * 3_600_000],
  ])('is blamed neither early nor late when the clock is set a day %s', async (_where, step) => {
    const doors = [new FakeDoor('first'), new FakeDoor('second')];
    const { inbox, clock } = await makeRig({ doors });
    inbox.deliver(letter());
    await clock.run(1_000);
    clock.step(step);
    await clock.run(8_000);
    expect(doors.map(({ ids }) => ids.length)).toEqual([1, 0]);
    await clock.run(3_000);
    expect(doors.map(({ ids }) => ids.length)).toEqual([1, 1]);
  });

  it('is given up after three times, and the sender knows', async () => {
    const { inbox, clock, door, program } = await makeRig();
    program.doorless = 'it has no socket';
    inbox.deliver(letter({ position: 900_001 }));
    await clock.run(3_600_000);
    expect(door.parcels).toHaveLength(3);
    expect(inbox.said.filter((said) => said.startsWith('unseen'))).toEqual([
      expect.stringMatching(/^unseen 900001: reached at its next turn only, idle since /),
      expect.stringMatching(
        /^unseen 900001: given by socket for the third time at [\d:]{8}Z; no sign that it was read; idle since /,
      ),
    ]);
  });

  it('that the policy of the receiver closes is told at once, and the next one gives it, marked', async () => {
    const doors = [new FakeDoor('first'), new FakeDoor('second')];
    const { inbox, clock, program } = await makeRig({ doors });
    const mail = letter();
    inbox.deliver(mail);
    await clock.run(100);
    program.transcript.write('held', mail.id);
    await clock.run(3_000);
    expect(inbox.said).toContainEqual(
      `unseen ${mail.position}: given by first, and held by its own policy until its person decides`,
    );
    expect(doors[1]?.parcels[0]?.text).toContain('redelivered');
  });

  it('by a setting that has a name is told with that name', async () => {
    const { inbox, clock, program } = await makeRig();
    program.transcript.policy = 'crossSessionInbound';
    const mail = letter();
    inbox.deliver(mail);
    await clock.run(100);
    program.transcript.write('held', mail.id);
    await clock.run(3_000);
    expect(inbox.said).toContainEqual(
      `unseen ${mail.position}: given by socket, and held by its own policy (crossSessionInbound) until its person decides`,
    );
  });
});

describe('a call that waits', () => {
  it('is the best of doors: nothing is pushed beside it', async () => {
    const { inbox, clock, door, shelf } = await makeRig();
    const stop = shelf.await();
    inbox.deliver(letter());
    await clock.run(5_000);
    expect(door.parcels).toEqual([]);
    stop();
    await clock.run(100);
    expect(door.parcels).toHaveLength(1);
  });
});

describe('a session without doors', () => {
  it('tells the sender why, in the words of its program', async () => {
    const { inbox, clock, program } = await makeRig({ doors: [] });
    program.doorless = 'it has no socket';
    inbox.deliver(letter({ position: 900_001 }));
    await clock.run(46_000);
    expect(inbox.said).toEqual([
      expect.stringMatching(/^unseen 900001: reached at its next turn only: it has no socket, idle since/),
    ]);
  });

  it('keeps its mail for hooks and calls, and tells the sender that it is reached at its next turn', async () => {
    const { inbox, clock } = await makeRig({ doors: [] });
    const mail = letter();
    inbox.deliver(mail);
    await clock.run(46_000);
    expect(inbox.mail).toHaveLength(1);
    expect(inbox.said).toEqual([
      expect.stringMatching(`^unseen ${mail.position}: reached at its next turn only, idle since`),
    ]);
  });

  it('has none before its program has said who it is, whatever the environment says', async () => {
    const { inbox, clock, door, delivery, program } = await makeRig({ isUnknown: true });
    inbox.deliver(letter());
    await clock.run(5_000);
    expect(door.parcels).toEqual([]);
    delivery.knows(program);
    await clock.run(100);
    expect(door.parcels).toHaveLength(1);
  });
});

describe('what peers are told', () => {
  it('is what the program does and by which door it is woken, when it changes', async () => {
    const { clock, told, program, door } = await makeRig();
    await clock.run(1_000);
    program.does('busy', 'Bash');
    await clock.run(1_000);
    door.isThere = false;
    program.does('waiting');
    await clock.run(5_000);
    expect(told.map(({ doing, tool, door: by }) => [doing, tool, by])).toEqual([
      ['idle', undefined, 'socket'],
      ['idle', undefined, 'socket'],
      ['busy', 'Bash', 'socket'],
      ['waiting', undefined, undefined],
    ]);
  });

  it('is nothing while there is no relay', async () => {
    const { clock, told, program, inbox } = await makeRig();
    const before = told.length;
    inbox.isConnected = false;
    program.does('busy');
    await clock.run(3_000);
    expect(told).toHaveLength(before);
  });
});

describe('a relay that is away', () => {
  it('does not stop what was taken before, and is asked again when it is back', async () => {
    const { inbox, clock, door } = await makeRig();
    inbox.gate = Promise.reject(new Error('away'));
    inbox.gate.catch(() => undefined);
    inbox.deliver(letter());
    await clock.run(1_000);
    expect(door.parcels).toEqual([]);
    inbox.gate = Promise.resolve();
    inbox.wake();
    await clock.run(100);
    expect(door.parcels).toHaveLength(1);
  });

  it('is asked again a second after it has refused for a while: no welcome will come', async () => {
    const { inbox, clock, door, delivery } = await makeRig();
    inbox.gate = Promise.reject(new RelayError('storage_full'));
    inbox.gate.catch(() => undefined);
    inbox.deliver(letter());
    await clock.run(10_000);
    expect(door.parcels).toEqual([]);
    expect(inbox.looks).toBeLessThanOrEqual(11);
    inbox.gate = Promise.resolve();
    await clock.run(1_100);
    expect(door.parcels).toHaveLength(1);
    inbox.gate = Promise.reject(new RelayError('timeout'));
    inbox.gate.catch(() => undefined);
    inbox.deliver(letter());
    delivery.stop();
    await settle();
    expect(clock.pending).toBe(0);
  });
});
