/** A state in memory, with short ways to say commands and to ask what came of them. */
import { DatabaseSync } from '@photostructure/sqlite';
import { expect } from 'vitest';
import { searchInMemory } from '../../src/journal/memory.ts';
import type { Search } from '../../src/journal/search.ts';
import { type Code, RelayError } from '../../src/protocol/codes.ts';
import type { Envelope } from '../../src/protocol/envelope.ts';
import type { Receipt, ReceiptState } from '../../src/protocol/receipt.ts';
import type { Command, Effect, Enter, Entered, Send, Sent } from '../../src/state/command.ts';
import { openChannels } from '../../src/state/queries/channels.ts';
import {
  type EnvelopeRow,
  envelopeRow,
  envelopeRowById,
  type Trace,
  toEnvelope,
  traceById,
} from '../../src/state/queries/envelopes.ts';
import { type HistoryFilter, history, historyOf } from '../../src/state/queries/history.ts';
import { countUnhanded, directMail, unhanded } from '../../src/state/queries/inbox.ts';
import { recipientsOf } from '../../src/state/queries/receipts.ts';
import { type SessionRow, sessionById } from '../../src/state/queries/sessions.ts';
import { State } from '../../src/state/state.ts';
import type { Database, InMemory } from '../../src/state/store.ts';

export function emptyDatabase(): Database {
  const database = new DatabaseSync(':memory:') as unknown as Database;
  database.exec('PRAGMA foreign_keys = OFF');
  return database;
}

/** All steps of something, one after the other. */
export function atOnce<T>(steps: Generator<undefined, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** What `call` throws, which must be a RelayError of `code`. */
export function refused(code: Code, call: () => unknown): RelayError {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(RelayError);
    if (error instanceof RelayError) {
      expect(error.code).toBe(code);
      return error;
    }
  }
  return expect.unreachable(`was to be refused with ${code}`);
}

export class World {
  readonly state: State;
  readonly effects: Effect[] = [];
  #search: Search | undefined;
  #clock = 1_000;
  #ids = 0;

  constructor(database: Database = emptyDatabase(), inMemory: InMemory = {}) {
    this.state = new State(database, inMemory);
    this.apply({ type: 'found', epoch: 'e1' });
  }

  get store() {
    return this.state.store;
  }

  /** A time later than any before. */
  tick(): number {
    this.#clock += 1;
    return this.#clock;
  }

  /** As a journal does: what is refused changes nothing, and each is committed. */
  play(commands: readonly Command[]): void {
    for (const command of commands) {
      try {
        this.apply(command);
      } catch (error) {
        if (!(error instanceof RelayError)) throw error;
      }
      this.store.commit();
    }
  }

  apply<C extends Command>(command: C) {
    const applied = this.state.apply(command);
    this.effects.push(...applied.effects);
    return applied;
  }

  enterFully(name: string, more: Partial<Enter> = {}): Entered {
    return this.apply({ type: 'enter', at: this.tick(), name, about: {}, ...more }).outcome;
  }

  enter(name: string, more: Partial<Enter> = {}): number {
    return this.enterFully(name, more).session;
  }

  send(sender: number, to: string | readonly string[], more: Partial<Send> = {}): Sent {
    this.#ids += 1;
    const command: Send = {
      type: 'send',
      at: this.tick(),
      id: `m${this.#ids}`,
      sender,
      to: typeof to === 'string' ? [to] : to,
      body: `body ${this.#ids}`,
      priority: 'normal',
      hash: 'h',
      ...more,
    };
    return this.apply(command).outcome;
  }

  /** The position of a new envelope. */
  sent(sender: number, to: string | readonly string[], more: Partial<Send> = {}): number {
    return this.send(sender, to, more).position;
  }

  report(session: number, state: ReceiptState, positions: readonly number[], reason?: string): number {
    const more = reason === undefined ? {} : { reason };
    return this.apply({ type: 'receipt', at: this.tick(), session, state, positions, ...more }).outcome.changed;
  }

  join(session: number, room: string): void {
    this.apply({ type: 'join', session, room });
  }

  leave(session: number, room: string): void {
    this.apply({ type: 'leave', session, room });
  }

  rename(session: number, to: string): void {
    this.apply({ type: 'rename', session, to });
  }

  row(session: number): SessionRow {
    return sessionById(this.store, session) ?? expect.unreachable(`no session ${session}`);
  }

  sessions(): number[] {
    return this.store.all<{ id: number }>('SELECT id FROM session ORDER BY id').map(({ id }) => id);
  }

  /** Messages and bytes of direct mail that is unread. */
  direct(session: number): [number, number] {
    const { count, bytes } = directMail(this.store, this.row(session));
    return [count, bytes];
  }

  envelope(position: number): EnvelopeRow {
    return envelopeRow(this.store, position) ?? expect.unreachable(`no envelope ${position}`);
  }

  /** What is known of it, also when it was pruned. */
  trace(position: number): Trace {
    const pruned = this.store.get<{ id: string }>('SELECT id FROM pruned WHERE position = ?', position);
    return (pruned && traceById(this.store, pruned.id)) ?? this.envelope(position);
  }

  byId(id: string): EnvelopeRow | undefined {
    return envelopeRowById(this.store, id);
  }

  read(position: number): Envelope {
    return toEnvelope(this.store, this.envelope(position));
  }

  inbox(session: number, limit = 10_000): number[] {
    return unhanded(this.store, this.row(session), 0, limit);
  }

  count(session: number): number {
    return countUnhanded(this.store, this.row(session));
  }

  receipts(position: number): Record<string, ReceiptState> {
    const { recipients } = recipientsOf(this.store, this.trace(position), 1_000);
    return Object.fromEntries(recipients.map((receipt) => [receipt.name, receipt.state]));
  }

  receipt(position: number, name: string): Receipt {
    const { recipients } = recipientsOf(this.store, this.trace(position), 1_000);
    return recipients.find((receipt) => receipt.name === name) ?? expect.unreachable(`${name} is no recipient`);
  }

  /** Positions that `session` finds, oldest first. */
  history(session: number, filter: HistoryFilter = {}, count = 10_000): number[] {
    const range = { before: Number.MAX_SAFE_INTEGER, after: 0, count, ascending: false };
    return [...atOnce(history(this.store, session, filter, range)).positions];
  }

  /** As `history`, of what holds the words. */
  async search(session: number, query: string, filter: HistoryFilter = {}, page = {}): Promise<number[]> {
    const { room, with: other } = filter;
    const where = { ...(room === undefined ? {} : { room }), ...(other === undefined ? {} : { with: other }) };
    const channels = openChannels(this.store, session);
    const range = { before: Number.MAX_SAFE_INTEGER, after: 0, count: 10_000, ascending: false, ...page };
    this.#search ??= searchInMemory(this.state);
    const found = await historyOf(this.store, session, filter, range, (within, limit) => {
      this.store.commit();
      return this.#search?.find({ query, session, channels, ...where, ...within, limit }) ?? expect.unreachable();
    });
    return [...found.positions];
  }

  dump(): string {
    return [...this.state.dump()].join('\n');
  }

  /** The effects since the last call. */
  told(): Effect[] {
    return this.effects.splice(0);
  }
}
