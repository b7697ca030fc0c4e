/**
 * Infected agents: each sends every text that it gets on to all the others, one by one. A person infects one of them again and
 * again, each time with another text. Answers with how many of their messages arrived at one another, and how many were sent.
 * They stand for programs on machines of their own: `aside`, this process leaves the processor to whoever else wants it.
 */
import { constants, setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { openFrames } from './frames.mjs';
import { textOf } from './peers.mjs';
import { finish, work } from './run.mjs';

const { server, agents, everyMs, bytes, seconds, prefix, aside } = work();
if (aside) setPriority(constants.priority.PRIORITY_LOW);
const names = Array.from({ length: agents }, (_, i) => `${prefix}E${i}`);
let [sent, arrived, requests] = [0, 0, 0];

/** @param {string} name @param {'agent' | 'person'} kind */
async function join(name, kind) {
  const socket = await openFrames(server.url, { protocol: 'claude-relay.v1', token: server.token });
  const isWelcome = new Promise((resolve) => {
    socket.onText = resolve;
  });
  const hello = {
    type: 'hello',
    v: 1,
    name,
    instance: `i${name}${process.pid}`,
    seat: true,
    window: 256,
    about: { kind },
  };
  socket.send(JSON.stringify(hello));
  await isWelcome;
  return socket;
}

/** @param {import('./frames.mjs').FrameSocket} socket @param {string} verb @param {object} args */
function ask(socket, verb, args) {
  requests += 1;
  socket.send(JSON.stringify({ type: 'request', id: requests, verb, args }));
}

for (const name of names) {
  const socket = await join(name, 'agent');
  socket.onText = (text) => {
    const { type, messages } = JSON.parse(text);
    if (type !== 'deliver') return;
    for (const { position, from, body } of messages) {
      ask(socket, 'receipt', { state: 'seen', positions: [position] });
      if (from === '(relay)') continue;
      if (from !== `${prefix}P`) arrived += 1;
      for (const to of names) {
        if (to === name) continue;
        sent += 1;
        ask(socket, 'send', { to, body });
      }
    }
  };
}

const person = await join(`${prefix}P`, 'person');
for (let i = 0; i < (seconds * 1000) / everyMs; i++) {
  ask(person, 'send', { to: names[i % agents], body: textOf(i, bytes) });
  await sleep(everyMs);
}
await sleep(500);
finish({ sent, arrived });
