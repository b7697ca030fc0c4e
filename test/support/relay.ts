/** A relay on tables in memory, with a clock that the test owns, and peers that speak frames to it. */
import { openMemoryJournal } from '../../src/journal/open.ts';
import type { ClientFrame, Hello, RelayFrame, Welcome } from '../../src/protocol/frames.ts';
import type { Args, Results, Verb } from '../../src/protocol/verbs.ts';
import { type Identity, THE_OWNER } from '../../src/relay/identity.ts';
import { silentLog } from '../../src/relay/log.ts';
import { Relay, type RelayOptions } from '../../src/relay/relay.ts';
import { MemorySocket } from '../../src/transports/memory.ts';
import { systemRandom } from '../../src/util/random.ts';
import { FakeClock } from './fake-clock.ts';

export { settle } from './fake-clock.ts';

export async function openRelay(options: Pick<RelayOptions, 'brakes'> = {}) {
  const clock = new FakeClock();
  const journal = await openMemoryJournal();
  const relay = new Relay({ journal, clock, random: systemRandom, log: silentLog, version: '0.0.0', ...options });
  return { relay, journal, clock };
}

type Frame<T extends RelayFrame['type']> = Extract<RelayFrame, { type: T }>;

/** One client of a test: remembers every frame, and can wait for the next of a kind. */
export class Peer {
  readonly frames: RelayFrame[] = [];
  readonly socket: MemorySocket;
  closeCode: number | undefined;
  #next = 0;
  #waiting: (() => void)[] = [];

  constructor(relay: Relay, identity: Identity = THE_OWNER) {
    const [ours, theirs] = MemorySocket.pair();
    this.socket = ours;
    ours.listen({
      onText: (text) => {
        this.frames.push(JSON.parse(text));
        this.#wake();
      },
      onPong: () => undefined,
      onClose: (code) => {
        this.closeCode = code;
        this.#wake();
      },
      onDrain: () => undefined,
    });
    relay.connect(theirs, { identity });
    this.relaySide = theirs;
  }

  /** The relay's end, to play a slow or frozen peer. */
  readonly relaySide: MemorySocket;

  static async open(
    relay: Relay,
    hello: Partial<Hello> = {},
    identity?: Identity,
  ): Promise<Peer & { welcome: Welcome }> {
    const peer = new Peer(relay, identity);
    peer.say({
      type: 'hello',
      v: 1,
      instance: `i${Math.random().toString(36).slice(2)}`,
      seat: true,
      ...hello,
    } as Hello);
    const welcome = await peer.next('welcome');
    return Object.assign(peer, { welcome });
  }

  say(frame: ClientFrame | Record<string, unknown>): void {
    this.socket.send(JSON.stringify(frame));
  }

  all<T extends RelayFrame['type']>(type: T): Frame<T>[] {
    return this.frames.filter((frame): frame is Frame<T> => frame.type === type);
  }

  /** The first frame of that type that this was not asked for before. */
  async next<T extends RelayFrame['type']>(
    type: T,
    fits: (frame: Frame<T>) => boolean = () => true,
  ): Promise<Frame<T>> {
    for (;;) {
      const found = this.all(type).find((frame) => fits(frame) && !this.#taken.has(frame));
      if (found) {
        this.#taken.add(found);
        return found;
      }
      if (this.closeCode !== undefined)
        throw new Error(`closed with ${this.closeCode} before ${type}: ${JSON.stringify(this.frames)}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Rejects with the error frame's code as message. */
  async ask<V extends Verb>(verb: V, args: Args<V>): Promise<Results[V]> {
    const id = ++this.#next;
    this.say({ type: 'request', id, verb, args });
    const frame = await this.answerTo(id);
    if (frame.type === 'error') throw Object.assign(new Error(`${frame.code}: ${frame.message}`), { code: frame.code });
    return frame.result as Results[V];
  }

  async answerTo(id: number): Promise<Frame<'answer'> | Frame<'error'>> {
    for (;;) {
      for (const frame of this.frames)
        if ((frame.type === 'answer' || frame.type === 'error') && frame.id === id) return frame;
      if (this.closeCode !== undefined) throw new Error(`closed with ${this.closeCode}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  readonly #taken = new Set<RelayFrame>();

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
