/** Puts one session together: connection, outbox, identity. Nothing of it waits for the relay. */
import { hostname } from 'node:os';
import type { AgentEnvironment } from '../agents/environment.ts';
import { RelayClient } from '../client/client.ts';
import { discover } from '../client/discover.ts';
import { FileKeys } from '../client/keys.ts';
import { Outbox } from '../client/outbox.ts';
import { OutboxStore } from '../client/outbox-store.ts';
import { connectWebSocket } from '../client/socket.ts';
import type { Config } from '../config/load.ts';
import type { StatePaths } from '../config/paths.ts';
import { LIMITS } from '../protocol/limits.ts';
import type { About } from '../protocol/session.ts';
import { systemClock } from '../util/clock.ts';
import { markProcess } from '../util/processes.ts';
import { instanceId, systemRandom } from '../util/random.ts';
import type { ClientInfo } from './client-info.ts';
import { ClientSession } from './client-session.ts';
import type { SessionIdentity } from './identity.ts';

export interface ConnectOptions {
  readonly config: Pick<Config, 'settings' | 'from'>;
  readonly paths: StatePaths;
  readonly env: NodeJS.ProcessEnv;
  readonly identity: SessionIdentity;
  readonly cwd: string;
  readonly agent: AgentEnvironment;
  readonly log: (message: string) => void;
}

type Say = (event: string, detail: Readonly<Record<string, unknown>>) => void;

export class Connected {
  readonly session: ClientSession;
  /** What the agent program said of itself; told to peers from the next hello on. */
  info: ClientInfo | undefined;
  private readonly client: RelayClient;
  private readonly outbox: Outbox;

  constructor(options: ConnectOptions) {
    const say: Say = (event, detail) => options.log(`${event} ${JSON.stringify(detail)}`);
    this.client = this.makeClient(options, say);
    this.outbox = this.makeOutbox(options, say);
    this.session = new ClientSession({ client: this.client, outbox: this.outbox });
    const keepName = () => {
      const { name, wanted } = this.client.state;
      if (name !== undefined && wanted === undefined) options.identity.holds(name);
    };
    this.client.on('welcome', keepName);
    this.client.on('name', keepName);
  }

  start(): void {
    this.client.start();
  }

  /** Says the receipts that wait, then goodbye. What is in the outbox stays on disk. */
  async stop(): Promise<void> {
    this.outbox.stop();
    await this.client.stop();
  }

  private makeClient({ config, paths, env, identity, cwd, agent }: ConnectOptions, log: Say): RelayClient {
    const { settings, from } = config;
    // An address that nobody gave is looked up again at each try: the relay may be started later, on another port.
    const url = from.relayUrl === 'default' ? undefined : settings.relayUrl;
    const aboutNow = () => aboutUs(cwd, agent, this.info);
    return new RelayClient({
      ...discover({ home: paths.home, env, url, token: settings.token }),
      hello: {
        name: identity.wanted.name,
        seat: true,
        window: 0,
        // Asked at each hello: by then the agent program has said what it is.
        get about() {
          return aboutNow();
        },
      },
      instance: instanceId(systemRandom),
      keys: new FileKeys(paths.keys),
      clock: systemClock,
      random: systemRandom,
      connect: connectWebSocket,
      log,
    });
  }

  private makeOutbox({ paths, identity }: ConnectOptions, log: Say): Outbox {
    return new Outbox({
      client: this.client,
      store: new OutboxStore({ dir: paths.outbox, owner: markProcess(process.pid) }),
      name: identity.wanted.name,
      clock: systemClock,
      random: systemRandom,
      onRefused: (refused) => this.session.refusedLater(refused),
      log,
    });
  }
}

/** What peers are told of this session. */
export function aboutUs(cwd: string, agent: AgentEnvironment, info: ClientInfo | undefined): About {
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
