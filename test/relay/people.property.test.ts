/**
 * T6: 1,000 generated histories of three people who register, resume, fork, crash, rename and send under few names that
 * they all want. Mail for a session is only ever given to who proved to be its person, and to be it.
 */
import { describe, expect, it } from 'vitest';
import type { Envelope } from '../../src/protocol/envelope.ts';
import type { Hello } from '../../src/protocol/frames.ts';
import { peopledRelay } from '../support/people.ts';
import { Peer, settle } from '../support/relay.ts';
import { codeOf, crash } from './kit.ts';

const PEOPLE = ['anna', 'bert', 'carol'] as const;
const NAMES = ['A', 'B'];
const HISTORIES = 1_000;
const STEPS = 24;

/** mulberry32: the same histories each time. */
function chance(seed: number) {
  let state = seed;
  return (below: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** One process of one person: the name and key that it was given, if any. */
interface Process {
  readonly person: string;
  readonly instance: string;
  name: string;
  key?: string;
  peer?: Peer | undefined;
}

class History {
  readonly processes: Process[] = [];
  /** Every key that was ever told, to try where it does not belong. */
  readonly keys: string[] = [];
  /** Everything that a process was given. */
  readonly given: { to: Process; owned: string; message: Envelope }[] = [];
  sent = 0;

  readonly rig: Awaited<ReturnType<typeof peopledRelay>>;
  readonly pick: (below: number) => number;

  constructor(rig: Awaited<ReturnType<typeof peopledRelay>>, pick: (below: number) => number) {
    this.rig = rig;
    this.pick = pick;
  }

  one<T>(list: readonly T[]): T | undefined {
    return list[this.pick(list.length)];
  }

  async step(): Promise<void> {
    const live = this.processes.filter(({ peer }) => peer !== undefined);
    const process = this.one(live);
    switch (process ? this.pick(7) : 0) {
      case 0:
        return await this.#enter({
          person: this.one(PEOPLE) ?? 'anna',
          instance: `i${this.processes.length}`,
          name: this.one(NAMES) ?? 'A',
        });
      case 1:
        if (process?.peer) await crash(process.peer);
        if (process) process.peer = undefined;
        return;
      case 2:
        return await this.#resume();
      case 3:
        return await this.#steal();
      case 4: {
        const to = `${this.one(NAMES)}@${this.one(PEOPLE)}`;
        this.sent += 1;
        if (process?.peer) await codeOf(process.peer.ask('send', { to: [to], body: `for ${to}` }));
        return;
      }
      case 5:
        return await this.#read(process);
      default:
        if (process?.peer) await codeOf(process.peer.ask('rename', { to: `${this.one(NAMES)}.${this.pick(4)}` }));
    }
  }

  /** A process that died comes back with what it had. */
  async #resume(): Promise<void> {
    const dead = this.one(this.processes.filter(({ peer, key }) => peer === undefined && key !== undefined));
    if (dead) await this.#enter({ ...dead, instance: `i${this.processes.length}` }, dead.key);
  }

  /** A name and a key that may be anybody's. */
  async #steal(): Promise<void> {
    const thief = {
      person: this.one(PEOPLE) ?? 'anna',
      instance: `i${this.processes.length}`,
      name: this.one(NAMES) ?? 'A',
    };
    await this.#enter(thief, this.one(this.keys));
  }

  async #enter(process: Process, key?: string): Promise<void> {
    const { relay, clock, of } = this.rig;
    const peer = new Peer(relay, of(process.person));
    const hello = {
      type: 'hello',
      v: 1,
      instance: process.instance,
      seat: true,
      name: process.name,
      ...(key && { key }),
    };
    peer.say(hello as Hello);
    await settle();
    for (let waited = 0; waited < 6 && peer.all('welcome').length === 0 && peer.closeCode === undefined; waited++)
      await clock.run(1_000);
    const welcome = peer.all('welcome')[0];
    if (!welcome) return;
    process.name = welcome.name ?? process.name;
    if (welcome.key) this.keys.push(welcome.key);
    const kept = welcome.key ?? key;
    this.processes.push({ ...process, peer, ...(kept === undefined ? {} : { key: kept }) });
  }

  async #read(process: Process | undefined): Promise<void> {
    if (!process?.peer || process.peer.closeCode !== undefined) return;
    const { name } = await process.peer.ask('status', {});
    const { messages } = await process.peer.ask('receive', { count: 50, receipt: 'seen' });
    for (const message of messages) this.given.push({ to: process, owned: `${name}@${process.person}`, message });
  }
}

describe('T6: mail for A', () => {
  it(`is never read by another person, in ${HISTORIES} histories`, async () => {
    let [given, sent] = [0, 0];
    for (let seed = 1; seed <= HISTORIES; seed++) {
      const rig = await peopledRelay({ bert: ['send:all'], carol: ['send:all'] });
      const history = new History(rig, chance(seed));
      for (let step = 0; step < STEPS; step++) await history.step();
      for (const { to, message } of history.given) {
        // `for A@bert` was written by somebody to bert's A: whatever it is called now, bert reads it.
        const person = message.body.split('@')[1];
        if (person !== to.person) expect.fail(`seed ${seed}: ${to.person} read "${message.body}"`);
        expect(message.to.every((name) => !name.includes('@'))).toBe(true);
      }
      given += history.given.length;
      sent += history.sent;
      await rig.relay.stop();
    }
    // It was about something.
    expect(sent).toBeGreaterThan(HISTORIES);
    expect(given).toBeGreaterThan(HISTORIES / 4);
  }, 300_000);
});
