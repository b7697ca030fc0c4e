/** The session of a stdio process: the client's connection, the outbox on disk, and what the model must be told once. */
import { dirname } from 'node:path';
import type { ClientState, RelayClient } from '../client/client.ts';
import type { Outbox } from '../client/outbox.ts';
import type { Refused } from '../client/outbox-store.ts';
import { refuseSecrets } from '../client/secrets.ts';
import type { Gap } from '../client/standing.ts';
import type { Bulletin } from '../delivery/bulletin.ts';
import type { Delivery } from '../delivery/delivery.ts';
import type { Draft, Envelope } from '../protocol/envelope.ts';
import type { ReceiptFrame } from '../protocol/frames.ts';
import { LIMITS } from '../protocol/limits.ts';
import type { ReceiptState } from '../protocol/receipt.ts';
import type { Args, Results, SendResult, Verb } from '../protocol/verbs.ts';
import { Failure } from '../util/failure.ts';
import { safeText } from '../util/safe-text.ts';
import { plural } from './answers.ts';
import type { Kept, RefusedSend, Session, SessionState } from './session.ts';

/** A call that comes while the first connection is being made waits for it this long, milliseconds. */
const FIRST_CONNECTION_MS = 3_000;
/** A call that comes while the relay is away gives one more try this long. */
const ONE_TRY_MS = 1_000;
/** Ends of a receipt that nobody wished for. */
const ENDS: ReadonlySet<ReceiptState> = new Set(['expired', 'refused', 'dead']);
/** Notices beyond this are counted; the model is not to read a log. */
const NOTICES = 5;

const RELAY_GAPS: Readonly<Record<Exclude<Gap['why'], 'missed'>, string>> = {
  replaced:
    'The data of the relay was restored or replaced: messages of before may be missing, and older ones may come again.',
  'rolled back': 'The relay has lost its newest messages: some that you sent or were shown may be unknown to it now.',
};

interface Parts {
  readonly client: Pick<RelayClient, 'on' | 'request' | 'receipts' | 'state' | 'unread' | 'place' | 'gapTold'>;
  readonly outbox: Pick<Outbox, 'send' | 'size' | 'refused'>;
  readonly delivery: Pick<Delivery, 'answered' | 'called'>;
  readonly bulletin: Bulletin;
}

/** A send whose file cannot be read: where that lies now, and why. */
interface Aside {
  readonly path: string;
  readonly why: string;
}

export class ClientSession implements Session {
  readonly state: SessionState;
  private readonly parts: Parts;
  private readonly notices: string[] = [];
  private readonly aside: Aside[] = [];
  /** Our own request is renaming us: the tool's answer says so, no notice is needed. */
  private renaming = 0;
  /** A gap is among the notices that wait, and among those that were taken and are in no written answer yet. */
  private hasGap = false;
  private hasTakenGap = false;

  constructor(parts: Parts) {
    this.parts = parts;
    this.state = stateOf(
      parts,
      () => this.takeNotice(),
      () => this.noticeTold(),
    );
    parts.client.on('name', ({ was, now, why }) => {
      if (why === 'suffixed')
        this.notice(`${was} is held by another live session, so you are ${now}; peers reach you by that name.`);
      else if (this.renaming === 0) this.notice(`Your name is ${now} now; it was ${was}.`);
    });
    parts.client.on('receipt', (frame) => this.onReceipt(frame));
    parts.client.on('gap', (gap) => {
      this.notice(gapNotice(gap));
      this.hasGap = true;
    });
  }

  async request<V extends Verb>(verb: V, args: Args<V>, signal?: AbortSignal): Promise<Results[V]> {
    const { client } = this.parts;
    const isRenaming = verb === 'rename';
    if (isRenaming) this.renaming += 1;
    try {
      return await client.request(verb, args, { signal, whenReady: patience(client.state) });
    } finally {
      if (isRenaming) this.renaming -= 1;
    }
  }

  async send(draft: Draft, signal?: AbortSignal): Promise<SendResult | Kept> {
    await refuseSecrets(draft);
    return await this.parts.outbox.send(draft, signal ? { signal } : {});
  }

  onMail(listener: () => void): () => void {
    return this.parts.client.on('mail', listener);
  }

  handed(messages: readonly Envelope[]): void {
    this.parts.client.receipts.handed(messages.map(({ position }) => position));
    this.parts.delivery.answered(messages);
  }

  called(tool: string): () => void {
    return this.parts.delivery.called(tool);
  }

  /** A send that was kept is refused, long after its call was answered. */
  refusedLater(refused: Refused): void {
    const { id, to, reason } = refusedSend(refused);
    this.notice(`Your message ${id} to ${to.join(', ')}, kept while the relay was away, was refused: ${reason}`);
  }

  /** A send that was kept cannot be read; its file is at `path` now. */
  setAside(path: string, error: unknown): void {
    this.aside.push({ path, why: error instanceof Failure ? error.message : 'The file is damaged.' });
  }

  /** What became of our own sends is asked for with relay_status; that one goes unread must be told. */
  private onReceipt({ id, name, state, reason, unseen }: ReceiptFrame): void {
    if (unseen !== undefined)
      this.notice(`${name} has not read your message ${id}: ${safeText(unseen, { max: 220 })}.`);
    else if (ENDS.has(state)) {
      const why = reason === undefined ? '' : ` (${safeText(reason, { max: 220 })})`;
      this.notice(`Your message ${id} to ${name} ended as ${state}${why}.`);
    }
  }

  private notice(text: string): void {
    this.notices.push(text);
  }

  private takeNotice(): string | undefined {
    const lines = [...this.parts.bulletin.take().values()].map((line) => `${line}.`);
    const taken = [...asideNotice(this.aside.splice(0)), ...lines, ...this.notices.splice(0)];
    if (taken.length === 0) return undefined;
    this.hasTakenGap ||= this.hasGap;
    this.hasGap = false;
    const rest =
      taken.length > NOTICES ? ` And ${taken.length - NOTICES} more; relay_status has the refused ones.` : '';
    return `${taken.slice(0, NOTICES).join(' ')}${rest}`;
  }

  private noticeTold(): void {
    // What the client marks as told is all gaps up to now: not while a later one waits.
    if (this.hasTakenGap && !this.hasGap) this.parts.client.gapTold();
    this.hasTakenGap = false;
  }
}

function gapNotice(gap: Gap): string {
  if (gap.why !== 'missed') return RELAY_GAPS[gap.why];
  return `${plural(gap.count, 'message')} to you ended before you were shown ${gap.count === 1 ? 'it' : 'them'}: unread for too long, or damaged. The senders were told.`;
}

/** One, however many they are: beyond the first few a notice is only counted, and nothing else names these files. */
function asideNotice(aside: readonly Aside[]): readonly string[] {
  const [first] = aside;
  if (!first) return [];
  const told =
    aside.length === 1
      ? `was not sent: ${first.why} Tell your user; it is set aside as ${first.path}.`
      : `were not sent; the first: ${first.why} Tell your user; they are set aside in ${dirname(first.path)} as corrupt-*.`;
  return [`${plural(aside.length, 'message')} kept for the relay ${told}`];
}

function patience({ phase }: ClientState): number {
  return phase === 'connecting' || phase === 'idle' ? FIRST_CONNECTION_MS : ONE_TRY_MS;
}

function stateOf(
  { client, outbox }: Parts,
  takeNotice: () => string | undefined,
  noticeTold: () => void,
): SessionState {
  return {
    get name() {
      return client.state.name ?? 'unnamed';
    },
    get wanted() {
      return client.state.wanted;
    },
    get connected() {
      return client.state.phase === 'connected';
    },
    get trouble() {
      return client.state.trouble?.message;
    },
    get relay() {
      return placeOf(client);
    },
    get unread() {
      return client.unread;
    },
    get outbox() {
      return outbox.size;
    },
    get refused() {
      return refusedSends(outbox);
    },
    takeNotice,
    noticeTold,
  };
}

/** The address may be one that cannot be read; the trouble says so then. */
function placeOf(client: Parts['client']): string {
  try {
    return client.place;
  } catch {
    return 'the relay';
  }
}

/** None where they cannot be read now: best effort, the rest of the state is wanted all the same. */
function refusedSends(outbox: Parts['outbox']): readonly RefusedSend[] {
  try {
    return outbox.refused.map(refusedSend);
  } catch {
    return [];
  }
}

function refusedSend({ id, draft, message }: Refused): RefusedSend {
  const to = draft.to?.slice(0, LIMITS.recipients) ?? [
    draft.reply_to === undefined ? 'all' : `the sender of ${draft.reply_to}`,
  ];
  return { id, to, reason: message };
}
