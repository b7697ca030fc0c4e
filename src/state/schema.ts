/**
 * The tables, as numbered migrations (`PRAGMA user_version`). One step, once landed, is never edited: a change is a
 * new step.
 *
 *     channel 1─1 session        everything that can be addressed; a session's own channel has its id
 *        │          │
 *        └──follow──┘            who gets what is sent to which channel, from which position to which
 *     envelope 1─n route         one envelope, one row for each channel that it was sent to and one for its sender (its
 *                                id, negated); but for the newest, which are in memory until `meta.filed` (`tail.ts`)
 *     known                      id → position of every envelope, forgotten ones too; but for the newest, as in `route`
 *     receipt                    (envelope, session), only where the session's two cursors do not say it:
 *                                direct mail once handed (for its times), and exceptions of group mail;
 *                                `at` is null where only a cursor knew when
 *     remark                     (envelope, session): why it has not been seen yet; counts while the receipt is stored or handed
 *     held                       (envelope, session) that waits for a person, whose receipt row says `stored`: what has such
 *                                a row is in no inbox. Accepted, the row goes and the position is in `session.released`;
 *                                ended, it stays with `is_open` 0: nobody was ever shown it;
 *                                `person` decides, `stranger` is the person who sent it
 *     policy                     what a person lets happen with messages of one session (`session:17`) or person (`person:bob`)
 *     pruned                     what stays of an envelope whose words were forgotten: its id is known for ever;
 *                                `seq` is the order of forgetting
 *     person 1─n device          who may come in, and with what; `proof` is a public key or the digest of a token
 *        │ 1─n granted           what a person may beyond its own sessions
 *        └─1─n session           other people's sessions are called NAME@PERSON in `channel`
 *     invitation                 who may become a person or bring a device; `key` is public, its secret never here
 *
 * Where a table has a `sum`, each row has one over its other columns: `sum.ts` for envelopes, `summed.ts` for all others.
 */
import type { Database } from './store.ts';
import { sumAll } from './summed.ts';

const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE channel (
    id   INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('all', 'room', 'session')),
    name TEXT NOT NULL UNIQUE
  ) STRICT;

  CREATE TABLE session (
    id            INTEGER PRIMARY KEY REFERENCES channel (id),
    kind          TEXT NOT NULL,
    key           TEXT,
    host          TEXT,
    cwd           TEXT,
    program       TEXT,
    version       TEXT,
    agent_session TEXT,
    created_at    INTEGER NOT NULL,
    last_seen     INTEGER NOT NULL,
    handed        INTEGER NOT NULL,
    seen          INTEGER NOT NULL,
    pending       INTEGER NOT NULL DEFAULT 0,
    pending_bytes INTEGER NOT NULL DEFAULT 0,
    claims        TEXT NOT NULL DEFAULT '{}'
  ) STRICT;
  CREATE INDEX session_last_seen ON session (last_seen);

  CREATE TABLE alias (name TEXT PRIMARY KEY, session INTEGER NOT NULL REFERENCES session (id)) STRICT, WITHOUT ROWID;

  CREATE TABLE follow (
    session INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    since   INTEGER NOT NULL,
    until   INTEGER NOT NULL DEFAULT ${Number.MAX_SAFE_INTEGER},
    PRIMARY KEY (session, channel, since)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX follow_channel ON follow (channel, session, since, until);

  CREATE TABLE envelope (
    position   INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    sender     INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    channels   TEXT NOT NULL,
    thread     TEXT,
    reply_to   TEXT,
    priority   INTEGER NOT NULL,
    expires_at INTEGER,
    body       TEXT NOT NULL,
    extra      TEXT,
    hash       TEXT NOT NULL
  ) STRICT;
  CREATE INDEX envelope_sender ON envelope (sender, position);
  CREATE INDEX envelope_thread ON envelope (thread, position) WHERE thread IS NOT NULL;

  CREATE TABLE route (
    channel  INTEGER NOT NULL,
    position INTEGER NOT NULL,
    sender   INTEGER NOT NULL,
    PRIMARY KEY (channel, position)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE receipt (
    position  INTEGER NOT NULL,
    session   INTEGER NOT NULL,
    state     TEXT NOT NULL,
    at        INTEGER,
    handed_at INTEGER,
    seen_at   INTEGER,
    reason    TEXT,
    PRIMARY KEY (position, session)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE remark (
    position INTEGER NOT NULL,
    session  INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    reason   TEXT NOT NULL,
    PRIMARY KEY (position, session)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE expiring (expires_at INTEGER NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (expires_at, position)) STRICT, WITHOUT ROWID;

  CREATE VIRTUAL TABLE search USING fts5 (body, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2');

  INSERT INTO channel (id, kind, name) VALUES (1, 'all', 'all');
  `,
  // Full text lies beside the tables (`journal/full-text.ts`). What a session sent is filed like a channel of its own.
  `
  DROP TABLE search;
  DROP INDEX envelope_sender;
  INSERT INTO route (channel, position, sender) SELECT -sender, position, sender FROM envelope ORDER BY sender DESC, position;
  INSERT INTO meta (key, value) SELECT 'filed', CAST(coalesce(max(position), 0) AS TEXT) FROM envelope;
  `,
  `
  -- Null in what was stored before.
  ALTER TABLE envelope ADD COLUMN sum INTEGER;
  ALTER TABLE session ADD COLUMN missed INTEGER NOT NULL DEFAULT 0;

  CREATE TABLE pruned (
    seq      INTEGER PRIMARY KEY,
    position INTEGER NOT NULL UNIQUE,
    id       TEXT NOT NULL UNIQUE,
    sender   INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    channels TEXT NOT NULL,
    hash     TEXT NOT NULL
  ) STRICT;

  INSERT INTO channel (id, kind, name) VALUES (0, 'session', '(relay)');
  `,
  // Everything until here was the owner's, and summed in another way.
  `
  UPDATE envelope SET sum = NULL;

  CREATE TABLE person (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE COLLATE NOCASE,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
  ) STRICT;
  INSERT INTO person (id, name, created_at) VALUES (1, 'owner', 0);

  CREATE TABLE device (
    id         TEXT PRIMARY KEY,
    person     INTEGER NOT NULL REFERENCES person (id),
    name       TEXT NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('key', 'token')),
    proof      TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX device_person ON device (person);

  CREATE TABLE granted (
    person INTEGER NOT NULL REFERENCES person (id),
    may    TEXT NOT NULL,
    what   TEXT NOT NULL,
    PRIMARY KEY (person, may, what)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE invitation (
    id         TEXT PRIMARY KEY,
    key        TEXT NOT NULL,
    person     TEXT COLLATE NOCASE,
    grants     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    failures   INTEGER NOT NULL DEFAULT 0,
    device     TEXT,
    revoked_at INTEGER
  ) STRICT, WITHOUT ROWID;

  ALTER TABLE session ADD COLUMN person INTEGER NOT NULL DEFAULT 1;
  ALTER TABLE session ADD COLUMN device TEXT;
  CREATE INDEX session_person ON session (person);
  `,
  `
  CREATE TABLE held (
    position INTEGER NOT NULL,
    session  INTEGER NOT NULL,
    sender   INTEGER NOT NULL,
    person   TEXT NOT NULL,
    stranger TEXT NOT NULL,
    at       INTEGER NOT NULL,
    why      TEXT NOT NULL,
    is_open  INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (position, session)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX held_open ON held (person, position) WHERE is_open = 1;

  CREATE TABLE policy (
    person TEXT NOT NULL,
    about  TEXT NOT NULL,
    stance TEXT NOT NULL,
    PRIMARY KEY (person, about)
  ) STRICT, WITHOUT ROWID;

  ALTER TABLE session ADD COLUMN released TEXT NOT NULL DEFAULT '[]';
  ALTER TABLE session ADD COLUMN messages TEXT NOT NULL DEFAULT 'accept';
  `,
  // Until here the sums were SHA-256, and each envelope wrote its id into an index of its own.
  `
  CREATE TABLE known (id TEXT NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (id)) STRICT, WITHOUT ROWID;
  INSERT INTO known (id, position)
    SELECT id, position FROM envelope WHERE position <= (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'filed')
    UNION ALL SELECT id, position FROM pruned ORDER BY 1;

  CREATE TABLE summed (
    position   INTEGER PRIMARY KEY,
    id         TEXT NOT NULL,
    sender     INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    channels   TEXT NOT NULL,
    thread     TEXT,
    reply_to   TEXT,
    priority   INTEGER NOT NULL,
    expires_at INTEGER,
    body       TEXT NOT NULL,
    extra      TEXT,
    hash       TEXT NOT NULL,
    sum        INTEGER
  ) STRICT;
  INSERT INTO summed SELECT position, id, sender, at, channels, thread, reply_to, priority, expires_at, body, extra, hash, NULL FROM envelope;
  DROP TABLE envelope;
  ALTER TABLE summed RENAME TO envelope;
  CREATE INDEX envelope_thread ON envelope (thread, position) WHERE thread IS NOT NULL;
  `,
  // Until here each message that was sent to a session wrote its row, too.
  `
  ALTER TABLE session DROP COLUMN pending;
  ALTER TABLE session DROP COLUMN pending_bytes;
  `,
  // Until here only envelopes had a sum. `migrate` sums what is there.
  `
  ALTER TABLE session ADD COLUMN sum INTEGER;
  ALTER TABLE channel ADD COLUMN sum INTEGER;
  ALTER TABLE alias ADD COLUMN sum INTEGER;
  ALTER TABLE follow ADD COLUMN sum INTEGER;
  ALTER TABLE person ADD COLUMN sum INTEGER;
  ALTER TABLE device ADD COLUMN sum INTEGER;
  ALTER TABLE granted ADD COLUMN sum INTEGER;
  ALTER TABLE invitation ADD COLUMN sum INTEGER;
  ALTER TABLE held ADD COLUMN sum INTEGER;
  ALTER TABLE policy ADD COLUMN sum INTEGER;
  `,
];

/** The first version whose rows have sums (`summed.ts`). */
const SUMS_SINCE = 8;

export const SCHEMA_VERSION = MIGRATIONS.length;

/** Who sends what the relay itself has to say. Nobody can have this name, write to it, or follow it. */
export const RELAY_CHANNEL = 0;

/** The person whose machine this is. There from the start; may everything. */
export const OWNER = 1;

/** The channel of broadcasts. */
export const ALL_CHANNEL = 1;

/** Tables in an order that gives every state the same dump. */
export const TABLES: Readonly<Record<string, string>> = {
  meta: 'key',
  channel: 'id',
  session: 'id',
  alias: 'name',
  follow: 'session, channel, since',
  envelope: 'position',
  route: 'channel, position',
  receipt: 'position, session',
  remark: 'position, session',
  expiring: 'expires_at, position',
  pruned: 'position',
  known: 'id',
  person: 'id',
  device: 'id',
  granted: 'person, may, what',
  invitation: 'id',
  held: 'position, session',
  policy: 'person, about',
};

/** What commands and queries ask of each table. */
const COLUMNS: Readonly<Record<keyof typeof TABLES, string>> = {
  meta: 'key, value',
  channel: 'id, kind, name, sum',
  session:
    'id, kind, key, host, cwd, program, version, agent_session, created_at, last_seen, handed, seen, claims, missed, person, device, released, messages, sum',
  alias: 'name, session, sum',
  follow: 'session, channel, since, until, sum',
  envelope: 'position, id, sender, at, channels, thread, reply_to, priority, expires_at, body, extra, hash, sum',
  route: 'channel, position, sender',
  receipt: 'position, session, state, at, handed_at, seen_at, reason',
  remark: 'position, session, at, reason',
  expiring: 'expires_at, position',
  pruned: 'seq, position, id, sender, at, channels, hash',
  known: 'id, position',
  person: 'id, name, created_at, revoked_at, sum',
  device: 'id, person, name, kind, proof, created_at, expires_at, revoked_at, sum',
  granted: 'person, may, what, sum',
  invitation: 'id, key, person, grants, created_at, expires_at, failures, device, revoked_at, sum',
  held: 'position, session, sender, person, stranger, at, why, is_open, sum',
  policy: 'person, about, stance, sum',
};

/** Throws what the driver throws when a table of the newest version, or a column of it, is not there: the disk has altered it. */
export function checkTables(database: Database): void {
  for (const [table, columns] of Object.entries(COLUMNS)) database.prepare(`SELECT ${columns} FROM ${table}`);
}

/** Brings the tables to the newest version, each step in a transaction of its own. Throws when the data is of a later version. */
export function migrate(database: Database): void {
  const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version > SCHEMA_VERSION) {
    throw new Error(
      `The data was written by a later version (schema ${version}, known here: ${SCHEMA_VERSION}); start that version.`,
    );
  }
  for (let step = version; step < SCHEMA_VERSION; step++) {
    database.exec(`BEGIN IMMEDIATE; ${MIGRATIONS[step]} PRAGMA user_version = ${step + 1};`);
    // Also when a later step has added a column to what has a sum.
    if (step + 1 >= SUMS_SINCE) sumAll(database);
    database.exec('COMMIT');
  }
}
