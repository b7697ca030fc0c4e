/** A legitimate peer beside an attack: sends to itself, one after the other, and times each answer. */
import { sleep, systemClock } from '../../../src/util/clock.ts';
import { WireClient } from '../../support/wire-client.ts';

/** Between two sends, milliseconds. */
const PACE = 10;

export interface Served {
  readonly asked: number;
  readonly answered: number;
  /** Of the answers, milliseconds. */
  readonly p99: number;
}

export class Bystander {
  readonly #name: string;
  readonly #client: WireClient;
  readonly #times: number[] = [];
  readonly #running: Promise<void>;
  #asked = 0;
  #isOver = false;

  private constructor(name: string, client: WireClient) {
    this.#name = name;
    this.#client = client;
    this.#running = this.#run();
  }

  static async start(port: number, token: string, name = 'bystander'): Promise<Bystander> {
    const client = new WireClient(`ws://127.0.0.1:${port}`, token);
    await client.opened;
    client.say({ type: 'hello', v: 1, name, instance: `i${name}`, seat: true, window: 0 });
    await client.next('welcome');
    return new Bystander(name, client);
  }

  /** Resolves when so many of its sends were answered. */
  async asks(count: number): Promise<void> {
    while (this.#times.length < count) await sleep(systemClock, PACE);
  }

  /** Stops asking; resolves when every question was answered or the connection is gone. */
  async finish(): Promise<Served> {
    this.#isOver = true;
    await Promise.race([this.#running, this.#client.closed]);
    this.#client.cut();
    const sorted = this.#times.sort((a, b) => a - b);
    const p99 = Math.round(sorted[Math.floor(sorted.length * 0.99)] ?? 0);
    return { asked: this.#asked, answered: sorted.length, p99 };
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      const begun = systemClock.monotonic();
      this.#asked += 1;
      const answer = await this.#client.ask('send', { to: this.#name, body: `note ${this.#asked}` });
      if (answer.type !== 'answer') throw new Error(`A bystander was refused: ${JSON.stringify(answer)}`);
      this.#times.push(systemClock.monotonic() - begun);
      await this.#client.ask('receive', { count: 5, receipt: 'seen' });
      await sleep(systemClock, PACE);
    }
  }
}
