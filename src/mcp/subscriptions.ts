/**
 * Who wants to know when a resource has changed. Before the modern era a program says so for its connection; since then by
 * a request that stays open, as many as it likes, each told of under its own id, until it is cancelled or we end it.
 */
import { type Fields, fieldsOf, isObject } from '../util/fields.ts';
import { notificationMessage, type Outgoing, type RequestId, RPC, RpcError } from './jsonrpc.ts';
import { META } from './revisions.ts';

/** Requests that stay open at a time. Beyond, one is refused. */
const MAX_OPEN = 1_024;

export class Subscriptions {
  readonly #send: (message: Outgoing) => void;
  /** What the connection as a whole is subscribed to. */
  readonly #uris = new Set<string>();
  /** By the id of the request that stays open. */
  readonly #open = new Map<RequestId, ReadonlySet<string>>();

  constructor(send: (message: Outgoing) => void) {
    this.#send = send;
  }

  subscribe(uri: string, isWanted: boolean): void {
    if (isWanted) this.#uris.add(uri);
    else this.#uris.delete(uri);
  }

  /**
   * Serves `subscriptions/listen`: says what will be told, which is of resources only, since our lists never change. The
   * request stays open.
   * @throws {RpcError} for what is no filter, and when too many are open.
   */
  listen(id: RequestId, params: Fields): undefined {
    const uris = wantedUris(params.notifications);
    if (!uris)
      throw new RpcError(
        RPC.invalidParams,
        'params.notifications must be an object; resourceSubscriptions in it a list of texts.',
      );
    if (this.#open.size >= MAX_OPEN) throw new RpcError(RPC.internalError, 'Subscription limit reached');
    this.#open.set(id, new Set(uris));
    const notifications = uris.length > 0 ? { resourceSubscriptions: uris } : {};
    this.#tell(id, 'notifications/subscriptions/acknowledged', { notifications });
  }

  /** True when there was one of that id. */
  cancel(id: RequestId): boolean {
    return this.#open.delete(id);
  }

  /** A resource may have changed: tells those who want to know. */
  updated(uri: string): void {
    const method = 'notifications/resources/updated';
    if (this.#uris.has(uri)) this.#send(notificationMessage(method, { uri }));
    for (const [id, uris] of this.#open) if (uris.has(uri)) this.#tell(id, method, { uri });
  }

  /** Ends them all; returns the ids of the requests that were open. */
  end(): RequestId[] {
    const ids = [...this.#open.keys()];
    this.#open.clear();
    this.#uris.clear();
    return ids;
  }

  #tell(id: RequestId, method: string, params: Fields): void {
    this.#send(notificationMessage(method, { ...params, _meta: { [META.subscription]: id } }));
  }
}

/** Undefined for what is no filter. */
function wantedUris(filter: unknown): readonly string[] | undefined {
  const { resourceSubscriptions: wanted = [], ...flags } = fieldsOf(filter);
  if (!isObject(filter) || !Array.isArray(wanted) || wanted.some((uri) => typeof uri !== 'string')) return undefined;
  const { toolsListChanged = false, promptsListChanged = false, resourcesListChanged = false } = flags;
  const areFlags = [toolsListChanged, promptsListChanged, resourcesListChanged].every((on) => typeof on === 'boolean');
  return areFlags ? wanted : undefined;
}
