/** One verb over HTTP, for processes that live for one request. `node:http`, not fetch: it is loaded five times faster. */
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import type { Device } from '../config/device.ts';
import { RelayError } from '../protocol/codes.ts';
import type { Kind } from '../protocol/session.ts';
import type { Args, Results, Verb } from '../protocol/verbs.ts';
import { type Clock, systemClock } from '../util/clock.ts';
import { type Ask, authorization, type Credential, pinned } from './device.ts';
import { candidates, httpUrl, relayUrl } from './place.ts';
import { isConnectFailure, refusal, unreachable } from './reach.ts';

export interface OnceOptions extends Credential {
  readonly url: string;
  /** Whose certificate is believed, where no device proves itself. */
  readonly pin?: Pick<Device, 'certificate' | 'relay'> | undefined;
  /** The name that acts. */
  readonly as?: string | undefined;
  /** The resume key of that name, when it has one. */
  readonly key?: string | undefined;
  /** What a name that is new shall be. */
  readonly kind?: Kind | undefined;
  /** Milliseconds for the whole of it; without it 15 s and what the verb itself may wait. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock;
}

type Headers = Readonly<Record<string, string>>;

const JSON_ONLY: Headers = { 'content-type': 'application/json' };

const TIMEOUT_MS = 15_000;
/** A page of the relay is far below this. Characters. */
const LONGEST_ANSWER = 8 * 1024 * 1024;

/** Rejects with a RelayError that says what to do, or with the signal's reason. `localhost` is 127.0.0.1, then ::1. */
export async function once<V extends Verb>(verb: V, args: Args<V>, options: OnceOptions): Promise<Results[V]> {
  const named = relayUrl(options.url);
  const end = new AbortController();
  const onAbort = () => end.abort(options.signal?.reason);
  if (options.signal?.aborted) onAbort();
  options.signal?.addEventListener('abort', onAbort, { once: true });
  const timer = (options.clock ?? systemClock).after(patience(args, options), () =>
    end.abort(new RelayError('timeout')),
  );
  try {
    const response = await requestTo(named, `/v1/${verb}`, JSON.stringify(args), options, end.signal);
    return decode<V>(named, await textOf(named, response, end.signal, options.device));
  } finally {
    timer.cancel();
    options.signal?.removeEventListener('abort', onAbort);
  }
}

/** Posts to the first address of the relay that takes connections, and answers with what is about to come. */
export async function requestTo(
  named: URL,
  path: string,
  body: string,
  options: Omit<OnceOptions, 'url'>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  let failure: unknown;
  for (const candidate of candidates(named)) {
    signal.throwIfAborted();
    const at = (path: string, body: string, headers: Headers) =>
      post(httpUrl(candidate, path), named, body, { headers, ...pinned(options.device ?? options.pin) }, signal);
    try {
      const ask: Ask = async (path, body) => textOf(named, await at(path, JSON.stringify(body), JSON_ONLY), signal);
      const authorized = await authorization(named, options, { method: 'POST', path }, ask);
      return await at(path, body, headersOf(options, authorized));
    } catch (error) {
      // Only before anything was sent may another address be tried: nothing must be done twice.
      if (!isConnectFailure(error)) throw error;
      failure ??= error;
    }
  }
  throw failure;
}

function post(
  url: URL,
  named: URL,
  body: string,
  { headers, ...tls }: { readonly headers: Headers } & ConnectionOptions,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  // It may have ended while a credential was made.
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    let wasConnected = false;
    const send = url.protocol === 'https:' ? requestHttps : requestHttp;
    const length = Buffer.byteLength(body);
    const options = { method: 'POST', headers: { ...headers, 'content-length': length }, agent: false, ...tls };
    const request = send(url, options);
    const onAbort = () => {
      reject(signal.reason);
      request.destroy();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    request.once('close', () => signal.removeEventListener('abort', onAbort));
    request.once('socket', (socket) => {
      // Before TLS is up, nothing of ours is sent.
      socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
        wasConnected = true;
      });
    });
    request.once('error', (error) => reject(wasConnected ? brokenOff(error) : unreachable(named, error)));
    request.once('response', resolve);
    request.end(body);
  });
}

/** The body of a 200; anything else is the refusal that it says. `device`: by whose key it was asked. */
export async function textOf(
  named: URL,
  response: IncomingMessage,
  signal: AbortSignal,
  device?: Device,
): Promise<string> {
  const body = await read(response, signal);
  if (response.statusCode !== 200) throw refusal(named, response.statusCode ?? 0, body, device);
  return body;
}

async function read(response: IncomingMessage, signal: AbortSignal): Promise<string> {
  let body = '';
  response.setEncoding('utf8');
  try {
    for await (const chunk of response) {
      body += chunk;
      if (body.length > LONGEST_ANSWER) throw new RelayError('too_large', 'The answer is larger than any of a relay.');
    }
    return body;
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof RelayError ? error : brokenOff(error);
  }
}

function headersOf({ as, key, kind }: Omit<OnceOptions, 'url'>, authorized: string | undefined): Headers {
  return {
    ...JSON_ONLY,
    ...(authorized === undefined ? {} : { authorization: authorized }),
    ...(as === undefined ? {} : { 'relay-as': as }),
    ...(key === undefined ? {} : { 'relay-key': key }),
    ...(kind === undefined ? {} : { 'relay-kind': kind }),
  };
}

function decode<V extends Verb>(named: URL, body: string): Results[V] {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw refusal(named, 200, body); // something else than a relay answers there
  }
  if (typeof value !== 'object' || value === null) throw refusal(named, 200, body);
  return value as Results[V];
}

function brokenOff(cause: unknown): RelayError {
  return new RelayError('timeout', 'The relay went away before it answered; whether it was done is not known.', cause);
}

function patience(args: object, { timeoutMs }: OnceOptions): number {
  const asked = 'wait_seconds' in args && typeof args.wait_seconds === 'number' ? args.wait_seconds * 1000 : 0;
  return timeoutMs ?? TIMEOUT_MS + asked;
}
