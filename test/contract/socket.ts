/** What every Socket keeps, whatever carries it. */
import { describe, expect, it } from 'vitest';
import type { Socket, SocketListener } from '../../src/relay/socket.ts';

export interface SocketPair {
  readonly a: Socket;
  readonly b: Socket;
  teardown(): Promise<void>;
}

/** Writes down what a socket tells, and lets a test wait for it. */
export class Heard implements SocketListener {
  readonly texts: string[] = [];
  readonly closes: number[] = [];
  /** Marks of the pings that were answered. */
  readonly pongs: string[] = [];
  drains = 0;
  #wake: () => void = () => {};

  onText(text: string): void {
    this.texts.push(text);
    this.#wake();
  }

  onPong(mark: string): void {
    this.pongs.push(mark);
    this.#wake();
  }

  onClose(code: number): void {
    this.closes.push(code);
    this.#wake();
  }

  onDrain(): void {
    this.drains += 1;
    this.#wake();
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

export function runSocketContract(name: string, make: () => Promise<SocketPair>): void {
  describe(`the ${name} socket`, () => {
    const withPair = (work: (pair: SocketPair, a: Heard, b: Heard) => Promise<void>) => async () => {
      const pair = await make();
      const [a, b] = [new Heard(), new Heard()];
      pair.a.listen(a);
      pair.b.listen(b);
      try {
        await work(pair, a, b);
      } finally {
        await pair.teardown();
      }
    };

    it(
      'carries texts both ways, each whole and in order',
      withPair(async (pair, a, b) => {
        const texts = ['one', '', 'ünï 🎈', 'x'.repeat(200_000), '{"a":1}'];
        for (const text of texts) {
          pair.a.send(text);
          pair.b.send(text);
        }
        await b.until(() => b.texts.length === texts.length);
        await a.until(() => a.texts.length === texts.length);
        expect([a.texts, b.texts]).toEqual([texts, texts]);
      }),
    );

    it(
      'keeps the order of many',
      withPair(async (pair, _a, b) => {
        const texts = Array.from({ length: 1_000 }, (_, n) => `${n}`);
        for (const text of texts) pair.a.send(text);
        await b.until(() => b.texts.length === texts.length);
        expect(b.texts).toEqual(texts);
      }),
    );

    it(
      'is answered when it pings, once a ping, with the mark of that ping',
      withPair(async (pair, a, b) => {
        pair.a.ping('1');
        await a.until(() => a.pongs.length === 1);
        pair.a.ping('two');
        await a.until(() => a.pongs.length === 2);
        expect([a.pongs, b.pongs, b.texts]).toEqual([['1', 'two'], [], []]);
      }),
    );

    it(
      'gets a pong only after what was sent before the ping has arrived',
      withPair(async (pair, a, b) => {
        for (let n = 0; n < 50; n += 1) pair.a.send(`${n}`);
        pair.a.ping('1');
        await a.until(() => a.pongs.length === 1);
        expect(b.texts).toHaveLength(50);
      }),
    );

    it(
      'tells both sides the end, once, with its code, after what was sent before it',
      withPair(async (pair, a, b) => {
        pair.a.send('last words');
        pair.a.close(4401, 'unauthorized');
        await b.until(() => b.closes.length === 1);
        await a.until(() => a.closes.length === 1);
        expect([b.texts, b.closes, a.closes]).toEqual([['last words'], [4401], [4401]]);
      }),
    );

    it(
      'may be closed twice, and from both sides',
      withPair(async (pair, a, b) => {
        pair.a.close(1000, '');
        pair.a.close(1001, 'again');
        pair.b.close(1000, '');
        await a.until(() => a.closes.length === 1);
        await b.until(() => b.closes.length === 1);
        pair.a.close(1000, '');
        pair.a.terminate();
        expect([a.closes.length, b.closes.length]).toEqual([1, 1]);
      }),
    );

    it(
      'sends nothing, silently, once it is closed',
      withPair(async (pair, a, b) => {
        pair.a.close(1000, '');
        pair.a.send('too late');
        pair.a.ping('1');
        await b.until(() => b.closes.length === 1);
        await a.until(() => a.closes.length === 1);
        pair.a.send('much too late');
        pair.b.send('too late as well');
        expect([a.texts, b.texts, a.pongs]).toEqual([[], [], []]);
      }),
    );

    it(
      'ends at once when it is terminated',
      withPair(async (pair, a, b) => {
        pair.a.terminate();
        pair.a.terminate();
        await a.until(() => a.closes.length === 1);
        await b.until(() => b.closes.length === 1);
        expect(a.closes).toEqual([1006]);
      }),
    );

    it(
      'takes a reason of any length',
      withPair(async (pair, _a, b) => {
        pair.a.close(4400, 'ä'.repeat(500));
        await b.until(() => b.closes.length === 1);
        expect(b.closes).toEqual([4400]);
      }),
    );

    it(
      'has nothing unsent when the other side reads',
      withPair(async (pair, a) => {
        pair.a.send('x'.repeat(10_000));
        pair.a.ping('1');
        await a.until(() => a.pongs.length === 1);
        expect(pair.a.unsent).toBe(0);
      }),
    );
  });
}
