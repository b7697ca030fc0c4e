/** The checks of the relay: does it answer, is it of our version, and if not, who has its port. */
import { once } from '../../client/once.ts';
import { isLoopback, relayUrl, shownUrl } from '../../client/place.ts';
import type { Device } from '../../config/device.ts';
import { type RelayFile, readRelayFile } from '../../config/relay-file.ts';
import { readToken } from '../../config/token.ts';
import { RelayError } from '../../protocol/codes.ts';
import { reason } from '../../util/failure.ts';
import { isPortTaken, type PortHolder, portHolder } from '../../util/port-holder.ts';
import { isRunning } from '../../util/processes.ts';
import type { Runner } from '../../util/run.ts';
import { type Finding, fail, failed, ok, warn } from './finding.ts';

interface RelayInput {
  readonly home: string;
  readonly url: string;
  /** What RELAY_TOKEN says. */
  readonly token: string | undefined;
  /** At the relay that was joined, this proves us instead. */
  readonly device?: Device | undefined;
  readonly version: string;
  readonly run: Runner;
  readonly signal: AbortSignal;
}

/** Long enough for a tunnel, short enough for somebody who waits. Milliseconds. */
const PATIENCE_MS = 5_000;

/** The relay, then its version or its port. */
export async function checkRelay(input: RelayInput): Promise<Finding[]> {
  const url = parsed(input.url);
  if (url instanceof RelayError) return [failed('relay', url)];
  try {
    const status = await once(
      'status',
      {},
      { ...input, token: input.device ? undefined : (input.token ?? readToken(input.home)), timeoutMs: PATIENCE_MS },
    );
    const people = `${status.here} of ${status.sessions} sessions are here`;
    return [ok('relay', `${shownUrl(url)} answers; ${people}.`), checkVersion(input.version, status.version)];
  } catch (error) {
    return [unanswered(error), ...(await portFindings(input, url, error))];
  }
}

function parsed(address: string): URL | RelayError {
  try {
    return relayUrl(address);
  } catch (error) {
    return error instanceof RelayError ? error : new RelayError('bad_request', reason(error));
  }
}

/** The client's own sentence says what to do. */
function unanswered(error: unknown): Finding {
  return failed('relay', error);
}

export function checkVersion(here: string, there: string): Finding {
  if (here === there) return ok('versions', `This command line and the relay are both ${here}.`);
  const todo = 'Update the older one; a relay must be restarted for that (`claude-relay service install` does it).';
  return warn('versions', `This command line is ${here}, the relay is ${there}.`, todo);
}

async function portFindings({ home, run }: RelayInput, url: URL, error: unknown): Promise<Finding[]> {
  if (!isLoopback(url)) return [];
  const port = Number(url.port || (url.protocol === 'wss:' ? 443 : 80));
  const left = leftBehind(home, port);
  if (!(await isPortTaken(port))) return [ok('port', `Port ${port} is free.`), ...left];
  return [taken(port, await portHolder(port, run), isRefusal(error)), ...left];
}

function taken(port: number, holder: PortHolder | undefined, isRelay: boolean): Finding {
  const who = holder === undefined ? 'a process that is not yours' : `process ${holder.pid} (${holder.program})`;
  if (isRelay) return ok('port', `Port ${port} is held by ${who}, which answers as a relay.`);
  const todo = 'End that, or choose another port: claude-relay serve --port 9998';
  return fail('port', `Port ${port} is held by ${who}.`, todo);
}

/** A relay has answered, with no. */
function isRefusal(error: unknown): boolean {
  return error instanceof RelayError && error.code !== 'not_connected' && error.code !== 'timeout';
}

/** A relay that was killed leaves its file; the next one replaces it. */
function leftBehind(home: string, port: number): Finding[] {
  const file = relayFileOf(home);
  if (file === undefined || file.port !== port || isRunning({ pid: file.pid })) return [];
  return [warn('relay', `relay.json is from a relay that ended (pid ${file.pid}).`, 'Start it: claude-relay serve')];
}

/** One that must not be read has been told of with the rest of the state directory. */
function relayFileOf(home: string): RelayFile | undefined {
  try {
    return readRelayFile(home);
  } catch {
    return undefined;
  }
}
