/** One fault after the other, in an order that chance shuffles: each kind before any comes again, and none twice at a time. */
import { sleep, systemClock } from '../../../src/util/clock.ts';
import { FAULTS, type FaultName, type Scene } from './faults.ts';

/** Nothing takes that long, milliseconds. */
const PATIENCE = 60_000;
/** Between two faults while all warms up, milliseconds. */
const HASTE = 1_000;
/** The relay dies more often than anything else happens. */
const DECK: readonly FaultName[] = [...(Object.keys(FAULTS) as FaultName[]), 'relays killed', 'relays killed'];

export class Storm {
  readonly counts = new Map<FaultName, number>();
  /** What a fault met with that it should not. */
  readonly failures: string[] = [];
  readonly scene: Scene;
  readonly #underWay = new Map<FaultName, Promise<void>>();
  #deck: FaultName[] = [];

  constructor(scene: Scene) {
    this.scene = scene;
  }

  get total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }

  next(): void {
    const name = this.#draw();
    if (name === undefined) return; // all that are left are under way
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    const run = this.#run(name).finally(() => this.#underWay.delete(name));
    this.#underWay.set(name, run);
  }

  /** Each kind once and in haste: what is loaded and compiled at its first use is there from then on. */
  async warmUp(): Promise<void> {
    for (const _ of DECK) {
      this.next();
      await sleep(systemClock, HASTE);
    }
    await this.over();
  }

  async over(): Promise<void> {
    await Promise.all(this.#underWay.values());
  }

  #draw(): FaultName | undefined {
    if (this.#deck.length === 0) this.#deck = shuffled(DECK, this.scene);
    const at = this.#deck.findIndex((name) => !this.#mayNot(name));
    return at < 0 ? undefined : this.#deck.splice(at, 1)[0];
  }

  /** A relay that is stopped cannot be killed, and one that is being started cannot be stopped. */
  #mayNot(name: FaultName): boolean {
    const isOfRelay = (each: FaultName) => each.startsWith('relays');
    const isOfSession = (each: FaultName) => each.startsWith('sessions');
    const others = [...this.#underWay.keys()];
    return others.some(
      (each) => each === name || (isOfRelay(each) && isOfRelay(name)) || (isOfSession(each) && isOfSession(name)),
    );
  }

  async #run(name: FaultName): Promise<void> {
    const patience = new AbortController();
    const overdue = sleep(systemClock, PATIENCE, patience.signal).then(() => {
      throw new Error(`It took longer than ${PATIENCE} ms.`);
    });
    try {
      await Promise.race([FAULTS[name](this.scene), overdue]);
    } catch (error) {
      this.failures.push(`${name}: ${error instanceof Error ? error.message : error}`);
    } finally {
      overdue.catch(() => undefined); // cut short, now that nobody waits
      patience.abort();
    }
  }
}

function shuffled(deck: readonly FaultName[], { chance }: Scene): FaultName[] {
  const left = [...deck];
  return deck.flatMap(() => left.splice(chance.below(left.length), 1));
}
