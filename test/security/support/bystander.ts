/** A legitimate peer beside an attack, in a process of its own. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';

const SCRIPT = join(import.meta.dirname, 'bystander-process.mjs');

export interface Served {
  readonly asked: number;
  readonly answered: number;
  /** Of the answers, milliseconds. */
  readonly p99: number;
}

export class Bystander {
  readonly #child: ChildProcess;
  #answered = 0;
  #served: Served | undefined;
  #isGone = false;
  #wake: (() => void)[] = [];

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (message) => this.#hear(message));
    child.once('exit', () => {
      this.#isGone = true;
      this.#stir();
    });
  }

  /** It has its place at the relay, and has begun to send. */
  static async start(port: number, token: string, name = 'bystander'): Promise<Bystander> {
    const bystander = new Bystander(fork(SCRIPT, { execArgv: [] }));
    const welcome = new Promise((resolve) => bystander.#child.once('message', resolve));
    bystander.#child.send({ port, token, name });
    await welcome;
    return bystander;
  }

  /** Resolves when so many of its sends were answered. */
  async asks(count: number): Promise<void> {
    await this.#until(() => this.#answered >= count);
  }

  /** Stops asking; resolves when every question was answered or the connection is gone. */
  async finish(): Promise<Served> {
    if (this.#child.connected) this.#child.send('finish');
    await this.#until(() => this.#served !== undefined);
    if (!this.#served) throw new Error('A bystander ended without a word.');
    return this.#served;
  }

  async #until(isSo: () => boolean): Promise<void> {
    while (!isSo() && !this.#isGone) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }

  #hear(message: unknown): void {
    if (typeof message !== 'object' || message === null) return;
    const { answered } = message as { answered: number };
    this.#answered = answered;
    if ('p99' in message) this.#served = message as Served;
    this.#stir();
  }

  #stir(): void {
    for (const resolve of this.#wake.splice(0)) resolve();
  }
}
