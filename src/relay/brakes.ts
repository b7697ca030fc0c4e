/**
 * What slows and stops agents that write because others wrote to them. Rates and reach are refused, so that the model hears
 * of it at once and can do something else; what may be a copied prompt is held, so that a person looks at it.
 *
 *     send ──→ nobody's doing but its own, among one person's ──→ free
 *        └───→ an agent that was given something, or for another person ──→ reach, rates: refused
 *                                                                     └──→ way, copies: held
 *
 * Kept in memory: a restart of the relay begins anew.
 */
import type { Brake, Braked } from '../protocol/brake.ts';
import { RelayError } from '../protocol/codes.ts';
import { LIMITS, TIMES } from '../protocol/limits.ts';
import type { Send } from '../state/command.ts';
import { addressed, reached } from '../state/queries/addressed.ts';
import { type EnvelopeRow, envelopeRow, type Trace, traceById } from '../state/queries/envelopes.ts';
import { hasOthers, personNameOf } from '../state/queries/people.ts';
import { nameOf, sessionById } from '../state/queries/sessions.ts';
import { Copies, isSameText, textOf } from './copies.ts';
import { type Line, Lineage, through } from './lineage.ts';
import { Rate } from './rate.ts';
import type { Services } from './services.ts';

/** Why a person should look at it. */
type Suspect = Extract<Brake, 'hops' | 'copies'>;

/** What the brakes say of a send that may go. */
export interface Leave {
  readonly hold?: Suspect;
  /** What is known of it once it has a position; absent for what is free. */
  readonly line?: Line;
}

/** Where a send goes. */
interface Goal {
  readonly answered: Trace | undefined;
  readonly channels: readonly number[];
  readonly recipients: readonly number[];
}

const FREE: Leave = {};
const BACK = 'back ';
const MINUTE = 60_000;

type Needed = Pick<Services, 'store' | 'relayTime' | 'log' | 'count' | 'tell'>;

export class Brakes {
  readonly #services: Needed;
  readonly #isOn: boolean;
  readonly #lineage = new Lineage();
  readonly #copies = new Copies();
  readonly #pairs = new Rate(LIMITS.pairPerMinute, MINUTE);
  readonly #senders = new Rate(LIMITS.senderPerMinute, MINUTE);
  /** By session and brake. */
  readonly #braked = new Map<string, Braked & { readonly session: number }>();

  constructor(services: Needed, isOn: boolean) {
    this.#services = services;
    this.#isOn = isOn;
  }

  /** A session was given these, or looked at them. */
  gave(session: number, positions: readonly number[]): void {
    if (!this.#isOn || positions.length === 0 || !this.#isAgent(session)) return;
    this.#lineage.gave(session, positions, this.#now);
  }

  /** Before it becomes a command. Throws `fan_out` and `too_fast`. A send that is repeated is what it was. */
  check(send: Send): Leave {
    if (!this.#isOn) return FREE;
    const { store } = this.#services;
    const isDriven = this.#isAgent(send.sender) && this.#lineage.giftsOf(send.sender, this.#now).length > 0;
    if (!isDriven && !hasOthers(store)) return FREE;
    if (traceById(store, send.id)) return FREE;
    const answered = send.reply_to === undefined ? undefined : traceById(store, send.reply_to);
    const channels = addressed(store, send, answered);
    const recipients = reached(store, channels, send.sender, LIMITS.fanOut + 1).filter((each) => each !== send.sender);
    if (!isDriven && !this.#isForAnother(send.sender, recipients)) return FREE;
    this.#checkReach(send.sender, recipients);
    this.#checkRates(send.sender, recipients);
    return this.#leaveFor(send, { answered, channels, recipients });
  }

  /** It was stored. */
  stored(position: number, { line }: Leave): void {
    if (line) this.#lineage.note(position, line);
  }

  /** Sessions of that person that were braked lately, the last first. */
  brakedOf(person: string): Braked[] {
    const { store } = this.#services;
    const recent = [...this.#braked.values()].filter(
      ({ at, session }) => this.#now - at < TIMES.cause && personNameOf(store, session) === person,
    );
    return recent
      .reverse()
      .map(({ session, brake, at, count }) => ({ name: nameOf(store, session), brake, at, count }));
  }

  /** Forgets what is too long ago; now and then. */
  sweep(): void {
    const now = this.#now;
    this.#lineage.sweep(now);
    this.#copies.sweep(now);
    for (const [key, { at }] of this.#braked) if (now - at >= TIMES.cause) this.#braked.delete(key);
  }

  get #now(): number {
    return this.#services.relayTime();
  }

  #isAgent(session: number): boolean {
    return sessionById(this.#services.store, session)?.kind === 'agent';
  }

  #isForAnother(sender: number, recipients: readonly number[]): boolean {
    const { store } = this.#services;
    const person = personNameOf(store, sender);
    return recipients.some((session) => personNameOf(store, session) !== person);
  }

  #checkReach(sender: number, recipients: readonly number[]): void {
    if (recipients.length <= LIMITS.fanOut) return;
    this.#brake(sender, 'fan_out');
    throw new RelayError(
      'fan_out',
      `That would reach more than ${LIMITS.fanOut} sessions, and you write because of a message: name those who need it.`,
    );
  }

  #checkRates(sender: number, recipients: readonly number[]): void {
    const now = this.#now;
    this.#checkRate(sender, 'sender', this.#senders.wait(String(sender), now), 'You have');
    for (const session of recipients) {
      const name = nameOf(this.#services.store, session);
      this.#checkRate(sender, 'pair', this.#pairs.wait(`${sender}>${session}`, now), `To ${name} you have`);
    }
    this.#senders.note(String(sender), now);
    for (const session of recipients) this.#pairs.note(`${sender}>${session}`, now);
  }

  #checkRate(sender: number, brake: 'pair' | 'sender', wait: number, who: string): void {
    if (wait === 0) return;
    this.#brake(sender, brake);
    const limit = brake === 'pair' ? LIMITS.pairPerMinute : LIMITS.senderPerMinute;
    throw new RelayError(
      'too_fast',
      `${who} written ${limit} messages within a minute; wait ${Math.ceil(wait / 1_000)} s, and put what you have to say into one.`,
    );
  }

  #leaveFor(send: Send, goal: Goal): Leave {
    const causes = this.#causes(send.sender, goal.answered);
    const path = this.#pathOf(send.sender, causes);
    const copied = causes
      .flatMap((position) => envelopeRow(this.#services.store, position) ?? [])
      .find(({ body }) => isSameText(body, send.body));
    const text = copied ? this.#textOf(copied) : textOf(send.sender, send.body);
    const line = { path, text };
    const hold = this.#holds(send, line, goal, copied);
    if (hold) this.#brake(send.sender, hold);
    return hold ? { hold, line } : { line };
  }

  /** The newest first; what it says that it answers counts too, but never instead of what it was given. */
  #causes(sender: number, answered: Trace | undefined): number[] {
    const gifts = this.#lineage.giftsOf(sender, this.#now).map(({ position }) => position);
    return [...gifts.reverse(), ...(answered ? [answered.position] : [])];
  }

  /** The longer of the ways by which the last gift, and what is answered, came. */
  #pathOf(sender: number, causes: readonly number[]): readonly number[] {
    const paths = [causes[0], causes.at(-1)].flatMap((position) =>
      position === undefined ? [] : [through(this.#wayTo(position), sender)],
    );
    return paths.sort((a, b) => b.length - a.length)[0] ?? [sender];
  }

  #wayTo(position: number): readonly number[] {
    const line = this.#lineage.lineOf(position);
    const row = line ? undefined : envelopeRow(this.#services.store, position);
    return line?.path ?? (row ? [row.sender] : []);
  }

  /** What somebody began without a brake has no line. */
  #textOf({ position, sender, body }: EnvelopeRow): string {
    return this.#lineage.lineOf(position)?.text ?? textOf(sender, body);
  }

  #holds(send: Send, { path, text }: Line, goal: Goal, copied: EnvelopeRow | undefined): Suspect | undefined {
    if (path.length - 1 > LIMITS.hops) return 'hops';
    const now = this.#now;
    const known = this.#copies.waysOf(text, now);
    const ways = copied
      ? waysOfCopy(send, goal, this.#isAnswer(goal, copied), known)
      : goal.recipients.map((session) => `to ${session}`);
    const gone = new Set([...known, ...ways].filter((way) => !way.startsWith(BACK))).size;
    // One message may have several recipients; it is the second of the same text that makes it many.
    if (gone > LIMITS.copies && (copied !== undefined || known.length > 0) && !isBack(ways)) return 'copies';
    this.#copies.note(text, ways, now);
    return undefined;
  }

  /** It goes back to who sent that, or into the room that it came through. */
  #isAnswer({ channels }: Goal, copied: EnvelopeRow): boolean {
    const isRoom = (channel: number) => sessionById(this.#services.store, channel) === undefined;
    return channels.every(
      (channel) => channel === copied.sender || (copied.channels.includes(channel) && isRoom(channel)),
    );
  }

  /** Its person is told once; the rest is counted. */
  #brake(session: number, brake: Brake): void {
    const { store, log, count, tell } = this.#services;
    const key = `${session} ${brake}`;
    const known = this.#braked.get(key);
    count('braked');
    const at = this.#now;
    if (known && at - known.at < TIMES.cause) {
      this.#braked.set(key, { ...known, count: known.count + 1 });
      return;
    }
    const name = nameOf(store, session);
    this.#braked.delete(key);
    this.#braked.set(key, { session, name, brake, at, count: 1 });
    log.warn({ name, brake }, 'a session was braked');
    tell(personNameOf(store, session), { type: 'braked', name, brake, at });
  }
}

/** Each copy to each session is one more; but each agent may send it back once to where it came from: people quote. */
function waysOfCopy(send: Send, { recipients }: Goal, isAnswer: boolean, known: readonly string[]): string[] {
  const back = `${BACK}${send.sender}`;
  return isAnswer && !known.includes(back) ? [back] : recipients.map((session) => `${send.id} to ${session}`);
}

function isBack([way]: readonly string[]): boolean {
  return way?.startsWith(BACK) ?? false;
}
