/** The checks of what lies on this machine: node, the state directory, the token. */
import { lstatSync } from 'node:fs';
import { checkHome, type StatePaths, statePaths } from '../../config/paths.ts';
import { readToken } from '../../config/token.ts';
import { checkPrivateDir, readPrivate } from '../../util/files.ts';
import { type Finding, fail, failed, ok, warn } from './finding.ts';

/** `engines` of package.json. */
const LEAST = [20, 19] as const;

export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isEnough = major > LEAST[0] || (major === LEAST[0] && minor >= LEAST[1]);
  if (isEnough) return ok('node', `Node ${version}.`);
  return fail('node', `Node ${version} is too old.`, `Install Node ${LEAST.join('.')} or later.`);
}

/** The directory, and everything in it that holds state or secrets. */
export function checkState(home: string): Finding[] {
  try {
    if (!checkHome(home)) {
      return [warn('state', `${home} is not there yet.`, 'Nothing: the first `claude-relay serve` makes it.')];
    }
  } catch (error) {
    return [failed('state', error)];
  }
  const loose = parts(statePaths(home)).flatMap(looseness);
  return loose.length > 0 ? loose : [ok('state', `${home} is yours alone.`)];
}

interface Part {
  readonly path: string;
  readonly check: (path: string) => unknown;
}

function parts(paths: StatePaths): Part[] {
  const directories = [paths.data, paths.keys, paths.outbox, paths.sessions, paths.logs, paths.services];
  const files = [
    paths.token,
    paths.relayKey,
    paths.relayCert,
    paths.device,
    paths.relayFile,
    paths.names,
    paths.registry,
    paths.connection,
  ];
  return [
    ...directories.map((path) => ({ path, check: checkPrivateDir })),
    ...files.map((path) => ({ path, check: (file: string) => readPrivate(file) })),
  ];
}

function looseness({ path, check }: Part): Finding[] {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return [];
  try {
    check(path);
    return [];
  } catch (error) {
    return [failed('state', error)];
  }
}

/** `variable`: what RELAY_TOKEN says. */
export function checkToken(home: string, variable: string | undefined): Finding {
  if (variable !== undefined) return ok('token', 'RELAY_TOKEN is used, not the token file.');
  const { token } = statePaths(home);
  try {
    if (readToken(home) !== undefined) return ok('token', `${token} is there.`);
  } catch (error) {
    return failed('token', error);
  }
  const todo =
    'Start a relay here (`claude-relay serve`), or use one elsewhere (`claude-relay connect`, `claude-relay join`).';
  return warn('token', `${token} is not there.`, todo);
}
