/** R7: a message is shown once while its session process lives; after its death at most once more, and marked. */
import { describe, it } from 'vitest';
import { sleep, systemClock } from '../../src/util/clock.ts';
import { parseWrapper } from '../mcp/parse-wrapper.ts';
import { type McpSession, machine } from '../support/cli.ts';
import { expectKept } from './support/check.ts';
import { times } from './support/counts.ts';
import { record } from './support/figures.ts';
import { History, hashOf } from './support/history.ts';
import { RelayProcess } from './support/relay-process.ts';
import { Seeded, seedOf } from './support/seeded.ts';
import { Sender, settledBy } from './support/talker.ts';

const KILLS = times({ ci: 100, long: 500, planted: 30 });

/** An agent that does nothing but read. What came to its standard input whole, it has read. */
async function readOn(session: McpSession, life: number, history: History): Promise<number> {
  let read = 0;
  for (;;) {
    const text = await session.call('relay_receive', { count: 5, wait_seconds: 1 });
    for (const { header, body } of parseWrapper(text)) {
      const [id, position] = [String(header['id']), Number(body.split(' ')[0])];
      const redelivered = header['redelivered'] === true;
      history.note({ kind: 'read', id, by: 'B', position, hash: hashOf(body), redelivered, life });
      read += 1;
    }
    if (/^No unread messages/.test(text)) return read;
  }
}

describe('R7: a session process', () => {
  it(`killed ${KILLS} times while it reads, has lost nothing and shown nothing twice without a mark`, async () => {
    const seed = seedOf();
    const chance = new Seeded(seed);
    const relay = new RelayProcess(machine());
    await relay.start();
    const history = new History();
    const { machine: home } = relay;
    let session = await home.session('B');
    await session.connected();
    // The number of a message in the order of its sender stands for its position, which a model is not told: one at a time, or
    // one that a full inbox has refused would be overtaken.
    const options = {
      to: [{ address: 'B', readers: ['B'] }],
      window: 1,
      body: (n: number) => `${n + 1} ${'x'.repeat(chance.below(200))}`,
    };
    const sender = new Sender('A', relay.place, history, chance, { ...options, pauseMs: 4 });
    sender.start();

    for (let life = 1; life <= KILLS; life += 1) {
      const reading = readOn(session, life, history).catch(() => undefined);
      await sleep(systemClock, chance.between(10, 300));
      await session.kill();
      await reading;
      session = await home.session('B');
    }
    const finished = settledBy([sender], KILLS).then(() => sender.finish());
    // Where the inbox is full by now, the last ones wait for room.
    await readOn(session, KILLS + 1, history);
    await finished;
    await readOn(session, KILLS + 1, history);
    // Its goodbye says what it has read.
    session.started.child.stdin.end();
    await session.started.ended;
    await sender.askStates();
    await sender.stop();
    expectKept(byNumber(history), { least: KILLS, wantsStates: true });
    const redelivered = history.events.filter((event) => event.kind === 'read' && event.redelivered).length;
    record('R7', {
      kills: KILLS,
      sent: history.answered().size,
      'shown again, marked': redelivered,
      'shown twice unmarked': 0,
      lost: 0,
      seed: `${seed}`,
    });
  });
});

/** The same history with numbers for positions, as the reader has them. */
function byNumber(history: History): History {
  const numbered = new History();
  for (const event of history.events)
    numbered.note(event.kind === 'answered' ? { ...event, position: Number(/\d+$/.exec(event.id)?.[0]) + 1 } : event);
  return numbered;
}
