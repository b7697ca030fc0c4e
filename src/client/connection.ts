/**
 * One connection's life: hello → welcome, requests answered by their ids, pings, the end.
 *
 *     open ──hello──→ greeting ──welcome──→ live ──→ closed (why)
 *                         └──error, silence──────────────↑
 */
import { utf8Bytes } from '../protocol/check.ts';
import { decodeRelayFrame, encode } from '../protocol/codec.ts';
import { asRelayError, CODES, type Code, isCode, RelayError } from '../protocol/codes.ts';
import {
  type Answer,
  type BrakedFrame,
  type Deliver,
  type ErrorFrame,
  type HeldFrame,
  type Hello,
  type More,
  type PausedFrame,
  PROTOCOL_VERSION,
  type PresenceFrame,
  type ReceiptFrame,
  type RelayFrame,
  type Welcome,
} from '../protocol/frames.ts';
import { TIMES } from '../protocol/limits.ts';
import type { Args, Results, Verb } from '../protocol/verbs.ts';
import type { Clock, Timer } from '../util/clock.ts';
import type { ClientSocket } from './socket.ts';

/** Frames that nobody asked for. */
export type Pushed = Deliver | More | ReceiptFrame | PresenceFrame | HeldFrame | BrakedFrame | PausedFrame;

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until `timeout`; without it REQUEST_MS and what the request itself may wait. */
  readonly timeoutMs?: number | undefined;
}

export interface ConnectionOptions {
  readonly socket: ClientSocket;
  readonly clock: Clock;
  readonly onPush: (frame: Pushed) => void;
  /** The answer to a request that nobody waits for any more: what it took must not be lost. */
  readonly onLate?: (verb: Verb, result: unknown) => void;
}

/** How long a request waits for its answer, beyond what it asked the relay to wait, milliseconds. */
export const REQUEST_MS = 15_000;
/** Hello waits longer: the relay may be probing a silent holder of the name. */
const HELLO_MS = 15_000;
/** Answers of given-up requests that are still recognised when they come. */
const ABANDONED = 1_000;

interface Asked {
  readonly verb: Verb;
  /** Of its frame. */
  readonly bytes: number;
}

interface Waiting extends Asked {
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

export class Connection {
  /** Resolves once, with why it ended. Never rejects. */
  readonly closed: Promise<RelayError>;
  readonly #options: ConnectionOptions;
  readonly #waiting = new Map<number, Waiting>();
  readonly #abandoned = new Map<number, Asked>();
  readonly #timers: Timer[] = [];
  #onClosed: (why: RelayError) => void = () => {};
  #greeting: { resolve(welcome: Welcome): void; reject(error: RelayError): void } | undefined;
  #end: RelayError | undefined;
  #nextId = 1;
  #heard: number;
  #ticked: number;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#heard = this.#ticked = options.clock.monotonic();
    this.closed = new Promise((resolve) => {
      this.#onClosed = resolve;
    });
    options.socket.listen({
      onText: (text) => this.#onText(text),
      onPong: () => this.#hear(),
      onClose: (code) => this.#onClose(code),
      onDrain: () => {},
    });
  }

  /** Says hello. Rejects with the relay's refusal, `timeout`, or why the connection ended. */
  open(hello: Omit<Hello, 'type' | 'v'>): Promise<Welcome> {
    const { clock, socket } = this.#options;
    return new Promise((resolve, reject) => {
      if (this.#end) return reject(this.#end);
      this.#greeting = { resolve, reject };
      this.#timers.push(
        clock.every(TIMES.ping, () => this.#tick()),
        clock.after(HELLO_MS, () => this.#giveUpGreeting()),
      );
      socket.send(encode({ type: 'hello', v: PROTOCOL_VERSION, ...hello }));
    });
  }

  /**
   * One verb. Rejects with the relay's error, `timeout`, the signal's reason, or with `not_connected` however the connection
   * ended before the answer: whether it was done is not known then.
   */
  request<V extends Verb>(verb: V, args: Args<V>, options: RequestOptions = {}): Promise<Results[V]> {
    const { clock, socket } = this.#options;
    const { signal } = options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      if (this.#end) return reject(lostRequest(this.#end));
      const id = this.#nextId++;
      const timer = clock.after(options.timeoutMs ?? patience(args), () =>
        this.#abandon(id, new RelayError('timeout')),
      );
      const onAbort = () => this.#abandon(id, signal?.reason);
      const settled = () => {
        timer.cancel();
        signal?.removeEventListener('abort', onAbort);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      const text = encode({ type: 'request', id, verb, args });
      this.#waiting.set(id, {
        verb,
        bytes: utf8Bytes(text),
        resolve: (result) => {
          settled();
          resolve(result as Results[V]);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      });
      socket.send(text);
    });
  }

  /** Goodbye: the relay tells the others that we left. May be called twice. */
  bye(): void {
    if (this.#end) return;
    this.#options.socket.send(encode({ type: 'bye' }));
    this.#finish(new RelayError('not_connected', 'This session has said goodbye to the relay.'));
  }

  /** Ends it without goodbye. May be called twice. */
  drop(why: RelayError): void {
    this.#finish(why);
  }

  #onText(text: string): void {
    this.#hear();
    if (this.#end) return;
    try {
      const frame = decodeRelayFrame(text);
      if (frame) this.#onFrame(frame);
    } catch (error) {
      this.#finish(asRelayError(error));
    }
  }

  #onClose(code: number): void {
    const why = endOf(code);
    if (why.code === 'frame_too_large') this.#refuseLargest(why);
    this.#finish(why);
  }

  /** Of what was not answered. The close code does not say which frame it was, and that one is never answered. */
  #refuseLargest(error: RelayError): void {
    const asked = [...this.#waiting, ...this.#abandoned].sort(([, a], [, b]) => b.bytes - a.bytes);
    const id = asked[0]?.[0] ?? 0;
    this.#waiting.get(id)?.reject(error);
    this.#waiting.delete(id);
  }

  #onFrame(frame: RelayFrame): void {
    switch (frame.type) {
      case 'welcome':
        this.#onWelcome(frame);
        break;
      case 'answer':
        this.#onAnswer(frame);
        break;
      case 'error':
        this.#onError(frame);
        break;
      case 'deliver':
      case 'more':
      case 'receipt':
      case 'presence':
      case 'held':
      case 'braked':
      case 'paused':
        this.#options.onPush(frame);
        break;
      default:
        frame satisfies never;
    }
  }

  #onWelcome(frame: Welcome): void {
    const greeting = this.#greeting;
    this.#greeting = undefined;
    greeting?.resolve(frame);
  }

  #onAnswer(frame: Answer): void {
    const waiting = this.#waiting.get(frame.id);
    this.#waiting.delete(frame.id);
    waiting?.resolve(frame.result);
    const abandoned = this.#abandoned.get(frame.id);
    this.#abandoned.delete(frame.id);
    if (abandoned) this.#options.onLate?.(abandoned.verb, frame.result);
  }

  #onError(frame: ErrorFrame): void {
    const error = errorOf(frame);
    const waiting = frame.id === undefined ? undefined : this.#waiting.get(frame.id);
    if (frame.id !== undefined) {
      this.#waiting.delete(frame.id);
      this.#abandoned.delete(frame.id);
    }
    waiting?.reject(error);
    if (error.close !== undefined || this.#greeting) this.#finish(error);
  }

  #hear(): void {
    this.#heard = this.#options.clock.monotonic();
  }

  /**
   * A pong comes milliseconds after the ping that it answers, so silence is measured with half a ping of slack: three
   * pings without any answer. A process that was stopped or starved itself must first listen again before it judges.
   */
  #tick(): void {
    const now = this.#options.clock.monotonic();
    const wasStopped = now - this.#ticked > TIMES.ping * 2;
    this.#ticked = now;
    if (wasStopped) this.#heard = Math.max(this.#heard, now - TIMES.ping);
    if (now - this.#heard < TIMES.silence - TIMES.ping / 2) {
      this.#options.socket.ping();
      return;
    }
    this.#options.socket.terminate();
    this.#finish(new RelayError('not_connected', 'The relay has not answered for too long; trying again.'));
  }

  #giveUpGreeting(): void {
    if (!this.#greeting) return;
    this.#finish(new RelayError('timeout', 'The relay did not answer hello in time; trying again.'));
  }

  #abandon(id: number, reason: unknown): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    this.#abandoned.set(id, { verb: waiting.verb, bytes: waiting.bytes });
    if (this.#abandoned.size > ABANDONED) this.#abandoned.delete(this.#abandoned.keys().next().value ?? id);
    waiting.reject(reason);
  }

  #finish(why: RelayError): void {
    if (this.#end) return;
    this.#end = why;
    for (const timer of this.#timers) timer.cancel();
    this.#options.socket.close(1000, '');
    this.#greeting?.reject(why);
    this.#greeting = undefined;
    for (const waiting of [...this.#waiting.values()]) waiting.reject(lostRequest(why));
    this.#waiting.clear();
    this.#onClosed(why);
  }
}

/** An `error` frame as an error; a code of a later version is `internal`, with its own sentence. */
function errorOf(frame: ErrorFrame): RelayError {
  const code: Code = isCode(frame.code) ? frame.code : 'internal';
  return new RelayError(code, typeof frame.message === 'string' ? frame.message : CODES[code].sentence);
}

/** Why a socket ended that was closed without an `error` frame. */
function endOf(closeCode: number): RelayError {
  const code = Object.keys(CODES).find((key) => isCode(key) && new RelayError(key).close === closeCode);
  if (isCode(code)) return new RelayError(code);
  return new RelayError('not_connected', 'The connection to the relay broke; trying again.');
}

/**
 * What a request is told whose connection ended before its answer. Never the code of that end, which is no answer to the
 * request: it may have been done, and may be sent again under its id. A reason that will not pass is told in words.
 */
function lostRequest(why: RelayError): RelayError {
  const isTold = why.close !== undefined && !why.retry && why.code !== 'frame_too_large';
  const sentence = isTold
    ? `${why.message} Whether the request was done is not known.`
    : 'The relay went away before it answered; whether it was done is not known.';
  return new RelayError('not_connected', sentence, why);
}

function patience(args: object): number {
  const asked = 'wait_seconds' in args && typeof args.wait_seconds === 'number' ? args.wait_seconds * 1000 : 0;
  return REQUEST_MS + asked;
}
