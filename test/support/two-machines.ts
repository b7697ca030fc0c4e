/** Two machines, each with a network of its own and a user's home of its own, and a cable between them. Needs root on Linux. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Ran } from '../../src/util/run.ts';
import { NetNs, type Wire } from '../faults/support/netns.ts';
import { afterEveryTest } from './cleanup.ts';
import { type Machine, machine, type RunOptions, type Started } from './cli.ts';

/** Whether this system can have them. */
export const HAS_NETWORKS = process.platform === 'linux' && process.getuid?.() === 0;

const used: TwoMachines[] = [];

export class TwoMachines {
  /** Where a person sits. */
  readonly here: Machine = machine();
  /** Where the relay is to be. */
  readonly there: Machine = machine();
  readonly #near = new NetNs();
  readonly #far = new NetNs();
  readonly #wire: Wire = this.#near.link(this.#far);

  constructor() {
    used.push(this);
  }

  /** Of the other machine. */
  get address(): string {
    return this.#wire.far.address;
  }

  /** `claude-relay` on this side, in its network. */
  async run(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    return ranOf(await this.program('here', 'claude-relay', args, { input: '', ...options }).ended);
  }

  /** The same on the other side, under way. */
  begin(args: readonly string[]): Started {
    return this.program('there', 'claude-relay', args, { input: '' });
  }

  /** Any program, on one side, under way. */
  program(side: 'here' | 'there', program: string, args: readonly string[], options: RunOptions = {}): Started {
    const { through } = side === 'here' ? this.#near : this.#far;
    const [first = '', ...rest] = [...through, program, ...args];
    return this[side].spawn(first, rest, options);
  }

  /** What was started in the background, by its own record. */
  async end(): Promise<void> {
    for (const [on, unit] of [
      [this.here, 'tunnel'],
      [this.there, 'relay'],
    ] as const)
      if (existsSync(join(on.home, 'services'))) await on.run(['service', 'uninstall', unit]);
  }
}

function ranOf({ code, stdout, stderr }: { code: number | null; stdout: string; stderr: string }): Ran {
  return { code: code ?? -1, stdout, stderr };
}

afterEveryTest(async () => {
  for (const two of used.splice(0)) await two.end();
});
