/** An agent program that a test owns: doors that hand, hold, refuse, fail or drop in silence, and a conversation to look into. */
import { claudeCodeDialect } from '../../src/agents/claude-code/dialect.ts';
import { claudeCodeResume } from '../../src/agents/claude-code/resume.ts';
import { type Door, failed, type Given, HANDED, type Parcel } from '../../src/agents/door.ts';
import type { Evidence, Transcript } from '../../src/agents/evidence.ts';
import type { Activity, AgentProgram, Beside } from '../../src/agents/program.ts';
import type { FakeClock } from '../support/fake-clock.ts';

export class FakeDoor implements Door {
  readonly name: string;
  readonly interrupts: boolean;
  isThere = true;
  readonly parcels: Parcel[] = [];
  /** What the next ones answer; then `handed`. */
  readonly answers: (Given | Promise<Given>)[] = [];
  /** Called with what was handed: the program begins a turn with it. */
  onHanded: (parcel: Parcel) => void = () => undefined;

  constructor(name = 'socket', interrupts = false) {
    this.name = name;
    this.interrupts = interrupts;
  }

  isOpen(): boolean {
    return this.isThere;
  }

  async give(parcel: Parcel): Promise<Given> {
    if (!this.isThere) return failed('it is gone');
    this.parcels.push(parcel);
    const given = await (this.answers.shift() ?? HANDED);
    if (given.outcome === 'handed') this.onHanded(parcel);
    return given;
  }

  get ids(): readonly string[][] {
    return this.parcels.map(({ ids }) => [...ids]);
  }
}

export class FakeTranscript implements Transcript {
  policy?: string;
  readonly #watched = new Map<string, Evidence | undefined>();
  /** What was in it before anybody watched. */
  readonly past = new Set<string>();

  watch(ids: readonly string[], { past = false }: { readonly past?: boolean } = {}): void {
    for (const id of ids) this.#watched.set(id, past && this.past.has(id) ? 'answered' : this.#watched.get(id));
  }

  look(): ReadonlyMap<string, Evidence> {
    const found = new Map<string, Evidence>();
    for (const [id, evidence] of this.#watched) if (evidence !== undefined) found.set(id, evidence);
    for (const [id, evidence] of found) if (evidence === 'answered') this.#watched.delete(id);
    return found;
  }

  /** The program writes it down; what nobody watches for is not found later. */
  write(evidence: Evidence, ...ids: readonly string[]): void {
    for (const id of ids) if (this.#watched.has(id)) this.#watched.set(id, evidence);
  }

  get watched(): readonly string[] {
    return [...this.#watched.keys()];
  }
}

export class FakeProgram implements AgentProgram {
  readonly id = 'claude-code';
  readonly title = 'Fake';
  readonly clientName = 'claude-code';
  readonly signs = { marks: ['CLAUDECODE'], session: 'CLAUDE_CODE_SESSION_ID' };
  readonly dialect = claudeCodeDialect;
  readonly resume = claudeCodeResume;
  /** The one that it says it is in. */
  conversation: string | undefined;
  readonly doors: FakeDoor[];
  readonly transcript = new FakeTranscript();
  doorless?: string;
  hasTranscript = true;
  activity: Activity | undefined;
  readonly boundTo: (string | undefined)[] = [];
  readonly #clock: FakeClock;

  constructor(clock: FakeClock, doors: FakeDoor[] = [new FakeDoor()]) {
    this.#clock = clock;
    this.doors = doors;
    this.does('idle');
  }

  does(doing: Activity['doing'], tool?: string): void {
    this.activity = { doing, since: this.#clock.now(), ...(tool === undefined ? {} : { tool }) };
  }

  /** What is handed begins a turn, is written down, and the model answers after so long; 0: when the test says so. */
  reads(turnMs: number): void {
    for (const door of this.doors) {
      door.onHanded = ({ ids }) => {
        this.does('busy');
        this.transcript.write('seen', ...ids);
        if (turnMs > 0) this.#clock.after(turnMs, () => this.answers(ids));
      };
    }
  }

  answers(ids: readonly string[]): void {
    this.transcript.write('answered', ...ids);
    this.does('idle');
  }

  beside(): Beside {
    return {
      doors: this.doors,
      ...(this.hasTranscript ? { transcript: this.transcript } : {}),
      activity: () => this.activity,
      conversation: () => this.conversation,
      bound: ({ session }) => void this.boundTo.push(session),
    };
  }
}
