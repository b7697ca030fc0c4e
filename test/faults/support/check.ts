/**
 * The one judge of every run. It knows nothing of relays, disks or sockets, only what was promised:
 *
 *     lost        answered, and a recipient neither read it nor has it in an end
 *     doubled     read twice by one recipient without a mark, or stored at two positions
 *     altered     read with another body than it was sent with
 *     unsent      read, and never sent, or not to this reader
 *     misordered  a recipient's first reads (of what lives for ever), or one sender's messages, are not in the order of positions
 *     moved       the same id was answered with two positions, or two ids with one
 *     crossed     answered with the answer to another
 *     turned away refused for good, though nothing is wrong with it
 *     limbo       has no state, though its sender may ask, or is said to wait though it was read
 *     untold      ended unread, and its sender has no notice of it
 *     told again  its sender has more notices than it has ends
 */
import type { ReceiptState } from '../../../src/protocol/receipt.ts';
import type { Event, History } from './history.ts';

export type Rule =
  | 'lost'
  | 'doubled'
  | 'altered'
  | 'unsent'
  | 'misordered'
  | 'moved'
  | 'crossed'
  | 'turned away'
  | 'limbo'
  | 'untold'
  | 'told again';

export interface Finding {
  readonly rule: Rule;
  readonly what: string;
}

export interface CheckOptions {
  /** Recipients may still have some of it unread: then it must be `stored`, or in an end, by its state. */
  readonly mayBeUnread?: boolean;
  /** So many must have been answered with yes, and none refused for good: a run in which all was refused has proved nothing. */
  readonly least?: number;
  /** The relay was asked for the state of everything that it had answered: each must have one. */
  readonly wantsStates?: boolean;
  /** Senders have read their notices. */
  readonly wantsNotices?: boolean;
}

const ENDS: ReadonlySet<ReceiptState> = new Set(['expired', 'refused', 'dead']);

type Of<K extends Event['kind']> = Extract<Event, { kind: K }>;

export function check(history: History, options: CheckOptions = {}): Finding[] {
  const seen = new Seen(history.events);
  return [
    ...lost(seen, options),
    ...keptAndLost(seen),
    ...doubled(seen),
    ...altered(seen),
    ...misordered(seen),
    ...moved(seen),
    ...crossed(history),
    ...turnedAway(seen, options),
    ...limbo(seen, options),
    ...untold(seen, options),
  ];
}

/** A line for each rule that was broken, for the message of a failing test: how often, and the first of them. */
export function told(findings: readonly { readonly rule: string; readonly what: string }[]): string {
  const rules = [...new Set(findings.map(({ rule }) => rule))];
  return rules
    .map((rule) => {
      const broken = findings.filter((finding) => finding.rule === rule);
      return `${broken.length} ${rule}: ${broken[0]?.what}`;
    })
    .join('\n');
}

/** For what only one test can know. Throws with how often it was broken, and the first time. */
export function expectNone(rule: string, broken: readonly string[]): void {
  if (broken.length > 0) throw new Error(`A promise was broken.\n${broken.length} ${rule}: ${broken[0]}`);
}

/** Throws with what was found. */
export function expectKept(history: History, options: CheckOptions = {}): void {
  expectNothing(check(history, options));
}

const PLACES: ReadonlySet<Rule> = new Set(['doubled', 'misordered', 'moved']);

/** For a run in which nobody reads: each id has one position, and each sender's lie in the order of its tries. */
export function expectPlaced(history: History): void {
  expectNothing(check(history).filter(({ rule }) => PLACES.has(rule)));
}

function expectNothing(findings: readonly Finding[]): void {
  if (findings.length > 0) throw new Error(`A promise was broken.\n${told(findings)}`);
}

/** The events once more, by what is asked of them. */
class Seen {
  /** Id → its tries, as their places in the history. */
  readonly tries = new Map<string, number[]>();
  readonly sent = new Map<string, Of<'sent'>>();
  readonly answers = new Map<string, Of<'answered'>[]>();
  readonly reads = new Map<string, Of<'read'>[]>();
  readonly states = new Map<string, Map<string, ReceiptState>>();
  readonly kept: string[] = [];
  /** Id → the code with which it was refused for good. */
  readonly refused = new Map<string, string>();
  readonly notices = new Map<string, Of<'notice'>[]>();
  /** Reader and id of what may come again unmarked. */
  readonly doubts = new Set<string>();
  /** Reader → the place of its last gap. */
  readonly gaps = new Map<string, number>();
  readonly places = new Map<Event, number>();

  constructor(events: readonly Event[]) {
    for (const [place, event] of events.entries()) {
      this.places.set(event, place);
      if (event.kind === 'sent') {
        this.sent.set(event.id, event);
        push(this.tries, event.id, place);
      } else if (event.kind === 'answered') push(this.answers, event.id, event);
      else if (event.kind === 'read') push(this.reads, event.id, event);
      else if (event.kind === 'gap') this.gaps.set(event.by, place);
      else if (event.kind === 'doubt') this.doubts.add(`${event.by} ${event.id}`);
      else if (event.kind === 'kept') this.kept.push(event.id);
      else if (event.kind === 'refused' && !event.retry) this.refused.set(event.id, event.code);
      else if (event.kind === 'notice') push(this.notices, event.about, event);
      else if (event.kind === 'state') {
        const states = this.states.get(event.id) ?? new Map();
        this.states.set(event.id, states.set(event.name, event.state));
      }
    }
  }

  /** Was it answered before this reader was told of a gap? Then it may be gone. */
  isBehindGap(answer: Of<'answered'>, reader: string): boolean {
    return (this.places.get(answer) ?? 0) < (this.gaps.get(reader) ?? -1);
  }
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

function* lost(seen: Seen, { mayBeUnread = false }: CheckOptions): Generator<Finding> {
  for (const [id, [answer]] of seen.answers) {
    const readers = new Set(seen.reads.get(id)?.map(({ by }) => by));
    for (const name of seen.sent.get(id)?.to ?? []) {
      if (readers.has(name) || !answer || seen.isBehindGap(answer, name)) continue;
      const state = seen.states.get(id)?.get(name);
      const isSaid = state !== undefined && (ENDS.has(state) || (mayBeUnread && state === 'stored'));
      if (!isSaid)
        yield {
          rule: 'lost',
          what: `${id}, position ${answer.position}, was never read by ${name} (${state ?? 'no state'})`,
        };
    }
  }
}

/** What waited on its sender's disk, and is neither at the relay nor refused. */
function* keptAndLost(seen: Seen): Generator<Finding> {
  for (const id of new Set(seen.kept)) {
    if (!seen.answers.has(id) && !seen.refused.has(id))
      yield { rule: 'lost', what: `${id} was kept, and never came to the relay` };
  }
}

function* doubled(seen: Seen): Generator<Finding> {
  for (const [id, reads] of seen.reads) {
    const known = new Set<string>();
    const lives = new Set<string>();
    for (const read of reads) {
      const life = `${read.by} ${read.life}`;
      if (read.life !== undefined && lives.has(life))
        yield { rule: 'doubled', what: `${id} was read twice by one process of ${read.by}` };
      lives.add(life);
      if (known.has(read.by) && !read.redelivered && !seen.doubts.has(`${read.by} ${id}`))
        yield { rule: 'doubled', what: `${id} was read again by ${read.by}, unmarked` };
      known.add(read.by);
    }
    const positions = new Set(reads.map(({ position }) => position));
    if (positions.size > 1 && ![...known].some((name) => seen.gaps.has(name)))
      yield { rule: 'doubled', what: `${id} was read at positions ${[...positions].join(' and ')}` };
  }
}

function* altered(seen: Seen): Generator<Finding> {
  for (const [id, reads] of seen.reads) {
    const sent = seen.sent.get(id);
    for (const read of reads) {
      if (!sent) yield { rule: 'unsent', what: `${id}, read by ${read.by}, was sent by nobody` };
      else if (!sent.to.includes(read.by)) yield { rule: 'unsent', what: `${id}, read by ${read.by}, was not for it` };
      else if (sent.hash !== read.hash)
        yield { rule: 'altered', what: `${id}, read by ${read.by}, is not what ${sent.by} wrote` };
    }
  }
}

function* misordered(seen: Seen): Generator<Finding> {
  yield* readersInOrder(seen);
  yield* sendersInOrder(seen);
}

/** What comes again, marked, may come late: its first reading was in order. */
function* readersInOrder(seen: Seen): Generator<Finding> {
  const reads = [...seen.reads.values()].flat().sort((a, b) => (seen.places.get(a) ?? 0) - (seen.places.get(b) ?? 0));
  const last = new Map<string, number>();
  const known = new Set<string>();
  for (const read of reads) {
    const key = `${read.by} ${read.id}`;
    if (known.has(key) || seen.sent.get(read.id)?.ends) continue;
    known.add(key);
    const before = last.get(read.by) ?? 0;
    const isAfterGap = (seen.places.get(read) ?? 0) > (seen.gaps.get(read.by) ?? Number.POSITIVE_INFINITY);
    if (read.position <= before && !isAfterGap)
      yield { rule: 'misordered', what: `${read.by} read position ${read.position} after ${before}` };
    last.set(read.by, read.position);
  }
}

/**
 * One sender's messages lie in the order of its tries. Of one that was tried often it is not known which try was
 * stored: the earliest that fits is taken.
 */
function* sendersInOrder(seen: Seen): Generator<Finding> {
  // After a restore positions start again, and compare with nothing before.
  if (seen.gaps.size > 0) return;
  const bySender = new Map<string, { id: string; position: number }[]>();
  for (const [id, [answer]] of seen.answers) {
    const sent = seen.sent.get(id);
    if (sent && answer) push(bySender, sent.by, { id, position: answer.position });
  }
  for (const [sender, list] of bySender) {
    let last = -1;
    for (const { id, position } of list.sort((a, b) => a.position - b.position)) {
      const fitting = seen.tries.get(id)?.find((place) => place > last);
      if (fitting === undefined)
        yield { rule: 'misordered', what: `${id} of ${sender} lies at ${position}, before it was tried` };
      else last = fitting;
    }
  }
}

function* moved(seen: Seen): Generator<Finding> {
  const owners = new Map<number, string>();
  const isOneHistory = seen.gaps.size === 0;
  for (const [id, answers] of seen.answers) {
    for (const { position } of answers) {
      const [first] = answers;
      if (!isOneHistory) continue;
      if (first && first.position !== position)
        yield { rule: 'moved', what: `${id} was answered with ${first.position} and ${position}` };
      const owner = owners.get(position) ?? id;
      if (owner !== id) yield { rule: 'moved', what: `position ${position} was given to ${owner} and ${id}` };
      owners.set(position, owner);
    }
  }
}

function* crossed({ events }: History): Generator<Finding> {
  for (const event of events)
    if (event.kind === 'crossed') yield { rule: 'crossed', what: `${event.id} was answered with ${event.got}` };
}

function* turnedAway(seen: Seen, { least }: CheckOptions): Generator<Finding> {
  if (least === undefined) return;
  for (const [id, code] of seen.refused) yield { rule: 'turned away', what: `${id}: ${code}` };
  const { size } = seen.answers;
  if (size < least) yield { rule: 'turned away', what: `${size} were answered with yes, of at least ${least}` };
}

function* limbo(seen: Seen, { wantsStates = false, mayBeUnread = false }: CheckOptions): Generator<Finding> {
  if (!wantsStates) return;
  for (const [id] of seen.answers) {
    for (const name of seen.sent.get(id)?.to ?? []) {
      const state = seen.states.get(id)?.get(name);
      const wasRead = seen.reads.get(id)?.some(({ by }) => by === name) ?? false;
      if (state === undefined) yield { rule: 'limbo', what: `${id} has no state for ${name}` };
      else if (state === 'stored' && wasRead && !mayBeUnread)
        yield { rule: 'limbo', what: `${id} was read by ${name}, and its sender hears that it is stored` };
    }
  }
}

function* untold(seen: Seen, { wantsNotices = false }: CheckOptions): Generator<Finding> {
  if (!wantsNotices) return;
  for (const [id, states] of seen.states) {
    const ended = [...states.values()].filter((state) => ENDS.has(state)).length;
    const told = new Set(seen.notices.get(id)?.map((notice) => notice.id)).size;
    if (ended > 0 && told === 0)
      yield { rule: 'untold', what: `${id} ended, and ${seen.sent.get(id)?.by} was not told` };
    // One may speak of several ends.
    if (told > ended)
      yield { rule: 'told again', what: `${id} ended ${ended} times, and its sender was told ${told} times` };
  }
}
