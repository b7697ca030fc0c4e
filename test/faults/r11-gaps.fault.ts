/** R11: a gap is said, every time, and to the model. The program itself: a relay, a session process, and its tools. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Machine, type McpSession, machine, until } from '../support/cli.ts';
import { expectNone } from './support/check.ts';
import { times } from './support/counts.ts';
import { record } from './support/figures.ts';
import { RelayProcess } from './support/relay-process.ts';

const ROUNDS = times({ ci: 5, long: 50, planted: 1 });

const REPLACED = /restored or replaced/;
const ROLLED_BACK = /has lost its newest messages/;

async function begin(args: readonly string[] = []) {
  const home = machine();
  const relay = new RelayProcess(home, { args });
  await relay.start();
  const session = await home.session('B');
  await session.connected();
  return { home, relay, session };
}

/** What the next tools of a session say until it is connected again, put together: a notice comes once, with any of them. */
async function nextWords(session: McpSession): Promise<string> {
  const words: string[] = [];
  await until(
    async () => {
      const text = await session.call('relay_status');
      words.push(text);
      return text;
    },
    (text) => /^Connected to/m.test(text),
  );
  // The notice stands before or after the answer that was being made when the welcome came.
  words.push(await session.call('relay_status'));
  return words.join('\n');
}

async function restarted(relay: RelayProcess, meanwhile: () => void | Promise<void>): Promise<void> {
  await relay.kill('SIGTERM');
  await meanwhile();
  await relay.start();
}

/** Round after round; answers the rounds in which nothing was said. */
async function eachRound(session: McpSession, says: RegExp, round: (n: number) => Promise<void>): Promise<string[]> {
  const silent: string[] = [];
  for (let n = 1; n <= ROUNDS; n += 1) {
    await round(n);
    const words = await nextWords(session);
    if (!says.test(words)) silent.push(`round ${n} said nothing of it: ${words}`);
    expect(await session.call('relay_status'), 'it is said once').not.toMatch(says);
  }
  return silent;
}

describe('R11: a gap', () => {
  it(`is said to the model when an old backup was restored, ${ROUNDS} times of ${ROUNDS}`, async () => {
    const { home, relay, session } = await begin();
    const silent = await eachRound(session, REPLACED, async (n) => {
      const file = join(home.user, `backup-${n}.sqlite`);
      await home.ok(['backup', file]);
      await home.ok(['send', 'B', `since ${n}`, '--as', 'A']);
      await restarted(relay, async () => void (await home.ok(['restore', file])));
    });
    expectNone('gaps of a restore that were not said', silent);
    record('R11', { restores: ROUNDS });
  });

  it(`is said to the model when the data were deleted, ${ROUNDS} times of ${ROUNDS}`, async () => {
    const { home, relay, session } = await begin();
    const silent = await eachRound(session, REPLACED, async () => {
      await restarted(relay, () => rmSync(join(home.home, 'data'), { recursive: true }));
    });
    expectNone('gaps of a wipe that were not said', silent);
    record('R11', { wipes: ROUNDS });
  });

  it(`is said to the model when an older file was put in the place of the data, ${ROUNDS} times of ${ROUNDS}`, async () => {
    const { home, relay, session } = await begin();
    const silent = await eachRound(session, ROLLED_BACK, async (n) => {
      const aside = mkdtempSync(join(home.user, 'aside-'));
      await restarted(relay, () => copyFileSync(join(home.home, 'data/relay.sqlite'), join(aside, 'relay.sqlite')));
      await nextWords(session);
      await home.ok(['send', 'B', `since ${n}`, '--as', 'A']);
      expect(await session.call('relay_receive', { wait_seconds: 10 })).toContain(`since ${n}`);
      await restarted(relay, () => copyFileSync(join(aside, 'relay.sqlite'), join(home.home, 'data/relay.sqlite')));
    });
    expectNone('gaps of a copied file that were not said', silent);
    record('R11', { 'older files': ROUNDS });
  });

  it(`is said to the model when what it had unread has ended meanwhile, ${ROUNDS} times of ${ROUNDS}`, async () => {
    const { home, session } = await begin(['--keep-unread', '1s']);
    const silent: string[] = [];
    let here = session;
    for (let n = 1; n <= ROUNDS; n += 1) {
      await here.kill('SIGTERM');
      for (let i = 0; i < n; i += 1) await home.ok(['send', 'B', `lost ${i}`, '--as', 'A']);
      await ended(home);
      here = await home.session('B');
      const words = await nextWords(here);
      const says = n === 1 ? '1 message to you ended' : `${n} messages to you ended`;
      if (!words.includes(says)) silent.push(`round ${n} said nothing of it: ${words}`);
      // The process dies after it has said so: the next one does not say it again.
      await here.kill('SIGKILL');
      here = await home.session('B');
      expect(await nextWords(here), 'it is said once').not.toContain('to you ended');
    }
    expectNone('ends that were not said', silent);
    record('R11', { 'ends while away': ROUNDS });
  });
});

/** Nothing is unread any more. */
async function ended(home: Machine): Promise<void> {
  await until(
    () => home.ok(['receipts', '--as', 'A']),
    (text) => !/ stored /.test(text),
  );
}
