/**
 * One simulated machine: a relay over the real state and journal, session processes over the real client, and between them a
 * network, a disk, a clock and chance that a schedule owns. Everything that happens follows from the seed.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { MemoryKeys } from '../../../../src/client/keys.ts';
import type { Connect } from '../../../../src/client/socket.ts';
import { LocalJournal } from '../../../../src/journal/local.ts';
import { RelayError } from '../../../../src/protocol/codes.ts';
import { connectLegacy } from '../../../../src/relay/legacy.ts';
import { silentLog } from '../../../../src/relay/log.ts';
import { Relay } from '../../../../src/relay/relay.ts';
import type { Socket } from '../../../../src/relay/socket.ts';
import { membersOf, roomChannel } from '../../../../src/state/queries/channels.ts';
import { countUnhanded } from '../../../../src/state/queries/inbox.ts';
import { sessionByName } from '../../../../src/state/queries/sessions.ts';
import { State } from '../../../../src/state/state.ts';
import { instanceId } from '../../../../src/util/random.ts';
import { type CheckOptions, check, type Finding } from '../check.ts';
import { History } from '../history.ts';
import { Seeded } from '../seeded.ts';
import { Agent } from './agent.ts';
import { SimClock } from './clock.ts';
import { FULL, RecordedState, SimDisk, SYNC_FAILED } from './disk.ts';
import { FirstGeneration } from './first-generation.ts';
import { Network } from './network.ts';
import { Life } from './process.ts';
import { Script } from './script.ts';
import type { Tables } from './tables.ts';

const NAMES = ['A', 'B', 'C'] as const;
/** Who gets its mail pushed, and how much at once. */
const WINDOWS: Readonly<Record<string, number>> = { C: 3 };
/** Programs that speak HTTP. */
const SCRIPT = 'S';
/** A client of the first generation. */
const OLD = 'L';
const ROOM = '#room';
const DAY = 24 * 3_600_000;

interface RelayUp {
  readonly life: Life;
  readonly relay: Relay;
  readonly journal: LocalJournal;
}

/** What one schedule after the other is played on. */
export interface Place {
  /** For the outboxes, emptied before. */
  readonly dir: string;
  readonly disk: Tables;
  readonly replica: Tables;
}

/** `gap`: positions are said to be others, and nobody has put other data in the place of these. */
export type WorldFinding = Finding | { readonly rule: 'gap' | 'replica'; readonly what: string };

export class World {
  readonly history = new History();
  readonly clock = new SimClock();
  readonly chance: Seeded;
  readonly disk: SimDisk;
  readonly network: Network;
  readonly #dir: string;
  readonly #replica: Tables;
  readonly #agents = new Map<string, { agent: Agent; pid: number }>();
  readonly #alive = new Set<number>();
  readonly #keys = new Map<string, MemoryKeys>();
  readonly #script: Script;
  readonly #old: FirstGeneration;
  #relay: RelayUp | undefined;
  #pids = 0;
  #ids = 0;

  constructor(seed: number, { dir, disk, replica }: Place) {
    this.chance = new Seeded(seed);
    this.disk = new SimDisk(this.chance, disk.emptied());
    this.#replica = replica;
    this.network = new Network(this.clock, this.chance);
    this.#script = new Script({
      name: SCRIPT,
      network: this.network,
      chance: this.chance,
      history: this.history,
      relay: () => this.#relay,
      pid: () => ++this.#pids,
      readers: readersOf,
    });
    this.#old = new FirstGeneration({
      name: OLD,
      network: this.network,
      chance: this.chance,
      history: this.history,
      relay: () => this.#relay && this.#legacyOf(this.#relay),
      readers: readersOf,
    });
    this.#dir = join(dir, 'outbox');
    rmSync(this.#dir, { recursive: true, force: true });
  }

  /** Everybody is there, and in the room. */
  async begin(): Promise<void> {
    await this.startRelay();
    for (const name of NAMES) this.startAgent(name);
    await this.#settled(this.#script.begin());
    this.#old.start();
    await this.until(() => this.#old.isHere);
    await this.until(() => this.#all().every(({ agent }) => agent.client.state.phase === 'connected'));
    for (const { agent } of this.#all()) void agent.client.request('join', { room: ROOM }).catch(() => undefined);
    await this.until(() => this.#members() === NAMES.length);
  }

  /** Something happens: a send most often, a fault now and then. */
  async step(): Promise<void> {
    const name = this.chance.pick(NAMES);
    const [, act] = this.#pick([
      [40, () => this.#send(name)],
      [6, () => this.#busy(name)],
      [6, () => this.#wake(name)],
      [4, () => void this.#script.send(...this.#message([...NAMES, SCRIPT, OLD, 'all']))],
      [6, () => void this.#script.read()],
      [4, () => this.#sendOld()],
      [2, () => this.#old.kill()],
      [3, () => this.#old.start()],
      [4, () => this.killAgent(name)],
      [6, () => this.startAgent(name)],
      [3, () => this.killRelay()],
      [2, () => this.#killAtCommit()],
      [8, () => this.startRelay()],
      [4, () => this.#cut()],
      [2, () => this.#darken()],
      [3, () => this.#failDisk()],
      [2, () => this.clock.step(this.chance.pick([DAY, -DAY, 3_600_000, -3_600_000]))],
      [2, () => this.#prune()],
    ]);
    await act();
    await this.#pass(this.chance.chance(0.1) ? this.chance.below(20_000) : this.chance.below(300));
  }

  /** All faults end, everybody is there, and reads until there is nothing left to read. */
  async heal(): Promise<void> {
    this.disk.fault = undefined;
    this.disk.onCommit = undefined;
    await this.startRelay();
    this.#script.isCareful = true;
    // It has no heartbeat: of a connection that carries nothing it never hears.
    this.#old.kill();
    this.#old.start();
    for (const name of NAMES) {
      this.startAgent(name);
      this.#agents.get(name)?.agent.wake();
    }
    await this.until(() => {
      if (this.#script.isAtRest && this.#waiting(SCRIPT) !== 0) void this.#script.read();
      return this.#isQuiet();
    });
    this.#old.complete();
    await this.#askStates();
  }

  /** What the checker finds, gaps where nothing was restored, and whether the same commands make the same tables elsewhere. */
  findings(options: CheckOptions = { wantsStates: true, wantsNotices: true }): WorldFinding[] {
    const found: WorldFinding[] = [...check(this.history, options), ...gaps(this.history)];
    return this.#isReplicated() ? found : [...found, { rule: 'replica', what: 'the same commands made other tables' }];
  }

  async startRelay(): Promise<void> {
    if (this.#relay && !this.#relay.life.isOver) return;
    const life = new Life(this.clock);
    const state = new RecordedState(this.disk.restart(), this.disk);
    const journal = new LocalJournal(state, life.clock, { reopen: () => this.disk.open() });
    if (state.epoch === undefined) {
      const founded = journal.submit({ type: 'found', epoch: instanceId(this.chance) });
      await this.#settled(founded.catch(() => undefined)); // a disk that fails at once: the next start founds it
    }
    const relay = new Relay({
      journal,
      clock: life.clock,
      random: this.chance,
      log: silentLog,
      version: '0',
      brakes: false,
    });
    this.#relay = { life, relay, journal };
  }

  killRelay(): void {
    this.#relay?.life.end();
  }

  startAgent(name: string): void {
    if (this.#agents.has(name)) return;
    const life = new Life(this.clock);
    const pid = ++this.#pids;
    this.#alive.add(pid);
    const keys = this.#keys.get(name) ?? new MemoryKeys();
    this.#keys.set(name, keys);
    const { chance, history } = this;
    const window = WINDOWS[name] ?? 0;
    const shared = { name, life, pid, alive: this.#alive, chance, history, keys, dir: this.#dir, window };
    const relay = () => this.#relay?.life;
    const agent = new Agent({ ...shared, relay, connect: this.#connectFrom(life), readers: readersOf });
    this.#agents.set(name, { agent, pid });
  }

  killAgent(name: string): void {
    const found = this.#agents.get(name);
    if (!found) return;
    found.agent.end();
    this.#alive.delete(found.pid);
    this.#agents.delete(name);
  }

  /** Lets time pass until it holds. Throws when it never does: then something hangs. */
  async until(holds: () => boolean): Promise<void> {
    for (let waited = 0; !holds(); waited += 1) {
      if (waited > 600)
        throw new Error(`A promise was broken.\nhangs: not at rest after five minutes: ${this.#unrest()}`);
      await this.#pass(500);
    }
  }

  #pass(ms: number): Promise<void> {
    return this.clock.pass(ms);
  }

  #connectFrom(life: Life): Connect {
    return async () => {
      await new Promise<void>((resolve) => this.clock.after(this.network.latency(), resolve));
      const up = this.#relay;
      if (!up || up.life.isOver || life.isOver) throw new RelayError('not_connected', 'Nobody listens.');
      const link = this.network.connect(life, up.life);
      up.relay.connect(link.far);
      return link.near;
    };
  }

  #all() {
    return [...this.#agents.values()];
  }

  #members(): number {
    const store = this.#relay?.journal.state.store;
    const room = store && roomChannel(store, ROOM);
    return store && room !== undefined ? membersOf(store, room).length : 0;
  }

  #pick(
    choices: readonly (readonly [number, () => void | Promise<void>])[],
  ): readonly [number, () => void | Promise<void>] {
    let left = this.chance.below(choices.reduce((sum, [weight]) => sum + weight, 0));
    for (const choice of choices) {
      left -= choice[0];
      if (left < 0) return choice;
    }
    throw new Error('unreachable');
  }

  #send(name: string): void {
    const message = this.#message([...NAMES, ...NAMES, SCRIPT, OLD, ROOM, 'all']);
    void this.#agents.get(name)?.agent.send(...message);
  }

  /** Its id, where it goes to, what it says, and how long it lives. */
  #message(addresses: readonly [string, ...string[]]): [id: string, address: string, body: string, ttl?: number] {
    const id = `m${++this.#ids}`;
    const message = [id, this.chance.pick(addresses), `${id} ${'x'.repeat(this.chance.below(60))}`] as const;
    return this.chance.chance(0.1) ? [...message, this.chance.between(1, 60)] : [...message];
  }

  #sendOld(): void {
    const [, address, body] = this.#message([...NAMES, SCRIPT, OLD, 'all']);
    this.#old.send(address, body);
  }

  #legacyOf({ life, relay, journal }: RelayUp) {
    const { clock } = life;
    return {
      life,
      state: journal.state,
      get isReady() {
        return journal.ready;
      },
      connect: (far: Socket) => connectLegacy(far, { relay, clock, random: this.chance }),
    };
  }

  #busy(name: string): void {
    const found = this.#agents.get(name);
    if (found) found.agent.isBusy = true;
  }

  #wake(name: string): void {
    this.#agents.get(name)?.agent.wake();
  }

  /** The relay dies in the middle of its next commit: nobody knows on which side of it. */
  #killAtCommit(): void {
    const life = this.#relay?.life;
    const isAfter = this.chance.chance(0.5);
    this.disk.onCommit = (commit) => {
      if (isAfter) commit();
      life?.end();
      throw new Error('This process is dead.');
    };
  }

  #cut(): void {
    this.#link()?.cut();
  }

  #darken(): void {
    this.#link()?.darken(this.chance.pick(['near', 'far', 'both']));
  }

  #link() {
    const links = [...this.network.links];
    return links[this.chance.below(Math.max(1, links.length))];
  }

  #failDisk(): void {
    this.disk.fault = { errcode: this.chance.pick([FULL, SYNC_FAILED, 10]), left: this.chance.between(1, 6) };
  }

  #prune(): void {
    const relay = this.#relay;
    if (relay && !relay.life.isOver) void relay.relay.prune({ count: this.chance.below(5) }).catch(() => undefined);
  }

  #isQuiet(): boolean {
    return this.#unrest() === '';
  }

  /** Who has something left to do. */
  #unrest(): string {
    const up = this.#relay;
    if (!up || up.life.isOver || !up.journal.ready) return 'the relay is down';
    const restless = NAMES.flatMap((name) => {
      const { client, outbox } = this.#agents.get(name)?.agent ?? {};
      const { phase } = client?.state ?? {};
      // What was pushed needs no telling how much is left.
      const unread = WINDOWS[name] ? 0 : client?.unread;
      const left = [this.#waiting(name), unread, outbox?.size, client?.receipts.pending];
      return phase === 'connected' && left.every((n) => n === 0) ? [] : [`${name} ${phase} ${left.join('/')}`];
    });
    const left = this.#waiting(SCRIPT);
    if (left > 0 || !this.#script.isAtRest) restless.push(`${SCRIPT} ${left}`);
    if (this.#waiting(OLD) > 0 || !this.#old.isHere) restless.push(`${OLD} ${this.#waiting(OLD)}`);
    return restless.join(', ');
  }

  /** How much a name has not been handed; one that is not known yet has something to do. */
  #waiting(name: string): number {
    const store = this.#relay?.journal.state.store;
    const row = store && sessionByName(store, name);
    return row ? countUnhanded(store, row) : 1;
  }

  /** Of everything that was accepted; and where it lies, for what was only kept when its sender went on. */
  async #askStates(): Promise<void> {
    const { events } = this.history;
    const sent = new Map(events.flatMap((event) => (event.kind === 'sent' ? [[event.id, event] as const] : [])));
    const known = new Set(
      events.flatMap((event) => (event.kind === 'answered' || event.kind === 'kept' ? [event.id] : [])),
    );
    for (const id of known) {
      const by = sent.get(id)?.by ?? '';
      const asked = this.#relay?.relay.perform('receipts', { id }, this.#caller(by));
      await this.#settled(
        asked?.then(
          (result) => this.#noteStates(id, Object(result)),
          () => undefined,
        ),
      );
    }
  }

  #caller(name: string) {
    const key = this.#keys.get(name)?.load(new URL('ws://localhost:9999'), name);
    return { name, ...(key === undefined ? {} : { key }) };
  }

  #noteStates(
    id: string,
    result: { position: number; recipients: readonly { name: string; state: 'stored' }[] },
  ): void {
    if (!this.history.answered().has(id))
      this.history.note({ kind: 'answered', id, position: result.position, duplicate: true });
    for (const { name, state } of result.recipients) this.history.note({ kind: 'state', id, name, state });
  }

  async #settled(work: Promise<unknown> | undefined): Promise<void> {
    let isDone = false;
    void work?.finally(() => {
      isDone = true;
    });
    while (work && !isDone) await this.#pass(1);
  }

  /** Applied one after another to empty tables, as another node of a cluster would. */
  #isReplicated(): boolean {
    const database = this.#replica.emptied();
    const replica = new State(database);
    database.exec('BEGIN');
    for (const command of this.disk.durable) replica.apply(command);
    const there = [...replica.dump()].join('\n');
    database.exec('COMMIT');
    const here = this.#relay?.journal.state;
    return here !== undefined && [...here.dump()].join('\n') === there;
  }
}

function* gaps({ events }: History): Generator<WorldFinding> {
  for (const event of events)
    if (event.kind === 'gap') yield { rule: 'gap', what: `${event.by} was told that the relay has other data` };
}

/** Every agent is in the room; nobody reads what it sent to a group itself. */
function readersOf(address: string, sender: string): readonly string[] {
  if (address === ROOM) return NAMES.filter((name) => name !== sender);
  return address === 'all' ? [...NAMES, SCRIPT, OLD].filter((name) => name !== sender) : [address];
}
