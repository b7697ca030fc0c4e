/**
 * What receipts and inboxes are by their definition, without cursors, rows or counters: one state for each envelope
 * and recipient. Properties compare the tables with it.
 */
import type { ReceiptState } from '../../src/protocol/receipt.ts';
import { World } from './world.ts';

interface Sent {
  readonly position: number;
  readonly sender: number;
  readonly to: readonly string[];
  readonly body: string;
  readonly thread: string | undefined;
  readonly expires: number | undefined;
  readonly states: Map<number, ReceiptState>;
  readonly direct: ReadonlySet<number>;
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
  | { readonly do: 'expire'; readonly after: number }
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
  readonly world = new World();
  readonly sessions: number[] = [];
  readonly names = new Map<number, string>();
  readonly envelopes: Sent[] = [];
  readonly members = new Map<string, Set<number>>(ROOMS.map((room) => [room, new Set()]));
  readonly effects: { session: number; position: number; state: ReceiptState }[] = [];
  #renames = 0;

  constructor(people: number) {
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
        return this.#expire(action.after);
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
      ...(question === undefined ? {} : { reply_to: this.world.envelope(question.position).id }),
    });
    const states = new Map<number, ReceiptState>([...direct, ...group].map((session) => [session, 'stored']));
    const kept = isAll ? ['all'] : to;
    this.envelopes.push({ position, sender, to: kept, body, thread, expires, states, direct });
    if (question) this.#move(sender, question, 'replied');
  }

  #report(who: number, state: ReceiptState, which: readonly number[]): void {
    const session = this.at(who);
    const chosen = [...new Set(which.map((number) => number % (this.envelopes.length + 1)))].sort((a, b) => a - b);
    const positions = chosen.map((index) => this.envelopes[index]?.position ?? 9_999);
    this.world.report(session, state, [...positions, ...positions].reverse());
    for (const index of chosen) {
      const sent = this.envelopes[index];
      if (sent) this.#move(session, sent, state);
    }
  }

  #move(session: number, sent: Sent, state: ReceiptState): void {
    const from = sent.states.get(session);
    if (from === undefined || !wouldMove(from, state)) return;
    sent.states.set(session, state);
    this.effects.push({ session, position: sent.position, state });
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

  #expire(at: number): void {
    this.world.apply({ type: 'expire', at });
    const due = this.envelopes.filter((sent) => sent.expires !== undefined && sent.expires <= at);
    for (const sent of due) for (const session of this.sessions) this.#move(session, sent, 'expired');
  }
}
