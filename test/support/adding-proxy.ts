/** Passes requests on to a port of the loopback as they are, Host and Origin too, and adds the credential to each. */
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface AddingProxy {
  readonly port: number;
  /** Where to, and what is added; before it, everything is answered with 502. */
  passTo(port: number, headers: Readonly<Record<string, string>>): void;
  stop(): Promise<void>;
}

export async function addingProxy(): Promise<AddingProxy> {
  let target: { port: number; headers: Readonly<Record<string, string>> } | undefined;
  const pass = (request: IncomingMessage, response: ServerResponse) => {
    if (!target) return void response.writeHead(502).end();
    const { method, url, headers } = request;
    const options = {
      host: '127.0.0.1',
      port: target.port,
      method,
      path: url,
      headers: { ...headers, ...target.headers },
    };
    const onward = http.request(options, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  };
  const server = http.createServer(pass);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    passTo(port, headers) {
      target = { port, headers };
    },
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
