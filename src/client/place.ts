/** Where a relay is: the forms of address that people write, and what is derived from them. */
import { isIP } from 'node:net';
import { RelayError } from '../protocol/codes.ts';

/** The port of a relay whose address names none. */
export const DEFAULT_PORT = 9999;
export const DEFAULT_URL = `ws://localhost:${DEFAULT_PORT}`;

const SCHEMES: Readonly<Record<string, string>> = { 'ws:': 'ws:', 'wss:': 'wss:', 'http:': 'ws:', 'https:': 'wss:' };

/**
 * `ws://`, `wss://`, `http://`, `https://`, or plain `host`, `host:port`: as a WebSocket URL. Throws `bad_request`, and
 * never quotes the address back, since it may hold a password.
 */
export function relayUrl(address: string): URL {
  const text = address.trim();
  const url = parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `ws://${text}`);
  const scheme = SCHEMES[url.protocol];
  if (!scheme || !url.hostname) throw unreadable();
  // A URL of the http family drops its own default port, so the text is asked whether one was written.
  const hasPort = url.port !== '' || /:(80|443)(\/|$)/.test(text);
  url.protocol = scheme;
  if (!hasPort && scheme === 'ws:') url.port = String(DEFAULT_PORT);
  return url;
}

/** The same relay for plain HTTP requests. */
export function httpUrl(url: URL, path = '/'): URL {
  const http = new URL(url);
  http.protocol = url.protocol === 'wss:' ? 'https:' : 'http:';
  http.pathname = path;
  return http;
}

/** A relay on this machine, or at the near end of a tunnel. */
export function isLoopback(url: URL): boolean {
  const host = bareHost(url);
  return host === 'localhost' || host === '::1' || /^127(\.\d+){3}$/.test(host);
}

/**
 * The addresses to try, in order. `localhost` is both families: a relay may listen on one of them only, and what a
 * resolver answers for it differs between machines.
 */
export function candidates(url: URL): readonly URL[] {
  if (bareHost(url) !== 'localhost') return [url];
  return ['127.0.0.1', '[::1]'].map((host) => {
    const candidate = new URL(url);
    candidate.hostname = host;
    return candidate;
  });
}

/** One directory name for one relay: `localhost_9999`. All names of this machine's loopback are the same place. */
export function hostPort(url: URL): string {
  const host = isLoopback(url) ? 'localhost' : bareHost(url);
  const port = url.port || (url.protocol === 'wss:' ? '443' : '80');
  return `${host.toLowerCase().replace(/[^a-z0-9.-]/g, '-')}_${port}`;
}

/** As it is shown to people: without user, password, query. */
export function shownUrl(url: URL): string {
  return `${url.protocol}//${url.host}`;
}

function bareHost(url: URL): string {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return isIP(host) ? host : host.replace(/\.$/, '');
}

function parse(text: string): URL {
  try {
    return new URL(text);
  } catch {
    throw unreadable();
  }
}

function unreadable(): RelayError {
  return new RelayError('bad_request', `The address of the relay is not one; write it like ${DEFAULT_URL}.`);
}
