/** The check of a connection to another machine: does its relay answer through the forward, how fast, and if not, what is in the way. */
import { discover } from '../../client/discover.ts';
import { once } from '../../client/once.ts';
import { relayUrl, shownUrl } from '../../client/place.ts';
import { statePaths } from '../../config/paths.ts';
import { RelayError } from '../../protocol/codes.ts';
import { complaint } from '../../service/ssh.ts';
import { lastLines } from '../../service/tail.ts';
import { logsOf } from '../../service/unit.ts';
import { type Clock, systemClock } from '../../util/clock.ts';
import { reason } from '../../util/failure.ts';
import { type Connection, readConnection, urlOf } from '../connect/record.ts';
import { type Finding, fail, failed, ok, warn } from './finding.ts';
import { timeWords } from './probe.ts';

interface ConnectionInput {
  readonly home: string;
  /** Where everything of this state directory looks for the relay. */
  readonly url: string;
  /** What RELAY_TOKEN says. */
  readonly token: string | undefined;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

/** As long as for the relay itself. Milliseconds. */
const PATIENCE_MS = 5_000;
/** ssh says why in its last lines. */
const LINES = 10;

/** Nothing when this machine is not connected to another. */
export async function checkConnection(input: ConnectionInput): Promise<Finding[]> {
  const { home, url, signal, clock = systemClock } = input;
  let connection: Connection | undefined;
  try {
    connection = readConnection(home);
  } catch (error) {
    return [failed('connection', error)];
  }
  if (connection === undefined) return [];
  const { target } = connection.way;
  const begun = clock.monotonic();
  try {
    // By what every command shows it.
    const found = discover({ home, env: {}, url: urlOf(connection), token: input.token });
    const credential = { token: found.token(), device: found.device() };
    await once('status', {}, { url: urlOf(connection), ...credential, timeoutMs: PATIENCE_MS, signal });
  } catch (error) {
    return [inTheWay(home, connection, error)];
  }
  const took = timeWords(clock.monotonic() - begun);
  if (url !== urlOf(connection)) {
    const says = `The relay on ${target} answers in ${took}, but ${shownUrl(relayUrl(url))} is what is used.`;
    return [warn('connection', says, `Unset RELAY_URL, or: claude-relay connect ${target}`)];
  }
  return [ok('connection', `The relay on ${target} answers through the forward in ${took}.`)];
}

/** That it does not let us in; else what ssh said last; when it said nothing that we know, what we saw ourselves. */
function inTheWay(home: string, { way }: Connection, error: unknown): Finding {
  if (error instanceof RelayError && error.code === 'unauthorized')
    return fail('connection', error.message, `Connect again: claude-relay connect ${way.target}`);
  const { lines } = lastLines(logsOf('tunnel', statePaths(home).logs).error, LINES);
  const why = complaint(way, lines.join('\n'));
  const says = `The relay on ${way.target} does not answer through the forward: ${why?.message ?? reason(error)}`;
  return fail('connection', says, why?.remedy ?? `Set it up again: claude-relay connect ${way.target}`);
}
