/** The proof that a connection works: a message to oneself is received and answered, and its answer received. */
import { hostname } from 'node:os';
import { personName } from '../../config/person.ts';
import type { Args } from '../../protocol/verbs.ts';
import { type Clock, systemClock } from '../../util/clock.ts';
import { Failure } from '../../util/failure.ts';
import { messageId, systemRandom } from '../../util/random.ts';
import type { Context } from '../command.ts';
import { RelayAccess } from '../relay.ts';

/** What was not read by then is nobody's to read. Seconds. */
const LIFE = 60;
/** It is stored before it is asked for. Seconds. */
const WAIT = 5;

/** Milliseconds from the question to its answer, by what `connect` has set up and no variable. Rejects with the relay's refusal. */
export async function roundTrip(ctx: Context, url: string, clock: Clock = systemClock): Promise<number> {
  const as = personName(`connect-${hostname()}`);
  const { RELAY_TOKEN: _, ...env } = ctx.env;
  const { config, signal, cwd } = ctx;
  const relay = new RelayAccess({ config, env, signal, cwd }, { as, url });
  const arrived = async (wanted: Args<'receive'>, id: string): Promise<void> => {
    const { messages } = await relay.ask('receive', { ...wanted, count: 1, wait_seconds: WAIT, receipt: 'seen' });
    if (messages[0]?.id === id) return;
    throw new Failure('nothing', 'A message to this machine itself did not come back.', 'See: claude-relay doctor');
  };
  const id = messageId(systemRandom, clock.now());
  const begun = clock.monotonic();
  await relay.ask('send', { id, to: [as], thread: id, body: 'Does this connection work?', ttl_seconds: LIFE });
  await arrived({ thread: id }, id);
  const answer = await relay.ask('send', { reply_to: id, body: 'It does.', ttl_seconds: LIFE });
  await arrived({ reply_to: id }, answer.id);
  return clock.monotonic() - begun;
}
