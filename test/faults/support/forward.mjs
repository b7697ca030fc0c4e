/** `node forward.mjs PORT TO`: what an SSH tunnel does. Takes connections on PORT of any address, and carries them to TO on the loopback. */
import { connect, createServer } from 'node:net';

const [port = 0, to = 0] = process.argv.slice(2).map(Number);
const server = createServer((near) => {
  const far = connect({ port: to, host: '127.0.0.1' });
  near.pipe(far);
  far.pipe(near);
  const end = () => {
    near.destroy();
    far.destroy();
  };
  for (const socket of [near, far]) socket.on('error', end).on('close', end);
});
server.listen(port, '0.0.0.0', () => process.stdout.write('Forwarding.\n'));
