/**
 * The one catalogue of what can go wrong: a code, a sentence, whether the peer may simply try again, the HTTP status
 * that carries it, and (for the fatal ones) the WebSocket close code. Nobody branches on the sentence; whether an
 * error ends the connection is a property of its code.
 */

interface CodeEntry {
  /** What happened, for whoever reads the wire. An error may carry a more exact sentence instead. */
  readonly sentence: string;
  /** May the peer send the same thing again and hope for another answer? */
  readonly retry: boolean;
  readonly status: number;
  /** Present when the error ends the connection. 4000-4999 is the range RFC 6455 leaves to applications. */
  readonly close?: number;
}

export const CODES = {
  bad_frame: {
    sentence: 'That frame is not valid JSON or not one of the frames of this protocol.',
    retry: false,
    status: 400,
  },
  bad_request: { sentence: 'An argument is missing, unknown, or of the wrong type.', retry: false, status: 400 },
  unknown_verb: { sentence: 'There is no such verb.', retry: false, status: 404 },
  too_large: { sentence: 'That is larger than the relay takes.', retry: false, status: 413 },
  frame_too_large: { sentence: 'That frame is larger than the relay takes.', retry: false, status: 413, close: 1009 },
  unauthorized: { sentence: 'The relay wants a credential that it knows.', retry: false, status: 401, close: 4401 },
  forbidden_host: { sentence: 'This relay does not answer to that Host.', retry: false, status: 403, close: 4403 },
  forbidden_origin: {
    sentence: 'This relay does not take requests from that Origin.',
    retry: false,
    status: 403,
    close: 4403,
  },
  hello_required: { sentence: 'The first frame must be hello.', retry: false, status: 400, close: 4400 },
  hello_timeout: { sentence: 'No hello came in time.', retry: true, status: 408, close: 4408 },
  hello_twice: { sentence: 'This connection has said hello already.', retry: false, status: 400 },
  version_unsupported: {
    sentence: 'This relay speaks another version of the protocol.',
    retry: false,
    status: 400,
    close: 4406,
  },
  name_required: { sentence: 'Say who you are: this needs a name.', retry: false, status: 400 },
  name_invalid: {
    sentence: 'A name is a letter, then up to 63 letters, digits, dots, dashes or underscores.',
    retry: false,
    status: 400,
  },
  name_reserved: { sentence: 'That name is reserved.', retry: false, status: 400 },
  name_taken: { sentence: 'That name belongs to another session.', retry: false, status: 409 },
  unknown_recipient: { sentence: 'Nobody of that name was ever here.', retry: false, status: 404 },
  unknown_message: { sentence: 'There is no message of that id that you may ask about.', retry: false, status: 404 },
  unknown_room: { sentence: 'There is no such room.', retry: false, status: 404 },
  address_invalid: { sentence: 'An address is a name, a room such as #build, or all.', retry: false, status: 400 },
  not_member: { sentence: 'You are not in that room; join it first.', retry: false, status: 403 },
  unknown_person: { sentence: 'There is no person of that name here.', retry: false, status: 404 },
  unknown_device: { sentence: 'There is no such device, person or invitation here.', retry: false, status: 404 },
  not_invited: {
    sentence: 'That invitation is not open: it was used, is over, or never was; ask for a new one.',
    retry: false,
    status: 403,
  },
  id_conflict: { sentence: 'That id was used for another message.', retry: false, status: 409 },
  not_accepted: { sentence: 'The recipient takes no messages from you.', retry: false, status: 403 },
  held_full: {
    sentence: 'As many of your messages are held there as may be; its person has yet to decide about them.',
    retry: true,
    status: 429,
  },
  person_only: {
    sentence: 'Only a person decides that; ask yours to run it in a terminal of their own.',
    retry: false,
    status: 403,
  },
  not_held: { sentence: 'Nothing of that is held, and nobody is called so.', retry: false, status: 404 },
  fan_out: { sentence: 'That would reach more sessions than one such message may.', retry: false, status: 429 },
  too_fast: { sentence: 'That is more messages within a minute than may be.', retry: true, status: 429 },
  paused: { sentence: 'A person has paused all messages; nothing was sent.', retry: true, status: 503 },
  inbox_full: { sentence: 'The inbox of the recipient is full.', retry: true, status: 429 },
  too_many_rooms: { sentence: 'That is more rooms than one session may be in.', retry: false, status: 429 },
  too_many_names: { sentence: 'That is more names than one session may have had.', retry: false, status: 429 },
  too_many_people: {
    sentence: 'That is more people, devices, invitations or grants than this relay keeps.',
    retry: false,
    status: 429,
  },
  too_many_sessions: {
    sentence: 'This relay knows as many sessions as it may.',
    retry: false,
    status: 429,
  },
  too_many_requests: { sentence: 'Too many requests are under way on this connection.', retry: true, status: 429 },
  too_many_connections: {
    sentence: 'This relay holds as many connections as it may.',
    retry: true,
    status: 503,
    close: 4429,
  },
  storage_full: { sentence: 'The disk of the relay is full; nothing was stored.', retry: true, status: 507 },
  storage_failed: {
    sentence:
      'The relay could not write to its disk. Whether it was stored is not known; sent again with its id, it is stored once.',
    retry: true,
    status: 503,
  },
  shutting_down: { sentence: 'The relay is going down.', retry: true, status: 503, close: 1001 },
  replaced: { sentence: 'The same session came back on another connection.', retry: false, status: 409, close: 4409 },
  silent: { sentence: 'Nothing was heard from this connection for too long.', retry: true, status: 408, close: 4410 },
  timeout: { sentence: 'No answer came in time.', retry: true, status: 504 },
  not_connected: { sentence: 'The relay cannot be reached.', retry: true, status: 503 },
  outbox_full: { sentence: 'The outbox of this machine is full.', retry: true, status: 507 },
  secret_found: { sentence: 'The message seems to hold a secret; nothing was sent.', retry: false, status: 422 },
  internal: { sentence: 'The relay failed at this; it has been logged.', retry: true, status: 500 },
} as const satisfies Record<string, CodeEntry>;

export type Code = keyof typeof CODES;

/** An error with a code of the catalogue. `message` is one sentence for whoever reads it; it never holds a body or a secret. */
export class RelayError extends Error {
  readonly code: Code;
  /** Milliseconds after which it may be tried again, where that is known. */
  readonly wait: number | undefined;

  constructor(code: Code, message: string = CODES[code].sentence, cause?: unknown, wait?: number) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'RelayError';
    this.code = code;
    this.wait = wait;
  }

  /** May the same request be made again? */
  get retry(): boolean {
    return CODES[this.code].retry;
  }

  /** The HTTP status that carries this error. */
  get status(): number {
    return CODES[this.code].status;
  }

  /** The WebSocket close code when this error ends a connection; undefined when it does not. */
  get close(): number | undefined {
    const entry: CodeEntry = CODES[this.code];
    return entry.close;
  }
}

export function isCode(value: unknown): value is Code {
  return typeof value === 'string' && Object.hasOwn(CODES, value);
}

/** Anything thrown, as a RelayError; what was not one becomes `internal` and keeps its cause for the log. */
export function asRelayError(error: unknown): RelayError {
  return error instanceof RelayError ? error : new RelayError('internal', CODES.internal.sentence, error);
}
