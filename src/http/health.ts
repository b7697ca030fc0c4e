/** `/healthz`: the process answers. `/readyz`: sends are taken. Neither needs the token, and neither says more than that. */
import { Hono } from 'hono';
import { RelayError } from '../protocol/codes.ts';
import { errorBody } from './refuse.ts';
import type { RelayFace } from './relay-face.ts';

export function healthRoutes(relay: Pick<RelayFace, 'ready'>): Hono {
  const routes = new Hono();
  routes.get('/healthz', (context) => context.text('ok\n'));
  routes.get('/readyz', (context) => {
    if (relay.ready) return context.text('ok\n');
    return context.json(errorBody(new RelayError('storage_failed', 'The journal takes no commands.')), 503);
  });
  return routes;
}
