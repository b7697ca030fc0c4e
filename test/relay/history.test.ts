/** History that is looked for in several steps, and what may happen between two of them. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Journal } from '../../src/journal/journal.ts';
import { LIMITS } from '../../src/protocol/limits.ts';
import type { HistoryResult } from '../../src/protocol/verbs.ts';
import type { Relay } from '../../src/relay/relay.ts';
import { openRelay, settle } from '../support/relay.ts';
import { bodies, codeOf } from './kit.ts';

let relay: Relay;
let journal: Journal;

beforeEach(async () => {
  ({ relay, journal } = await openRelay());
});

const ask = async <T>(verb: string, args: object, name = 'A', signal?: AbortSignal) =>
  (await relay.perform(verb, args, { name }, signal)) as T;

const history = (args: object, signal?: AbortSignal) => ask<HistoryResult>('history', args, 'A', signal);

async function send(to: string, many: string[]): Promise<void> {
  for (const body of many) await ask('send', { to, body, thread: 't' }, 'B');
}

/** Some to a room that A is in, then 600 in the same thread that A may not see: three steps, or three searches. */
async function buried(...bodies: string[]): Promise<void> {
  for (const name of ['A', 'B']) await ask('join', { room: '#r' }, name);
  await ask('status', {}, 'C');
  await ask('send', { to: 'A', body: 'first', thread: 't' }, 'B');
  await send('#r', bodies);
  await send(
    'C',
    Array.from({ length: 600 }, () => 'other'),
  );
  // What comes first, and is found in the first step.
  await send('#r', bodies);
}

/** Asks, and does something after the first step. */
async function meanwhile(act: () => unknown, args: object): Promise<HistoryResult> {
  let isAnswered = false;
  const answer = history({ thread: 't', ...args }).finally(() => {
    isAnswered = true;
  });
  await settle(1);
  expect(isAnswered).toBe(false);
  await act();
  return answer;
}

const forget = (positions: number[]) => async () => {
  await journal.submit({ type: 'receipt', at: 1, session: 2, state: 'handed', positions });
  await journal.submit({ type: 'prune', positions });
};

describe('a history that takes more than one step', () => {
  it('shows nothing of a room that was left in between', async () => {
    await buried('x', 'y');
    expect(bodies((await history({ thread: 't' })).messages)).toEqual(['first', 'x', 'y', 'x', 'y']);
    const { messages, more } = await meanwhile(() => ask('leave', { room: '#r' }), {});
    expect([bodies(messages), more]).toEqual([['first'], false]);
  });

  it('goes on where nothing of a whole page may be shown any more', async () => {
    await buried('x', 'y');
    const { messages, more } = await meanwhile(() => ask('leave', { room: '#r' }), { count: 2 });
    expect([bodies(messages), more]).toEqual([['first'], false]);
  });

  it('shows nothing that was forgotten in between', async () => {
    await buried('x', 'y');
    const { messages } = await meanwhile(forget([604]), {});
    expect(bodies(messages)).toEqual(['first', 'x', 'y', 'y']);
  });

  it('stops when its caller is gone, or the relay goes down', async () => {
    await buried('x');
    const gone = new AbortController();
    const answers = [history({ thread: 't' }, gone.signal), history({ thread: 't' })].map(codeOf);
    await settle(1);
    gone.abort();
    expect(await answers[0]).toBe('timeout');
    expect(await answers[1]).toBe('ok');
    const last = codeOf(history({ thread: 't' }));
    await settle(1);
    await relay.stop();
    expect(await last).toBe('timeout');
  });

  it('lets others take their steps in between', async () => {
    await buried('x');
    const order: string[] = [];
    const note = (name: string, args: object) => history(args).then(() => order.push(name));
    await Promise.all([note('long', { thread: 't' }), note('other', { thread: 't' }), note('short', {})]);
    expect(order).toEqual(['short', 'long', 'other']);
  });
});

describe('a search', () => {
  it('shows nothing of a room that was left, or forgotten, while it was looked for', async () => {
    await buried('x', 'y');
    const { search } = journal;
    const find = search.find.bind(search);
    const during = (act: () => Promise<unknown>) => {
      search.find = async (asked) => {
        search.find = find;
        const found = await find(asked);
        await act();
        return found;
      };
    };
    const bodiesOf = async (args: object) => bodies((await history({ query: 'x', ...args })).messages);
    expect(await bodiesOf({})).toEqual(['x', 'x']);
    during(forget([604]));
    expect(await bodiesOf({})).toEqual(['x']);
    during(() => ask('leave', { room: '#r' }));
    expect(await bodiesOf({})).toEqual([]);
  });

  it('stops when its caller is gone', async () => {
    await ask('send', { to: 'A', body: 'x' }, 'A');
    expect(await codeOf(history({ query: 'x' }))).toBe('ok');
    expect(await codeOf(history({ query: 'x' }, AbortSignal.abort()))).toBe('timeout');
  });
});

describe('a page of history', () => {
  it('reads what it has room for, and one more', async () => {
    await ask('status', {});
    const body = (i: number) => `n${i} `.padEnd(LIMITS.bodyBytes - 500, 'x');
    for (let i = 1; i <= 9; i++) await ask('send', { to: 'A', body: body(i) }, 'B');
    journal.state.store.settle();
    const reads = vi.spyOn(journal.state.store, 'getWritten');
    const page = async (args: object) => {
      reads.mockClear();
      const { messages, more } = await history({ count: 9, ...args });
      const rows = reads.mock.calls.filter(([sql]) => sql.includes('FROM envelope WHERE position')).length;
      return [bodies(messages).map((each) => each.slice(0, 2)), more, rows];
    };
    // Each of those that are found is read when it is found, too.
    expect(await page({})).toEqual([['n8', 'n9'], true, 9 + 3]);
    expect(await page({ after: 3 })).toEqual([['n4', 'n5'], true, 6 + 3]);
    expect(await page({ after: 7 })).toEqual([['n8', 'n9'], false, 2 + 2]);
  });
});
