/**
 * TLS and plain HTTP on one port: the first byte tells them apart. Others come by TLS; whoever comes from this machine may
 * come without, so that nothing here has to be configured for it.
 */
import type { Server as HttpServer } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import { createServer, type Server, type Socket } from 'node:net';

/** The first byte of a TLS handshake (RFC 8446, 5.1: content type 22). */
const HANDSHAKE = 22;
/** Milliseconds until the first byte. */
const PATIENCE = 5_000;

export function sniffing(plain: HttpServer, tls: HttpsServer): Server {
  return createServer((socket) => {
    const onSilence = () => socket.destroy();
    socket.setTimeout(PATIENCE, onSilence);
    // The peer is gone: whoever takes the socket over listens for itself.
    socket.on('error', onSilence);
    socket.once('readable', () => {
      socket.setTimeout(0);
      socket.off('timeout', onSilence);
      handOver(socket, plain, tls);
    });
  });
}

function handOver(socket: Socket, plain: HttpServer, tls: HttpsServer): void {
  const first: Buffer | null = socket.read(1);
  if (first === null) return void socket.destroy();
  socket.unshift(first);
  if (first[0] === HANDSHAKE) tls.emit('connection', socket);
  else if (isLoopbackPeer(socket.remoteAddress)) plain.emit('connection', socket);
  else socket.destroy();
}

/** Does the other end lie on this machine? */
export function isLoopbackPeer(address: string | undefined): boolean {
  return address !== undefined && /^(::ffff:)?127\.|^::1$/.test(address);
}
