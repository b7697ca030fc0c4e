/**
 * The one table of settings. Help, the flag parsers, the sample file and `docs/config.md` are made from it.
 *
 *     flag > environment > `<home>/config.json` > default
 *
 * One exception, marked `envFirst`: CLAUDE_RELAY_SESSION_ID outranks `--client-id`, because the flag usually stands in a
 * file that every session of a machine shares, and the variable was set for this one.
 */
import { STANCES, type Stance } from '../protocol/stance.ts';

/** Which entry a setting means something to. */
export type Where = 'serve' | 'mcp' | 'cli';

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What each type of setting is once it is read. */
export interface ValueOf {
  port: number;
  text: string;
  path: string;
  url: string;
  name: string;
  /** `1`, `true`, `yes`, `on`, or their opposites. */
  flag: boolean;
  /** A flag whose variable counts when it is there and not empty, whatever it says (no-color.org). */
  presence: boolean;
  level: LogLevel;
  /** `accept`, `hold` or `refuse`. */
  stance: Stance;
  list: readonly string[];
  /** A whole number from 0 to 1,000. */
  count: number;
  /** Milliseconds; written as `30d`, `12h`, `90m`, `10s`. */
  time: number;
  /** Bytes; written as a number, or as `64kB`, `64MB`, `1GB`. */
  size: number;
  /** A whole number from 1. */
  whole: number;
}

export interface Option<T extends keyof ValueOf = keyof ValueOf> {
  readonly type: T;
  /** Long flag, with its dashes. */
  readonly flag?: string;
  /** How help names the flag's value; flags without a value have none. */
  readonly value?: string;
  readonly env?: string;
  /** An environment variable that outranks the flag. */
  readonly envFirst?: string;
  /** The key in config.json. */
  readonly key?: string;
  readonly default?: ValueOf[T];
  /** Instead of a default: one that depends on other things, as people are told it. */
  readonly computed?: string;
  /** Never printed back, not even in an error. */
  readonly secret?: boolean;
  readonly sentence: string;
  readonly where: readonly Where[];
}

/** Narrows each entry to its type, so that the table's defaults are checked. */
const option = <const O extends { [T in keyof ValueOf]: Option<T> }[keyof ValueOf]>(entry: O): O => entry;

export const OPTIONS = {
  home: option({
    type: 'path',
    env: 'CLAUDE_RELAY_HOME',
    computed: '~/.claude-relay',
    sentence: 'The state directory: token, keys, registry, outbox, logs, config.json. Mode 0700.',
    where: ['serve', 'mcp', 'cli'],
  }),
  port: option({
    type: 'port',
    flag: '--port',
    value: 'number',
    env: 'RELAY_PORT',
    key: 'port',
    default: 9999,
    sentence: 'The port that the relay listens on; 0 takes a free one.',
    where: ['serve'],
  }),
  host: option({
    type: 'text',
    flag: '--host',
    value: 'address',
    env: 'RELAY_HOST',
    key: 'host',
    default: 'localhost',
    sentence: 'The address that the relay listens on; localhost is 127.0.0.1 and ::1, nothing else.',
    where: ['serve'],
  }),
  tls: option({
    type: 'flag',
    flag: '--tls',
    env: 'RELAY_TLS',
    key: 'tls',
    default: false,
    sentence: 'Encrypt what comes from other machines, with a certificate of the relay’s own that joining pins.',
    where: ['serve'],
  }),
  tlsCert: option({
    type: 'path',
    flag: '--tls-cert',
    value: 'file',
    env: 'RELAY_TLS_CERT',
    key: 'tlsCert',
    computed: 'none',
    sentence: 'The same, with this certificate (PEM, with its chain); needs --tls-key.',
    where: ['serve'],
  }),
  tlsKey: option({
    type: 'path',
    flag: '--tls-key',
    value: 'file',
    env: 'RELAY_TLS_KEY',
    key: 'tlsKey',
    computed: 'none',
    sentence: 'The key of --tls-cert (PEM), in a file that only you can read.',
    where: ['serve'],
  }),
  behindTls: option({
    type: 'flag',
    flag: '--behind-tls',
    env: 'RELAY_BEHIND_TLS',
    key: 'behindTls',
    default: false,
    sentence: 'A proxy in front of the relay encrypts and is the only one that can reach it: Caddy, nginx, Tailscale.',
    where: ['serve'],
  }),
  address: option({
    type: 'list',
    flag: '--address',
    value: 'url',
    env: 'RELAY_ADDRESS',
    key: 'address',
    computed: 'where the relay listens',
    sentence: 'How other machines reach the relay, as invitations say it: wss://relay.example.',
    where: ['serve'],
  }),
  data: option({
    type: 'path',
    flag: '--data',
    value: 'directory',
    env: 'RELAY_DATA',
    key: 'data',
    computed: '<home>/data',
    sentence: 'The directory of the relay’s database.',
    where: ['serve'],
  }),
  legacy: option({
    type: 'flag',
    flag: '--legacy',
    env: 'RELAY_LEGACY',
    key: 'legacy',
    default: false,
    sentence: 'Take first-generation clients too: on loopback, without credentials.',
    where: ['serve'],
  }),
  allowHosts: option({
    type: 'list',
    flag: '--allow-host',
    value: 'host',
    env: 'RELAY_ALLOW_HOST',
    key: 'allowHosts',
    default: [],
    sentence: 'One more Host header that the relay answers to, as host or host:port.',
    where: ['serve'],
  }),
  allowOrigins: option({
    type: 'list',
    flag: '--allow-origin',
    value: 'origin',
    env: 'RELAY_ALLOW_ORIGIN',
    key: 'allowOrigins',
    default: [],
    sentence: 'One more Origin that a browser page may come from, as https://host:port.',
    where: ['serve'],
  }),
  keepUnread: option({
    type: 'time',
    flag: '--keep-unread',
    value: 'time',
    env: 'RELAY_KEEP_UNREAD',
    key: 'keepUnread',
    computed: '30d',
    sentence: 'How long a message may stay unread before it ends, and its sender is told: 30d, 12h, 90m.',
    where: ['serve'],
  }),
  keep: option({
    type: 'time',
    flag: '--keep',
    value: 'time',
    env: 'RELAY_KEEP',
    key: 'keep',
    computed: 'for ever',
    sentence: 'How long the words of a message are kept that nobody has unread: 90d, for example.',
    where: ['serve'],
  }),
  keepMessages: option({
    type: 'whole',
    flag: '--keep-messages',
    value: 'number',
    env: 'RELAY_KEEP_MESSAGES',
    key: 'keepMessages',
    computed: 'all',
    sentence: 'How many messages to one name or room are kept; of the others the words go that nobody has unread.',
    where: ['serve'],
  }),
  keepBytes: option({
    type: 'size',
    flag: '--keep-bytes',
    value: 'size',
    env: 'RELAY_KEEP_BYTES',
    key: 'keepBytes',
    computed: 'all',
    sentence: 'How many bytes of messages to one name or room are kept, in the same way: 64MB, for example.',
    where: ['serve'],
  }),
  brakes: option({
    type: 'flag',
    flag: '--brakes',
    value: 'on-or-off',
    env: 'RELAY_BRAKES',
    key: 'brakes',
    default: true,
    sentence:
      'Slow and hold what agents write because others wrote to them; off only for a load that is known to be none.',
    where: ['serve'],
  }),
  logLevel: option({
    type: 'level',
    flag: '--log-level',
    value: 'level',
    env: 'RELAY_LOG_LEVEL',
    key: 'logLevel',
    default: 'info',
    sentence: `How much is logged on stderr: ${LOG_LEVELS.join(', ')}.`,
    where: ['serve', 'mcp'],
  }),
  relayUrl: option({
    type: 'url',
    flag: '--relay-url',
    value: 'url',
    env: 'RELAY_URL',
    key: 'relayUrl',
    computed: 'what the relay running here wrote to <home>/relay.json, else ws://localhost:9999',
    // It may hold a password.
    secret: true,
    sentence: 'Where the relay is: ws://host:port, wss://host, or host:port.',
    where: ['mcp', 'cli'],
  }),
  clientId: option({
    type: 'name',
    flag: '--client-id',
    value: 'name',
    env: 'RELAY_CLIENT_ID',
    envFirst: 'CLAUDE_RELAY_SESSION_ID',
    sentence: 'The name of this session: a letter, then up to 63 letters, digits, dots, dashes or underscores.',
    where: ['mcp', 'cli'],
  }),
  token: option({
    type: 'text',
    env: 'RELAY_TOKEN',
    computed: 'the text of <home>/token',
    secret: true,
    sentence: 'The relay’s token, for scripts that cannot read the token file. There is no flag: `ps` shows flags.',
    where: ['mcp', 'cli'],
  }),
  wakes: option({
    type: 'count',
    flag: '--wakes',
    value: 'number',
    env: 'RELAY_WAKES',
    key: 'wakes',
    default: 30,
    sentence: 'How often an hour messages may wake an idle session; past that they wait for its next turn. 0: never.',
    where: ['mcp'],
  }),
  resume: option({
    type: 'flag',
    flag: '--resume',
    env: 'RELAY_RESUME',
    default: false,
    sentence: 'Once this session has ended, `claude-relay resume watch` may wake it for mail to it.',
    where: ['mcp'],
  }),
  messages: option({
    type: 'stance',
    // Neither flag nor variable: a project can set both, in the file that starts its MCP servers.
    key: 'messages',
    default: 'accept',
    sentence: `What is done at least with messages to your sessions: ${STANCES.join(', ')}. A project can only be stricter.`,
    where: ['mcp'],
  }),
  noColor: option({
    type: 'presence',
    flag: '--no-color',
    env: 'NO_COLOR',
    default: false,
    sentence: 'No colours, also on a terminal.',
    where: ['cli'],
  }),
} as const satisfies Record<string, Option>;

export type OptionName = keyof typeof OPTIONS;
export const OPTION_NAMES = Object.keys(OPTIONS).filter(isOptionName);

export function isOptionName(name: string): name is OptionName {
  return Object.hasOwn(OPTIONS, name);
}

/** The entry without its exact type, for code that walks the table. */
export const optionOf = (name: OptionName): Option => OPTIONS[name];

type Given<N extends OptionName> = ValueOf[(typeof OPTIONS)[N]['type']];
/** `home`, `data` and `relayUrl` are computed when nobody says them; `token` and `clientId` may be absent. */
type Always = 'home' | 'data' | 'relayUrl';

/** All settings, read and checked. */
export type Settings = {
  readonly [N in OptionName]:
    | Given<N>
    | (N extends Always ? never : (typeof OPTIONS)[N] extends { default: unknown } ? never : undefined);
};

/** Where a setting's value came from, as errors and `doctor` name it. */
export type Source = 'flag' | 'env' | 'file' | 'default';
