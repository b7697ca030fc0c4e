/**
 * Who comes for one fault and goes again. Their names are few, and their keys are kept: a relay remembers every name that was ever there, and those are to
 * stay the same while its memory is watched.
 */
import type { Envelope } from '../../../src/protocol/envelope.ts';
import { sleep, systemClock } from '../../../src/util/clock.ts';
import { hashOf } from '../../faults/support/history.ts';
import { readOf } from '../../faults/support/talker.ts';
import { type Frame, WireClient } from '../../support/wire-client.ts';
import type { World } from './world.ts';

/** Before a page that was empty is asked for again, milliseconds. */
const AGAIN = 50;

/** Between two visits, milliseconds. */
const PAUSE = 40;

interface Manner {
  /** Which process it is. */
  readonly instance?: string;
  /** Envelopes pushed without a receipt; 0: it pulls. */
  readonly window?: number;
}

export class Guests {
  readonly world: World;
  readonly #keys = new Map<string, string>();
  #said = 0;

  constructor(world: World) {
    this.world = world;
  }

  /** Of a message, like no other. */
  id(): string {
    return `guest-${this.#said++}`;
  }

  /** A socket that has said nothing yet. */
  async open(): Promise<WireClient> {
    const { url, token } = this.world.relay.place;
    const client = new WireClient(url(), token());
    await client.opened;
    return client;
  }

  /** By each fault under names of its own, since two may be under way. */
  async greet(name: string, { instance = `i${name}`, window = 0 }: Manner = {}): Promise<Guest> {
    const client = await this.open();
    const key = this.#keys.get(name);
    client.say({ type: 'hello', v: 1, name, instance, seat: true, window, ...(key === undefined ? {} : { key }) });
    const welcome = await unlessClosed(client, client.next('welcome'));
    if (welcome['name'] !== name) throw new Error(`${name} was called ${welcome['name']}`);
    if (typeof welcome['key'] === 'string') this.#keys.set(name, welcome['key']);
    return new Guest(name, client, this, window);
  }

  /** One visit after the other, so that what stays behind of a connection adds up. */
  async visit(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const visitor = await this.greet('VISITS');
      await visitor.ask('status');
      visitor.bye();
      await visitor.client.closed;
      await sleep(systemClock, PAUSE);
    }
  }
}

export class Guest {
  readonly name: string;
  readonly client: WireClient;
  readonly #guests: Guests;
  readonly #window: number;

  constructor(name: string, client: WireClient, guests: Guests, window: number) {
    this.name = name;
    this.client = client;
    this.#guests = guests;
    this.#window = window;
  }

  /** The result; throws what was refused. */
  async ask(verb: string, args: object = {}): Promise<Frame> {
    const { type, result, code, message } = await unlessClosed(this.client, this.client.ask(verb, args));
    if (type !== 'answer') throw new Error(`${this.name} ${verb}: ${code}: ${message}`);
    return Object(result);
  }

  async send(address: string, readers: readonly string[], words: string): Promise<void> {
    const { history } = this.#guests.world;
    const id = this.#guests.id();
    const body = `${id} ${words}`;
    history.note({ kind: 'sent', id, by: this.name, to: readers, hash: hashOf(body) });
    const { position } = await this.ask('send', { id, to: address, body });
    history.note({ kind: 'answered', id, position: Number(position), duplicate: false });
  }

  /** Reads until so many were for it alone or its room: what all were sent meanwhile is taken, and concerns no guest. */
  async read(count: number): Promise<void> {
    const { history } = this.#guests.world;
    for (let left = count; left > 0; ) {
      const messages = await this.#page();
      if (messages.length === 0) await sleep(systemClock, AGAIN);
      else await this.ask('receipt', { state: 'seen', positions: messages.map(({ position }) => position) });
      const ours = messages.filter(({ to }) => !to.includes('all'));
      for (const message of ours) history.note(readOf(this.name, message));
      left -= ours.length;
    }
  }

  bye(): void {
    this.client.say({ type: 'bye' });
  }

  async #page(): Promise<readonly Envelope[]> {
    const page = this.#window > 0 ? await this.client.next('deliver') : await this.ask('receive', { count: 200 });
    return page['messages'] as readonly Envelope[];
  }
}

/** What a connection that has ended will never say is waited for by nobody. */
function unlessClosed(client: WireClient, said: Promise<Frame>): Promise<Frame> {
  const closed = client.closed.then((): never => {
    throw new Error(
      `The relay closed the connection: ${JSON.stringify(client.of('error').at(-1) ?? 'without a word')}`,
    );
  });
  return Promise.race([said, closed]);
}
