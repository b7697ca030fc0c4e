/**
 * One name's place at `/mcp`. Requests there carry no state between them, so what a name's calls share is kept here: the
 * shelf of what was taken and not shown yet, the receipts that wait for evidence, and who watches the inbox.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { ServerResponse } from 'node:http';
import {
  createMcpHandler,
  type McpHttpHandler,
  type McpRequestContext,
  type Server,
} from '@modelcontextprotocol/server';
import { Shelf } from '../delivery/shelf.ts';
import { INBOX_URI } from '../mcp/inbox-resource.ts';
import type { RequestId } from '../mcp/jsonrpc.ts';
import { type Host, Server as Offered } from '../mcp/server.ts';
import { AfterWrite } from '../mcp/written.ts';
import { LIMITS, TIMES } from '../protocol/limits.ts';
import type { Log } from '../relay/log.ts';
import type { Clock } from '../util/clock.ts';
import type { Random } from '../util/random.ts';
import { cancelledBy, hasLongId, isBeginning, isWatching, messagesOf } from './mcp-message.ts';
import { libraryServer } from './mcp-server.ts';
import type { RelaySession } from './relay-session.ts';
import { Watchers } from './watchers.ts';

export interface SeatOptions {
  readonly session: RelaySession;
  readonly version: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Adds to each server instance; the conformance suite's fixtures come in here, nothing else does. */
  readonly extend?: ((server: Server, era: McpRequestContext['era']) => void) | undefined;
}

/** Subscription streams of one name. */
const SUBSCRIPTIONS = 32;

/** Without the id, which is what is wrong with it. */
const LONG_ID = {
  jsonrpc: '2.0',
  id: null,
  error: {
    code: -32600,
    message: `Invalid Request: an id or progressToken has at most ${LIMITS.mcpIdChars} characters.`,
  },
};

/**
 * One exchange: it is over when Node has written the whole answer, when the caller has gone away before that, or when
 * the caller has said in another exchange that it does not want it any more.
 */
class Exchange extends AfterWrite {
  readonly #ids = new Set<RequestId>();
  readonly #gone = new AbortController();

  constructor(outgoing: ServerResponse) {
    super();
    // Once it is closed it will not say so again.
    if (outgoing.destroyed) this.cancel();
    else outgoing.once('close', () => (outgoing.writableFinished ? this.#onWritten() : this.cancel()));
  }

  /** The protocol's own signal aborts at the end of every exchange, a good one too. */
  override signalOf(): AbortSignal {
    return this.#gone.signal;
  }

  override begin(id: RequestId): void {
    this.#ids.add(id);
    super.begin(id);
  }

  has(id: RequestId): boolean {
    return this.#ids.has(id);
  }

  /** Nothing of it will have been seen: what it took is given back. */
  cancel(): void {
    this.#gone.abort();
  }

  #onWritten(): void {
    if (this.#gone.signal.aborted) return;
    for (const id of this.#ids) this.written(id);
  }
}

export class McpSeat {
  readonly #options: SeatOptions;
  readonly #handler: McpHttpHandler;
  readonly #exchange = new AsyncLocalStorage<Exchange>();
  readonly #watchers: Watchers;
  readonly #stopMail: () => void;
  readonly #underWay = new Set<Exchange>();
  #host: Host;
  #lastUse: number;

  constructor(options: SeatOptions) {
    this.#options = options;
    this.#host = this.#freshHost();
    this.#lastUse = options.clock.monotonic();
    this.#handler = createMcpHandler((context) => this.#makeServer(context), {
      maxRequestBodySize: LIMITS.frameBytes,
      maxSubscriptions: SUBSCRIPTIONS,
      onerror: (error) => options.log.debug({ error }, 'an MCP request was refused'),
    });
    this.#watchers = new Watchers(options.clock, () => this.#handler.notify.resourceUpdated(INBOX_URI));
    this.#stopMail = options.session.onMail(() => this.#watchers.news());
  }

  /** Nothing is under way, and the relay has taken back what this name took and did not confirm. */
  get isIdle(): boolean {
    return this.#underWay.size === 0 && this.#options.clock.monotonic() - this.#lastUse > TIMES.lease;
  }

  /** `body` is the request's, read already. */
  async serve(request: Request, body: string, outgoing: ServerResponse): Promise<Response> {
    const messages = messagesOf(body);
    if (messages.some(hasLongId)) return Response.json(LONG_ID, { status: 400 });
    // What is still on the shelf was taken under a lease that is over: somebody else may have been given it.
    if (this.isIdle) this.#host = this.#freshHost();
    if (messages.some(isBeginning)) this.#options.session.begins();
    const cancelled = messages.map(cancelledBy);
    // Two clients that share a name may number alike: then the other one's wait ends early, and it has lost nothing.
    for (const id of cancelled)
      for (const other of this.#underWay) if (id !== undefined && other.has(id)) other.cancel();
    const exchange = new Exchange(outgoing);
    if (!outgoing.destroyed) {
      this.#begin(exchange, outgoing);
      if (messages.some(isWatching)) this.#watchers.add(outgoing);
    }
    return await this.#exchange.run(exchange, () => this.#handler.fetch(request));
  }

  async close(): Promise<void> {
    this.#stopMail();
    this.#watchers.stop();
    await this.#handler.close();
  }

  #begin(exchange: Exchange, outgoing: ServerResponse): void {
    this.#underWay.add(exchange);
    outgoing.once('close', () => {
      this.#underWay.delete(exchange);
      this.#lastUse = this.#options.clock.monotonic();
    });
  }

  #freshHost(): Host {
    const { session, version, clock, random } = this.#options;
    return { session, version, clock, random, shelf: new Shelf() };
  }

  #makeServer(context: McpRequestContext): Server {
    const written = this.#exchange.getStore() ?? new AfterWrite();
    const server = libraryServer(new Offered(this.#host, written), context);
    this.#options.extend?.(server, context.era);
    return server;
  }
}
