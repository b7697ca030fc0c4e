/** How an error goes out over HTTP: as `{"error":{"code","message","retry"}}` with the status of its code. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { RelayError } from '../protocol/codes.ts';
import { LIMITS } from '../protocol/limits.ts';

export interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string; readonly retry: boolean };
}

export function errorBody(error: RelayError): ErrorBody {
  return { error: { code: error.code, message: error.message, retry: error.retry } };
}

export function errorHeaders({ code, wait = 1_000 }: RelayError): Record<string, string> {
  if (code === 'unauthorized') return { 'www-authenticate': 'Bearer' };
  return code === 'too_many_requests' ? { 'retry-after': `${Math.ceil(wait / 1000)}` } : {};
}

/** Answers a request that nobody has looked into. Its body is read past, so that the answer arrives, up to what a body may have. */
export function refuse(request: IncomingMessage, response: ServerResponse, error: RelayError): void {
  let left: number = LIMITS.frameBytes;
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) request.destroy();
  });
  const body = JSON.stringify(errorBody(error));
  response.writeHead(error.status, {
    ...errorHeaders(error),
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

/** Answers an upgrade with HTTP, before any frame, and ends the connection. */
export function refuseUpgrade(socket: Duplex, error: RelayError): void {
  const body = JSON.stringify(errorBody(error));
  const headers = {
    ...errorHeaders(error),
    connection: 'close',
    'content-type': 'application/json',
    'content-length': `${Buffer.byteLength(body)}`,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  // The peer may be gone already; there is nobody left to tell.
  socket.once('error', () => socket.destroy());
  socket.once('finish', () => socket.destroy());
  socket.end([`HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? ''}`, ...lines, '', body].join('\r\n'));
}
