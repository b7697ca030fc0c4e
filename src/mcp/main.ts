/**
 * `claude-relay mcp`: the process of one agent session. It answers its agent program at once, whether or not there is a
 * relay, and connects meanwhile. stdout carries the protocol and nothing else; stderr is silent unless asked.
 */
import { hostname } from 'node:os';
import { type AgentEnvironment, agentEnvironment } from '../agents/environment.ts';
import { RelayClient } from '../client/client.ts';
import { discover } from '../client/discover.ts';
import { FileKeys } from '../client/keys.ts';
import { Names } from '../client/names.ts';
import { Outbox } from '../client/outbox.ts';
import { OutboxStore } from '../client/outbox-store.ts';
import { connectWebSocket } from '../client/socket.ts';
import { parseFlags } from '../config/flags.ts';
import { type Config, loadConfig } from '../config/load.ts';
import { ensureHome, type StatePaths } from '../config/paths.ts';
import { LIMITS } from '../protocol/limits.ts';
import type { About } from '../protocol/session.ts';
import { systemClock } from '../util/clock.ts';
import { EXIT, Failure } from '../util/failure.ts';
import { markProcess } from '../util/processes.ts';
import { instanceId, systemRandom } from '../util/random.ts';
import { VERSION } from '../util/version.ts';
import type { ClientInfo } from './client-info.ts';
import { ClientSession } from './client-session.ts';
import { SessionIdentity } from './identity.ts';
import type { Host } from './server.ts';
import { Shelf } from './shelf.ts';
import { serveSession } from './stdio.ts';

const HELP = `Usage: claude-relay mcp [--client-id NAME] [--relay-url URL]

The process of one agent session: it speaks the Model Context Protocol on stdin and stdout, and is started by an agent
program, not by hand.

  --client-id NAME   the name of this session (CLAUDE_RELAY_SESSION_ID goes before it, RELAY_CLIENT_ID after it)
  --relay-url URL    where the relay is (RELAY_URL; default: the relay that runs here, else ws://localhost:9999)
  --log-level LEVEL  debug writes a log to stderr (RELAY_LOG_LEVEL)
  --help

Examples:
  claude mcp add -s user relay -- claude-relay mcp
  codex mcp add relay -- claude-relay mcp --client-id CX-1
`;

/** Goodbye takes at most this long once the connection to the agent program is over. */
const GOODBYE_MS = 1_500;
/** Whatever still holds the process after that does not hold it for long. */
const LINGER_MS = 250;

/** Resolves with the exit code when the session is over. `argv` is what stands after `mcp`. */
export async function main(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  try {
    if (argv.includes('--help') || argv.includes('-h')) {
      process.stdout.write(HELP);
      return EXIT.ok;
    }
    const config = readConfig(argv, env);
    await run(config, ensureHome(config.settings.home), env);
    setTimeout(() => process.exit(EXIT.ok), LINGER_MS).unref();
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    process.stderr.write(`claude-relay mcp: ${error.message}${error.remedy ? ` ${error.remedy}` : ''}\n`);
    return error.exit;
  }
}

function readConfig(argv: readonly string[], env: NodeJS.ProcessEnv): Config {
  const { flags, rest } = parseFlags('mcp', argv);
  if (rest.length > 0) throw new Failure('usage', 'mcp takes flags only.', 'Try: claude-relay mcp --client-id CC-1');
  return loadConfig({ where: ['mcp'], flags, env });
}

async function run({ settings, from }: Config, paths: StatePaths, env: NodeJS.ProcessEnv): Promise<void> {
  const isTalking = settings.logLevel === 'debug' || settings.logLevel === 'trace';
  const log = (message: string) => void (isTalking && process.stderr.write(`${new Date().toISOString()} ${message}\n`));
  const cwd = process.cwd();
  const agent = agentEnvironment(env);
  const names = new Names(paths.names, systemClock);
  const identity = new SessionIdentity({ names, cwd, agent, clientId: settings.clientId, pid: process.pid, log });
  const parts = connectParts({ settings, from }, paths, env, identity, { cwd, agent, log });
  parts.client.start();
  await serveSession(parts.host, stdioProcess(parts.onClient, log), systemClock);
  log('mcp: the agent program is gone');
  await Promise.race([parts.stop(), new Promise((resolve) => setTimeout(resolve, GOODBYE_MS))]);
}

interface Surroundings {
  readonly cwd: string;
  readonly agent: AgentEnvironment;
  readonly log: (message: string) => void;
}

interface Running {
  readonly client: RelayClient;
  readonly host: Host;
  onClient(info: ClientInfo): void;
  stop(): Promise<void>;
}

function connectParts(
  { settings, from }: Pick<Config, 'settings' | 'from'>,
  paths: StatePaths,
  env: NodeJS.ProcessEnv,
  identity: SessionIdentity,
  { cwd, agent, log }: Surroundings,
): Running {
  const { name } = identity.wanted;
  // An address that nobody gave is looked up again at each try: the relay may be started later, on another port.
  const url = from.relayUrl === 'default' ? undefined : settings.relayUrl;
  const say = (event: string, detail: Readonly<Record<string, unknown>>) => log(`${event} ${JSON.stringify(detail)}`);
  let info: ClientInfo | undefined;
  const client = new RelayClient({
    ...discover({ home: paths.home, env, url, token: settings.token }),
    hello: {
      name,
      seat: true,
      window: 0,
      // Asked at each hello: by then the agent program has said what it is.
      get about() {
        return aboutUs(cwd, agent, info);
      },
    },
    instance: instanceId(systemRandom),
    keys: new FileKeys(paths.keys),
    clock: systemClock,
    random: systemRandom,
    connect: connectWebSocket,
    log: say,
  });
  const store = new OutboxStore({ dir: paths.outbox, owner: markProcess(process.pid) });
  const outbox: Outbox = new Outbox({
    client,
    store,
    name,
    clock: systemClock,
    random: systemRandom,
    onRefused: (refused) => session.refusedLater(refused),
    log: say,
  });
  const session = new ClientSession({ client, outbox });
  const keepName = () => {
    const { name: granted, wanted } = client.state;
    if (granted !== undefined && wanted === undefined) identity.holds(granted);
  };
  client.on('welcome', keepName);
  client.on('name', keepName);
  return {
    client,
    host: {
      session,
      shelf: new Shelf(),
      version: VERSION,
      clock: systemClock,
      random: systemRandom,
      onCall: (meta) => identity.calledWith(meta),
    },
    onClient(said) {
      info = said;
    },
    async stop() {
      outbox.stop();
      await client.stop();
    },
  };
}

/** What peers are told of this session. */
function aboutUs(cwd: string, agent: AgentEnvironment, info: ClientInfo | undefined): About {
  const program = agent.program ?? info?.name;
  const version = agent.version ?? info?.version;
  return {
    kind: 'agent',
    host: hostname().slice(0, LIMITS.hostChars),
    cwd: cwd.slice(0, LIMITS.pathChars),
    ...(program === undefined ? {} : { program: program.slice(0, LIMITS.programChars) }),
    ...(version === undefined ? {} : { version: version.slice(0, LIMITS.programChars) }),
    ...(agent.agentSession === undefined ? {} : { agent_session: agent.agentSession }),
  };
}

function stdioProcess(onClient: (info: ClientInfo) => void, log: (message: string) => void) {
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    parent: () => process.ppid,
    onSignal(listener: () => void) {
      process.once('SIGTERM', listener);
      process.once('SIGINT', listener);
    },
    onClient,
    log,
  };
}
