/**
 * What receipts and inboxes are by their definition, without cursors, rows or counters: one state for each envelope
 * and recipient. Properties compare the tables with it.
 */
import { expect } from 'vitest';
import type { ReceiptState } from '../../src/protocol/receipt.ts';
import { RELAY_CHANNEL } from '../../src/state/schema.ts';
import type { InMemory } from '../../src/state/store.ts';
import { emptyDatabase, World } from './world.ts';

interface Sent {
  readonly position: number;
  readonly sender: number;
  readonly to: readonly string[];
  readonly body: string;
  readonly thread: string | undefined;
  readonly expires: number | undefined;
  readonly states: Map<number, ReceiptState>;
  readonly direct: ReadonlySet<number>;
  readonly at: number;
  /** Its end of life has come. */
  isOver?: true;
  isPruned?: true;
}

export type Action =
  | {
      readonly do: 'send';
      readonly who: number;
      readonly to: readonly number[];
      readonly ttl?: number;
      readonly answers?: number;
    }
  | { readonly do: 'report'; readonly who: number; readonly state: ReceiptState; readonly which: readonly number[] }
  | { readonly do: 'join' | 'leave'; readonly who: number; readonly room: number }
  | { readonly do: 'rename'; readonly who: number }
  | { readonly do: 'expire'; readonly after: number; readonly unread?: number }
  | { readonly do: 'prune'; readonly which: readonly number[] }
  | { readonly do: 'enter' };

const ROOMS = ['#red', '#blue'];
const LADDER: readonly ReceiptState[] = ['stored', 'handed', 'seen', 'replied'];

/** The ladder, said once more in other words. */
export function wouldMove(from: ReceiptState, to: ReceiptState): boolean {
  const rung = LADDER.indexOf(from);
  if (rung === -1 || from === 'replied') return false;
  if (to === 'expired' || to === 'dead') return from === 'stored';
  if (to === 'refused') return true;
  return LADDER.indexOf(to) > rung;
}

export class Model {
  readonly world: World;
  readonly sessions: number[] = [];
  readonly names = new Map<number, string>();
  readonly envelopes: Sent[] = [];
  readonly members = new Map<string, Set<number>>(ROOMS.map((room) => [room, new Set()]));
  readonly effects: { session: number; position: number; state: ReceiptState }[] = [];
  #renames = 0;
  /** Up to here what is unread has ended. */
  #ended = 0;

  constructor(people: number, inMemory: InMemory = {}) {
    this.world = new World(emptyDatabase(), inMemory);
    for (let i = 0; i < people; i++) this.#enter();
    const first = this.at(0);
    for (const room of ROOMS) {
      this.world.join(first, room);
      this.members.get(room)?.add(first);
    }
    this.world.told();
  }

  at(who: number): number {
    return this.sessions[who % this.sessions.length] ?? 0;
  }

  nameOf(session: number): string {
    return this.names.get(session) ?? '?';
  }

  perform(action: Action): void {
    switch (action.do) {
      case 'enter':
        if (this.sessions.length < 6) this.#enter();
        return;
      case 'send':
        return this.#send(action.who, action.to, action.ttl, action.answers);
      case 'report':
        return this.#report(action.who, action.state, action.which);
      case 'join':
      case 'leave':
        return this.#membership(action.do === 'join', this.at(action.who), ROOMS[action.room % ROOMS.length] ?? '');
      case 'rename':
        return this.#rename(this.at(action.who));
      case 'expire':
        return this.#expire(action.after, action.unread);
      case 'prune':
        return this.#prune(action.which);
      default:
        return action satisfies never;
    }
  }

  /** Unhanded positions of a session. */
  inbox(session: number): number[] {
    return this.envelopes.filter((sent) => sent.states.get(session) === 'stored').map((sent) => sent.position);
  }

  /** May `session` see this of the past? What it sent, what was sent to it, its present rooms, broadcasts. */
  maySee(session: number, sent: Sent): boolean {
    if (sent.isPruned) return false;
    if (sent.sender === session || sent.to.includes('all') || sent.direct.has(session)) return true;
    return sent.to.some((address) => this.members.get(address)?.has(session));
  }

  #enter(): void {
    const name = `S${this.sessions.length}`;
    const session = this.world.enter(name);
    this.sessions.push(session);
    this.names.set(session, name);
  }

  /** Addresses by number: the sessions, then the rooms, then everybody. */
  #address(number: number): string {
    const all = [...this.sessions.map((session) => this.nameOf(session)), ...ROOMS, 'all'];
    return all[number % all.length] ?? 'all';
  }

  #send(who: number, numbers: readonly number[], ttl: number | undefined, answers: number | undefined): void {
    const sender = this.at(who);
    const to = [...new Set(numbers.map((number) => this.#address(number)))];
    const isAll = to.includes('all');
    const group = new Set<number>();
    if (isAll) for (const session of this.sessions) group.add(session);
    else for (const room of to) for (const member of this.members.get(room) ?? []) group.add(member);
    group.delete(sender);
    const direct = new Set<number>();
    if (!isAll)
      for (const session of this.sessions)
        if (to.includes(this.nameOf(session)) && !group.has(session)) direct.add(session);
    const body = `word${this.envelopes.length % 3} ☃`;
    const thread = this.envelopes.length % 2 === 0 ? 't' : undefined;
    const question = answers === undefined ? undefined : this.envelopes[answers % Math.max(1, this.envelopes.length)];
    const expires = ttl === undefined ? undefined : ttl;
    const { position } = this.world.send(sender, to, {
      body,
      ...(thread === undefined ? {} : { thread }),
      ...(expires === undefined ? {} : { expires_at: expires }),
      ...(question === undefined ? {} : { reply_to: this.world.trace(question.position).id }),
    });
    const states = new Map<number, ReceiptState>([...direct, ...group].map((session) => [session, 'stored']));
    const kept = isAll ? ['all'] : to;
    const { at } = this.world.envelope(position);
    this.envelopes.push({ position, sender, to: kept, body, thread, expires, states, direct, at });
    if (question && !question.isPruned) this.#move(sender, question, 'replied');
  }

  #report(who: number, state: ReceiptState, which: readonly number[]): void {
    const session = this.at(who);
    const chosen = [...new Set(which.map((number) => number % (this.envelopes.length + 1)))].sort((a, b) => a - b);
    const positions = chosen.map((index) => this.envelopes[index]?.position ?? 9_999);
    this.world.report(session, state, [...positions, ...positions].reverse());
    const reported = chosen.flatMap((index) => this.envelopes[index] ?? []).filter(({ isPruned }) => !isPruned);
    const moved = reported.filter((sent) => this.#move(session, sent, state));
    if (state === 'refused' || state === 'dead') for (const sent of moved) this.#tell(sent);
  }

  #move(session: number, sent: Sent, state: ReceiptState): boolean {
    const from = sent.states.get(session);
    if (from === undefined || !wouldMove(from, state)) return false;
    sent.states.set(session, state);
    this.effects.push({ session, position: sent.position, state });
    return true;
  }

  /** The relay's notice to the sender of what has ended; there is none about a notice. */
  #tell({ sender, thread }: Sent): void {
    if (sender === RELAY_CHANNEL) return;
    const position = (this.envelopes.at(-1)?.position ?? 0) + 1;
    const { body, at } = this.world.envelope(position);
    const states = new Map<number, ReceiptState>([[sender, 'stored']]);
    const to = [this.nameOf(sender)];
    const direct = new Set([sender]);
    this.envelopes.push({ position, sender: RELAY_CHANNEL, to, body, thread, expires: undefined, states, direct, at });
  }

  #membership(joins: boolean, session: number, room: string): void {
    const members = this.members.get(room);
    if (joins) {
      this.world.join(session, room);
      members?.add(session);
    } else if (members?.has(session)) {
      this.world.leave(session, room);
      members.delete(session);
    }
  }

  #rename(session: number): void {
    this.#renames += 1;
    const name = `R${this.#renames}`;
    this.world.rename(session, name);
    this.names.set(session, name);
  }

  /** First what has an end of life, the first to end first; then what is unread for too long, in order of position. */
  #expire(at: number, unread: number | undefined): void {
    const stored = unread === undefined ? undefined : this.envelopes[unread % Math.max(1, this.envelopes.length)]?.at;
    this.world.apply({ type: 'expire', at, ...(stored === undefined ? {} : { stored }) });
    const isDue = ({ isOver, expires, isPruned }: Sent) =>
      !isOver && !isPruned && expires !== undefined && expires <= at;
    const due = this.envelopes.filter(isDue);
    for (const sent of due.sort((a, b) => (a.expires ?? 0) - (b.expires ?? 0) || a.position - b.position)) {
      sent.isOver = true;
      this.#end(sent);
    }
    if (stored !== undefined) this.#endUnread(stored);
  }

  #endUnread(stored: number): void {
    const next = () => this.envelopes.find(({ position, isPruned }) => position > this.#ended && !isPruned);
    for (let sent = next(); sent && sent.at <= stored; sent = next()) {
      this.#end(sent);
      this.#ended = sent.position;
    }
  }

  #end(sent: Sent): void {
    const ended = this.sessions.filter((session) => this.#move(session, sent, 'expired'));
    if (ended.length > 0) this.#tell(sent);
  }

  #prune(which: readonly number[]): void {
    const chosen = [...new Set(which)].flatMap(
      (index) => this.envelopes[index % Math.max(1, this.envelopes.length)] ?? [],
    );
    const { outcome } = this.world.apply({ type: 'prune', positions: chosen.map(({ position }) => position) });
    const done = new Set(chosen.filter((sent) => !sent.isPruned && ![...sent.states.values()].includes('stored')));
    expect(outcome.pruned).toBe(done.size);
    for (const sent of done) sent.isPruned = true;
  }
}
