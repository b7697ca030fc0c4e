/** What the relay answers over HTTP, once `guard.ts` has let a request in. */
import { Hono } from 'hono';
import { RelayError } from '../protocol/codes.ts';
import type { Log } from '../relay/log.ts';
import { answerError, apiRoutes } from './api.ts';
import { healthRoutes } from './health.ts';
import { metricsRoutes } from './metrics.ts';
import type { RelayFace } from './relay-face.ts';

export interface AppOptions {
  readonly relay: RelayFace;
  readonly log: Log;
  /** Serves `/mcp`, when there is one. */
  readonly mcp?: (request: Request) => Promise<Response>;
}

export function createApp({ relay, log, mcp }: AppOptions): Hono {
  const app = new Hono();
  app.route('/', healthRoutes(relay));
  app.route('/', metricsRoutes(relay));
  app.route('/v1', apiRoutes(relay, log));
  if (mcp) app.all('/mcp', (context) => mcp(context.req.raw));
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
