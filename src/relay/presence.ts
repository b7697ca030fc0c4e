/** Who is here. Lives in memory only: presence does not survive, and is told as deltas, never as the whole list. */
import type { PresenceFrame } from '../protocol/frames.ts';
import type { SessionInfo } from '../protocol/session.ts';
import type { SessionRow } from '../state/queries/sessions.ts';

/** The connection that holds a name. */
export interface Holder {
  readonly instance: string;
  /** Milliseconds: when it was seated. */
  readonly since: number;
}

type Listener = (frame: PresenceFrame, session: number) => void;

export class Presence<H extends Holder> {
  readonly #holders = new Map<number, H>();
  readonly #listeners = new Set<Listener>();

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

  /** The holder is gone; nothing when another one has taken its place. */
  leave(session: number, name: string, holder: H, event: 'left' | 'lost', at: number): void {
    if (this.#holders.get(session) !== holder) return;
    this.#holders.delete(session);
    this.#tell(session, { type: 'presence', event, name, at });
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
    };
  }

  /** From now on nobody is told anything: when the relay goes down, everybody goes at once. */
  silence(): void {
    this.#listeners.clear();
  }

  #tell(session: number, frame: PresenceFrame): void {
    for (const listener of this.#listeners) listener(frame, session);
  }
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
