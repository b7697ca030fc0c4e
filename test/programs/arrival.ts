/** What a message does after it was sent: when it got to a model, how often, and what its sender is told. */
import { expect } from 'vitest';
import { idsIn, type Machine, type McpSession, until } from '../support/cli.ts';
import type { Agent } from './agent.ts';
import { evidence } from './evidence.ts';
import { fact } from './facts.ts';
import type { ModelRequest } from './model/request.ts';

interface Peer {
  readonly name: string;
  readonly doing?: string;
  readonly door?: string;
}

interface Told {
  readonly sent_at?: string;
  readonly at?: string;
  readonly recipients: readonly {
    readonly name: string;
    readonly state: string;
    readonly at?: string;
    readonly unseen?: string;
    readonly reason?: string;
  }[];
}

/** As its peers see it. */
export async function peerOf(on: Machine, name: string): Promise<Peer | undefined> {
  const { peers } = (await on.json(['peers'])) as { readonly peers: readonly Peer[] };
  return peers.find((peer) => peer.name === name);
}

/** Settles when it says that it waits for its person's next words, and by which door it is woken. */
export async function idles(on: Machine, name: string, door?: string | RegExp): Promise<void> {
  let last: Peer | undefined;
  evidence(`${name} was last seen as`, () => JSON.stringify(last));
  await until(
    async () => {
      last = await peerOf(on, name);
      return last;
    },
    (peer) =>
      peer?.doing === 'idle' && (door === undefined || (peer.door !== undefined && new RegExp(door).test(peer.door))),
  );
}

export interface Arrival {
  readonly id: string;
  readonly request: ModelRequest;
  /** Milliseconds from before the call of `relay_send` to the request that shows it. */
  readonly afterSend: number;
}

/** Sends, and waits for the request that shows it to the other's model. */
export async function arrives(from: McpSession, to: Agent, text: string, more: object = {}): Promise<Arrival> {
  const began = Date.now();
  const answer = await from.call('relay_send', { to: to.options.name, message: text, ...more });
  const [id = ''] = idsIn(answer);
  const request = await to.model.saw(lineOf(text));
  return { id, request, afterSend: request.at - began };
}

/** A quoted line of a message, whole. */
export function lineOf(text: string): RegExp {
  return new RegExp(`^(.*\\W)?${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`, 'm');
}

/** How often a model was shown it as something new. */
export function timesShown({ model }: Agent, text: string): number {
  return model.turns.reduce(
    (sum, request) => sum + request.text.split('\n').filter((line) => lineOf(text).test(line)).length,
    0,
  );
}

export async function receipt(
  on: Machine,
  from: string,
  id: string,
  to: string,
): Promise<Told['recipients'][number] | undefined> {
  const told = (await on.json(['receipts', id, '--as', from])) as Told;
  return told.recipients.find(({ name }) => name === to);
}

/** Settles when the sender is told that it was seen; what was not shown was not. */
export async function isSeen(on: Machine, from: string, id: string, to: string): Promise<void> {
  let last: unknown;
  evidence(`the last receipt of ${from}`, () => JSON.stringify(last));
  await until(
    async () => {
      const told = await receipt(on, from, id, to);
      last = told;
      return told;
    },
    (told) => told?.state === 'seen' || told?.state === 'replied',
  );
}

/** The figures of the closing table. */
export function latencies(about: string, what: string, each: readonly number[]): void {
  const sorted = [...each].sort((a, b) => a - b);
  const at = (part: number) =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN);
  expect(sorted.length).toBeGreaterThan(0);
  fact(about, `${what}, p50 / p90 / last, ms`, `${at(0.5)} / ${at(0.9)} / ${at(1)}`);
}
