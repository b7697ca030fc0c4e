/**
 * A client of the first generation: it says who it is, reads what is pushed to it, writes now and then, connects anew when its
 * connection breaks, and knows neither receipts nor marks. What it is sent again it cannot tell from new mail, so what the relay
 * promises it is less: what a pong has answered for never comes again.
 */
import type { LegacyFrame, LegacyMessage } from '../../../../src/protocol/legacy.ts';
import { traceById } from '../../../../src/state/queries/envelopes.ts';
import { unhanded } from '../../../../src/state/queries/inbox.ts';
import { sessionByName } from '../../../../src/state/queries/sessions.ts';
import type { State } from '../../../../src/state/state.ts';
import { type History, hashOf } from '../history.ts';
import type { Seeded } from '../seeded.ts';
import type { Link, Network } from './network.ts';
import { Life } from './process.ts';

/** A relay that takes it. */
export interface LegacyUp {
  readonly life: Life;
  readonly isReady: boolean;
  readonly state: State;
  connect(far: Link['far']): void;
}

export interface FirstGenerationOptions {
  readonly name: string;
  readonly network: Network;
  readonly chance: Seeded;
  readonly history: History;
  readonly relay: () => LegacyUp | undefined;
  readonly readers: (address: string, sender: string) => readonly string[];
}

/** Before it connects again, milliseconds. */
const AGAIN = 1_000;
const RELAY = '(relay)';

interface Written {
  readonly body: string;
  readonly to: readonly string[];
}

export class FirstGeneration {
  readonly name: string;
  readonly #options: FirstGenerationOptions;
  /** By what it said: it learns the ids of its messages from the relay, if at all. */
  readonly #written = new Map<string, Written>();
  /** Messages that were not answered yet, oldest first: answers come in the order of what they answer. */
  #unanswered: Written[] = [];
  #life: Life | undefined;
  #near: Link['near'] | undefined;
  #up: LegacyUp | undefined;
  #isRegistered = false;
  /** Ids of what was answered. */
  readonly #answered: string[] = [];
  /** Ids that came by this connection. */
  #read: string[] = [];
  #connections = 0;

  constructor(options: FirstGenerationOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get isHere(): boolean {
    return this.#isRegistered && this.#life?.isOver === false;
  }

  start(): void {
    if (this.#life?.isOver === false) return;
    this.#life = new Life(this.#options.network.clock);
    this.#connectLater(this.#life, this.#options.network.latency());
  }

  kill(): void {
    this.#over();
    this.#life?.end();
  }

  send(address: string, body: string): void {
    if (!this.isHere) return;
    const written = { body, to: this.#options.readers(address, this.name) };
    this.#written.set(hashOf(body), written);
    this.#unanswered.push(written);
    this.#near?.send(JSON.stringify({ type: 'message', to: address, content: body }));
  }

  /** When the run is over: what its frames do not say is asked of the relay, and of those who have read what it wrote. */
  complete(): void {
    const { history } = this.#options;
    for (const [place, event] of [...history.events].entries()) {
      if (event.kind !== 'read') continue;
      // Of what was never answered it does not know the id.
      const written = this.#written.get(event.hash);
      if (written) this.#noteSent(event.id, written);
      if (event.by === this.name) history.events[place] = { ...event, position: this.#positionOf(event.id) };
    }
    for (const id of this.#answered) {
      history.note({ kind: 'answered', id, position: this.#positionOf(id), duplicate: false });
    }
  }

  #noteSent(id: string, { body, to }: Written): void {
    // It says each thing once: under a second id it would be stored twice, and be nobody's.
    if (this.#written.delete(hashOf(body)))
      this.#options.history.note({ kind: 'sent', id, by: this.name, to, hash: hashOf(body) });
  }

  #connectLater(life: Life, ms: number): void {
    life.clock.after(ms, () => {
      const up = this.#options.relay();
      if (!up || up.life.isOver) return this.#connectLater(life, AGAIN);
      const { near, far } = this.#options.network.connect(life, up.life);
      this.#up = up;
      this.#near = near;
      this.#connections += 1;
      near.listen({
        onText: (text) => this.#onFrame(JSON.parse(text)),
        onPong: () => {},
        onDrain: () => {},
        onClose: () => {
          this.#over();
          this.#connectLater(life, AGAIN);
        },
      });
      up.connect(far);
      near.send(JSON.stringify({ type: 'register', clientId: this.name }));
    });
  }

  #onFrame(frame: LegacyFrame): void {
    if (frame.type === 'registered') this.#onRegistered(frame.clientId);
    else if (frame.type === 'message') this.#onMessage(frame);
    else if (frame.type === 'sent') this.#onSent(frame.id);
    // Kept or not, nobody says: others may read it.
    else if (frame.type === 'error') this.#unanswered.shift();
  }

  #onRegistered(name: string): void {
    if (name !== this.name) throw new Error(`A promise was broken.\nname: ${this.name} was called ${name}`);
    this.#isRegistered = true;
  }

  #onSent(id: string): void {
    const written = this.#unanswered.shift();
    if (!written) throw new Error(`A promise was broken.\nanswers: ${id} was answered, and nothing was asked`);
    this.#noteSent(id, written);
    this.#answered.push(id);
  }

  #onMessage({ id, from, content }: LegacyMessage): void {
    const { history } = this.#options;
    if (from === RELAY) {
      history.note({ kind: 'notice', id, by: this.name, about: /^Your message (\S+) /.exec(content)?.[1] ?? '' });
      return;
    }
    this.#read.push(id);
    const life = this.#connections;
    history.note({ kind: 'read', id, by: this.name, position: 0, hash: hashOf(content), redelivered: false, life });
  }

  /** As the relay that runs now knows it; 0 of what it does not know. */
  #positionOf(id: string): number {
    const store = this.#options.relay()?.state.store;
    return (store && traceById(store, id)?.position) ?? 0;
  }

  /** The end of a connection: what came by it, and was not known to have arrived, may come again. */
  #over(): void {
    for (const id of this.#read) {
      if (this.#mayComeAgain(id)) this.#options.history.note({ kind: 'doubt', id, by: this.name });
    }
    this.#isRegistered = false;
    this.#near = undefined;
    this.#read = [];
    this.#unanswered = [];
  }

  #mayComeAgain(id: string): boolean {
    // What a relay that is dead had not written down yet, and what a disk that fails has taken, nobody can tell.
    if (!this.#up || this.#up.life.isOver || !this.#up.isReady) return true;
    const { store } = this.#up.state;
    const row = sessionByName(store, this.name);
    const position = this.#positionOf(id);
    return !row || unhanded(store, row, position - 1, 1)[0] === position;
  }
}
