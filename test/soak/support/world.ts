/**
 * One relay with those who live at it:
 *
 *     S1 …    talkers that write, over the client's own connection: to each, and to the room
 *     S-ALL   one that writes to all
 *     R1 …    talkers that read, pushed and pulling by turns, all in one room
 *     M1 …    session processes: read and wait, answer questions, write
 *     H1 …    scripts over HTTP: ask questions, look around, wait for answers
 */
import { type OnceOptions, once } from '../../../src/client/once.ts';
import { Cable } from '../../faults/support/cable.ts';
import { check, type Finding } from '../../faults/support/check.ts';
import { History } from '../../faults/support/history.ts';
import { RelayProcess } from '../../faults/support/relay-process.ts';
import type { Seeded } from '../../faults/support/seeded.ts';
import { type Place, Reader, Sender, type SenderOptions } from '../../faults/support/talker.ts';
import { machine } from '../../support/cli.ts';
import { Agent } from './agent.ts';
import { Caller } from './caller.ts';
import { told } from './told.ts';
import type { Watched } from './watched.ts';

/** At least one of each. */
export interface Size {
  readonly senders: number;
  readonly readers: number;
  readonly agents: number;
  readonly callers: number;
}

type Names = readonly [string, ...string[]];

const ROOM = '#build';
/** Between two messages of one sender, and between two broadcasts. Milliseconds. */
const PAUSE = 250;
const BROADCAST_PAUSE = 2_000;
/** Characters of a body, at most: the relay has the newest 4,096 messages in memory, which are to weigh little. */
const BODY = 200;

export class World {
  readonly history = new History();
  /** The same name for all that is watched here. */
  readonly name: string;
  readonly relay: RelayProcess;
  /** One for each who can be cut off. */
  readonly cables: readonly [Cable, ...Cable[]];
  readonly #chance: Seeded;
  readonly #unplugged: Cable[];
  #senders: readonly Sender[] = [];
  #readers: readonly Reader[] = [];
  #agents: readonly Agent[] = [];
  #callers: readonly Caller[] = [];

  private constructor(name: string, relay: RelayProcess, cables: readonly [Cable, ...Cable[]], chance: Seeded) {
    this.name = name;
    this.relay = relay;
    this.cables = cables;
    this.#chance = chance;
    this.#unplugged = [...cables];
  }

  static async start(name: string, size: Size, watched: Watched, chance: Seeded): Promise<World> {
    const cables: [Cable, ...Cable[]] = [await Cable.start()];
    // The first is for the one that writes to all.
    while (cables.length <= size.senders + size.readers + size.agents) cables.push(await Cable.start());
    const args = cables.flatMap(({ host }) => ['--allow-host', host]);
    const relay = new RelayProcess(machine(), { args, env: watched.env(name) });
    await relay.start();
    for (const cable of cables) cable.target = relay.port;
    const world = new World(name, relay, cables, chance);
    await world.#fill(size, watched);
    return world;
  }

  get agents(): readonly Agent[] {
    return this.#agents;
  }

  /** With the relay's own token, as whoever has no key. */
  as(name?: string): OnceOptions {
    return { url: this.relay.place.url(), token: this.relay.place.token(), as: name };
  }

  /** Rejects when the relay has ended, and says what it said: for one that nobody kills. */
  async untilItEnds(): Promise<never> {
    const { code, stderr } = await this.relay.started.ended;
    throw new Error(`The ${this.name} relay ended with ${code}:\n${stderr}`);
  }

  /** All write no more, and read what there is. */
  async end(): Promise<void> {
    await Promise.all([...this.#senders, ...this.#agents, ...this.#callers].map((writer) => writer.finish()));
    await Promise.all([...this.#readers, ...this.#agents, ...this.#callers].map((reader) => reader.drained()));
    await Promise.all([...this.#senders, ...this.#readers].map((talker) => talker.stop()));
  }

  findings(): Finding[] {
    return check(told(this.history));
  }

  /** Those who read are there before anybody writes to all. */
  async #fill(size: Size, watched: Watched): Promise<void> {
    const [readers, agents, callers] = [named('R', size.readers), named('M', size.agents), named('H', size.callers)];
    this.#readers = await Promise.all(readers.map((name, n) => this.#reader(name, n % 2 === 0 ? 32 : 0)));
    for (const name of agents)
      this.#agents = [...this.#agents, await this.#agent(name, [...readers, ...callers], watched)];
    this.#callers = await Promise.all(callers.map((name) => this.#caller(name, [...readers, ...agents])));

    const all = [...readers, ...agents, ...callers];
    const each = all.map((name) => ({ address: name, readers: [name] }));
    const addresses = [...each, { address: ROOM, readers }];
    const quiet = named('S', size.senders).map((name) =>
      this.#sender(name, { to: addresses, window: 4, pauseMs: PAUSE }),
    );
    const broadcasts = [{ address: 'all', readers: all }];
    const loud = this.#sender('S-ALL', { to: broadcasts, window: 1, pauseMs: BROADCAST_PAUSE });
    this.#senders = [...quiet, loud];
    for (const sender of this.#senders) sender.start();
    for (const other of [...this.#agents, ...this.#callers]) other.run();
  }

  /** Resolves when it is there. */
  async #reader(name: string, window: number): Promise<Reader> {
    // Before its seat is taken anybody with the token may speak for a name.
    await once('join', { room: ROOM }, this.as(name));
    const reader = new Reader(name, this.#place(), this.history, this.#chance, { window });
    reader.start();
    await reader.until(() => reader.welcomes > 0);
    return reader;
  }

  async #agent(name: string, to: Names, watched: Watched): Promise<Agent> {
    const { relay, history } = this;
    const options = { name, relay, history, chance: this.#chance, to, cable: this.#cable() };
    return Agent.start({ ...options, env: watched.env(`${this.name}-${name}`) });
  }

  async #caller(name: string, to: Names): Promise<Caller> {
    const place = this.as(name);
    await once('status', {}, place);
    return new Caller({ name, place, history: this.history, chance: this.#chance, to });
  }

  #sender(name: string, options: SenderOptions): Sender {
    const body = (n: number) => `${name}-${n} ${'x'.repeat(this.#chance.below(BODY))}`;
    return new Sender(name, this.#place(), this.history, this.#chance, { ...options, body });
  }

  #place(): Place {
    const cable = this.#cable();
    return { url: () => cable.url, token: this.relay.place.token };
  }

  #cable(): Cable {
    return this.#unplugged.pop() ?? this.cables[0];
  }
}

function named(letter: string, count: number): Names {
  return [`${letter}1`, ...Array.from({ length: count - 1 }, (_, n) => `${letter}${n + 2}`)];
}
