/**
 * `POST /v1/<verb>`: the verbs again, for curl, CI jobs and hooks. The body is the verb's arguments as JSON, nothing
 * is `{}`. Who acts is said by headers: `Relay-As: NAME`, `Relay-Key: KEY` for a name that has one, and
 * `Relay-Kind: person|script|agent` for a name that is new.
 */
import { type Context, Hono } from 'hono';
import { checkName } from '../protocol/address.ts';
import { asRelayError, RelayError } from '../protocol/codes.ts';
import { KINDS, type Kind } from '../protocol/session.ts';
import type { Identity } from '../relay/identity.ts';
import type { Log } from '../relay/log.ts';
import { readBody } from './body.ts';
import { errorBody, errorHeaders } from './refuse.ts';
import type { Caller, RelayFace } from './relay-face.ts';

export function apiRoutes(relay: Pick<RelayFace, 'perform'>, log: Log): Hono {
  const routes = new Hono();
  routes.post('/:verb', async (context) => {
    try {
      const args = parseArgs(await readBody(context.req.raw));
      const result = await relay.perform(context.req.param('verb'), args, callerOf(context), context.req.raw.signal);
      return context.json(result ?? {});
    } catch (thrown) {
      return answerError(context, thrown, log);
    }
  });
  routes.all('/:verb', (context) => {
    context.header('allow', 'POST');
    return context.json(errorBody(new RelayError('bad_request', 'The verbs are called with POST.')), 405);
  });
  return routes;
}

/** The error as its status and JSON; what was unforeseen is logged, and only then. */
export function answerError(context: Context, thrown: unknown, log: Log): Response {
  const error = asRelayError(thrown);
  if (error.code === 'internal') log.error({ err: error.cause ?? error, path: context.req.path }, 'a request failed');
  return new Response(JSON.stringify(errorBody(error)), {
    status: error.status,
    headers: { ...errorHeaders(error), 'content-type': 'application/json' },
  });
}

export function parseArgs(body: string): unknown {
  if (body.trim() === '') return {};
  try {
    return JSON.parse(body);
  } catch {
    throw new RelayError('bad_request', 'The body must be the arguments as one JSON object.');
  }
}

/** Throws `name_invalid` or `bad_request`. */
export function callerOf(context: Context): Caller {
  const name = context.req.header('relay-as');
  const key = context.req.header('relay-key');
  const kind = context.req.header('relay-kind');
  return {
    identity: identityOf(context),
    ...(name === undefined ? {} : { name: checkName(name) }),
    ...(key === undefined ? {} : { key: key.slice(0, 128) }),
    ...(kind === undefined ? {} : { kind: checkKind(kind) }),
  };
}

/** As the guard found it. Nobody is the owner for want of a credential. */
export function identityOf(context: Context): Identity {
  const { identity }: { identity?: Identity } = context.env ?? {};
  if (identity === undefined) throw new RelayError('unauthorized');
  return identity;
}

function checkKind(value: string): Kind {
  const kind = KINDS.find((known) => known === value);
  if (kind === undefined) throw new RelayError('bad_request', `Relay-Kind must be one of ${KINDS.join(', ')}.`);
  return kind;
}
