/**
 * What people write first: a `ws` server that passes JSON on to the connection of that name, and acknowledgments back. It
 * stores nothing and checks nothing. `acks` says who acknowledges: the `recipient`, or the `relay` itself.
 */
import { WebSocketServer } from 'ws';

const [acks = 'recipient'] = process.argv.slice(2);
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
/** @type {Map<string, import('ws').WebSocket>} */
const byName = new Map();

server.on('connection', (ws) => {
  let name = '';
  ws.on('message', (data) => {
    const message = JSON.parse(data.toString());
    if (message.type === 'send') {
      const { id, to, body } = message;
      const text = JSON.stringify({ type: 'message', id, from: name, body, at: Date.now() });
      if (to === 'all') for (const peer of byName.values()) peer !== ws && peer.send(text);
      else byName.get(to)?.send(text);
      if (acks === 'relay' || to === 'all') ws.send(JSON.stringify({ type: 'ack', id }));
    } else if (message.type === 'ack') {
      byName.get(message.to)?.send(JSON.stringify({ type: 'ack', id: message.id }));
    } else {
      name = message.name;
      byName.set(name, ws);
      ws.send(JSON.stringify({ type: 'welcome', name }));
    }
  });
  ws.on('close', () => byName.delete(name));
});

server.on('listening', () => {
  const address = server.address();
  if (typeof address === 'object') process.stdout.write(`ws://127.0.0.1:${address?.port}/\n`);
});
