/** A whole relay in this process: real sockets on a free port of the loopback, a state directory of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../../src/relay/log.ts';
import { type Running, type StartOptions, startRelay } from '../../src/serve/start.ts';
import { type Answered, ask, bearer } from './raw-http.ts';
import { WireClient } from './wire-client.ts';

export interface LiveRelay extends Running {
  readonly home: string;
  /** One verb by HTTP; the parsed body. */
  verb(name: string, args?: object, as?: string, key?: string): Promise<Answered & { readonly json: unknown }>;
  /** A client of this generation: connected, greeted. */
  client(name: string, more?: object): Promise<WireClient>;
  /** A client of the first generation: connected only. */
  legacy(): Promise<WireClient>;
  /** The same, registered. */
  registered(clientId: string, more?: object): Promise<WireClient>;
  /** Ends the process's part, keeps the directory: to start again on it. */
  end(): Promise<void>;
}

export async function liveRelay(options: Partial<StartOptions> = {}): Promise<LiveRelay> {
  const home = options.home ?? (await mkdtemp(join(tmpdir(), 'relay-live-')));
  const running = await startRelay({
    host: '127.0.0.1',
    port: 0,
    legacy: true,
    version: '0.0.0-test',
    log: silentLog,
    ...options,
    home,
  });
  const clients: WireClient[] = [];
  const url = `ws://127.0.0.1:${running.port}`;
  const opened = async (client: WireClient) => {
    clients.push(client);
    await client.opened;
    return client;
  };
  const legacy = () => opened(new WireClient(url));
  const end = async () => {
    for (const client of clients) client.cut();
    await running.stop();
  };
  return {
    ...running,
    home,
    legacy,
    end,
    async verb(name, args = {}, as, key) {
      const headers = {
        ...bearer(running.token),
        ...(as ? { 'relay-as': as } : {}),
        ...(key ? { 'relay-key': key } : {}),
      };
      const answer = await ask({
        port: running.port,
        method: 'POST',
        path: `/v1/${name}`,
        headers,
        body: JSON.stringify(args),
      });
      return { ...answer, json: JSON.parse(answer.body) };
    },
    async client(name, more = {}) {
      const client = await opened(new WireClient(url, running.token));
      client.say({ type: 'hello', v: 1, name, instance: `i-${name}-${clients.length}`, seat: true, ...more });
      await client.next('welcome');
      return client;
    },
    async registered(clientId, more = {}) {
      const client = await legacy();
      client.say({ type: 'register', clientId, ...more });
      await client.next('registered');
      return client;
    },
    async stop() {
      await end();
      await rm(home, { recursive: true, force: true });
    },
  };
}
