/** A relay in a process of its own, which a test may start through another program, stop, continue and kill, as often as it likes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { vi } from 'vitest';
import { systemClock } from '../../../src/util/clock.ts';
import { CLI, type Machine, type Started } from '../../support/cli.ts';
import { keptPort } from '../../support/kept-port.ts';
import { IS_LONG } from './counts.ts';
import type { Place } from './talker.ts';

/** The command line's tests take seconds; these take minutes. Milliseconds. */
vi.setConfig({ testTimeout: IS_LONG ? 6 * 3_600_000 : 600_000 });

export interface ServeOptions {
  readonly args?: readonly string[];
  /** Put in front: `['strace', …]`, `['ip', 'netns', 'exec', …]`. */
  readonly through?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Another bundle than the one under test. */
  readonly cli?: string;
}

export class RelayProcess {
  readonly machine: Machine;
  /** The same at every start. */
  port = 0;
  /** From start to ready, milliseconds, of each start. */
  readonly startTimes: number[] = [];
  readonly #options: ServeOptions;
  #started: Started | undefined;

  constructor(machine: Machine, options: ServeOptions = {}) {
    this.machine = machine;
    this.#options = options;
  }

  get place(): Place {
    return { url: () => `ws://127.0.0.1:${this.port}`, token: () => this.machine.token };
  }

  /** What runs now. */
  get started(): Started {
    if (!this.#started) throw new Error('The relay was not started.');
    return this.#started;
  }

  /** Resolves when it takes connections; rejects when it ended before. */
  async start(more: ServeOptions = {}): Promise<void> {
    if (this.port === 0) this.port = await keptPort();
    const begun = systemClock.monotonic();
    this.launch(more);
    await this.ready();
    this.startTimes.push(systemClock.monotonic() - begun);
  }

  /** Starts it and does not wait. */
  launch(more: ServeOptions = {}): Started {
    const { args = [], through = [], env = {}, cli = CLI } = { ...this.#options, ...more };
    const serve = [cli, 'serve', '--port', String(this.port), '--log-level', 'warn', '--brakes', 'off', ...args];
    const [program = process.execPath, ...rest] = [...through, process.execPath, ...serve];
    this.#started = this.machine.spawn(program, rest, { env });
    return this.#started;
  }

  async ready(): Promise<void> {
    const said = await this.started.says(/Ready! Listening on \S+:\d+/);
    this.port = Number(/\d+$/.exec(said)?.[0]);
  }

  /** Of the relay itself, also when it was started through another program. */
  get pid(): number {
    return JSON.parse(readFileSync(join(this.machine.home, 'relay.json'), 'utf8')).pid;
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const { started } = this;
    if (started.child.exitCode === null && started.child.signalCode === null) process.kill(this.pid, signal);
    await started.ended;
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }
}
