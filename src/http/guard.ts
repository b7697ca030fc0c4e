/**
 * Who may speak to the relay at all: checked on every request and every upgrade, before anything of it is read.
 *
 * `Host` must be one of an exact list: a web page whose own name was rebound to 127.0.0.1 still says its own name
 * there (DNS rebinding). `Origin`, which only browsers send, must be one of the same list: a page of somebody else
 * says who it is (cross-site hijack). And the credential: there are no cookies, so nothing is sent by accident.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { RelayError } from '../protocol/codes.ts';
import type { Clock } from '../util/clock.ts';

/** Wrong tokens that one address may send in a minute before it is only told to wait. Right ones always work. */
export const FAILURES_A_MINUTE = 5;
const MINUTE = 60_000;
/** Addresses whose failures are counted; past it the count starts again, so that it cannot grow. */
const ADDRESSES = 1_024;
const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

export interface GuardOptions {
  readonly token: string;
  /** Further values of `Host`: `name` (with or without the relay's port) or `name:port` (exactly). */
  readonly allowHosts?: readonly string[];
  /** Further values of `Origin`, exactly. */
  readonly allowOrigins?: readonly string[];
  readonly clock: Clock;
}

export class Guard {
  readonly #token: Buffer;
  readonly #options: GuardOptions;
  readonly #failures = new Map<string, { since: number; count: number }>();
  #hosts: ReadonlySet<string> = new Set();
  #origins: ReadonlySet<string> = new Set();

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#token = digest(options.token);
  }

  /** Says which port the relay got; until then everybody is refused. */
  openOn(port: number): void {
    const extra = (this.#options.allowHosts ?? []).map((host) => host.toLowerCase());
    const hosts = LOOPBACK.flatMap((host) => withPort(host, port));
    for (const host of extra) hosts.push(...namesOf(host), ...(/:\d+$/.test(host) ? [] : withPort(host, port)));
    this.#hosts = new Set(hosts);
    const origins = hosts.flatMap((host) => [`http://${host}`, `https://${host}`]);
    this.#origins = new Set([...origins, ...(this.#options.allowOrigins ?? []).map((origin) => origin.toLowerCase())]);
  }

  /** Why this request may not come in; undefined when it may. `token: false` asks for Host and Origin only. */
  refusal(request: IncomingMessage, wants: { readonly token: boolean }): RelayError | undefined {
    return (
      this.#wrongHost(request) ?? this.#wrongOrigin(request) ?? (wants.token ? this.#wrongToken(request) : undefined)
    );
  }

  #wrongHost(request: IncomingMessage): RelayError | undefined {
    // Two Host lines are two answers to one question: whoever sends them hopes that we read another one than a proxy did.
    const [host, second] = request.headersDistinct.host ?? [];
    if (host !== undefined && second === undefined && this.#hosts.has(host.toLowerCase())) return undefined;
    return new RelayError(
      'forbidden_host',
      'This relay does not answer to that Host; start it with --allow-host to add one.',
    );
  }

  #wrongOrigin(request: IncomingMessage): RelayError | undefined {
    const [origin, second] = request.headersDistinct.origin ?? [];
    if (origin === undefined) return undefined;
    if (second === undefined && this.#origins.has(origin.toLowerCase())) return undefined;
    return new RelayError(
      'forbidden_origin',
      'This relay takes nothing from that Origin; start it with --allow-origin to add one.',
    );
  }

  #wrongToken(request: IncomingMessage): RelayError | undefined {
    const [header, second] = request.headersDistinct.authorization ?? [];
    const presented = second === undefined ? /^Bearer +([^ ]+)$/i.exec(header ?? '')?.[1] : undefined;
    // Digests are compared, so that neither the length nor a common beginning shows in the time it takes.
    if (presented !== undefined && timingSafeEqual(digest(presented), this.#token)) return undefined;
    if (this.#failedTooOften(request.socket.remoteAddress ?? '')) {
      return new RelayError('too_many_requests', 'Too many wrong tokens came from that address; wait a minute.');
    }
    return new RelayError(
      'unauthorized',
      'The relay wants its token: send Authorization: Bearer and the text of the file token in its state directory.',
    );
  }

  #failedTooOften(address: string): boolean {
    const now = this.#options.clock.monotonic();
    const known = this.#failures.get(address);
    if (known && now - known.since < MINUTE) {
      known.count += 1;
      return known.count > FAILURES_A_MINUTE;
    }
    if (this.#failures.size >= ADDRESSES) this.#failures.clear();
    this.#failures.set(address, { since: now, count: 1 });
    return false;
  }
}

/** A forwarded port is called by any of its machine's names for itself, whichever of them the relay was told. */
function namesOf(host: string): readonly string[] {
  const port = /:\d+$/.exec(host)?.[0] ?? '';
  return LOOPBACK.includes(host.slice(0, host.length - port.length)) ? LOOPBACK.map((name) => name + port) : [host];
}

/** Browsers leave the port out where it is the default one of the scheme. */
function withPort(host: string, port: number): string[] {
  return port === 80 || port === 443 ? [host, `${host}:${port}`] : [`${host}:${port}`];
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
