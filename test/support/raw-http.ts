/** HTTP as an attacker writes it: headers as given, twice or not at all, over a plain socket or `node:http`. */
import http from 'node:http';
import net from 'node:net';

export interface Answered {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export interface Asking {
  readonly port: number;
  readonly host?: string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string | Buffer;
  readonly signal?: AbortSignal;
}

export function ask({
  port,
  host = '127.0.0.1',
  method = 'GET',
  path = '/',
  headers = {},
  body,
  signal,
}: Asking): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      { host, port, method, path, headers, agent: false, ...(signal ? { signal } : {}) },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        );
        response.on('error', reject);
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

export function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` };
}

/** Writes the text to the port and resolves with everything that came back until the end of the connection. */
export function exchange(port: number, text: string, host = '127.0.0.1'): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host }, () => socket.write(text));
    let received = '';
    socket.on('data', (chunk) => {
      received += chunk;
    });
    socket.on('close', () => resolve(received));
    // The other side may have had enough once it has answered.
    socket.on('error', (error) => (received === '' ? reject(error) : resolve(received)));
  });
}
