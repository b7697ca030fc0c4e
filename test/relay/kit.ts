/** Small things that the tests of the relay say often. */
import type { Envelope } from '../../src/protocol/envelope.ts';
import type { Hello } from '../../src/protocol/frames.ts';
import type { Relay } from '../../src/relay/relay.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { Peer, settle } from '../support/relay.ts';

export const bodies = (messages: readonly { body: string }[]) => messages.map((message) => message.body);
export const positions = (messages: readonly { position: number }[]) => messages.map((message) => message.position);
export const upTo = (count: number, from = 1) => Array.from({ length: count }, (_, i) => `n${from + i}`);
export const delivered = (peer: Peer): Envelope[] => peer.all('deliver').flatMap((frame) => [...frame.messages]);

/** Says hello and does not wait for the welcome: a probe may need the clock to go on. */
export function knock(relay: Relay, hello: Partial<Hello> = {}): Peer {
  const peer = new Peer(relay);
  peer.say({ type: 'hello', v: 1, instance: `i${Math.random().toString(36).slice(2)}`, seat: true, ...hello });
  return peer;
}

/** Says hello and lets time pass until the welcome is there, a probe included. */
export async function enter(relay: Relay, clock: FakeClock, hello: Partial<Hello> = {}) {
  const peer = knock(relay, hello);
  await settle();
  for (let waited = 0; waited < 20 && peer.all('welcome').length === 0 && peer.closeCode === undefined; waited++)
    await clock.run(1_000);
  const welcome = await peer.next('welcome');
  return Object.assign(peer, { welcome });
}

/** The process dies: its socket is gone at once. */
export async function crash(peer: Peer): Promise<void> {
  peer.socket.terminate();
  await settle();
}

/** The machine sleeps or the network is cut: nothing comes and nothing goes, and nobody is told. */
export function freeze(peer: Peer): void {
  peer.socket.frozen = true;
}

/** Stores `count` notes (n1, n2, …) for `to`, without a connection. */
export async function backlog(relay: Relay, to: string, count: number, from = 'SENDER'): Promise<void> {
  for (const body of upTo(count)) await relay.perform('send', { to, body }, { name: from });
}

/** The code that a promise was refused with. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'ok';
  } catch (error) {
    return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : String(error);
  }
}

/** Names of those who are here, by the relay. */
export async function here(relay: Relay): Promise<string[]> {
  const answer = (await relay.perform('peers', {}, {})) as { peers: { name: string }[] };
  return answer.peers.map((peer) => peer.name);
}
