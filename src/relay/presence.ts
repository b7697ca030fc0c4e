/** Who is here. Lives in memory only: presence does not survive, and is told as deltas, never as the whole list. */
import type { PresenceFrame } from '../protocol/frames.ts';
import type { Attention, SessionInfo } from '../protocol/session.ts';
import type { SessionRow } from '../state/queries/sessions.ts';
import type { Clock, Timer } from '../util/clock.ts';

/** A session that changes what it does more often is told about once in this time, as it is by then. Milliseconds. */
const TELL_EVERY = 1_000;

/** The connection that holds a name. */
export interface Holder {
  readonly instance: string;
  /** Milliseconds: when it was seated. */
  readonly since: number;
}

type Listener = (frame: PresenceFrame, session: number) => void;

/** What a session said of itself, and when peers were last told. */
interface Attending {
  attention: Attention;
  /** Milliseconds, monotonic. */
  toldAt: number;
  telling: Timer | undefined;
}

export class Presence<H extends Holder> {
  readonly #clock: Clock;
  readonly #holders = new Map<number, H>();
  readonly #attending = new Map<number, Attending>();
  readonly #listeners = new Set<Listener>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get count(): number {
    return this.#holders.size;
  }

  holder(session: number): H | undefined {
    return this.#holders.get(session);
  }

  isHere(session: number): boolean {
    return this.#holders.has(session);
  }

  /** Sessions that are here, the longest first. */
  sessions(): number[] {
    return [...this.#holders.keys()];
  }

  onChange(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Seats a holder. Coming back on another connection is no news. */
  enter(row: SessionRow, holder: H): void {
    const isNews = !this.#holders.has(row.id);
    this.#holders.delete(row.id);
    this.#holders.set(row.id, holder);
    if (isNews)
      this.#tell(row.id, { type: 'presence', event: 'joined', name: row.name, at: holder.since, ...shown(row) });
  }

  /** The holder is gone; nothing when another one has taken its place. `name` is asked for those who are told. */
  leave(session: number, name: () => string, holder: H, event: 'left' | 'lost', at: number): void {
    if (this.#holders.get(session) !== holder) return;
    this.#holders.delete(session);
    this.#attending.get(session)?.telling?.cancel();
    this.#attending.delete(session);
    this.#tell(session, { type: 'presence', event, name: name(), at });
  }

  /** Notes what a session that is here does now, in place of what it said before. `name` is asked when peers are told. */
  attend(session: number, name: () => string, attention: Attention, at: number): void {
    if (!this.#holders.has(session)) return;
    const before = this.#attending.get(session);
    if (before && isSame(before.attention, attention)) return;
    const attending = before ?? { attention, toldAt: Number.NEGATIVE_INFINITY, telling: undefined };
    attending.attention = attention;
    this.#attending.set(session, attending);
    const wait = Math.max(0, attending.toldAt + TELL_EVERY - this.#clock.monotonic());
    const tell = () => {
      attending.telling = undefined;
      attending.toldAt = this.#clock.monotonic();
      this.#tell(session, { type: 'presence', event: 'doing', name: name(), at, ...attending.attention });
    };
    if (wait === 0) tell();
    else attending.telling ??= this.#clock.after(wait, tell);
  }

  renamed(session: number, was: string, name: string, at: number): void {
    if (this.#holders.has(session)) this.#tell(session, { type: 'presence', event: 'renamed', name, was, at });
  }

  info(row: SessionRow): SessionInfo {
    const holder = this.#holders.get(row.id);
    return {
      name: row.name,
      here: holder !== undefined,
      ...(holder ? { since: holder.since } : {}),
      last_seen: row.last_seen,
      ...shown(row),
      ...this.#attending.get(row.id)?.attention,
    };
  }

  /** From now on nobody is told anything: when the relay goes down, everybody goes at once. */
  silence(): void {
    this.#listeners.clear();
    for (const { telling } of this.#attending.values()) telling?.cancel();
  }

  #tell(session: number, frame: PresenceFrame): void {
    for (const listener of this.#listeners) listener(frame, session);
  }
}

/** But for a tick of the clock between what two sides call the same beginning. */
function isSame(a: Attention, b: Attention): boolean {
  const drift = Math.abs((a.doing_since ?? 0) - (b.doing_since ?? 0));
  return a.doing === b.doing && a.tool === b.tool && a.door === b.door && drift < TELL_EVERY;
}

/** What peers are told of a session. */
function shown(row: SessionRow): Pick<SessionInfo, 'kind' | 'host' | 'cwd' | 'program' | 'version'> {
  return {
    kind: row.kind,
    ...(row.host === null ? {} : { host: row.host }),
    ...(row.cwd === null ? {} : { cwd: row.cwd }),
    ...(row.program === null ? {} : { program: row.program }),
    ...(row.version === null ? {} : { version: row.version }),
  };
}
