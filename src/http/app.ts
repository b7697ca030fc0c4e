/** What the relay answers over HTTP, once `guard.ts` has let a request in. It is loaded after the start: see `serve/start.ts`. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import type { DataTasks } from '../data/tasks.ts';
import { RelayError } from '../protocol/codes.ts';
import type { Identity } from '../relay/identity.ts';
import type { Log } from '../relay/log.ts';
import type { People } from '../relay/people.ts';
import { adminRoutes } from './admin.ts';
import { answerError, apiRoutes, callerOf, identityOf } from './api.ts';
import type { Guard } from './guard.ts';
import { healthRoutes } from './health.ts';
import { loadProtocol, type McpDoor } from './mcp.ts';
import { loadProm, metricsRoutes } from './metrics.ts';
import { deviceRoutes, peopleRoutes, strangerRoutes } from './people.ts';
import type { RelayFace } from './relay-face.ts';

export interface AppOptions {
  readonly relay: RelayFace;
  readonly log: Log;
  readonly mcp: Pick<McpDoor, 'serve'>;
  readonly tasks: DataTasks;
  /** Of the data. */
  readonly dir: string;
  readonly people: Pick<People, 'tasks'>;
  readonly guard: Pick<Guard, 'failed' | 'addressOf'>;
}

/** Node's own request and response, for what the web's do not tell. */
export type Bindings = HttpBindings & { readonly identity?: Identity };
type App = { Bindings: Bindings };

/** Settles once it is answered, or the other side is gone. */
export type Answer = (incoming: IncomingMessage, outgoing: ServerResponse, identity?: Identity) => Promise<void>;

export function createAnswer(options: AppOptions): Answer {
  const { fetch } = createApp(options);
  return (incoming, outgoing, identity) => {
    const env = { incoming, outgoing, ...(identity && { identity }) };
    // The global Request stays Node's own: the protocol's SDK makes some, too.
    const answer = getRequestListener((request) => fetch(request, env), { overrideGlobalObjects: false });
    return answer(incoming, outgoing);
  };
}

/** Loads what `/mcp` and `/metrics` would load when they are asked. */
export async function loadRest(): Promise<void> {
  await loadProtocol();
  await loadProm();
}

function createApp({ relay, log, mcp, tasks, dir, people, guard }: AppOptions): Hono<App> {
  const app = new Hono<App>();
  app.route('/', healthRoutes(relay));
  app.route('/', strangerRoutes({ people, guard, log }));
  for (const path of ['/metrics', '/admin/*'])
    app.use(path, async (context, next) => {
      // To others it is as if there was nothing.
      if (relay.administers(identityOf(context))) return await next();
      return nothing(context, log);
    });
  app.route('/', metricsRoutes(relay));
  app.route('/v1', apiRoutes(relay, log));
  app.route('/admin', adminRoutes({ relay, tasks, dir, log }));
  app.route('/admin', peopleRoutes({ people, log }));
  app.route('/device', deviceRoutes({ people, log }));
  app.all('/mcp', (context) => mcp.serve(context.req.raw, context.env.outgoing, callerOf(context)));
  app.notFound((context) => nothing(context, log));
  app.onError((thrown, context) => answerError(context, thrown, log));
  return app;
}

function nothing(context: Context, log: Log): Response {
  const sentence = 'There is nothing at that path; the verbs are at POST /v1/<verb>.';
  return answerError(context, new RelayError('unknown_verb', sentence), log);
}
