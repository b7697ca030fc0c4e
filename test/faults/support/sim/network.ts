/**
 * Connections whose texts take their time, in order, and that break as TCP does: a text is lost only together with all that
 * come after it. What breaks a connection, and who hears of it when, is for the schedule to say.
 */
import type { ClientSocket, ClientSocketListener } from '../../../../src/client/socket.ts';
import type { Socket, SocketListener } from '../../../../src/relay/socket.ts';
import type { FakeClock } from '../../../support/fake-clock.ts';
import type { Seeded } from '../seeded.ts';
import type { Life } from './process.ts';

/** Of one text, milliseconds. */
const LATENCY = 20;
const SPIKE = 4_000;

type Parcel =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'ping' | 'pong'; readonly mark: string }
  | { readonly kind: 'end'; readonly code: number };

export class Network {
  readonly clock: FakeClock;
  readonly chance: Seeded;
  readonly links = new Set<Link>();

  constructor(clock: FakeClock, chance: Seeded) {
    this.clock = clock;
    this.chance = chance;
  }

  connect(near: Life, far: Life): Link {
    const link = new Link(this, near, far);
    this.links.add(link);
    return link;
  }

  latency(): number {
    return this.chance.chance(0.02) ? this.chance.below(SPIKE) : this.chance.below(LATENCY);
  }
}

export class Link {
  readonly near: End;
  readonly far: End;
  readonly #network: Network;

  constructor(network: Network, near: Life, far: Life) {
    this.#network = network;
    this.near = new End(network, near);
    this.far = new End(network, far);
    this.near.meet(this.far, () => this.#forget());
    this.far.meet(this.near, () => this.#forget());
  }

  /** A cable is pulled, a tunnel dies: both hear of it, each in its time. */
  cut(): void {
    for (const end of [this.near, this.far]) {
      end.isDark = true;
      this.#network.clock.after(this.#network.latency(), () => end.over(1006));
    }
  }

  /** Nothing arrives any more, in one direction or in both, and nobody is told. */
  darken(which: 'near' | 'far' | 'both'): void {
    if (which !== 'far') this.near.isDark = true;
    if (which !== 'near') this.far.isDark = true;
  }

  #forget(): void {
    if (this.near.isOver && this.far.isOver) this.#network.links.delete(this);
  }
}

/** One end. The same for a client and for the relay: theirs is the same interface but for what a relay asks of `unsent`. */
class End implements Socket, ClientSocket {
  unsent = 0;
  /** What is sent to here goes nowhere. */
  isDark = false;
  readonly #network: Network;
  readonly #life: Life;
  #other: End | undefined;
  #listener: SocketListener | ClientSocketListener | undefined;
  #held: string[] = [];
  #lastDue = 0;
  #isClosed = false;
  #isOver = false;
  #onOver: () => void = () => {};

  constructor(network: Network, life: Life) {
    this.#network = network;
    this.#life = life;
    life.onEnd(() => this.#die());
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  meet(other: End, onOver: () => void): void {
    this.#other = other;
    this.#onOver = onOver;
  }

  listen(listener: SocketListener | ClientSocketListener): void {
    this.#listener = listener;
    for (const text of this.#held.splice(0)) listener.onText(text);
  }

  send(text: string): void {
    if (this.#isClosed || this.#life.isOver) return;
    this.unsent += text.length;
    this.#post({ kind: 'text', text }, () => {
      this.unsent -= text.length;
    });
  }

  ping(mark = ''): void {
    if (!this.#isClosed && !this.#life.isOver) this.#post({ kind: 'ping', mark });
  }

  close(code: number): void {
    this.#close(code);
  }

  terminate(): void {
    this.#close(1006);
  }

  /** The connection is over for whoever is here. */
  over(code: number): void {
    this.#isClosed = true;
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onOver();
    if (!this.#life.isOver) this.#listener?.onClose(code);
  }

  receive(parcel: Parcel): void {
    if (this.isDark || this.#isOver || this.#life.isOver) return;
    if (parcel.kind === 'end') return this.over(parcel.code);
    if (parcel.kind === 'text') return this.#isClosed ? undefined : this.#hear(parcel.text);
    if (parcel.kind === 'ping') return this.#post({ kind: 'pong', mark: parcel.mark });
    this.#listener?.onPong(parcel.mark);
  }

  #hear(text: string): void {
    if (this.#listener) this.#listener.onText(text);
    else this.#held.push(text);
  }

  #close(code: number): void {
    if (this.#isClosed || this.#life.isOver) return;
    this.#post({ kind: 'end', code });
    this.#isClosed = true;
    this.#network.clock.after(1, () => this.over(code));
  }

  /** The system says goodbye for a process that died. */
  #die(): void {
    if (!this.#isClosed) this.#post({ kind: 'end', code: 1006 });
    this.over(1006);
  }

  #post(parcel: Parcel, onLeft: () => void = () => {}): void {
    const { clock } = this.#network;
    this.#lastDue = Math.max(this.#lastDue, clock.monotonic() + this.#network.latency());
    clock.after(this.#lastDue - clock.monotonic(), () => {
      onLeft();
      this.#other?.receive(parcel);
    });
  }
}
