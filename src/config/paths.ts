/**
 * Where everything of one user lies: the state directory, mode 0700, never in a checkout.
 *
 *     <home>/token  relay-key.pem  relay-cert.pem  device.json  relay.json  config.json  names.json  installed.json
 *            data/relay.sqlite  keys/<host_port>/<NAME>.json  outbox/  ledger/<NAME>.json  run/<pid>.json
 *            sessions/registry.json  logs/  backups/  connection.json  services/<unit>.json
 *            resume/run.json  resume/{conversations,policy,tries}/<NAME>.json
 */
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { errno, Failure } from '../util/failure.ts';
import { checkPrivateDir, ensurePrivateDir } from '../util/files.ts';

export interface StatePaths {
  readonly home: string;
  readonly token: string;
  /** By which others know the relay that runs here. */
  readonly relayKey: string;
  readonly relayCert: string;
  /** The relay that this machine has joined. */
  readonly device: string;
  /** Written by the running relay. */
  readonly relayFile: string;
  readonly config: string;
  readonly names: string;
  readonly data: string;
  readonly keys: string;
  readonly outbox: string;
  /** What was given to agent programs and not seen yet. */
  readonly ledger: string;
  readonly sessions: string;
  readonly registry: string;
  readonly logs: string;
  /** What was written into the files of agent programs. */
  readonly installed: string;
  /** Those files as they were before. */
  readonly backups: string;
  /** What `claude-relay connect` did, and what there was before. */
  readonly connection: string;
  /** Units that we keep running ourselves, where neither launchd nor systemd does. */
  readonly services: string;
}

export function statePaths(home: string): StatePaths {
  return {
    home,
    token: join(home, 'token'),
    relayKey: join(home, 'relay-key.pem'),
    relayCert: join(home, 'relay-cert.pem'),
    device: join(home, 'device.json'),
    relayFile: join(home, 'relay.json'),
    config: join(home, 'config.json'),
    names: join(home, 'names.json'),
    data: join(home, 'data'),
    keys: join(home, 'keys'),
    outbox: join(home, 'outbox'),
    ledger: join(home, 'ledger'),
    sessions: join(home, 'sessions'),
    registry: join(home, 'sessions', 'registry.json'),
    logs: join(home, 'logs'),
    installed: join(home, 'installed.json'),
    backups: join(home, 'backups'),
    connection: join(home, 'connection.json'),
    services: join(home, 'services'),
  };
}

/**
 * CLAUDE_RELAY_HOME or `~/.claude-relay`. A relative one is refused: each working directory would have its own relay.
 * `~/` is expanded, since the configuration files of agent programs pass variables on as they are.
 */
export function resolveHome(env: NodeJS.ProcessEnv, userHome: string = homedir()): string {
  const given = env.CLAUDE_RELAY_HOME;
  return given ? absolutePath(given, 'CLAUDE_RELAY_HOME', userHome) : join(userHome, '.claude-relay');
}

/** They could not be written into a service file, whose lines end at a newline. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about.
const CONTROL = /[\u0000-\u001f\u007f]/;

/** `source` names who said it, for the error. */
export function absolutePath(given: string, source: string, userHome: string = homedir()): string {
  const path = given === '~' || given.startsWith('~/') ? join(userHome, given.slice(1)) : given;
  if (!isAbsolute(path)) {
    throw new Failure('usage', `${source} must be an absolute path.`, `Write ${join(userHome, 'some', 'directory')}.`);
  }
  if (CONTROL.test(path)) {
    throw new Failure('usage', `${source} must be a path without control characters.`, 'Choose another directory.');
  }
  return path.length > 1 ? path.replace(/\/+$/, '') : path;
}

/** Makes the state directory 0700, or refuses one that others can reach: an `unsafe` Failure with the remedy. */
export function ensureHome(home: string): StatePaths {
  ensurePrivateDir(home);
  return statePaths(home);
}

/** For readers: refuses a loose directory like `ensureHome`, makes none. Answers whether there is one. */
export function checkHome(home: string): boolean {
  try {
    checkPrivateDir(home);
    return true;
  } catch (error) {
    if (errno(error) === 'ENOENT') return false;
    throw error;
  }
}
