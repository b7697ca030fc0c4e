/** R4: no answer is for another message. Two hundred sends at once, other requests among them, and a peer that does not read. */

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openJournal } from '../../src/journal/open.ts';
import { envelopeRowById } from '../../src/state/queries/envelopes.ts';
import { liveRelay } from '../support/live-relay.ts';
import { tempDir } from '../support/temp-dir.ts';
import type { Frame } from '../support/wire-client.ts';
import { expectNone } from './support/check.ts';
import { times } from './support/counts.ts';
import { record } from './support/figures.ts';
import { Seeded, seedOf } from './support/seeded.ts';

const SENDS = 200;
const ROUNDS = times({ ci: 5, long: 200, planted: 1 });
/** At one relay: nobody reads, and an inbox takes ten thousand. */
const ROUNDS_EACH = 20;

describe('R4: answers', () => {
  it(`are each for its own message, in ${ROUNDS} rounds of ${SENDS} sends at once beside a stalled peer`, async () => {
    const chance = new Seeded(seedOf());
    for (let left = ROUNDS; left > 0; left -= ROUNDS_EACH) await play(Math.min(left, ROUNDS_EACH), chance);
    record('R4', { sends: ROUNDS * SENDS, wrong: 0 });
  });
});

async function play(rounds: number, chance: Seeded): Promise<void> {
  const home = tempDir();
  const relay = await liveRelay({ home });
  const wrong: string[] = [];
  const known = new Map<string, number>();
  try {
    const stalled = await relay.client('STALLED', { window: 256 });
    stalled.freeze();
    await relay.client('B');
    const sender = await relay.client('A');
    for (let round = 0; round < rounds; round += 1) {
      // Told apart by its body, whatever the answer says.
      const asked = Array.from({ length: SENDS }, async (_, n) => {
        if (n % 10 === 5) await sender.ask('status');
        const id = `m${round}-${n}`;
        const answer = await sender.ask('send', {
          id,
          to: chance.pick(['B', 'STALLED', 'all']),
          body: `${id} ${'x'.repeat(chance.below(2_000))}`,
        });
        const { id: got, position } = Object(answer['result']);
        if (got !== id) wrong.push(`${id} was answered with ${got ?? JSON.stringify(answer)}`);
        else known.set(id, position);
      });
      const looked = Array.from({ length: 40 }, () => answered(sender.ask('inbox', { count: 1 }), 'unread', wrong));
      await Promise.all([...asked, ...looked]);
    }
  } finally {
    await relay.end();
  }
  expectNone('wrong answers', wrong);
  const journal = await openJournal({ dir: join(home, 'data') });
  for (const [id, position] of known) expect(envelopeRowById(journal.state.store, id)?.position).toBe(position);
  await journal.close();
}

/** The answer to a request of another kind has that kind's fields. */
async function answered(asked: Promise<Frame>, field: string, wrong: string[]): Promise<void> {
  const answer = await asked;
  if (!(field in Object(answer['result'])))
    wrong.push(`inbox was answered with ${JSON.stringify(answer).slice(0, 100)}`);
}
