/**
 * Who may speak to the relay at all: checked on every request and every upgrade, before anything of it is read.
 *
 * `Host` must be one of an exact list: a web page whose own name was rebound to 127.0.0.1 still says its own name
 * there (DNS rebinding). `Origin`, which only browsers send, must be one of the same list: a page of somebody else
 * says who it is (cross-site hijack). And the credential: there are no cookies, so nothing is sent by accident.
 */
import type { IncomingMessage } from 'node:http';
import { RelayError } from '../protocol/codes.ts';
import { DEVICE_SCHEME, requestText } from '../protocol/proof.ts';
import type { Credentials } from '../relay/credentials.ts';
import type { Identity } from '../relay/identity.ts';
import type { Clock } from '../util/clock.ts';

/** Wrong credentials that one address may send in a minute before it is only told to wait. Right ones always work. */
export const FAILURES_A_MINUTE = 5;
const MINUTE = 60_000;
/** The answer to an address that has tried too often. One for all of them: where it was made says nothing, and is dear. */
export const TIRED = new RelayError(
  'too_many_requests',
  'Too many wrong credentials came from that address; wait a minute.',
  undefined,
  MINUTE,
);
/** Addresses whose failures are counted; past it the count starts again, so that it cannot grow. */
const ADDRESSES = 1_024;
const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];
/**
 * A forward (`claude-relay connect`) may have any port on the other machine. No page can send such a Host here but one whose URL has it,
 * and what that reaches is decided by the port: a rebound name says its own. Which pages may ask is said by Origin, whose ports count.
 */
const FORWARDED = /^(?:localhost|127\.0\.0\.1|\[::1\]):[1-9]\d{0,4}$/;

export interface GuardOptions {
  readonly credentials: Pick<Credentials, 'byToken' | 'bySignature'>;
  /** Further values of `Host`: `name` (with or without the relay's port) or `name:port` (exactly). */
  readonly allowHosts?: readonly string[];
  /** Further values of `Origin`, exactly. */
  readonly allowOrigins?: readonly string[];
  readonly clock: Clock;
  /** A proxy stands before us, and says who asks. */
  readonly isBehindProxy?: boolean;
}

export interface Checked {
  readonly refusal?: RelayError;
  readonly identity?: Identity;
}

export class Guard {
  readonly #options: GuardOptions;
  readonly #failures = new Map<string, { since: number; count: number }>();
  #hosts: ReadonlySet<string> = new Set();
  #origins: ReadonlySet<string> = new Set();

  constructor(options: GuardOptions) {
    this.#options = options;
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

  /** Who this request is from, or why it may not come in. `credential: false` asks for Host and Origin only. */
  check(request: IncomingMessage, wants: { readonly credential: boolean }): Checked {
    const refusal = this.#wrongHost(request) ?? this.#wrongOrigin(request);
    if (refusal || !wants.credential) return refusal ? { refusal } : {};
    const identity = this.#identify(request);
    return identity ? { identity } : { refusal: this.#unauthorized(request) };
  }

  /** One more wrong try. Answers whether there were too many. */
  failed(address: string): boolean {
    const known = this.#failures.get(address);
    if (known && this.#isRecent(known)) {
      known.count += 1;
      return known.count > FAILURES_A_MINUTE;
    }
    if (this.#failures.size >= ADDRESSES) this.#failures.clear();
    this.#failures.set(address, { since: this.#options.clock.monotonic(), count: 1 });
    return false;
  }

  /** Where a request comes from; behind a proxy, where it says. */
  addressOf(request: IncomingMessage): string {
    const forwarded = this.#options.isBehindProxy ? request.headersDistinct['x-forwarded-for']?.at(-1) : undefined;
    return forwarded?.split(',').at(-1)?.trim() ?? request.socket.remoteAddress ?? '';
  }

  #wrongHost(request: IncomingMessage): RelayError | undefined {
    // Two Host lines are two answers to one question: whoever sends them hopes that we read another one than a proxy did.
    const [host, second] = request.headersDistinct.host ?? [];
    if (host !== undefined && second === undefined && this.#isOurs(host.toLowerCase())) return undefined;
    return new RelayError(
      'forbidden_host',
      'This relay does not answer to that Host; start it with --allow-host to add one.',
    );
  }

  #isOurs(host: string): boolean {
    return this.#hosts.has(host) || (this.#hosts.size > 0 && FORWARDED.test(host));
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

  #identify(request: IncomingMessage): Identity | undefined {
    const [header, second] = request.headersDistinct.authorization ?? [];
    const [, scheme, presented] = (second === undefined && /^([A-Za-z-]+) +([^ ]+)$/.exec(header ?? '')) || [];
    if (presented === undefined) return undefined;
    const { credentials } = this.#options;
    if (scheme?.toLowerCase() === 'bearer') return credentials.byToken(presented);
    if (scheme?.toLowerCase() !== DEVICE_SCHEME.toLowerCase()) return undefined;
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    return credentials.bySignature(presented, requestText(request.method ?? '', path));
  }

  #unauthorized(request: IncomingMessage): RelayError {
    if (this.failed(this.addressOf(request))) return TIRED;
    return new RelayError(
      'unauthorized',
      'The relay wants its token: send Authorization: Bearer and the text of the file token in its state directory.',
    );
  }

  #isRecent({ since }: { readonly since: number }): boolean {
    return this.#options.clock.monotonic() - since < MINUTE;
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
