/** A relay in this process over files of its own and a clock that the test moves: it can be ended and started again on the same data. */
import { join } from 'node:path';
import type { Journal } from '../../../src/journal/journal.ts';
import { openJournal } from '../../../src/journal/open.ts';
import type { Receipt } from '../../../src/protocol/receipt.ts';
import type { ReceiptsResult, ReceiveResult } from '../../../src/protocol/verbs.ts';
import { silentLog } from '../../../src/relay/log.ts';
import { Relay } from '../../../src/relay/relay.ts';
import type { Retention } from '../../../src/relay/upkeep.ts';
import { systemRandom } from '../../../src/util/random.ts';
import { afterEveryTest } from '../../support/cleanup.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { tempDir } from '../../support/temp-dir.ts';

const running = new Set<OwnRelay>();

export class OwnRelay {
  readonly clock = new FakeClock();
  readonly dir: string;
  readonly #retention: Retention;
  #up: { readonly relay: Relay; readonly journal: Journal } | undefined;

  /** `dir`: data that are there already. */
  constructor(retention: Retention = {}, dir = join(tempDir(), 'data')) {
    this.dir = dir;
    this.#retention = retention;
    running.add(this);
  }

  async start(): Promise<void> {
    const { clock } = this;
    const journal = await openJournal({ dir: this.dir, clock });
    const relay = new Relay({
      journal,
      clock,
      random: systemRandom,
      log: silentLog,
      version: '0',
      retention: this.#retention,
      // What is tested here is a load that no agent makes.
      brakes: false,
    });
    this.#up = { relay, journal };
  }

  get relay(): Relay {
    return this.#here.relay;
  }

  get journal(): Journal {
    return this.#here.journal;
  }

  async stop(): Promise<void> {
    const up = this.#up;
    this.#up = undefined;
    await up?.relay.stop();
    running.delete(this);
  }

  async restart(): Promise<void> {
    await this.#up?.relay.stop();
    await this.start();
  }

  /** Lets time pass until it is answered: what rides along waits for a timer. */
  async ask(verb: string, args: object, name: string): Promise<unknown> {
    const asked = this.relay.perform(verb, args, { name });
    let isAnswered = false;
    const settled = () => {
      isAnswered = true;
    };
    asked.then(settled, settled);
    for (await settle(1); !isAnswered; await settle(1)) this.clock.advance(1);
    return asked;
  }

  async send(
    from: string,
    to: string,
    body: string,
    more: object = {},
  ): Promise<{ readonly id: string; readonly position: number }> {
    return (await this.ask('send', { to, body, ...more }, from)) as { id: string; position: number };
  }

  async receive(name: string, count = 200, receipt: 'handed' | 'seen' | 'none' = 'seen'): Promise<ReceiveResult> {
    return (await this.ask('receive', { count, ...(receipt === 'none' ? {} : { receipt }) }, name)) as ReceiveResult;
  }

  async receiptsOf(sender: string, id: string): Promise<readonly Receipt[]> {
    return ((await this.ask('receipts', { id }, sender)) as ReceiptsResult).recipients;
  }

  get #here() {
    if (!this.#up) throw new Error('The relay was not started.');
    return this.#up;
  }
}

afterEveryTest(async () => {
  for (const relay of [...running]) await relay.stop();
});
