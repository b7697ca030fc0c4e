/**
 * Joins so many, and then some more, who all stay and say nothing. Answers with the server's private memory after each,
 * when it has settled, and with the bytes that came to all of them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { privateMemory } from '../measure.mjs';
import { join, RelayPeer, together } from './peers.mjs';
import { finish, work } from './run.mjs';

const { server, steps, hello, prefix } = work();
/** @type {import('./peers.mjs').Peer[]} */
const peers = [];
const memory = [];

for (const step of steps) {
  const there = peers.length;
  peers.push(...(await together(step - there, (i) => one(`${prefix}${there + i}`))));
  memory.push(await settled());
}
finish({ memory, bytes: peers.reduce((sum, { socket }) => sum + socket.received, 0) });

/** @param {string} name @returns {Promise<import('./peers.mjs').Peer>} */
function one(name) {
  return server.protocol === 'relay' ? RelayPeer.join(server, name, hello) : join(server, name);
}

/** The least of some seconds: what a collection has still to take away is not held. */
async function settled() {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 8; i++) {
    await sleep(1_000);
    least = Math.min(least, privateMemory(server.pid));
  }
  return least;
}
