/** A WebSocket client that says what a test wants, and waits for what it expects. */
import { WebSocket } from 'ws';

export type Frame = { readonly type: string; readonly [field: string]: unknown };

interface Waiter {
  readonly fits: (frame: Frame) => boolean;
  readonly resolve: (frame: Frame) => void;
}

export class WireClient {
  /** Every frame so far. */
  readonly frames: Frame[] = [];
  readonly opened: Promise<void>;
  /** The close code. */
  readonly closed: Promise<number>;
  readonly #ws: WebSocket;
  readonly #unread: Frame[] = [];
  readonly #waiters: Waiter[] = [];
  #lastId = 0;

  /** Without a token: as the first generation connects. */
  constructor(url: string, token?: string, options: { readonly autoPong?: boolean } = {}) {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    this.#ws = new WebSocket(url, token === undefined ? [] : ['claude-relay.v1'], { headers, ...options });
    this.opened = new Promise((resolve, reject) => {
      this.#ws.once('open', resolve);
      this.#ws.once('error', reject);
    });
    this.closed = new Promise((resolve) => this.#ws.once('close', resolve));
    this.#ws.on('error', () => {});
    this.#ws.on('message', (data) => this.#onFrame(JSON.parse(data.toString())));
  }

  say(frame: object): void {
    this.#ws.send(JSON.stringify(frame));
  }

  sayRaw(text: string | Buffer): void {
    this.#ws.send(text);
  }

  /** Stops reading: what the other side sends piles up there. */
  freeze(): void {
    this.#ws.pause();
  }

  thaw(): void {
    this.#ws.resume();
  }

  close(): void {
    this.#ws.close();
  }

  /** Ends without a word. */
  cut(): void {
    this.#ws.terminate();
  }

  /** The next unread frame of that type (and that fits); frames of other types stay unread. */
  next(type: string, fits: (frame: Frame) => boolean = () => true): Promise<Frame> {
    const wanted = (frame: Frame) => frame.type === type && fits(frame);
    const index = this.#unread.findIndex(wanted);
    const [found] = index < 0 ? [] : this.#unread.splice(index, 1);
    if (found) return Promise.resolve(found);
    return new Promise((resolve) => this.#waiters.push({ fits: wanted, resolve }));
  }

  /** A request of this generation and its answer, whichever it is. */
  async ask(verb: string, args: object = {}): Promise<Frame> {
    const id = ++this.#lastId;
    const answer = Promise.race([
      this.next('answer', (frame) => frame['id'] === id),
      this.next('error', (frame) => frame['id'] === id),
    ]);
    this.say({ type: 'request', id, verb, args });
    return await answer;
  }

  /** All frames of one type so far, read or not. */
  of(type: string): Frame[] {
    return this.frames.filter((frame) => frame.type === type);
  }

  /** A round trip of the first generation: what was said to this client before it has arrived. */
  async settled(): Promise<void> {
    this.say({ type: 'ping' });
    await this.next('pong');
  }

  #onFrame(frame: Frame): void {
    this.frames.push(frame);
    const index = this.#waiters.findIndex((waiter) => waiter.fits(frame));
    const [waiter] = index < 0 ? [] : this.#waiters.splice(index, 1);
    if (waiter) waiter.resolve(frame);
    else this.#unread.push(frame);
  }
}
