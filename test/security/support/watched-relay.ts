/** A whole relay in this process, and every answer that its HTTP side and its upgrades got. */
import { channel } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { StartOptions } from '../../../src/serve/start.ts';
import { afterEveryTest } from '../../support/cleanup.ts';
import { memoryLog } from '../../support/fake-relay.ts';
import { type LiveRelay, liveRelay } from '../../support/live-relay.ts';

export interface Watched {
  readonly relay: LiveRelay;
  /** `POST /v1/send 403`, of requests that were answered. */
  readonly answers: string[];
  /** Codes of upgrades that were refused. */
  upgrades(): readonly unknown[];
  /** Sessions and connections that there are now: none, unless somebody got in. */
  inside(): { readonly sessions: number; readonly connections: number };
}

const finished = channel('http.server.response.finish');
const cleanups: (() => Promise<void>)[] = [];

export async function watchedRelay(options: Partial<StartOptions> = {}): Promise<Watched> {
  const log = memoryLog();
  const relay = await liveRelay({ host: 'localhost', log, ...options });
  const answers: string[] = [];
  const onFinish = (message: unknown) => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
    if (request.socket.localPort === relay.port)
      answers.push(`${request.method} ${request.url} ${response.statusCode}`);
  };
  finished.subscribe(onFinish);
  cleanups.push(async () => {
    finished.unsubscribe(onFinish);
    await relay.stop();
  });
  return {
    relay,
    answers,
    upgrades: () =>
      log.lines.filter(({ message }) => message === 'an upgrade was refused').map(({ fields }) => Object(fields).code),
    inside() {
      const { sessions, connections } = relay.relay.counts();
      return { sessions, connections };
    },
  };
}

afterEveryTest(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});
