/**
 * Threat T6: mail for one session is never readable by another, whatever history of hello, resume, fork, crash,
 * freeze, rename, wrong keys and HTTP callers came before. The oracle knows only what a bystander can know: who was
 * ever told which key. Everything else is judged from that.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/protocol/limits.ts';
import { keyDigest } from '../../src/relay/seats.ts';
import { sessionByName } from '../../src/state/queries/sessions.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { openRelay, type Peer, settle } from '../support/relay.ts';
import { codeOf, delivered, knock } from './kit.ts';

const NAMES = ['A', 'B', 'A.2'] as const;
/** Three people with a key store each. */
const FAMILIES = 3;

const family = fc.nat({ max: FAMILIES - 1 });
const name = fc.constantFrom(...NAMES);
const op = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('hello' as const), family, name, honest: fc.constant(true) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('hello' as const), family, name, honest: fc.constant(false) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('resume' as const), family, pick: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('crash' as const), pick: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('bye' as const), pick: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('freeze' as const), pick: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rename' as const), pick: fc.nat(9), name }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('http' as const), family, name, honest: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('mail' as const), name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1_000, 3_000, 20_000) }) },
);
type Op = typeof op extends fc.Arbitrary<infer T> ? T : never;

interface Process {
  readonly family: number;
  readonly instance: string;
  peer: Peer;
  /** What the relay called it. */
  names: Set<string>;
}

class History {
  readonly #relay;
  readonly #journal;
  readonly #clock: FakeClock;
  /** One store a family: copied environments share it. Key → session that it opens. */
  readonly #stores = Array.from({ length: FAMILIES }, () => new Map<string, string>());
  readonly #owner = new Map<string, number>();
  readonly #processes: Process[] = [];
  /** Body of each mail → who owned the name when it was sent (by digest of its key); undefined: keyless. */
  readonly #mail = new Map<string, { key: string | null; session: number }>();
  #count = 0;

  constructor(opened: Awaited<ReturnType<typeof openRelay>>) {
    this.#relay = opened.relay;
    this.#journal = opened.journal;
    this.#clock = opened.clock;
  }

  async play(op: Op): Promise<void> {
    switch (op.do) {
      case 'hello':
        await this.#hello(op.family, op.name, op.honest);
        break;
      case 'resume':
        await this.#resume(op.family, op.pick);
        break;
      case 'crash':
        this.#pick(op.pick)?.peer.socket.terminate();
        break;
      case 'bye':
        this.#pick(op.pick)?.peer.say({ type: 'bye' });
        break;
      case 'freeze':
        for (const process of [this.#pick(op.pick)]) if (process) process.peer.socket.frozen = true;
        break;
      case 'rename':
        await this.#rename(op.pick, op.name);
        break;
      case 'http':
        await this.#http(op.family, op.name, op.honest);
        break;
      case 'mail':
        await this.#send(op.name);
        break;
      case 'wait':
        await this.#clock.run(op.ms);
        break;
    }
    await settle();
    await this.#check();
  }

  get #store() {
    return this.#journal.state.store;
  }

  async #hello(family: number, name: string, honest: boolean): Promise<void> {
    const key = honest ? this.#stores[family]?.get(name) : `wrong${this.#count++}`;
    await this.#connect({ family, instance: `p${this.#count++}`, name, key });
  }

  /** The same process again, while its old socket may still be open. */
  async #resume(family: number, pick: number): Promise<void> {
    const mine = this.#processes.filter((each) => each.family === family);
    const process = mine[pick % Math.max(1, mine.length)];
    const name = process && [...process.names].at(-1);
    if (!process || !name) return;
    await this.#connect({ family, instance: process.instance, name, key: this.#stores[family]?.get(name) });
  }

  async #connect(who: { family: number; instance: string; name: string; key: string | undefined }): Promise<void> {
    const { family, instance, name, key } = who;
    const row = sessionByName(this.#store, name);
    const isMine = row !== undefined && key !== undefined && row.key === keyDigest(key);
    const wasFree = isMine && !(await this.#isHere(name));
    const peer = knock(this.#relay, { name, instance, window: 4, ...(key === undefined ? {} : { key }) });
    await this.#clock.run(4_000);
    const [welcome] = peer.all('welcome');
    expect(welcome, JSON.stringify(peer.frames)).toBeDefined();
    const granted = welcome?.name ?? '';
    // No name is lost to the owner of its key.
    if (wasFree) expect(granted).toBe(name);
    const told = welcome?.key;
    const opens = sessionByName(this.#store, granted)?.key;
    if (told === undefined) {
      // Without a key in the welcome, the hello must have brought the right one.
      expect(opens).toBe(keyDigest(key ?? ''));
    } else {
      expect(opens).toBe(keyDigest(told));
      // A key is told to one family only, for ever.
      expect(this.#owner.get(told) ?? family).toBe(family);
      this.#owner.set(told, family);
      this.#stores[family]?.set(granted, told);
    }
    this.#processes.push({ family, instance, peer, names: new Set([granted]) });
  }

  async #rename(pick: number, name: string): Promise<void> {
    const process = this.#pick(pick);
    if (!process || process.peer.socket.frozen) return;
    const was = await process.peer.ask('status', {}).catch(() => undefined);
    if ((await codeOf(process.peer.ask('rename', { to: name }))) !== 'ok' || !was?.name) return;
    process.names.add(name);
    const key = this.#stores[process.family]?.get(was.name);
    // A client stores the key that it has under the name that it has.
    if (key) this.#stores[process.family]?.set(name, key);
  }

  async #http(family: number, name: string, honest: boolean): Promise<void> {
    const key = honest ? this.#stores[family]?.get(name) : undefined;
    const before = sessionByName(this.#store, name);
    const caller = { name, ...(key === undefined ? {} : { key }) };
    const asked = this.#relay.perform('receive', { receipt: 'handed' }, caller);
    const code = await codeOf(asked);
    const mayAct = !before || before.key === null || (key !== undefined && before.key === keyDigest(key));
    expect(code).toBe(mayAct ? 'ok' : 'name_taken');
    if (code !== 'ok') return;
    const { messages } = (await asked) as { messages: { body: string }[] };
    for (const { body } of messages) this.#mayRead(body, family, true);
  }

  async #send(name: string): Promise<void> {
    const body = `mail ${this.#count++}`;
    const code = await codeOf(this.#relay.perform('send', { to: name, body }, { name: 'POST' }));
    if (code === 'unknown_recipient') return;
    expect(code).toBe('ok');
    this.#store.settle();
    const row = this.#store.get<{ key: string | null; id: number }>(
      `SELECT session.key, session.id FROM session JOIN route ON route.channel = session.id
       JOIN envelope ON envelope.position = route.position WHERE envelope.body = ?`,
      body,
    );
    this.#mail.set(body, { key: row?.key ?? null, session: row?.id ?? 0 });
  }

  /** Mail is for those who hold the key that the session has now; what was sent to a keyless one is for anybody. */
  #mayRead(body: string, family: number, keyless: boolean): void {
    const mail = this.#mail.get(body);
    const now = this.#store.get<{ key: string | null }>('SELECT key FROM session WHERE id = ?', mail?.session ?? 0);
    if (keyless && mail?.key === null) return;
    const owners = [...this.#owner].filter(([key]) => keyDigest(key) === now?.key).map(([, owner]) => owner);
    expect(owners, `${body} was read by ${family}`).toContain(family);
  }

  async #check(): Promise<void> {
    for (const { peer, family } of this.#processes)
      for (const { body } of delivered(peer)) this.#mayRead(body, family, false);
    // At most one live holder a name.
    const open = this.#processes.filter(
      ({ peer }) => peer.relaySide.closed === false && peer.all('welcome').length > 0,
    );
    const { peers } = (await this.#relay.perform('peers', {}, {})) as { peers: { name: string }[] };
    expect(new Set(peers.map((peer) => peer.name)).size).toBe(peers.length);
    expect(peers.length).toBe(open.length);
    expect(this.#relay.counts()).toMatchObject({ here: peers.length, connections: open.length });
  }

  async #isHere(name: string): Promise<boolean> {
    const { peers } = (await this.#relay.perform('peers', {}, {})) as { peers: { name: string }[] };
    return peers.some((peer) => peer.name === name);
  }

  #pick(pick: number): Process | undefined {
    const open = this.#processes.filter(({ peer }) => !peer.relaySide.closed);
    return open[pick % Math.max(1, open.length)];
  }
}

describe('a name', () => {
  it('is never readable by another, in a thousand histories', { timeout: 180_000 }, async () => {
    expect(LIMITS.attempts).toBe(5);
    const histories = fc.array(op, { minLength: 3, maxLength: 14 });
    await fc.assert(
      fc.asyncProperty(histories, async (ops) => {
        const history = new History(await openRelay());
        for (const op of ops) await history.play(op);
      }),
      { numRuns: 1_000 },
    );
  });
});
