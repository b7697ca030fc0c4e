/**
 * Inbox to model, on this side: puts together what brings mail to one agent program, and is told what that program does. One
 * per session process. The relay knows none of it; it sees takes, receipts, remarks and presence.
 */
import type { HookCall, HookEvent } from '../agents/dialect.ts';
import type { Door } from '../agents/door.ts';
import { agentSessionOf } from '../agents/environment.ts';
import type { AgentProgram, Beside, Experimental, Place } from '../agents/program.ts';
import { programById } from '../agents/programs.ts';
import { type Berth, berthPath, removeBerth, sweepBerths, writeBerth } from '../config/rendezvous.ts';
import type { Envelope } from '../protocol/envelope.ts';
import type { Attention as Told } from '../protocol/session.ts';
import type { Timer } from '../util/clock.ts';
import { markProcess } from '../util/processes.ts';
import { Attention } from './attention.ts';
import { Budget } from './budget.ts';
import type { Bulletin } from './bulletin.ts';
import type { Compose } from './compose.ts';
import { Courier } from './courier.ts';
import { type Answer, Desk } from './desk.ts';
import type { Inbox } from './inbox.ts';
import { Keep } from './keep.ts';
import { Ledger, type Standing } from './ledger.ts';
import { LedgerStore } from './ledger-store.ts';
import { type HookRequest, LocalServer, type PluginListener } from './local-server.ts';
import { Lookout } from './lookout.ts';
import { pluginDialect } from './plugin-dialect.ts';
import { PluginDoor, type PluginLine } from './plugin-door.ts';
import type { Shelf } from './shelf.ts';
import { positionsOf } from './stray.ts';
import { WaiterDoor } from './waiter-door.ts';
import { Waiting } from './waiting.ts';

export interface DeliveryOptions {
  readonly place: Place;
  /** The state directory; it is there. */
  readonly home: string;
  /** `<home>/ledger`. */
  readonly ledger: string;
  readonly inbox: Inbox;
  readonly shelf: Shelf;
  readonly compose: Compose;
  readonly bulletin: Bulletin;
  /** Who this is at the relay; undefined before the first connection. */
  readonly standing: () => Standing | undefined;
  /** Wakes an hour. */
  readonly wakes: number;
  /** Its owner lets it be woken once it has ended. */
  readonly isResumable: boolean;
  /** Tells the relay what this session does, and how it is woken. */
  readonly onPresence: (told: Omit<Told, 'doing_since'> & { readonly for_ms?: number }) => void;
}

/** How often it is looked what the program does, for peers. Milliseconds. */
const PRESENCE_EVERY = 1_000;
/** What an earlier process left in doubt is looked at once a hook has said which conversation this is, or after so long. Milliseconds. */
const RECALL_AFTER = 3_000;

const NOTHING: Answer = { reply: {}, printed: () => undefined, dropped: () => undefined };

export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #waiting: Waiting;
  readonly #attention: Attention;
  readonly #budget: Budget;
  readonly #ledger: Ledger;
  readonly #courier: Courier;
  readonly #lookout: Lookout;
  readonly #desk: Desk;
  readonly #plugin: PluginDoor;
  readonly #waiter: WaiterDoor;
  readonly #keep: Keep;
  readonly #stops: (() => void)[] = [];
  #server: LocalServer | undefined;
  #program: AgentProgram | undefined;
  #beside: Beside | undefined;
  #session: string | undefined;
  #told = '';
  #recall: Timer | undefined;
  #hasRecalled = false;
  #isOver = false;
  readonly #shownBefore = new Set<string>();

  constructor(options: DeliveryOptions) {
    const { inbox, shelf, compose, place, bulletin } = options;
    const { clock, log } = place;
    this.#options = options;
    this.#plugin = new PluginDoor(clock);
    this.#waiter = new WaiterDoor(clock);
    this.#keep = new Keep(options);
    this.#waiting = new Waiting(clock);
    this.#budget = new Budget(clock, options.wakes);
    this.#attention = new Attention(
      clock,
      () => this.#beside?.activity?.(),
      () => this.#plugin.activity,
    );
    const store = new LedgerStore(options.ledger, (error) => log(`ledger: ${error}`));
    this.#ledger = new Ledger(clock, store, options.standing);
    const parts = {
      inbox,
      shelf,
      compose,
      clock,
      log,
      ledger: this.#ledger,
      waiting: this.#waiting,
      attention: this.#attention,
      budget: this.#budget,
      transcript: () => this.#beside?.transcript,
    };
    this.#courier = new Courier({ ...parts, doors: () => this.#doors() });
    this.#lookout = new Lookout({ ...parts, doorless: () => this.#doorless(), courier: this.#courier });
    this.#desk = new Desk({
      ...parts,
      courier: this.#courier,
      lookout: this.#lookout,
      bulletin,
      bound: (event) => this.bound(event),
      // Where a program begins another conversation, the end of the last one may come when the next one's process is there.
      isOfAnother: ({ kind, session }) =>
        kind === 'end' && session !== undefined && this.#session !== undefined && session !== this.#session,
    });
  }

  /** Makes itself known to hooks and plugins, and begins to look for mail. Never rejects. */
  async start(): Promise<void> {
    if (this.#isOver) return;
    const { place, home, inbox, shelf } = this.#options;
    const { clock, log } = place;
    const tell = clock.every(PRESENCE_EVERY, () => {
      this.#tell();
      // Also where no hook says that the person began another one.
      this.#keepConversation();
    });
    this.#stops.push(
      inbox.onMail(() => this.#courier.wake()),
      shelf.onChange(() => this.#courier.wake()),
      () => tell.cancel(),
    );
    this.#courier.wake();
    try {
      sweepBerths(home);
      const server = new LocalServer(berthPath(home, place.pid), this.#listener(), clock);
      await server.listen();
      if (this.#isOver) return server.close();
      this.#server = server;
      this.#berth();
    } catch (error) {
      // Without it hooks say nothing, and everything else works.
      log(`hooks cannot reach this session: ${error instanceof Error ? error.message : error}`);
    }
  }

  /** May be called twice. */
  stop(): void {
    this.#isOver = true;
    for (const stop of this.#stops.splice(0)) stop();
    this.#recall?.cancel();
    this.#courier.stop();
    this.#lookout.stop();
    this.#waiter.release();
    this.#server?.close();
    this.#beside?.close?.();
    if (this.#server) removeBerth(this.#options.home, this.#options.place.pid);
  }

  /** The program has said who it is. Only then are its doors looked for: an environment may be inherited. */
  knows(program: AgentProgram): void {
    if (this.#program) return;
    this.#program = program;
    this.#beside = program.beside?.(this.#options.place);
    this.#session ??= agentSessionOf(program, this.#options.place.env);
    this.#beside?.bound?.({ ...(this.#session === undefined ? {} : { session: this.#session }) });
    this.#berth();
    this.#courier.wake();
    this.#tell();
  }

  /** Capabilities that the server declares to this program. */
  get experimental(): Experimental | undefined {
    return this.#beside?.experimental;
  }

  /** Connected, and seated under a name. */
  welcomed(): void {
    this.#told = '';
    this.#ledger.welcomed();
    this.#tell();
    this.#berth();
    if (this.#hasRecalled || this.#recall) return;
    this.#recall = this.#options.place.clock.after(RECALL_AFTER, () => this.#takeUpWhatWasLeft());
  }

  /** Other data at the relay, or another session's inbox: no position of before says anything about the mail there. */
  forget(): void {
    this.#options.shelf.forget();
    this.#ledger.forget();
    this.#waiting.forget();
  }

  renamed(from: Standing): void {
    this.#ledger.moved(from);
    this.#berth();
  }

  /** A hook, a plugin or a tool call says which conversation this is. */
  bound(event: Pick<HookEvent, 'session' | 'transcript'>): void {
    this.#beside?.bound?.(event);
    if (event.session === undefined || event.session === this.#session) return;
    this.#session = event.session;
    this.#berth();
    this.#courier.wake();
  }

  /** The model calls one of our tools: what it was given before was before it. Returns what to call when that is answered. */
  called(tool: string): () => void {
    this.#lookout.acted();
    this.#attention.called(tool);
    return () => this.#attention.answered();
  }

  /** A tool's answer that holds these was written. */
  answered(messages: readonly Envelope[]): void {
    const { transcript } = this.#beside ?? {};
    transcript?.watch(messages.map(({ id }) => id));
    this.#ledger.answered(messages, transcript !== undefined);
    this.#courier.wake();
  }

  /** One that rests is open all the same, and then that is not why. */
  #doorless(): string | undefined {
    return this.#doors().some((door) => door.isOpen()) ? undefined : this.#program?.doorless;
  }

  #doors(): readonly Door[] {
    return [this.#plugin, ...(this.#beside?.doors ?? []), this.#waiter];
  }

  /**
   * Once a life. What its model went on with is seen; anything else is given again, marked. An answer is given again only
   * where the conversation can be read: its model asked for it, and was there.
   */
  #takeUpWhatWasLeft(): void {
    if (this.#hasRecalled) return;
    this.#hasRecalled = true;
    const { inbox, shelf } = this.#options;
    const { transcript } = this.#beside ?? {};
    const left = this.#ledger.takeLeft();
    if (left.length === 0) return;
    transcript?.watch(
      left.map(({ envelope }) => envelope.id),
      { past: true },
    );
    const found = transcript?.look();
    const isSeen = ({ id }: Envelope) => this.#shownBefore.has(id) || found?.get(id) === 'answered';
    inbox.seen(positionsOf(left.map(({ envelope }) => envelope).filter(isSeen)));
    const again = left.filter(({ envelope, way }) => !isSeen(envelope) && (way !== 'answer' || found !== undefined));
    this.#ledger.owe(again);
    for (const { envelope } of again) shelf.again(envelope);
    this.#options.place.log(`delivery: ${left.length} were left in doubt, ${again.length} are given again`);
    this.#courier.wake();
  }

  #tell(): void {
    const { onPresence, inbox, place } = this.#options;
    if (!inbox.isConnected || !this.#program) return;
    const { now } = this.#attention;
    const door = this.#courier.door?.name;
    const told = `${now?.doing} ${now?.since} ${now?.tool} ${door}`;
    if (told === this.#told) return;
    this.#told = told;
    onPresence({
      ...(now ? { doing: now.doing, for_ms: Math.max(0, place.clock.now() - Math.floor(now.since)) } : {}),
      ...(now?.tool === undefined ? {} : { tool: now.tool.slice(0, 64) }),
      ...(door === undefined ? {} : { door }),
    });
  }

  #keepConversation(): void {
    const id = this.#beside?.conversation?.() ?? this.#session;
    this.#keep.keep(this.#program, id, this.#options.standing()?.name);
  }

  /** Best effort: without it, hooks do not find us. */
  #berth(): void {
    this.#keepConversation();
    if (!this.#server) return;
    const { place, home, standing } = this.#options;
    const name = standing()?.name;
    const berth: Berth = {
      ...markProcess(place.pid),
      parent: place.parent,
      socket: berthPath(home, place.pid),
      cwd: place.cwd,
      ...(this.#program ? { program: this.#program.id } : {}),
      ...(this.#session === undefined ? {} : { agentSession: this.#session }),
      ...(name === undefined ? {} : { name }),
    };
    try {
      writeBerth(home, berth);
    } catch (error) {
      place.log(`hooks cannot find this session: ${error}`);
    }
  }

  #listener() {
    return {
      onHook: (request: HookRequest, gone: AbortSignal) => this.#onHook(request, gone),
      onPlugin: (line: PluginLine) => this.#onPlugin(line),
    };
  }

  async #onHook(call: HookRequest, gone: AbortSignal): Promise<Answer> {
    const dialect = programById(call.program)?.dialect;
    if (!dialect || (this.#program && this.#program.id !== call.program)) return NOTHING;
    const event = dialect.read(call);
    if (event?.kind !== 'wait') return this.#desk.answer(call, dialect);
    const { door } = this.#courier;
    if (door !== undefined && door !== this.#waiter) return NOTHING;
    const waited = this.#waiter.wait((text) => dialect.say(call, event, text), gone);
    this.#courier.wake();
    return waited;
  }

  /** What an earlier process gave may be told to this one, before it looks at what that one left. */
  #onShown(ids: readonly string[]): void {
    this.#lookout.answered(ids);
    if (!this.#hasRecalled) for (const id of ids) this.#shownBefore.add(id);
  }

  #onPlugin(line: PluginLine): PluginListener {
    this.#plugin.attach(line);
    this.#courier.wake();
    this.#tell();
    const callOf = (event: Readonly<Record<string, unknown>>): HookCall => ({
      program: this.#program?.id ?? '',
      event: String(event.kind),
      input: event,
    });
    return {
      onState: (state) => {
        this.#plugin.tell(line, state);
        this.#courier.wake();
      },
      onEvent: (event) => {
        const read = pluginDialect.read(callOf(event));
        if (read) this.#desk.note(read);
      },
      onShown: (ids) => this.#onShown(ids),
      onSettled: (put, reason) => this.#plugin.settle(put, reason),
      onAsk: async (event) => {
        const { reply, ids = [], printed, dropped } = await this.#desk.answer(callOf(event), pluginDialect);
        return reply.stdout === undefined ? undefined : { text: reply.stdout, ids, printed, dropped };
      },
      onGone: () => {
        this.#plugin.detach(line);
        this.#tell();
      },
    };
  }
}
