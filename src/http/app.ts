/** What the relay answers over HTTP, once `guard.ts` has let a request in. */
import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import type { DataTasks } from '../data/tasks.ts';
import { RelayError } from '../protocol/codes.ts';
import type { Log } from '../relay/log.ts';
import { adminRoutes } from './admin.ts';
import { answerError, apiRoutes, callerOf } from './api.ts';
import { healthRoutes } from './health.ts';
import type { McpDoor } from './mcp.ts';
import { metricsRoutes } from './metrics.ts';
import type { RelayFace } from './relay-face.ts';

export interface AppOptions {
  readonly relay: RelayFace;
  readonly log: Log;
  readonly mcp: Pick<McpDoor, 'serve'>;
  readonly tasks: DataTasks;
  /** Of the data. */
  readonly dir: string;
}

/** Node's own request and response, for what the web's do not tell. */
type App = { Bindings: HttpBindings };

export function createApp({ relay, log, mcp, tasks, dir }: AppOptions): Hono<App> {
  const app = new Hono<App>();
  app.route('/', healthRoutes(relay));
  app.route('/', metricsRoutes(relay));
  app.route('/v1', apiRoutes(relay, log));
  app.route('/admin', adminRoutes({ relay, tasks, dir, log }));
  app.all('/mcp', (context) => mcp.serve(context.req.raw, context.env.outgoing, callerOf(context)));
  app.notFound((context) =>
    answerError(
      context,
      new RelayError('unknown_verb', 'There is nothing at that path; the verbs are at POST /v1/<verb>.'),
      log,
    ),
  );
  app.onError((thrown, context) => answerError(context, thrown, log));
  return app;
}
