/** The same over Socket.IO: rooms by name, and its own acknowledgments. Its package is in `bench/package.json`. */
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

const [packages = ''] = process.argv.slice(2);
const { Server } = createRequire(packages)('socket.io');

const http = createServer();
const io = new Server(http, { transports: ['websocket'], serveClient: false });

io.on('connection', (/** @type {any} */ socket) => {
  socket.on('hello', (/** @type {string} */ name, /** @type {() => void} */ welcome) => {
    socket.data.name = name;
    socket.join(name);
    welcome();
  });
  socket.on(
    'send',
    (/** @type {{ to: string, id: number, body: string }} */ { to, id, body }, /** @type {() => void} */ ack) => {
      io.to(to).emit('message', { id, from: socket.data.name, body, at: Date.now() });
      ack();
    },
  );
});

http.listen(0, '127.0.0.1', () => {
  const address = http.address();
  if (address !== null && typeof address === 'object')
    process.stdout.write(`ws://127.0.0.1:${address.port}/socket.io/?EIO=4&transport=websocket\n`);
});
