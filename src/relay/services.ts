/** What the parts of one relay share. */
import type { Journal } from '../journal/journal.ts';
import type { BrakedFrame, HeldFrame, PausedFrame } from '../protocol/frames.ts';
import type { Store } from '../state/store.ts';
import type { Clock } from '../util/clock.ts';
import type { Random } from '../util/random.ts';
import type { Brakes } from './brakes.ts';
import type { Connection } from './connection.ts';
import type { Halt } from './halt.ts';
import type { Hub } from './hub.ts';
import type { Log } from './log.ts';
import type { Presence } from './presence.ts';
import type { Pumps } from './pump.ts';
import type { Unseen } from './unseen.ts';
import type { Views } from './view.ts';
import type { Walks } from './walks.ts';

export interface Services {
  readonly journal: Journal;
  /** For queries only. */
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly version: string;
  readonly hub: Hub;
  readonly views: Views;
  readonly pumps: Pumps;
  readonly presence: Presence<Connection>;
  readonly unseen: Unseen;
  readonly brakes: Brakes;
  readonly halt: Halt;
  readonly walks: Walks;
  /** Milliseconds since 1970; never goes back, whatever the machine's clock does. */
  now(): number;
  /**
   * Milliseconds since 1970 by which ends of life are measured: from the clock at the start, and from then on only by what
   * has really passed. Somebody who sets the clock ends nobody's message.
   */
  relayTime(): number;
  /** An envelope is not what was stored: it is reported, and given to nobody. */
  onDamaged(position: number): void;
  /** Tells all connections of one person; without a person, everybody's. */
  tell(person: string | undefined, frame: HeldFrame | BrakedFrame | PausedFrame): void;
  /** Milliseconds since the relay started. */
  uptime(): number;
  /** Counts one more of something for /metrics. */
  count(name: string, by?: number): void;
}
