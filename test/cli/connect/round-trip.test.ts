import { hostname } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Command } from '../../../src/cli/command.ts';
import { roundTrip } from '../../../src/cli/connect/round-trip.ts';
import { personName } from '../../../src/config/person.ts';
import { commandLine } from '../../support/command-line.ts';
import { type LiveRelay, liveRelay } from '../../support/live-relay.ts';

const NAME = personName(`connect-${hostname()}`);

let relay: LiveRelay;
beforeEach(async () => {
  relay = await liveRelay();
});
afterEach(() => relay.stop());

/** The trip as a command, in the relay's own state directory. */
async function trip(url = relay.url) {
  let ms: number | undefined;
  const command: Command = {
    name: 'trip',
    summary: 'For this test.',
    examples: [],
    run: async (ctx) => {
      ms = await roundTrip(ctx, url);
      return 0;
    },
  };
  return { ...(await commandLine(['trip'], { home: relay.home, commands: [command] })), ms };
}

describe('the message that proves a connection', () => {
  it('is answered, and seen; nothing of it stays unread', async () => {
    const { code, ms } = await trip();
    expect([code, ms]).toEqual([0, expect.any(Number)]);
    const { json } = await relay.verb('receipts', {}, NAME);
    expect(json).toMatchObject({ sends: [{ states: { seen: 1 } }, { states: { replied: 1 } }] });
    expect((await relay.verb('status', {}, NAME)).json).toMatchObject({ unread: 0 });
  });

  it('passes over what else waits for that name', async () => {
    await trip();
    await relay.verb('send', { to: NAME, body: 'Something else.' }, 'CC-1');
    expect((await trip()).code).toBe(0);
    expect((await relay.verb('status', {}, NAME)).json).toMatchObject({ unread: 1 });
  });

  it('of a relay that is not there is its absence', async () => {
    await relay.end();
    const { code, err } = await trip();
    expect([code, err]).toEqual([3, expect.stringContaining('cannot be reached')]);
  });

  it('under a name that a session holds is refused in a sentence', async () => {
    await relay.client(NAME);
    const { code, err } = await trip();
    expect([code, err]).toEqual([
      4,
      expect.stringContaining(`${NAME} belongs to a session whose key is not on this machine`),
    ]);
  });
});
