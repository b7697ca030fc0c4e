/** R10: every accepted id reaches a state that its sender can ask for, and every end that is no reading is told once. */
import { describe, expect, it } from 'vitest';
import type { Envelope } from '../../src/protocol/envelope.ts';
import type { ReceiptState } from '../../src/protocol/receipt.ts';
import { settle } from '../support/fake-clock.ts';
import { expectNone } from './support/check.ts';
import { times } from './support/counts.ts';
import { record } from './support/figures.ts';
import { OwnRelay } from './support/own-relay.ts';
import { Seeded, seedOf } from './support/seeded.ts';

const MESSAGES = times({ ci: 1_000, long: 20_000, planted: 200 });
/** For what the journal writes, and for who waits for it. */
const twoTurns = () => settle(2);
const DAY = 24 * 3_600_000;
const MINUTE = 60_000;

type Fate = 'read' | 'ttl' | 'refused' | 'dead' | 'forgotten';
const END: Readonly<Record<Fate, ReceiptState>> = {
  read: 'seen',
  ttl: 'expired',
  refused: 'refused',
  dead: 'dead',
  forgotten: 'expired',
};

async function drain(own: OwnRelay, name: string): Promise<Envelope[]> {
  const all: Envelope[] = [];
  for (;;) {
    const { messages } = await own.receive(name);
    if (messages.length === 0) return all;
    all.push(...messages);
  }
}

describe('R10: every id', () => {
  it(`of ${MESSAGES} has a state, and each end that is no reading was told to its sender, once`, async () => {
    const seed = seedOf();
    const chance = new Seeded(seed);
    const own = new OwnRelay();
    await own.start();
    for (const name of ['READ', 'TTL', 'REFUSES', 'DIES', 'AWAY']) await own.ask('status', {}, name);
    const to: Readonly<Record<Fate, string>> = {
      read: 'READ',
      ttl: 'TTL',
      refused: 'REFUSES',
      dead: 'DIES',
      forgotten: 'AWAY',
    };
    const fates = new Map<string, Fate>();
    for (let n = 0; n < MESSAGES; n += 1) {
      const fate = chance.pick(['read', 'ttl', 'refused', 'dead', 'forgotten'] as const);
      const { id } = await own.send(
        `S${n % 3}`,
        to[fate],
        `message ${n}`,
        fate === 'ttl' ? { ttl_seconds: chance.between(1, 100) } : {},
      );
      fates.set(id, fate);
    }
    await drain(own, 'READ');
    await own.clock.run(2 * MINUTE, twoTurns);
    for (;;) {
      const { messages } = await own.receive('REFUSES', 100, 'none');
      if (messages.length === 0) break;
      await own.ask(
        'receipt',
        { state: 'refused', positions: messages.map(({ position }) => position), reason: 'not today' },
        'REFUSES',
      );
    }
    await exhaust(own, 'DIES');
    await own.restart();
    const senders = ['S0', 'S1', 'S2'];
    const read = async () => (await Promise.all(senders.map((name) => drain(own, name)))).flat();
    const early = await read();
    own.clock.skip(31 * DAY);
    await own.clock.run(MINUTE, twoTurns);

    const limbo: string[] = [];
    for (const [id, fate] of fates) {
      const [receipt] = await own.receiptsOf(`S${[...fates.keys()].indexOf(id) % 3}`, id);
      if (receipt?.state !== END[fate]) limbo.push(`${id} is ${receipt?.state}, and was to be ${END[fate]}`);
    }
    expectNone('ids in limbo', limbo);
    const notices = [...early, ...(await read())];
    const told = notices.map(({ reply_to }) => reply_to ?? '').sort();
    const ended = [...fates].filter(([, fate]) => fate !== 'read').map(([id]) => id);
    expect(told).toEqual(ended.sort());
    expect(notices.every(({ from }) => from === '(relay)')).toBe(true);
    record('R10', { messages: MESSAGES, ends: ended.length, told: told.length, 'in limbo': 0, seed: `${seed}` });
  });

  it('that somebody has unread is never pruned, however old, before its end has come', async () => {
    const own = new OwnRelay({ keep: MINUTE, count: 1, bytes: 1 });
    await own.start();
    await own.ask('join', { room: '#room' }, 'B');
    await own.ask('join', { room: '#room' }, 'C');
    const ids: string[] = [];
    for (let n = 0; n < 90; n += 1) ids.push((await own.send('A', ['B', '#room', 'all'][n % 3] ?? 'B', `${n}`)).id);
    await drain(own, 'C');
    own.clock.skip(29 * DAY);
    await own.clock.run(2 * MINUTE, twoTurns);
    const kept = (await drain(own, 'B')).map(({ body }) => Number(body));
    expectNone(
      'pruned unread',
      Array.from({ length: 90 }, (_, n) => n)
        .filter((n) => !kept.includes(n))
        .map(String),
    );
    await own.clock.run(2 * MINUTE, twoTurns);
    const left = own.journal.state.store.get<{ n: number }>('SELECT count(*) AS n FROM envelope')?.n;
    expect(left).toBe(0);
    for (const id of ids) expect((await own.receiptsOf('A', id)).find(({ name }) => name === 'B')?.state).toBe('seen');
    record('R10', { 'unread when pruned over': 90, 'pruned unread': 0 });
  });
});

/** Takes its mail and never says anything, until the relay gives it up. */
async function exhaust(own: OwnRelay, name: string): Promise<void> {
  for (;;) {
    const { messages, more } = await own.receive(name, 200, 'none');
    if (messages.length === 0 && more === 0) return;
    if (messages.length > 0 && more > 0) continue;
    await own.clock.run(61_000, twoTurns);
  }
}
