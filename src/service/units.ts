/** The two units: the relay itself, and an SSH forward of its port. */
import type { Config } from '../config/load.ts';
import { OPTION_NAMES, optionOf } from '../config/options.ts';
import { statePaths } from '../config/paths.ts';
import { EXIT } from '../util/failure.ts';
import { forwarding, type Way } from './ssh.ts';
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
  readonly way: Way;
  /** The port here; also the relay's port there, unless `remotePort` says otherwise. */
  readonly port: number;
  readonly remotePort?: number | undefined;
}

/** ssh ends when its connection does; the service manager starts it again. */
export function tunnelUnit({ home, ssh, way, port, remotePort = port }: TunnelInput): Unit {
  return {
    name: 'tunnel',
    description: `claude-relay: port ${port} forwarded to ${way.target}`,
    command: [ssh, ...forwarding(way, { port, remotePort })],
    environment: {},
    logs: logsOf('tunnel', statePaths(home).logs),
    always: true,
    delay: { first: 2, most: 60 },
    final: [],
  };
}
