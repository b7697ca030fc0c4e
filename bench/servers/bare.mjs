/**
 * What people write first: a `ws` server that passes JSON on to the connection of that name, and acknowledgments back. It
 * checks nothing. `acks` says who acknowledges: the `recipient`, or the `relay` itself. `store` says what is kept: `nothing`,
 * or a `log`: what came in one turn is written and synced together, and passed on then. Nobody could find anything in it.
 */
import { fdatasyncSync, openSync, writeSync } from 'node:fs';
import { WebSocketServer } from 'ws';

const [acks = 'recipient', store = 'nothing'] = process.argv.slice(2);
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
      keep(text, () => {
        if (to === 'all') for (const peer of byName.values()) peer !== ws && peer.send(text);
        else byName.get(to)?.send(text);
        if (acks === 'relay' || to === 'all') ws.send(JSON.stringify({ type: 'ack', id }));
      });
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

/** Passes on what was kept. @type {(text: string, pass: () => void) => void} */
const keep = store === 'log' ? openLog() : (_, pass) => pass();

/** Begins anew when it is full; laid out before, since a file that grows costs more. */
function openLog() {
  const [size, file] = [64 * 2 ** 20, openSync('log', 'w')];
  writeSync(file, Buffer.alloc(size));
  fdatasyncSync(file);
  let at = 0;
  /** @type {{ text: string, pass: () => void }[]} */
  let turn = [];
  function write() {
    const done = turn;
    turn = [];
    const bytes = Buffer.from(done.map(({ text }) => text).join('\n'));
    if (at + bytes.length > size) at = 0;
    at += writeSync(file, bytes, 0, bytes.length, at);
    fdatasyncSync(file);
    for (const { pass } of done) pass();
  }
  return (/** @type {string} */ text, /** @type {() => void} */ pass) => {
    if (turn.push({ text, pass }) === 1) setImmediate(write);
  };
}

server.on('listening', () => {
  const address = server.address();
  if (typeof address === 'object') process.stdout.write(`ws://127.0.0.1:${address?.port}/\n`);
});
