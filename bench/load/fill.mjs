/**
 * Stores so many messages as sessions at work would: most of them direct, some to rooms, a few to all, with words of which
 * some are rare. Each is taken and said to be seen.
 */
import { RelayPeer, someWords, together } from './peers.mjs';
import { finish, work } from './run.mjs';

const { server, messages, sessions, bytes } = work();
const IN_FLIGHT = 64;
const ROOMS = 10;
const TEXTS = 4_096;

const texts = Array.from({ length: TEXTS }, () => someWords(bytes));
// Not as agents: those are braked when they write because of what they were given.
const hello = { window: 256, about: { kind: 'script' } };
const peers = await together(sessions, (i) => RelayPeer.join(server, `F${i}`, hello));
for (const [i, peer] of peers.entries()) await peer.ask('join', { room: `#r${i % ROOMS}` });

let sent = 0;
let answered = 0;
await new Promise((resolve) => {
  for (const peer of peers) {
    peer.onAnswered = () => {
      answered += 1;
      if (answered === messages) resolve(undefined);
      else sendOne();
    };
  }
  for (let i = 0; i < IN_FLIGHT * 4; i++) sendOne();
});
// Once more nothing is under way when the last receipts are written.
await Promise.all(peers.map((peer) => peer.ask('status', {})));
finish({ sent, name: 'F1', key: peers[1]?.key });

function sendOne() {
  if (sent >= messages) return;
  const number = ++sent;
  const peer = peers[number % sessions];
  peer?.send(addressOf(number), number, `${number} ${texts[number % TEXTS]}`.slice(0, bytes));
}

/** @param {number} number */
function addressOf(number) {
  if (number % 1_000 === 0) return 'all';
  if (number % 20 === 0) return `#r${(number / 20) % ROOMS}`;
  return `F${(number * 7 + 1) % sessions}`;
}
