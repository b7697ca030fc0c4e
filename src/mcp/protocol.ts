/**
 * The Model Context Protocol with one program, from its first message to the end of the connection, in whichever era it
 * speaks. The first request decides: one with an envelope begins the modern era, any other the one before it, and
 * `server/discover`, with which a program asks which it shall be, decides nothing.
 */
import { type Fields, fieldsOf, isObject } from '../util/fields.ts';
import { clientInfoOf } from './client-info.ts';
import { INBOX_URI } from './inbox-resource.ts';
import {
  errorMessage,
  isRequestId,
  type Message,
  type Notification,
  notificationMessage,
  type Outgoing,
  type Request,
  type RequestId,
  RPC,
  RpcError,
  resultMessage,
} from './jsonrpc.ts';
import { type Era, envelopeOf, isModern, LEGACY_REVISIONS, META, MODERN_REVISIONS, metaOf } from './revisions.ts';
import { type Asked, type Host, Server, toolList } from './server.ts';
import { Subscriptions } from './subscriptions.ts';
import type { AfterWrite } from './written.ts';

export interface ProtocolOptions {
  readonly host: Host;
  readonly written: AfterWrite;
  /** Puts a message on its way; `done` is called when it was written, or with what kept it from that. */
  send(message: Outgoing, done?: (error?: Error | null) => void): void;
  log(message: string): void;
}

/** Undefined: the request stays open, and whoever keeps it answers it. */
type Method = (params: Fields, asked: Asked) => object | undefined | Promise<object>;

/** Results that a program may keep; ours change at any moment, and are for it alone. */
const KEPT: ReadonlySet<string> = new Set([
  'server/discover',
  'tools/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
]);

export class Protocol {
  readonly #options: ProtocolOptions;
  readonly #server: Server;
  readonly #methods: Readonly<Record<Era, ReadonlyMap<string, Method>>>;
  /** Undefined until it is decided. */
  #era: Era | undefined;
  /** Both as `initialize` has said. */
  #client: string | undefined;
  #revision: string | undefined;
  /** Requests whose answer is not written yet. */
  readonly #underWay = new Map<RequestId, AbortController>();
  readonly #subscriptions: Subscriptions;
  readonly #stops: (() => void)[];
  #onSettled: (() => void) | undefined;

  constructor(options: ProtocolOptions) {
    this.#options = options;
    this.#server = new Server(options.host, options.written);
    this.#methods = this.#makeMethods();
    this.#subscriptions = new Subscriptions((message) => options.send(message));
    this.#stops = [options.host.session.onMail(() => this.#subscriptions.updated(INBOX_URI))];
  }

  take(message: Message): void {
    if (message.kind === 'request') this.#takeRequest(message);
    else if (message.kind === 'notification') this.#takeNotification(message);
    else this.#options.log('mcp: an answer came, and nothing was asked');
  }

  /** Resolves when every answer under way was written, or will not be. */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#underWay.size === 0) resolve();
      else this.#onSettled = resolve;
    });
  }

  /** Tells whoever listens that nothing more comes, ends what is under way, and leaves no listener behind. Once. */
  close(): void {
    for (const id of this.#subscriptions.end()) {
      const _meta = { [META.subscription]: id, [META.server]: this.#server.info };
      this.#options.send(resultMessage(id, { resultType: 'complete', _meta }));
    }
    for (const stop of this.#stops) stop();
    for (const id of [...this.#underWay.keys()]) this.#cancel(id);
  }

  #makeMethods(): Record<Era, ReadonlyMap<string, Method>> {
    const server = this.#server;
    const common: Record<string, Method> = {
      'tools/list': () => ({ tools: toolList() }),
      'tools/call': (params, asked) => server.callTool(textOf(params, 'name'), params.arguments, asked),
      'resources/list': () => ({ resources: server.resources() }),
      'resources/templates/list': () => ({ resourceTemplates: [] }),
      'resources/read': async (params, asked) => ({
        contents: [await server.readResource(textOf(params, 'uri'), asked)],
      }),
    };
    const legacy: Record<string, Method> = {
      initialize: (params) => this.#initialize(params),
      ping: () => ({}),
      'resources/subscribe': (params) => this.#subscribe(params, true),
      'resources/unsubscribe': (params) => this.#subscribe(params, false),
    };
    const modern: Record<string, Method> = {
      'server/discover': () => this.#discover(),
      'subscriptions/listen': (params, { id }) => this.#subscriptions.listen(id, params),
    };
    return {
      legacy: new Map(Object.entries({ ...common, ...legacy })),
      modern: new Map(Object.entries({ ...common, ...modern })),
    };
  }

  #initialize(params: Fields): Fields {
    const revision = textOf(params, 'protocolVersion');
    const { name, version } = fieldsOf(params.clientInfo);
    if (!isObject(params.capabilities)) throw invalid('params.capabilities must be an object.');
    if (typeof name !== 'string' || typeof version !== 'string')
      throw invalid('params.clientInfo must have a name and a version.');
    this.#client = name;
    this.#revision = LEGACY_REVISIONS.find((known) => known === revision) ?? LEGACY_REVISIONS[0];
    return {
      protocolVersion: this.#revision,
      capabilities: this.#server.capabilities('legacy'),
      serverInfo: this.#server.info,
      instructions: this.#server.instructions,
    };
  }

  #discover(): Fields {
    return {
      supportedVersions: MODERN_REVISIONS,
      capabilities: this.#server.capabilities('modern'),
      instructions: this.#server.instructions,
    };
  }

  #subscribe(params: Fields, isWanted: boolean): Fields {
    const uri = textOf(params, 'uri');
    this.#server.checkResource(uri);
    this.#subscriptions.subscribe(uri, isWanted);
    return {};
  }

  #takeRequest(request: Request): void {
    try {
      const era = this.#eraOf(request);
      const method = this.#methods[era].get(request.method);
      if (!method) throw new RpcError(RPC.methodNotFound, 'Method not found');
      void this.#serve(era, request, method);
    } catch (error) {
      this.#options.send(errorMessage(request.id, this.#errorOf(error)));
    }
  }

  /** Of which era a request is. The first that is of one decides it for all. @throws {RpcError} when it is of none. */
  #eraOf({ method, params }: Request): Era {
    if (this.#era === 'legacy') return 'legacy';
    const envelope = envelopeOf(params);
    const isHandshake = method === 'initialize' && !isModern(envelope);
    if (this.#era === undefined && (envelope.is === 'absent' || isHandshake)) return this.#begin('legacy');
    if (isHandshake) throw unsupported(params.protocolVersion);
    if (envelope.is === 'unknown') throw unsupported(envelope.revision);
    if (envelope.is !== 'good') {
      const { key, problem } = envelope.is === 'wrong' ? envelope : { key: META.revision, problem: 'missing' };
      throw new RpcError(RPC.invalidParams, `Invalid _meta envelope: ${key}: ${problem}`, {
        envelope: { key, problem },
      });
    }
    return method === 'server/discover' ? 'modern' : this.#begin('modern');
  }

  #begin(era: Era): Era {
    this.#era = era;
    // A modern program is told of nothing that it has not asked for.
    if (era === 'modern') return era;
    const stop = this.#options.host.onServer?.((method, params) => this.#notify(method, params));
    if (stop) this.#stops.push(stop);
    return era;
  }

  #takeNotification({ method, params }: Notification): void {
    const { requestId } = params;
    if (method !== 'notifications/cancelled' || !isRequestId(requestId)) return;
    if (!this.#subscriptions.cancel(requestId)) this.#cancel(requestId);
  }

  async #serve(era: Era, request: Request, run: Method): Promise<void> {
    const { id } = request;
    const abort = new AbortController();
    this.#underWay.set(id, abort);
    const answer = await this.#answer(era, request, run, abort.signal);
    const isOurs = () => this.#underWay.get(id) === abort;
    if (!answer && isOurs()) this.#settle(id);
    if (!answer || abort.signal.aborted) return;
    this.#options.send(answer, (error) => {
      const { written } = this.#options;
      if (error) written.drop(id);
      else written.written(id);
      if (isOurs()) this.#settle(id);
    });
  }

  /** Undefined when the request stays open. Never rejects. */
  async #answer(era: Era, request: Request, run: Method, signal: AbortSignal): Promise<Outgoing | undefined> {
    const { id, method, params } = request;
    try {
      const result = await run(params, this.#asked(era, request, signal));
      if (!result) return undefined;
      return resultMessage(id, era === 'modern' ? modern(result, this.#server, KEPT.has(method)) : result);
    } catch (error) {
      return errorMessage(id, this.#errorOf(error));
    }
  }

  #asked(era: Era, request: Request, signal: AbortSignal): Asked {
    const isModern = era === 'modern';
    return {
      id: request.id,
      signal,
      meta: metaOf(request.params),
      client: isModern ? clientInfoOf(request)?.name : this.#client,
      revision: isModern ? MODERN_REVISIONS[0] : this.#revision,
      notify: (method, params) => this.#notify(method, params),
    };
  }

  #notify(method: string, params: Fields): void {
    this.#options.send(notificationMessage(method, params));
  }

  #cancel(id: RequestId): void {
    this.#underWay.get(id)?.abort();
    this.#settle(id);
  }

  #settle(id: RequestId): void {
    this.#underWay.delete(id);
    if (this.#underWay.size === 0) this.#onSettled?.();
  }

  /** Of what went wrong within, a program is told nothing but that. */
  #errorOf(error: unknown): RpcError {
    if (error instanceof RpcError) return error;
    this.#options.log(`mcp: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return new RpcError(RPC.internalError, 'Internal error');
  }
}

/** A result as the modern era has it: whole, how long it may be kept, and from whom. */
function modern(result: object, { info }: Server, mayBeKept: boolean): object {
  const cache = mayBeKept ? { ttlMs: 0, cacheScope: 'private' } : {};
  return { ...result, resultType: 'complete', ...cache, _meta: { [META.server]: info } };
}

function textOf(params: Fields, name: string): string {
  const value = params[name];
  if (typeof value !== 'string') throw invalid(`params.${name} must be text.`);
  return value;
}

function invalid(message: string): RpcError {
  return new RpcError(RPC.invalidParams, message);
}

function unsupported(revision: unknown): RpcError {
  const requested = typeof revision === 'string' ? revision : undefined;
  return new RpcError(RPC.unsupportedRevision, `Unsupported protocol version: ${requested ?? 'none was named'}`, {
    supported: MODERN_REVISIONS,
    ...(requested !== undefined && { requested }),
  });
}
