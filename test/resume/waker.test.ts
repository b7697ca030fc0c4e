import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeBerth } from '../../src/config/rendezvous.ts';
import { readRun, writeRun } from '../../src/config/woken.ts';
import { RelayError } from '../../src/protocol/codes.ts';
import { writePolicy } from '../../src/resume/policy.ts';
import { ensurePrivateDir } from '../../src/util/files.ts';
import { markProcess } from '../../src/util/processes.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { conversation, letter, makeWaker } from './rig.ts';

const GONE = { pid: 2 ** 22 + 1, start: 'never' };

describe('a session that has ended and may be woken', () => {
  it('goes on with exactly its conversation, in its directory, and its last words are the answer', async () => {
    const { mail, runs, told, consider, home } = makeWaker();
    mail.inbox.push(letter());
    expect(await consider()).toBe('woken');
    expect(runs).toMatchObject([{ program: process.execPath, cwd: told.cwd, limit: 600_000 }]);
    expect(runs[0]?.args.slice(0, 2)).toEqual(['--go-on', 'c-1']);
    expect(mail.answers).toMatchObject([{ name: 'CC-1', reply_to: 'm1', body: 'Done.' }]);
    expect(existsSync(join(home, 'resume/run.json'))).toBe(false);
  });

  it('finds its conversations where it kept them, whatever the waker has in its own environment', async () => {
    const { mail, runs, consider } = makeWaker();
    mail.inbox.push(letter());
    await consider();
    expect(runs[0]?.env).toMatchObject({ PATH: '/bin', FAKE_HOME: '/somewhere' });
    expect(runs[0]?.env.FAKE_OTHER).toBeUndefined();
  });

  it('is told that messages wait, and no word of them; nor is the log', async () => {
    const { mail, runs, said, consider } = makeWaker();
    mail.inbox.push(letter());
    await consider();
    expect(runs[0]?.args[2]).toContain('relay_receive');
    expect(JSON.stringify([runs, said])).not.toContain('a secret word');
  });

  it('is named as the run under way while it runs', async () => {
    const { mail, home, state, consider } = makeWaker();
    mail.inbox.push(letter());
    let under: unknown;
    state.during = () => {
      under = readRun(home);
      mail.inbox.length = 0;
    };
    await consider();
    expect(under).toMatchObject({ name: 'CC-1', message: 'm1', from: 'PEER', pid: process.pid });
  });

  it('has answered itself: nothing is added', async () => {
    const { mail, consider } = makeWaker();
    mail.inbox.push(letter());
    mail.answered.add('m1');
    expect(await consider()).toBe('woken');
    expect(mail.answers).toEqual([]);
  });
});

describe('nobody is woken', () => {
  it('whom nobody allowed to be', async () => {
    const { mail, runs, consider } = makeWaker({ allowed: false });
    mail.inbox.push(letter());
    expect(await consider()).toBe('idle');
    expect(runs).toEqual([]);
  });

  it('whom its owner denies, though it was started with leave', async () => {
    const { mail, runs, home, consider } = makeWaker({ allowed: false, told: conversation({ isAllowed: true }) });
    writePolicy(home, { name: 'CC-1', isAllowed: false });
    mail.inbox.push(letter());
    expect(await consider()).toBe('idle');
    expect(runs).toEqual([]);
  });

  it('whose leave has run out', async () => {
    const { mail, runs, home, clock, consider } = makeWaker();
    writePolicy(home, { name: 'CC-1', isAllowed: true, until: clock.now() + 1_000 });
    mail.inbox.push(letter());
    clock.advance(1_000);
    expect(await consider()).toBe('idle');
    expect(runs).toEqual([]);
  });

  it.each([
    ['a room', letter({ to: ['#build'] })],
    ['all', letter({ to: ['all'] })],
    ['it, quietly', letter({ priority: 'quiet' })],
    ['it, by itself', letter({ from: 'CC-1' })],
    ['it, by a waker: two sessions would wake each other for ever', letter({ id: 'woken-0123' })],
  ])('for what is written to %s', async (_to, message) => {
    const { mail, runs, consider } = makeWaker();
    mail.inbox.push(message);
    expect(await consider()).toBe('idle');
    expect(runs).toEqual([]);
  });

  it('who has a process that has the conversation open, as the program says; it is said once', async () => {
    const { mail, runs, state, said, consider } = makeWaker();
    mail.inbox.push(letter());
    state.why = 'open in process 7 of Fake';
    expect(await consider()).toBe('later');
    expect(await consider()).toBe('later');
    expect(runs).toEqual([]);
    expect(said).toEqual(['CC-1 is not woken: open in process 7 of Fake.']);
  });

  it('whose session process runs', async () => {
    const { mail, runs, home, consider } = makeWaker();
    ensurePrivateDir(join(home, 'run'));
    const berth = { ...markProcess(process.pid), parent: 1, socket: '/none', cwd: '/', agentSession: 'c-1' };
    writeBerth(home, berth);
    mail.inbox.push(letter());
    expect(await consider()).toBe('later');
    expect(runs).toEqual([]);
  });

  it('who is connected to the relay', async () => {
    const { mail, runs, consider } = makeWaker();
    mail.inbox.push(letter());
    mail.isOnline = true;
    expect(await consider()).toBe('later');
    expect(runs).toEqual([]);
  });

  it('who is opened in the last moment', async () => {
    const { mail, runs, state, clock, waker } = makeWaker();
    mail.inbox.push(letter());
    await waker.consider('CC-1');
    clock.advance(3_000);
    const isHere = mail.isHere.bind(mail);
    mail.isHere = async () => {
      state.why = 'open in process 7 of Fake';
      return isHere();
    };
    expect(await waker.consider('CC-1')).toBe('later');
    expect(runs).toEqual([]);
  });

  it('before the message has waited a little: a session that is started again takes it itself', async () => {
    const { mail, runs, clock, waker } = makeWaker();
    mail.inbox.push(letter());
    expect(await waker.consider('CC-1')).toBe('later');
    clock.advance(2_999);
    expect(await waker.consider('CC-1')).toBe('later');
    expect(runs).toEqual([]);
  });

  it('while the relay cannot be asked', async () => {
    const { mail, runs, waker } = makeWaker();
    mail.errors.push(new RelayError('not_connected'));
    await expect(waker.consider('CC-1')).rejects.toThrow(RelayError);
    expect(runs).toEqual([]);
  });
});

describe('a run that failed', () => {
  it.each([
    ['an exit code', { code: 3, stdout: 'half a word' }, 'failed (exit code 3)'],
    ['the end of its time', { code: 143, stdout: '', cut: 'time' }, '10 min, its time limit (exit code 143)'],
    ['a program that is gone', { code: 127, stdout: '' }, 'could not be started (exit code 127)'],
    ['nothing said', { code: 0, stdout: ' \n' }, 'ended without a word (exit code 0)'],
    ['the owner who stopped the waker', { code: 143, stdout: '', cut: 'stopped' }, 'its owner stopped the waker'],
  ] as const)('by %s is told to the sender as such', async (_why, ran, words) => {
    const { mail, state, consider } = makeWaker();
    mail.inbox.push(letter());
    state.ran = ran;
    await consider();
    expect(mail.answers).toHaveLength(1);
    expect(mail.answers[0]?.body).toContain(words);
    expect(mail.answers[0]?.body).not.toContain('half a word');
  });

  it('did so also when it ended well and the message was not read', async () => {
    const { mail, state, consider } = makeWaker();
    mail.inbox.push(letter());
    state.during = () => undefined;
    await consider();
    expect(mail.answers[0]?.body).toContain('ended without reading your message');
  });

  it('is not tried again for that message, but for another one after a while', async () => {
    const { mail, runs, state, clock, consider } = makeWaker();
    state.ran = { code: 1, stdout: '' };
    state.during = () => undefined;
    mail.inbox.push(letter());
    expect(await consider()).toBe('woken');
    clock.advance(24 * 60 * 60_000);
    expect(await consider()).toBe('idle');
    mail.inbox.push(letter({ id: 'm2', position: 2 }));
    expect(await consider()).toBe('woken');
    mail.inbox.push(letter({ id: 'm3', position: 3 }));
    expect(await consider()).toBe('later');
    clock.advance(2 * 60_000);
    expect(await consider()).toBe('woken');
    expect(runs).toHaveLength(3);
    expect(mail.answers.map(({ reply_to }) => reply_to)).toEqual(['m1', 'm2', 'm3']);
  });
});

describe('the answer', () => {
  it('waits for a relay that is away', async () => {
    const { mail, state, clock, consider } = makeWaker();
    mail.inbox.push(letter());
    state.during = () => {
      mail.inbox.length = 0;
      mail.errors.push(new RelayError('not_connected'), new RelayError('not_connected'));
    };
    const woken = consider();
    await settle();
    await clock.run(3_000);
    expect(await woken).toBe('woken');
    expect(mail.answers).toHaveLength(1);
  });

  it('that the relay does not take is given up, and said', async () => {
    const { mail, home, state, said, consider } = makeWaker();
    mail.inbox.push(letter());
    state.during = () => void mail.errors.push(new RelayError('unknown_recipient'));
    expect(await consider()).toBe('woken');
    expect(said.at(-1)).toContain('cannot be told');
    expect(readRun(home)).toBeUndefined();
  });

  it('is owed by the next waker when this one is stopped before it is sent', async () => {
    const { mail, home, stop, state, consider } = makeWaker();
    mail.inbox.push(letter());
    state.during = () => {
      stop.abort();
      mail.errors.push(new RelayError('not_connected'));
    };
    await expect(consider()).rejects.toThrow(RelayError);
    expect(readRun(home)).toMatchObject({ message: 'm1' });
  });
});

describe('what a killed waker left', () => {
  const left = (over: object) => ({
    name: 'CC-1',
    message: 'm1',
    from: 'PEER',
    at: new FakeClock().now(),
    ...GONE,
    ...over,
  });

  it('is nothing, as a rule', async () => {
    const { waker, mail } = makeWaker();
    expect(await waker.takeUp()).toBe(true);
    expect(mail.answers).toEqual([]);
  });

  it('is told to the sender, once', async () => {
    const { waker, mail, home } = makeWaker();
    writeRun(home, left({}));
    expect(await waker.takeUp()).toBe(true);
    expect(await waker.takeUp()).toBe(true);
    expect(mail.answers).toMatchObject([{ name: 'CC-1', reply_to: 'm1' }]);
    expect(mail.answers[0]?.body).toContain('was interrupted');
  });

  it('is waited for while it still runs: there is one at a time', async () => {
    const { waker, mail, home, ended } = makeWaker();
    writeRun(home, left(markProcess(process.pid)));
    expect(await waker.takeUp()).toBe(false);
    expect([ended, mail.answers]).toEqual([[], []]);
  });

  it('is ended when its time is over', async () => {
    const { waker, mail, home, ended, clock } = makeWaker();
    writeRun(home, left(markProcess(process.pid)));
    clock.advance(600_000);
    expect(await waker.takeUp()).toBe(true);
    expect(ended).toEqual([process.pid]);
    expect(mail.answers).toHaveLength(1);
  });
});
