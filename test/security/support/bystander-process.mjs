/**
 * Runs as a process of its own (`bystander.ts`), so that what is timed is the relay, and not the attacker's own event loop: sends
 * to itself, one after the other, and times each answer. Milliseconds.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';

/** Between two sends. */
const PACE = 10;

/** @type {number[]} */
const times = [];
/** @type {Map<number, (frame: any) => void>} */
const asked = new Map();
let lastId = 0;
let sends = 0;
let isOver = false;

/** @param {any} message */
function tell(message) {
  process.send?.(message);
}

/** @param {{ port: number, token: string, name: string }} place */
function join({ port, token, name }) {
  const ws = new WebSocket(`ws://127.0.0.1:${port}`, ['claude-relay.v1'], {
    headers: { authorization: `Bearer ${token}` },
  });
  ws.on('error', () => undefined); // `close` follows, and finds questions without an answer
  ws.once('close', () => report());
  ws.once('open', () =>
    ws.send(JSON.stringify({ type: 'hello', v: 1, name, instance: `i${name}`, seat: true, window: 0 })),
  );
  ws.on('message', (data) => {
    const frame = JSON.parse(data.toString());
    if (frame.type === 'welcome') {
      tell('welcome');
      void run(ws, name);
    } else asked.get(frame.id)?.(frame);
  });
}

/** @param {WebSocket} ws @param {string} name */
async function run(ws, name) {
  while (!isOver) {
    const begun = performance.now();
    sends += 1;
    const answer = await ask(ws, 'send', { to: name, body: `note ${sends}` });
    if (answer.type !== 'answer') throw new Error(`A bystander was refused: ${JSON.stringify(answer)}`);
    times.push(performance.now() - begun);
    tell({ answered: times.length });
    await ask(ws, 'receive', { count: 5, receipt: 'seen' });
    await sleep(PACE);
  }
  ws.terminate();
}

/** @param {WebSocket} ws @param {string} verb @param {object} args @returns {Promise<any>} */
function ask(ws, verb, args) {
  const id = ++lastId;
  const answer = new Promise((resolve) => asked.set(id, resolve));
  ws.send(JSON.stringify({ type: 'request', id, verb, args }));
  return answer.finally(() => asked.delete(id));
}

function report() {
  const sorted = times.sort((a, b) => a - b);
  const p99 = Math.round(sorted[Math.floor(sorted.length * 0.99)] ?? 0);
  tell({ asked: sends, answered: sorted.length, p99 });
  process.disconnect();
}

process.on('message', (/** @type {any} */ message) => {
  if (message === 'finish') isOver = true;
  else join(message);
});
