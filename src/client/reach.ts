/** Why a relay could not be spoken to, as an error with a remedy: from sockets, and from HTTP answers. */
import type { Device } from '../config/device.ts';
import { CODES, type Code, isCode, RelayError } from '../protocol/codes.ts';
import { isLoopback, shownUrl } from './place.ts';

/** An answer to a refused upgrade is short; what is longer is not from a relay. */
const BODY_CHARS = 64 * 1024;

/** The relay did not answer at all. Says what to do about it. */
export function unreachable(url: URL, cause?: unknown): RelayError {
  const why = systemCode(cause);
  const remedy = isLoopback(url)
    ? 'start it with `claude-relay serve`'
    : 'check that it runs there and that the address and the tunnel are right';
  return new RelayError(
    'not_connected',
    `The relay at ${shownUrl(url)} cannot be reached${why ? ` (${why})` : ''}; ${remedy}.`,
    cause,
  );
}

/** May the next address of the same host still work? */
export function isConnectFailure(error: unknown): boolean {
  return error instanceof RelayError && error.code === 'not_connected';
}

/**
 * The error that an HTTP answer carries: by its body where that is a relay's, else by its status. What answers with
 * neither is some other server on that port. `device`: by whose key it was asked.
 */
export function refusal(url: URL, status: number, body: string, device?: Device): RelayError {
  const said = errorBody(body);
  const code = said?.code ?? codeOfStatus(status);
  if (code === 'unauthorized') return device ? unknown(url, device) : unauthorized(url);
  if (code) return new RelayError(code, said?.message ?? CODES[code].sentence);
  return new RelayError(
    'not_connected',
    `What answers at ${shownUrl(url)} is not a relay (HTTP ${status}); check the address and the port.`,
  );
}

function unauthorized(url: URL): RelayError {
  const remedy = isLoopback(url)
    ? 'run this as the user who runs the relay, join it by an invitation, or put a token of it into RELAY_TOKEN'
    : 'join it by an invitation (`claude-relay join`), or put a token of it into RELAY_TOKEN';
  return new RelayError('unauthorized', `The relay at ${shownUrl(url)} does not take this token; ${remedy}.`);
}

/** The relay answers, and is the one that was joined: this was proved before. */
function unknown(url: URL, { id }: Device): RelayError {
  const where = shownUrl(url);
  const remedy = 'join it by an invitation (`claude-relay join`), or over SSH (`claude-relay connect user@host`)';
  return new RelayError(
    'unauthorized',
    `The relay at ${where} knows this machine no more: its device ${id} was revoked there; ${remedy}.`,
  );
}

/** `{"error":{"code","message"}}`, or undefined when it is not that. */
export function errorBody(body: string): { readonly code: Code; readonly message: string } | undefined {
  const { error } = fields(parsed(body.slice(0, BODY_CHARS)));
  const { code, message } = fields(error);
  if (!isCode(code)) return undefined;
  return { code, message: typeof message === 'string' ? message : CODES[code].sentence };
}

function codeOfStatus(status: number): Code | undefined {
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden_host';
  if (status === 503) return 'shutting_down';
  return undefined;
}

/** ECONNREFUSED and the like; also the first of an AggregateError, which is what a host of two families gives. */
function systemCode(error: unknown): string | undefined {
  if (error instanceof AggregateError) return systemCode(error.errors[0]);
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' && /^[A-Z][A-Z0-9_]{1,40}$/.test(error.code) ? error.code : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // not JSON: the status speaks
  }
}

function fields(value: unknown): { readonly error?: unknown; readonly code?: unknown; readonly message?: unknown } {
  return typeof value === 'object' && value !== null ? value : {};
}
