/** The two units: the relay itself, and an SSH forward of its port. */
import type { Config } from '../config/load.ts';
import { OPTION_NAMES, optionOf } from '../config/options.ts';
import { statePaths } from '../config/paths.ts';
import { EXIT, Failure } from '../util/failure.ts';
import { safeJson } from '../util/safe-text.ts';
import { logsOf, type Unit } from './unit.ts';

interface RelayInput {
  readonly config: Pick<Config, 'settings' | 'from'>;
  readonly node: string;
  readonly script: string;
}

/** What came by flag or variable is written down; what is in config.json is read again at each start. */
export function relayUnit({ config, node, script }: RelayInput): Unit {
  const { home } = config.settings;
  return {
    name: 'relay',
    description: 'claude-relay: the relay',
    command: [node, script, 'serve', ...serveFlags(config)],
    environment: { CLAUDE_RELAY_HOME: home },
    logs: logsOf('relay', statePaths(home).logs),
    always: true,
    delay: { first: 2, most: 60 },
    final: [EXIT.usage, EXIT.damaged, EXIT.unsafe],
  };
}

function serveFlags({ settings, from }: RelayInput['config']): string[] {
  return OPTION_NAMES.flatMap((name) => {
    const { flag, where, value } = optionOf(name);
    const given = from[name] === 'flag' || from[name] === 'env';
    if (flag === undefined || !given || !where.includes('serve')) return [];
    const setting = settings[name];
    if (value === undefined) return setting === true ? [flag] : [];
    const words = Array.isArray(setting) ? setting : [setting];
    return words.map((word) => `${flag}=${String(word)}`);
  });
}

interface TunnelInput {
  readonly home: string;
  /** Absolute path of ssh. */
  readonly ssh: string;
  /** `user@host`, or a host of ~/.ssh/config. */
  readonly target: string;
  /** The port here; also the relay's port there, unless `remotePort` says otherwise. */
  readonly port: number;
  readonly remotePort?: number | undefined;
}

/**
 * Keep-alives end a dead connection after 45 s, a refused forward ends it at once, and nothing ever asks a question; the
 * service manager starts it again. Both ends are loopback, whatever GatewayPorts says.
 */
export function tunnelUnit({ home, ssh, target, port, remotePort = port }: TunnelInput): Unit {
  checkTarget(target);
  const forward = `localhost:${port}:localhost:${remotePort}`;
  return {
    name: 'tunnel',
    description: `claude-relay: port ${port} forwarded to ${target}`,
    command: [ssh, '-N', '-L', forward, ...OPTIONS.flatMap((option) => ['-o', option]), '--', target],
    environment: {},
    logs: logsOf('tunnel', statePaths(home).logs),
    always: true,
    delay: { first: 2, most: 60 },
    final: [],
  };
}

const OPTIONS = [
  'ServerAliveInterval=15',
  'ServerAliveCountMax=3',
  'ExitOnForwardFailure=yes',
  'BatchMode=yes',
] as const;

/** A user name and a host name, an IPv6 address included; above all, nothing that ssh could take for an option. */
const TARGET = /^(?:[A-Za-z0-9_][A-Za-z0-9_.+-]*@)?[A-Za-z0-9_:[][A-Za-z0-9_.:%[\]-]*$/;

/** Throws a `usage` Failure. */
export function checkTarget(target: string): void {
  if (TARGET.test(target) && target.length <= 255) return;
  const shown = safeJson(target.slice(0, 80));
  throw new Failure('usage', `${shown} is not a user@host that ssh can go to.`, 'Write it like: me@relay.example');
}
