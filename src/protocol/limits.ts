/**
 * Everything that a peer can make grow has a limit here, with a name and a default. Limits refuse with a code; they
 * never drop. Sizes are bytes of UTF-8 unless a name says otherwise.
 */
export const LIMITS = {
  /** One frame or HTTP body after hello. */
  frameBytes: 256 * 1024,
  /** One frame before hello. */
  helloBytes: 4 * 1024,
  /** The body of one envelope. */
  bodyBytes: 64 * 1024,
  /** Addresses of one envelope. */
  recipients: 64,
  /** Rooms that one session may be in. */
  roomsPerSession: 64,
  /** Rooms that one relay knows. */
  rooms: 10_000,
  /** How often one session may have joined rooms, left ones included. */
  joinsPerSession: 1_000,
  /** Names that one session may have had. */
  namesPerSession: 32,
  /** Sessions that one relay knows, gone ones included. */
  sessions: 100_000,
  /** The same of one person: of the owner as many as may be connected at a time; of another, since nobody but them gains by more. */
  sessionsOfOwner: 20_000,
  sessionsPerPerson: 1_000,
  /** People that one relay knows, revoked ones included; devices of each, open invitations, and grants of each. */
  people: 1_000,
  devicesPerPerson: 100,
  invitations: 100,
  grantsPerPerson: 1_000,
  /** Connections at a time. */
  connections: 20_000,
  /** The same of one person other than the owner; as many places are kept for the owner. */
  connectionsPerPerson: 1_000,
  /** Connections that have not said hello. */
  unauthenticated: 64,
  /** The same of one person other than the owner; as many places are kept for the owner. */
  unauthenticatedPerPerson: 16,
  /** Names that are served at `/mcp` at a time, each a third of a MiB; past it one that is idle makes room, and if none is, the newcomer waits. */
  mcpNames: 64,
  /** The same of one person other than the owner; as many places are kept for the owner. */
  mcpNamesPerPerson: 16,
  /** HTTP connections that have shown no token; past it, the oldest goes. */
  strangers: 2_048,
  /** Requests under way on one connection. */
  requests: 256,
  /** The same over HTTP, where one follows the other. */
  pipelined: 4,
  /**
   * Requests over HTTP of one device, or of one address that shows no credential: so many at once, and so many a second in the long run.
   * Not of frames: a connection is served in its turn, and reads its answers before it asks on; requests come over as many as somebody opens.
   */
  requestBurst: 300,
  requestsPerSecond: 100,
  /** Pieces that one message comes in. */
  fragments: 256,
  /** Bytes of frames and bodies that have begun to come, of all connections together. */
  unfinishedBytes: 4 * 1024 * 1024,
  /** Envelopes pushed without a receipt. */
  window: 256,
  /** Bytes unsent on one connection; past it, it is only told that there is more. */
  unsentBytes: 1024 * 1024,
  /** Envelopes of one answer; also bounded by pageBytes. */
  page: 200,
  pageBytes: 128 * 1024,
  /** Sessions of one answer. */
  sessionsPage: 500,
  /** Undelivered direct envelopes of one inbox, and their bytes. */
  inboxMessages: 10_000,
  inboxBytes: 256 * 1024 * 1024,
  /** Seconds that one request may wait for a message. */
  waitSeconds: 300,
  /** Seconds an envelope may ask to live: thirty days. */
  ttlSeconds: 30 * 24 * 3600,
  /** Seconds that a message may stay unread before it ends: thirty days, where the relay is not told otherwise. */
  unreadSeconds: 30 * 24 * 3600,
  queryChars: 256,
  idChars: 64,
  /** A JSON-RPC id at `/mcp`, or the token of what is told about its progress, where it is a string: both are repeated in all that is said to it. */
  mcpIdChars: 128,
  threadChars: 64,
  attachments: 16,
  attachmentBytes: 1024,
  signatureChars: 512,
  reasonChars: 200,
  hostChars: 255,
  pathChars: 1024,
  programChars: 64,
  /** Vain claims before an envelope is dead. */
  attempts: 5,
  /** Envelopes kept in the outbox of one session while the relay is away. */
  outboxMessages: 1_000,
  /** Messages of one person that are held for another. */
  heldMessages: 1_000,
  /** Agents that a message may come through, each because of the one before, before it is held. */
  hops: 4,
  /** Sessions that one message may reach when an agent writes it because of another, or when it goes to another person. */
  fanOut: 10,
  /** Such messages from one session to another within a minute. */
  pairPerMinute: 30,
  /** Such messages of one session within a minute. */
  senderPerMinute: 120,
  /** How often such messages of the same text may go to a session within ten minutes before the next is held; what was begun by the sender counts once for each session. */
  copies: 3,
  /** Seconds that traffic may be paused, where an end is said: thirty days. */
  pauseSeconds: 30 * 24 * 3600,
} as const;

/** Times of the protocol, milliseconds. */
export const TIMES = {
  /** How often each side pings. */
  ping: 5_000,
  /** Silence after which a side gives the connection up. */
  silence: 15_000,
  /** From the upgrade to hello. */
  hello: 5_000,
  /** A live holder has answered the probe and is still there after this long: it keeps its name. */
  probe: 2_000,
  /** A holder that answered nothing for this long is dead. */
  probeSilence: 3_000,
  /** How long an HTTP taker holds its claims. */
  lease: 60_000,
  /** How long what an agent was given counts as the cause of what it writes, and how long texts are compared. */
  cause: 600_000,
} as const;
