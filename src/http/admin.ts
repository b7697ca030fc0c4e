/**
 * `POST /admin/<task>`: what is done with the data as a whole while the relay runs. Not verbs: no session acts, nothing of
 * it is reachable over a WebSocket or by a model. Who has the token may.
 *
 *     backup   → the copy, as bytes            verify → what was found, as JSON
 *     export   → JSONL or Markdown, in pieces  prune  → {"pruned": n}
 */
import { createReadStream, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type Context, Hono } from 'hono';
import { FORMATS } from '../data/export.ts';
import { newCopyDir } from '../data/outgoing.ts';
import type { DataTasks } from '../data/tasks.ts';
import { type Check, flag, type Infer, integer, oneOf, optional, shape, text } from '../protocol/check.ts';
import { RelayError } from '../protocol/codes.ts';
import { LIMITS } from '../protocol/limits.ts';
import type { Log } from '../relay/log.ts';
import { errno } from '../util/failure.ts';
import { answerError, parseArgs } from './api.ts';
import { readBody } from './body.ts';
import type { RelayFace } from './relay-face.ts';

export interface AdminOptions {
  readonly relay: Pick<RelayFace, 'prune'>;
  readonly tasks: DataTasks;
  /** A directory of the relay's own, for copies on their way out. */
  readonly dir: string;
  readonly log: Log;
}

const amount = integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const address = text({ max: LIMITS.idChars + 1, min: 1 });

const exportShape = shape({
  format: oneOf(FORMATS),
  about: optional(address),
  since: optional(amount),
});

const pruneShape = shape({
  /** Milliseconds. */
  older_than: optional(amount),
  count: optional(amount),
  bytes: optional(amount),
  inbox: optional(address),
  trial: optional(flag('only say how many it would be')),
});

export function adminRoutes({ relay, tasks, dir, log }: AdminOptions): Hono {
  const routes = new Hono();
  const post = <A>(path: string, check: Check<A>, run: (args: A, context: Context) => Promise<Response>) =>
    routes.post(path, async (context) => {
      try {
        return await run(check.read(parseArgs(await readBody(context.req.raw)), ''), context);
      } catch (thrown) {
        return answerError(context, asStorageError(thrown), log);
      }
    });
  post('/backup', shape({}), () => backup(tasks, dir));
  post('/export', exportShape, async (args) =>
    streamed(Readable.from(await begun(tasks.export(args))), EXPORT_TYPES[args.format]),
  );
  post('/verify', shape({}), async (_, context) => context.json(await tasks.verify()));
  post('/prune', pruneShape, async (args, context) => context.json({ pruned: await relay.prune(wanted(args)) }));
  return routes;
}

/** What refuses does so before its first piece: then there is an answer yet to refuse with. */
async function begun(pieces: AsyncIterable<string>): Promise<AsyncIterable<string>> {
  const all = pieces[Symbol.asyncIterator]();
  const first = await all.next();
  return (async function* () {
    try {
      for (let piece = first; !piece.done; piece = await all.next()) yield piece.value;
    } finally {
      await all.return?.();
    }
  })();
}

const EXPORT_TYPES = { jsonl: 'application/jsonl', markdown: 'text/markdown; charset=utf-8' } as const;

/** Its length is told, so that one that breaks off is not taken for whole. The file has no name any more when it goes out. */
async function backup(tasks: DataTasks, dir: string): Promise<Response> {
  const own = newCopyDir(dir);
  try {
    const path = join(own, 'copy.sqlite');
    await tasks.copy(path);
    const { size } = statSync(path);
    const file = createReadStream(path);
    await new Promise<void>((resolve, reject) => file.once('open', () => resolve()).once('error', reject));
    return streamed(file, 'application/vnd.sqlite3', size);
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

function streamed(from: Readable, type: string, size?: number): Response {
  // The same interface in Node's types and in those of the web.
  const body = Readable.toWeb(from) as unknown as ReadableStream;
  return new Response(body, {
    headers: { 'content-type': type, ...(size === undefined ? {} : { 'content-length': String(size) }) },
  });
}

function wanted({
  older_than,
  count,
  bytes,
  inbox,
  trial,
}: Infer<typeof pruneShape>): Parameters<RelayFace['prune']>[0] {
  if ((older_than ?? count ?? bytes) === undefined)
    throw new RelayError('bad_request', 'Say what is to go: older_than, count or bytes.');
  return { olderThan: older_than, count, bytes, inbox, isTrial: trial === true };
}

/** A disk without room for the copy is no fault of ours. */
function asStorageError(thrown: unknown): unknown {
  const isFull =
    errno(thrown) === 'ENOSPC' || (thrown instanceof Error && /database or disk is full/.test(thrown.message));
  return isFull
    ? new RelayError('storage_full', 'There is no room for the copy on the disk of the relay.', thrown)
    : thrown;
}
