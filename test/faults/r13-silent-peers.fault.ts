/** R13: half-open and frozen peers are noticed, and their mail is kept. Packets are dropped in a network of our own. */
import { fileURLToPath } from 'node:url';
import { describe } from 'vitest';
import { parseWrapper } from '../mcp/parse-wrapper.ts';
import { CLI, McpSession, machine, type Started, until } from '../support/cli.ts';
import { expectNone } from './support/check.ts';
import { times } from './support/counts.ts';
import { record } from './support/figures.ts';
import { NetNs, type Wire } from './support/netns.ts';
import { RelayProcess } from './support/relay-process.ts';
import { itAsRoot } from './support/root.ts';

/** Of each kind of silence. */
const PEERS = times({ ci: 2, long: 10, planted: 1 });
/** Within which a silent peer is said to be lost, milliseconds. */
const NOTICED = 16_000;
/** The port of the tunnel's end, in a network of its own. */
const TUNNEL = 7_000;
const FORWARD = fileURLToPath(new URL('./support/forward.mjs', import.meta.url));
/** For a planted bug that never notices: waited for no longer. */
const PATIENCE = 25_000;

const SILENCES = ['dropped', 'dropped to the relay', 'dropped from the relay', 'stopped'] as const;
type Silence = (typeof SILENCES)[number];

/** A session on another machine: a network of its own, a cable, and at the other end of it a tunnel to the relay. */
interface Peer {
  readonly name: string;
  readonly silence: Silence;
  readonly session: McpSession;
  readonly pid: number;
  readonly wire: Wire;
}

interface Tunnel {
  readonly netns: NetNs;
  readonly relay: RelayProcess;
}

async function join({ netns, relay }: Tunnel, how: Silence, n: number): Promise<Peer> {
  const name = `${how.replaceAll(' ', '-')}-${n}`;
  const wire = netns.link(new NetNs());
  const home = machine();
  const [program = '', ...rest] = [...wire.far.netns.through, process.execPath, CLI, 'mcp', '--client-id', name];
  const env = { RELAY_URL: `ws://${wire.near.address}:${TUNNEL}`, RELAY_TOKEN: relay.machine.token };
  const started = home.spawn(program, rest, { env });
  const session = new McpSession(name, started);
  await session.initialize();
  await session.connected();
  return { name, silence: how, session, pid: started.child.pid ?? 0, wire };
}

function silence({ silence: how, pid, wire }: Peer): void {
  if (how === 'stopped') process.kill(pid, 'SIGSTOP');
  else wire.cut(how === 'dropped' ? 'both' : how === 'dropped to the relay' ? 'near' : 'far');
}

function unsilence({ silence: how, pid, wire }: Peer): void {
  if (how === 'stopped') process.kill(pid, 'SIGCONT');
  else for (const { netns } of [wire.near, wire.far]) netns.undrop();
}

/** When somebody was said to be lost, by what a looker-on prints. */
function lostAt(watcher: Started, name: string): number | undefined {
  for (const line of watcher.stdout.split('\n')) {
    if (!line.includes('"lost"')) continue;
    const { event, name: who, at } = JSON.parse(line);
    if (event === 'lost' && who === name) return at;
  }
  return undefined;
}

describe('R13: a peer', () => {
  itAsRoot(
    `that falls silent, in each of four ways, is lost within sixteen seconds and has all its mail when it is back`,
    async () => {
      const netns = new NetNs();
      const home = machine();
      // The addresses of the cables, which are made later.
      const hosts = Array.from({ length: 256 }, (_, n) => ['--allow-host', `10.77.${n}.1:${TUNNEL}`]).flat();
      const relay = new RelayProcess(home, { through: netns.through, args: hosts });
      await relay.start();
      const forward = home.spawn('ip', [
        'netns',
        'exec',
        netns.name,
        process.execPath,
        FORWARD,
        `${TUNNEL}`,
        `${relay.port}`,
      ]);
      await forward.says(/Forwarding/);
      const tunnel = { netns, relay };
      const cli = async (...args: string[]) => {
        const [program = '', ...rest] = [...netns.through, process.execPath, CLI, ...args];
        const { code, stderr } = await home.spawn(program, rest, { input: '' }).ended;
        if (code !== 0) throw new Error(stderr);
      };
      const [program = '', ...rest] = [...netns.through, process.execPath, CLI, 'watch', '--json', '--as', 'W'];
      const watcher = home.spawn(program, rest);
      await watcher.says(/Watching/, 'stderr');
      const peers: Peer[] = [];
      for (const how of SILENCES) for (let n = 1; n <= PEERS; n += 1) peers.push(await join(tunnel, how, n));

      const begun = new Map<string, number>();
      for (const peer of peers) {
        begun.set(peer.name, Date.now());
        silence(peer);
      }
      for (const { name } of peers) await cli('send', name, 'while it seemed to be here', '--as', 'A');
      const end = Date.now() + PATIENCE;
      await until(
        () => peers.every(({ name }) => lostAt(watcher, name) !== undefined),
        (all) => all || Date.now() > end,
      );
      const after = peers.map(({ name }) => ({
        name,
        ms: (lostAt(watcher, name) ?? Number.POSITIVE_INFINITY) - (begun.get(name) ?? 0),
      }));
      expectNone(
        'silent peers not noticed in time',
        after.filter(({ ms }) => ms > NOTICED).map(({ name, ms }) => `${name} after ${ms} ms`),
      );
      for (const { name } of peers) await cli('send', name, 'while it was known to be away', '--as', 'A');
      for (const peer of peers) unsilence(peer);

      const missing: string[] = [];
      for (const { name, session } of peers) {
        const bodies = await mailOf(session);
        if (bodies.join() !== 'while it seemed to be here,while it was known to be away')
          missing.push(`${name} read ${JSON.stringify(bodies)}`);
      }
      expectNone('mail lost or doubled', missing);
      const slowest = Math.max(...after.map(({ ms }) => ms));
      record('R13', { peers: peers.length, 'noticed after ms, at most': slowest, 'mail lost': 0 });
    },
  );
});

/** All that it has, once it is connected again. */
async function mailOf(session: McpSession): Promise<string[]> {
  await session.connected();
  const bodies: string[] = [];
  for (;;) {
    const text = await session.call('relay_receive', { wait_seconds: 2 });
    const messages = parseWrapper(text);
    bodies.push(...messages.filter(({ header }) => header['from'] === 'A').map(({ body }) => body));
    if (messages.length === 0) return bodies;
  }
}
