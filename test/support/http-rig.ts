/** A relay's HTTP side on a free port of the loopback, over a fake relay. */
import { join } from 'node:path';
import { type DataTasks, directTasks } from '../../src/data/tasks.ts';
import { type Answer, createAnswer } from '../../src/http/app.ts';
import { Guard } from '../../src/http/guard.ts';
import { McpDoor } from '../../src/http/mcp.ts';
import { refuseUpgrade } from '../../src/http/refuse.ts';
import { type Listening, listen } from '../../src/http/server.ts';
import { type Identity, THE_OWNER } from '../../src/relay/identity.ts';
import type { People } from '../../src/relay/people.ts';
import type { Socket } from '../../src/relay/socket.ts';
import { WsDoor } from '../../src/transports/ws.ts';
import { systemRandom } from '../../src/util/random.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeRelay, memoryLog } from './fake-relay.ts';
import { tempDir } from './temp-dir.ts';

export const TOKEN = 'test-token-0123456789-0123456789-0123456789';

export interface RigOptions {
  readonly host?: string;
  readonly port?: number;
  readonly allowHosts?: readonly string[];
  readonly allowOrigins?: readonly string[];
  readonly connect?: (socket: Socket) => void;
  readonly connectLegacy?: (socket: Socket) => void;
  readonly limits?: { readonly connections: number; readonly unauthenticated: number };
  readonly tasks?: DataTasks;
  /** Whose the token is; the owner's when absent. */
  readonly identity?: Identity;
  /** Instead of the relay's own. */
  readonly answer?: Answer;
}

/** Of the credentials only one token. */
export function tokenOnly(token: string, identity: Identity = THE_OWNER) {
  return {
    byToken: (presented: string) => (presented === token ? identity : undefined),
    bySignature: () => undefined,
  };
}

/** Nobody can be invited here. */
const nobody: Pick<People, 'tasks'> = {
  get tasks(): never {
    throw new Error('This rig has no people.');
  },
};

export async function httpRig(options: RigOptions = {}) {
  const relay = new FakeRelay();
  const log = memoryLog();
  const clock = new FakeClock();
  const { allowHosts = [], allowOrigins = [] } = options;
  const credentials = tokenOnly(TOKEN, options.identity);
  const guard = new Guard({ credentials, allowHosts, allowOrigins, clock });
  const mcp = new McpDoor({ relay, version: '0.0.0-test', clock, random: systemRandom, log });
  const dir = tempDir();
  const tasks = options.tasks ?? directTasks(join(dir, 'relay.sqlite'));
  const answer = options.answer ?? createAnswer({ relay, log, mcp, tasks, dir, guard, people: nobody });
  const sockets: Socket[] = [];
  const door = new WsDoor({
    connect: options.connect ?? ((socket) => void sockets.push(socket)),
    ...(options.connectLegacy ? { connectLegacy: options.connectLegacy } : {}),
    ...(options.limits ? { limits: options.limits } : {}),
    refuse: refuseUpgrade,
    log,
  });
  const listening: Listening = await listen({
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    guard,
    answer,
    door,
    log,
    clock,
  });
  return {
    relay,
    log,
    clock,
    guard,
    door,
    sockets,
    mcp,
    dir,
    port: listening.port,
    listening,
    async stop() {
      door.cut();
      listening.cut();
      await listening.close();
    },
  };
}

export type HttpRig = Awaited<ReturnType<typeof httpRig>>;
