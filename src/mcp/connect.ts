/** Puts one session together: connection, outbox, identity. Nothing of it waits for the relay. */
import { homedir, hostname } from 'node:os';
import type { AgentEnvironment } from '../agents/environment.ts';
import { programOfClient } from '../agents/programs.ts';
import { RelayClient } from '../client/client.ts';
import { discover } from '../client/discover.ts';
import { FileKeys } from '../client/keys.ts';
import { Outbox } from '../client/outbox.ts';
import { OutboxStore } from '../client/outbox-store.ts';
import type { Connect } from '../client/socket.ts';
import type { Config } from '../config/load.ts';
import type { StatePaths } from '../config/paths.ts';
import { Bulletin } from '../delivery/bulletin.ts';
import { Delivery } from '../delivery/delivery.ts';
import { Shelf } from '../delivery/shelf.ts';
import { LIMITS } from '../protocol/limits.ts';
import type { About } from '../protocol/session.ts';
import type { Stance } from '../protocol/stance.ts';
import { systemClock } from '../util/clock.ts';
import { markProcess } from '../util/processes.ts';
import { instanceId, systemRandom } from '../util/random.ts';
import { runProgram } from '../util/run.ts';
import { ClientInbox } from './client-inbox.ts';
import type { ClientInfo } from './client-info.ts';
import { ClientSession } from './client-session.ts';
import { composeWith } from './delivered.ts';
import type { SessionIdentity } from './identity.ts';
import { brakedLine, heldLine, pausedLine } from './render.ts';
import type { Notify } from './server.ts';

export interface ConnectOptions {
  readonly config: Pick<Config, 'settings' | 'from'>;
  readonly paths: StatePaths;
  readonly env: NodeJS.ProcessEnv;
  readonly identity: SessionIdentity;
  readonly cwd: string;
  /** What its project lets happen with messages, at most. */
  readonly messages: Stance;
  readonly agent: AgentEnvironment;
  readonly log: (message: string) => void;
}

/** Loaded when the agent program has its first answer: it waits for that, and not for the relay. */
const connect: Connect = async (target) => {
  await nextTurn();
  const { connectWebSocket } = await import('../client/socket.ts');
  return connectWebSocket(target);
};

/** What the agent program has said by now is read and answered before: the turn of the event loop that is under way reads no more. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => systemClock.soon(() => systemClock.soon(resolve)));
}

type Say = (event: string, detail: Readonly<Record<string, unknown>>) => void;

export class Connected {
  readonly session: ClientSession;
  readonly shelf = new Shelf();
  private readonly bulletin = new Bulletin();
  readonly delivery: Delivery;
  /** Of the server instances that live, the last one's. */
  notify: Notify | undefined;
  private info: ClientInfo | undefined;
  private readonly client: RelayClient;
  private readonly outbox: Outbox;
  private epoch: string | undefined;

  constructor(options: ConnectOptions) {
    const say: Say = (event, detail) => options.log(`${event} ${JSON.stringify(detail)}`);
    this.client = this.makeClient(options, say);
    this.outbox = this.makeOutbox(options, say);
    this.delivery = this.makeDelivery(options);
    this.session = new ClientSession({
      client: this.client,
      outbox: this.outbox,
      delivery: this.delivery,
      bulletin: this.bulletin,
    });
    this.client.on('held', ({ held }) => this.bulletin.post('held', heldLine(held)));
    this.client.on('braked', (frame) => this.bulletin.post(`${frame.name} ${frame.brake}`, brakedLine(frame)));
    this.client.on('paused', (frame) => this.bulletin.post('paused', pausedLine(frame)));
    const keepName = () => {
      const { name, wanted } = this.client.state;
      if (name !== undefined && wanted === undefined) options.identity.holds(name);
    };
    this.client.on('gap', ({ why }) => {
      if (why !== 'missed') this.delivery.forget();
    });
    this.client.on('welcome', ({ epoch }) => {
      this.epoch = epoch;
      keepName();
      this.delivery.welcomed();
    });
    this.client.on('name', ({ was, why }) => {
      keepName();
      if (why === 'suffixed') this.delivery.forget();
      if (why === 'renamed' && this.epoch !== undefined) this.delivery.renamed({ name: was, epoch: this.epoch });
    });
  }

  /** Connects, and lets hooks reach this session. */
  start(): void {
    this.client.start();
    void nextTurn().then(() => this.delivery.start());
  }

  /** What the agent program said of itself; told to peers from the next hello on. */
  knows(info: ClientInfo): void {
    this.info = info;
    const program = programOfClient(info.name);
    if (program) this.delivery.knows(program);
  }

  /** Says the receipts that wait, then goodbye. What is in the outbox stays on disk. */
  async stop(): Promise<void> {
    this.delivery.stop();
    this.outbox.stop();
    await this.client.stop();
  }

  private makeDelivery({ config, paths, env, cwd, log }: ConnectOptions): Delivery {
    return new Delivery({
      place: {
        env,
        cwd,
        log,
        parent: process.ppid,
        pid: process.pid,
        userHome: homedir(),
        startedAt: systemClock.now() - process.uptime() * 1000,
        clock: systemClock,
        random: systemRandom,
        run: runProgram,
        notify: (method, params) => {
          this.notify?.(method, params);
          return this.notify !== undefined;
        },
      },
      home: paths.home,
      ledger: paths.ledger,
      inbox: new ClientInbox(this.client),
      shelf: this.shelf,
      compose: composeWith(systemRandom),
      bulletin: this.bulletin,
      wakes: config.settings.wakes,
      isResumable: config.settings.resume,
      standing: () => this.standing,
      // Best effort: it is said again when it changes.
      onPresence: (told) => void this.client.request('presence', told).catch(() => undefined),
    });
  }

  private get standing(): { name: string; epoch: string } | undefined {
    const { name } = this.client.state;
    return name === undefined || this.epoch === undefined ? undefined : { name, epoch: this.epoch };
  }

  private makeClient({ config, paths, env, identity, cwd, messages, agent }: ConnectOptions, log: Say): RelayClient {
    const { settings, from } = config;
    // An address that nobody gave is looked up again at each try: the relay may be started later, on another port.
    const url = from.relayUrl === 'default' ? undefined : settings.relayUrl;
    const aboutNow = () => ({ ...aboutUs(cwd, agent, this.info), messages });
    return new RelayClient({
      ...discover({ home: paths.home, env, url, token: settings.token }),
      hello: {
        name: identity.wanted.name,
        seat: true,
        receipts: true,
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
      connect,
      log,
    });
  }

  private makeOutbox({ paths, identity }: ConnectOptions, log: Say): Outbox {
    return new Outbox({
      client: this.client,
      store: new OutboxStore({
        dir: paths.outbox,
        owner: markProcess(process.pid),
        onCorrupt: (path, error, what) => {
          log('outbox_corrupt', { path, error: String(error) });
          if (what === 'send') this.session.setAside(path, error);
        },
      }),
      name: identity.wanted.name,
      clock: systemClock,
      random: systemRandom,
      onKept: () => identity.keeps(),
      onRefused: (refused) => this.session.refusedLater(refused),
      log,
    });
  }
}

/** What peers are told of this session. */
export function aboutUs(cwd: string, agent: AgentEnvironment, info: ClientInfo | undefined): About {
  // Whom it names in `initialize` is who it is; an environment may be that of a program around it.
  const said = programOfClient(info?.name)?.id;
  const program = said ?? agent.program ?? info?.name;
  const version = said === undefined ? (agent.version ?? info?.version) : info?.version;
  return {
    kind: 'agent',
    host: hostname().slice(0, LIMITS.hostChars),
    cwd: cwd.slice(0, LIMITS.pathChars),
    ...(program === undefined ? {} : { program: program.slice(0, LIMITS.programChars) }),
    ...(version === undefined ? {} : { version: version.slice(0, LIMITS.programChars) }),
    ...(agent.agentSession === undefined ? {} : { agent_session: agent.agentSession }),
  };
}
