/**
 * The outbox over any history of sends, losses and crashes: every send that was kept or answered is at the relay in the
 * end, once by its id, and each process's sends are in order. A crash may come at any step: before or after the file is
 * written, before or after the relay stores, before the answer arrives, before the file is removed.
 */
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Outbox } from '../../src/client/outbox.ts';
import { type Entry, OutboxStore } from '../../src/client/outbox-store.ts';
import { RelayError } from '../../src/protocol/codes.ts';
import type { Draft } from '../../src/protocol/envelope.ts';
import type { SendResult } from '../../src/protocol/verbs.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { tempDir } from '../support/temp-dir.ts';
import { FakeClient } from './fake-client.ts';

const CRASHES = [
  'before write',
  'after write',
  'before storing',
  'after storing',
  'before remove',
  'after remove',
] as const;
type Crash = (typeof CRASHES)[number];

/** Stored once by id, as the relay does it. */
class Ledger {
  readonly order: string[] = [];
  readonly attempts: string[] = [];

  store(id: string): SendResult {
    this.attempts.push(id);
    const known = this.order.indexOf(id);
    if (known < 0) this.order.push(id);
    const position = known < 0 ? this.order.length : known + 1;
    return { id, position, at: 0, to: [], ...(known < 0 ? {} : { duplicate: true as const }) };
  }
}

/** A store that dies at the chosen step, and does nothing any more once its process is dead. */
class MortalStore extends OutboxStore {
  readonly life: Life;

  constructor(dir: string, life: Life, alive: ReadonlySet<number>) {
    super({ dir, owner: { pid: life.pid }, isAlive: ({ pid }) => alive.has(pid) });
    this.life = life;
  }

  override add(name: string, entry: Omit<Entry, 'name' | 'owner'>): Entry {
    this.life.step('before write');
    const kept = super.add(name, entry);
    this.life.step('after write');
    return kept;
  }

  override remove(entry: Entry): void {
    this.life.step('before remove');
    super.remove(entry);
    this.life.step('after remove');
  }
}

class Crashed extends Error {}

/** One process: its client, its outbox, and the step at which it will die. */
class Life {
  readonly client = new FakeClient();
  readonly outbox: Outbox;
  readonly pid: number;
  doom: Crash | undefined;
  isDead = false;

  constructor(
    dir: string,
    pid: number,
    ledger: Ledger,
    clock: FakeClock,
    ids: () => string,
    alive: ReadonlySet<number>,
  ) {
    this.pid = pid;
    this.client.onSend = async (draft) => this.#relay(ledger, draft);
    const random = { bytes: () => new TextEncoder().encode(ids()), fraction: () => 0.5 };
    this.outbox = new Outbox({
      client: this.client,
      store: new MortalStore(dir, this, alive),
      name: 'CC-1',
      clock,
      random,
    });
  }

  step(at: Crash): void {
    if (this.isDead) throw new Crashed();
    if (this.doom !== at) return;
    this.isDead = true;
    throw new Crashed();
  }

  async #relay(ledger: Ledger, draft: Draft): Promise<SendResult> {
    const dies = (at: Crash) => {
      if (this.doom === at) this.isDead = true;
      // A dead process hears nothing: the promise stays open for ever.
      return this.isDead ? new Promise<never>(() => {}) : undefined;
    };
    await dies('before storing');
    const result = ledger.store(draft.id ?? '');
    await dies('after storing');
    if (this.client.state.phase !== 'connected') throw new RelayError('not_connected');
    return result;
  }
}

type Event =
  | { readonly kind: 'send' }
  | { readonly kind: 'connect' }
  | { readonly kind: 'lose' }
  | { readonly kind: 'crash'; readonly at: Crash };

const events: fc.Arbitrary<Event> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Event>({ kind: 'send' }) },
  { weight: 2, arbitrary: fc.constant<Event>({ kind: 'connect' }) },
  { weight: 1, arbitrary: fc.constant<Event>({ kind: 'lose' }) },
  { weight: 3, arbitrary: fc.constantFrom(...CRASHES).map((at): Event => ({ kind: 'crash', at })) },
);

interface Outcome {
  readonly ledger: Ledger;
  /** Ids that a caller was told of, in the order of sending. */
  readonly told: readonly string[];
}

async function play(history: readonly Event[]): Promise<Outcome> {
  const dir = join(tempDir(), 'outbox');
  const clock = new FakeClock();
  const ledger = new Ledger();
  const alive = new Set<number>();
  const told: string[] = [];
  let pid = 0;
  let made = 0;
  const ids = () => String.fromCharCode(...Array.from(String(++made).padStart(12, '0'), (digit) => Number(digit)));
  const born = () => {
    alive.clear();
    pid += 1;
    alive.add(pid);
    return new Life(dir, pid, ledger, clock, ids, alive);
  };
  let life = born();
  const bury = () => {
    if (!life.isDead) return;
    life.outbox.stop();
    life = born();
  };
  for (const event of history) {
    clock.advance(1);
    if (event.kind === 'connect') life.client.enter('connected');
    else if (event.kind === 'lose') life.client.enter('waiting');
    else if (event.kind === 'crash') life.doom = event.at;
    else void life.outbox.send({ to: ['B'], body: 'x' }).then(({ id }) => told.push(id), noteCrash);
    await settle(2);
    clock.advance(0);
    await settle(1);
    bury();
  }
  life.doom = undefined;
  life.client.enter('connected');
  await settle(3);
  for (let i = 0; i < 40 && life.outbox.size > 0; i += 1) await clock.run(1_000);
  life.outbox.stop();
  return { ledger, told };
}

/** The process died under its caller: nobody was told anything. */
function noteCrash(error: unknown): void {
  if (!(error instanceof Crashed)) throw error;
}

describe('the outbox across crashes', () => {
  it('loses nothing that anybody was told of, stores each id once, keeps the order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(events, { minLength: 3, maxLength: 25 }), async (history) => {
        const { ledger, told } = await play(history);
        expect(ledger.order).toEqual(expect.arrayContaining([...told]));
        expect(new Set(ledger.order).size).toBe(ledger.order.length);
        // Ids are made in the order of sending, whichever process sent.
        expect(ledger.order).toEqual([...ledger.order].sort());
      }),
      { numRuns: 60 },
    );
  });

  it.each(CRASHES)('delivers a kept send once after a crash %s', async (at) => {
    const { ledger, told } = await play([
      { kind: 'send' },
      { kind: 'crash', at },
      { kind: 'send' },
      { kind: 'connect' },
      { kind: 'send' },
      { kind: 'connect' },
    ]);
    expect(ledger.order).toEqual(expect.arrayContaining([...told]));
    expect(told.length).toBeGreaterThanOrEqual(1);
  });

  it('sends again, with the same id, what the relay had stored when the process died', async () => {
    const { ledger } = await play([
      { kind: 'send' },
      { kind: 'crash', at: 'after storing' },
      { kind: 'connect' },
      { kind: 'connect' },
    ]);
    expect(ledger.attempts).toHaveLength(2);
    expect(ledger.order).toHaveLength(1);
  });
});
