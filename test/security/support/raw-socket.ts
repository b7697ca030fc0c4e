/** TCP as an attacker uses it: whatever bytes, at whatever pace, and WebSocket frames that no library would write. */
import net from 'node:net';
import { sleep, systemClock } from '../../../src/util/clock.ts';

export class RawSocket {
  /** Settles when the other side, or we, have ended it. Never rejects. */
  readonly ended: Promise<void>;
  readonly #socket: net.Socket;
  #received = Buffer.alloc(0);
  #isEnded = false;
  #wake: (() => void)[] = [];

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    this.ended = new Promise((resolve) => {
      socket.once('close', () => {
        this.#isEnded = true;
        resolve();
        this.#stir();
      });
    });
    socket.on('error', () => undefined); // `close` follows: being cut is what most attacks end with
    socket.on('data', (chunk: Buffer) => {
      // Answers to floods are many; what is looked at is how they begin.
      if (this.#received.length < 64 * 1024) this.#received = Buffer.concat([this.#received, chunk]);
      this.#stir();
    });
  }

  /** Connected. */
  static open(port: number): Promise<RawSocket> {
    return new Promise((resolve, reject) => {
      const socket = net.connect(port, '127.0.0.1');
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new RawSocket(socket));
      });
    });
  }

  /** Past the upgrade; with hello, past the welcome. */
  static async webSocket(port: number, token: string, hello?: object): Promise<RawSocket> {
    const raw = await RawSocket.open(port);
    raw.write(upgradeText(port, [`Authorization: Bearer ${token}`]));
    await raw.hears(/^HTTP\/1\.1 101[\s\S]*\r\n\r\n/);
    if (hello === undefined) return raw;
    raw.write(textFrame(JSON.stringify({ type: 'hello', v: 1, seat: true, ...hello })));
    await raw.hears(/"welcome"/);
    return raw;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** How what was received begins. */
  get text(): string {
    return this.#received.toString('latin1');
  }

  /** The close code of a WebSocket, if one came. */
  get closeCode(): number | undefined {
    const at = this.#received.lastIndexOf(0x88);
    return at < 0 || at + 4 > this.#received.length ? undefined : this.#received.readUInt16BE(at + 2);
  }

  write(data: string | Buffer): boolean {
    return this.#isEnded ? false : this.#socket.write(data);
  }

  /** As much as the other side takes until the time is over (milliseconds) or it ends the connection. Answers how many pieces that were. */
  async flood(piece: Buffer | ((n: number) => Buffer), ms: number): Promise<number> {
    const end = systemClock.monotonic() + ms;
    let n = 0;
    while (!this.#isEnded && systemClock.monotonic() < end) {
      const isTaken = this.write(typeof piece === 'function' ? piece(n) : piece);
      n += 1;
      if (isTaken) await new Promise<void>((resolve) => setImmediate(resolve));
      else await this.#drained(end);
    }
    return n;
  }

  /** One piece, again and again, with a pause between (milliseconds), until it is ended. */
  async trickle(piece: Buffer, pause: number): Promise<void> {
    while (!this.#isEnded) {
      this.write(piece);
      await sleep(systemClock, pause);
    }
  }

  /** Stops reading: what the other side sends piles up there. */
  freeze(): void {
    this.#socket.pause();
  }

  async hears(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.text)) {
      if (this.#isEnded) throw new Error(`It ended without ${pattern}: ${this.text.slice(0, 300)}`);
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  cut(): void {
    this.#socket.destroy();
  }

  /** Until the other side reads again, it is over, or the time is. */
  async #drained(end: number): Promise<void> {
    const drained = new Promise<void>((resolve) => this.#socket.once('drain', resolve));
    const left = Math.max(0, end - systemClock.monotonic());
    await Promise.race([drained, this.ended, sleep(systemClock, left)]);
  }

  #stir(): void {
    for (const resolve of this.#wake.splice(0)) resolve();
  }
}

/** An upgrade as our client asks for one, with further header lines. */
export function upgradeText(port: number, lines: readonly string[] = []): string {
  const head = [
    'GET / HTTP/1.1',
    `Host: localhost:${port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Protocol: claude-relay.v1',
  ];
  return `${[...head, ...lines].join('\r\n')}\r\n\r\n`;
}

export const OPCODE = { more: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface FrameOptions {
  /** The last one of its message. */
  readonly fin?: boolean;
  /** Says that it is compressed. */
  readonly rsv1?: boolean;
  /** Instead of the true one. */
  readonly length?: number;
  /** As a relay sends it: unmasked. */
  readonly fromRelay?: boolean;
}

/** RFC 6455, 5.2. Masked with zeros, so that the payload goes out as it is. */
export function frame(opcode: number, payload: Buffer, options: FrameOptions = {}): Buffer {
  const { fin = true, rsv1 = false, length = payload.length, fromRelay = false } = options;
  const first = (fin ? 0x80 : 0) | (rsv1 ? 0x40 : 0) | opcode;
  const masked = fromRelay ? 0 : 0x80;
  const mask = Buffer.alloc(fromRelay ? 0 : 4);
  if (length < 126) return Buffer.concat([Buffer.from([first, masked | length]), mask, payload]);
  if (length < 65_536) {
    const head = Buffer.from([first, masked | 126, 0, 0]);
    head.writeUInt16BE(length, 2);
    return Buffer.concat([head, mask, payload]);
  }
  const head = Buffer.alloc(10);
  head[0] = first;
  head[1] = masked | 127;
  head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, mask, payload]);
}

export function textFrame(text: string, options: FrameOptions = {}): Buffer {
  return frame(OPCODE.text, Buffer.from(text), options);
}
