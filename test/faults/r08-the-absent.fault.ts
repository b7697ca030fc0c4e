/** R8: the absent get everything. A day away, five thousand messages, a relay that is restarted twenty times meanwhile. */
import { describe, it } from 'vitest';
import { expectKept } from './support/check.ts';
import { times } from './support/counts.ts';
import { record } from './support/figures.ts';
import { History, hashOf } from './support/history.ts';
import { OwnRelay } from './support/own-relay.ts';
import { readOf } from './support/talker.ts';

const MESSAGES = times({ ci: 5_000, long: 10_000, planted: 500 });
const RESTARTS = times({ ci: 20, long: 200, planted: 5 });
const DAY = 24 * 3_600_000;

describe('R8: who was away', () => {
  it(`for a day gets all of ${MESSAGES} messages, in order, after ${RESTARTS} restarts of the relay`, async () => {
    const own = new OwnRelay();
    const history = new History();
    await own.start();
    await own.ask('join', { room: '#room' }, 'B');
    for (let restart = 1; restart <= RESTARTS; restart += 1) {
      const first = Math.floor(((restart - 1) * MESSAGES) / RESTARTS);
      const last = Math.floor((restart * MESSAGES) / RESTARTS);
      const sends = Array.from({ length: last - first }, (_, i) => sent(own, history, first + i));
      await Promise.all(sends);
      own.clock.skip(DAY / RESTARTS);
      await own.restart();
    }
    for (;;) {
      const { messages } = await own.receive('B');
      if (messages.length === 0) break;
      for (const message of messages) history.note(readOf('B', message));
    }
    expectKept(history);
    await own.stop();
    record('R8', { messages: MESSAGES, restarts: RESTARTS, 'hours away': 24, missing: 0, 'out of order': 0 });
  });
});

/** Direct mail, a room, and everybody, by turns. */
async function sent(own: OwnRelay, history: History, n: number): Promise<void> {
  const [id, body] = [`m${n}`, `message ${n}`];
  const sender = `S${n % 4}`;
  history.note({ kind: 'sent', id, by: sender, to: ['B'], hash: hashOf(body) });
  const { position } = await own.send(sender, ['B', '#room', 'all', 'B'][n % 4] ?? 'B', body, { id });
  history.note({ kind: 'answered', id, position, duplicate: false });
}
