/**
 * Which name this process wants, and how the next process of the same conversation will find it: the working directory
 * and the id that the agent program gives its session lead to the name that they had.
 */
import { hostname } from 'node:os';
import { type AgentEnvironment, agentSessionOfCall } from '../agents/environment.ts';
import { type Identity, wantedName } from '../client/identity.ts';
import type { Names } from '../client/names.ts';
import { systemRandom } from '../util/random.ts';

interface Options {
  readonly names: Names;
  readonly cwd: string;
  readonly agent: AgentEnvironment;
  /** What somebody chose, from a variable or the flag; already checked. */
  readonly clientId: string | undefined;
  readonly pid: number;
  /** Did a session of this machine have that name? */
  readonly isUsed: (name: string) => boolean;
  readonly log: (message: string) => void;
}

export class SessionIdentity {
  readonly wanted: Identity;
  private readonly options: Options;
  private agentSession: string | undefined;
  private granted: string | undefined;
  private hasKept = false;

  constructor(options: Options) {
    this.options = options;
    this.agentSession = options.agent.agentSession;
    this.wanted = wantedName({
      env: {},
      clientId: options.clientId,
      before: this.before(),
      hostname: hostname(),
      pid: options.pid,
      isUsed: (name) => this.isUsed(name),
      random: systemRandom,
    });
  }

  /** The relay granted a name that is ours to keep (not one for a fork: that would take the place of the first). */
  holds(name: string): void {
    this.granted = name;
    this.remember();
  }

  /** A send waits under the name that was wanted, with no relay to grant it: the next process of this conversation sends it. */
  keeps(): void {
    if (this.granted !== undefined || this.hasKept) return;
    this.hasKept = true;
    if (this.before() === undefined) this.remember();
  }

  /** Some programs say only with a call which session it belongs to. */
  calledWith(meta: Readonly<Record<string, unknown>>): void {
    if (this.agentSession !== undefined) return;
    this.agentSession = agentSessionOfCall(meta);
    // A name that was only made up does not take the place of one that this conversation had.
    if (this.wanted.source === 'made' && this.before() !== undefined) return;
    this.remember();
  }

  private isUsed(name: string): boolean {
    try {
      return this.options.isUsed(name);
    } catch (error) {
      this.options.log(`keys: ${String(error)}`); // as below
      return false;
    }
  }

  private before(): string | undefined {
    const { names, cwd, log } = this.options;
    if (this.agentSession === undefined) return undefined;
    try {
      return names.find(cwd, this.agentSession);
    } catch (error) {
      log(`names.json: ${String(error)}`); // it only costs a name
      return undefined;
    }
  }

  private remember(): void {
    const { names, cwd, log } = this.options;
    const name = this.granted ?? (this.hasKept ? this.wanted.name : undefined);
    if (this.agentSession === undefined || name === undefined) return;
    names.remember(cwd, this.agentSession, name).catch((error: unknown) => log(`names.json: ${String(error)}`)); // as above
  }
}
