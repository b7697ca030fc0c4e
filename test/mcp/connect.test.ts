/** A whole session over a real socket, at a relay whose welcomes the test writes. */
import { once } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { Names } from '../../src/client/names.ts';
import { loadConfig } from '../../src/config/load.ts';
import { ensureHome } from '../../src/config/paths.ts';
import { Connected } from '../../src/mcp/connect.ts';
import { SessionIdentity } from '../../src/mcp/identity.ts';
import { take } from '../../src/mcp/take.ts';
import type { Welcome } from '../../src/protocol/frames.ts';
import { systemClock } from '../../src/util/clock.ts';
import { tempDir } from '../support/temp-dir.ts';
import { TestCall } from './call.ts';
import { envelope } from './fake-session.ts';

const WELCOME: Welcome = {
  type: 'welcome',
  v: 1,
  name: 'CC-1',
  key: 'k'.repeat(43),
  epoch: 'e1',
  position: 0,
  unread: 0,
  version: '1.0.0',
};

class WelcomingRelay {
  welcome = WELCOME;
  /** What the next `receive` gives. */
  mail = [envelope({ position: 5, id: 'old' })];
  readonly receipts: unknown[] = [];
  hellos = 0;
  readonly #server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  #socket: WebSocket | undefined;

  constructor() {
    this.#server.on('connection', (socket) => {
      this.#socket = socket;
      socket.on('message', (data) => this.#onFrame(socket, JSON.parse(String(data))));
    });
  }

  get listening(): Promise<unknown> {
    return once(this.#server, 'listening');
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('it does not listen');
    return `ws://127.0.0.1:${address.port}`;
  }

  hangUp(): void {
    this.#socket?.terminate();
  }

  close(): void {
    this.hangUp();
    this.#server.close();
  }

  #onFrame(socket: WebSocket, { type, id, verb, args }: Readonly<Record<string, unknown>>): void {
    if (type === 'hello') {
      this.hellos += 1;
      socket.send(JSON.stringify(this.welcome));
    }
    if (type !== 'request') return;
    if (verb === 'receipt') this.receipts.push(args);
    const result = verb === 'receive' ? { messages: this.mail.splice(0), more: 0 } : { changed: 1 };
    socket.send(JSON.stringify({ type: 'answer', id, result }));
  }
}

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function connected() {
  const relay = new WelcomingRelay();
  ends.push(() => relay.close());
  await relay.listening;
  const home = tempDir();
  const paths = ensureHome(home);
  const env = { CLAUDE_RELAY_HOME: home, RELAY_URL: relay.url, RELAY_TOKEN: 't'.repeat(43) };
  const session = new Connected({
    config: loadConfig({ where: ['mcp'], env }),
    paths,
    env,
    identity: new SessionIdentity({
      names: new Names(paths.names, systemClock),
      cwd: home,
      agent: {},
      clientId: 'CC-1',
      pid: process.pid,
      isUsed: () => false,
      log: () => undefined,
    }),
    cwd: home,
    messages: 'accept',
    agent: {},
    log: () => undefined,
  });
  ends.push(() => session.stop());
  session.start();
  await vi.waitUntil(() => session.session.state.connected);
  return { relay, session };
}

describe('a call that took mail before the relay', () => {
  it.each([
    ['was restored', { epoch: 'e2' }, []],
    ['lost its newest', { position: 2 }, []],
    ['gave its name away', { name: 'CC-1.2', suffixed: true as const, position: 5 }, []],
    ['only went and came back', { position: 5 }, [{ state: 'seen', positions: [5] }]],
    ['let some messages end', { position: 5, missed: 3 }, [{ state: 'seen', positions: [5] }]],
  ])('%s, and is answered after that: receipts are for mail that it has shown', async (_, welcome, receipts) => {
    const { relay, session } = await connected();
    const call = new TestCall({ shelf: session.shelf });
    const { messages } = await take(session.session, { filter: {}, count: 10, waitSeconds: 0 }, call);
    expect(messages.map(({ id }) => id)).toEqual(['old']);
    relay.welcome = { ...WELCOME, ...welcome };
    relay.hangUp();
    await vi.waitUntil(() => relay.hellos === 2 && session.session.state.connected, { timeout: 5_000 });
    call.written();
    session.delivery.called('relay_peers');
    // The receipts go before it.
    await session.session.request('peers', {});
    expect(relay.receipts).toEqual(receipts);
  });
});
