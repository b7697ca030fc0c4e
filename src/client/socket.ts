/**
 * What carries text to the relay: a WebSocket here, one side of a linked pair in memory in tests. Opening one is a
 * promise, so a socket that exists is open.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import { SUBPROTOCOL } from '../protocol/frames.ts';
import { LIMITS } from '../protocol/limits.ts';
import { systemClock, type Timer } from '../util/clock.ts';
import { type Ask, authorization, type Credential, pinned } from './device.ts';
import { requestTo, textOf } from './once.ts';
import { candidates, relayUrl } from './place.ts';
import { isConnectFailure, refusal, unreachable } from './reach.ts';

export interface ClientSocket {
  /** Queues one text frame, in order; silently nothing once closed. */
  send(text: string): void;
  /** Asks the relay for a sign of life; `onPong` is its answer. */
  ping(): void;
  /** Ends it politely. May be called twice. */
  close(code: number, reason: string): void;
  /** Ends it at once, for a relay that no longer answers. */
  terminate(): void;
  /** Set once; what came before is told then, in order. */
  listen(listener: ClientSocketListener): void;
}

export interface ClientSocketListener {
  onText(text: string): void;
  onPong(): void;
  /** Exactly once, however it ended. */
  onClose(code: number): void;
  onDrain(): void;
}

export interface Target extends Credential {
  readonly url: string;
  /** Gives up the attempt. */
  readonly signal?: AbortSignal | undefined;
}

/** Opens a socket. Rejects with a RelayError that says what to do. */
export type Connect = (target: Target) => Promise<ClientSocket>;

/** What a device signs for. */
const UPGRADE = { method: 'GET', path: '/' };

/** The largest answer of a relay is below this: 500 sessions, each with the longest of everything. Ten times as much is held to read it. */
const MAX_PAYLOAD = 1024 * 1024;
/**
 * What one socket listens to in one turn of so long; the rest waits in the network. No session takes in that much, and a relay
 * that floods it would grow its memory faster than it is collected. Characters, milliseconds.
 */
const TURN = { characters: 256 * 1024, frames: 500, ms: 100 };
/** What each frame that is sent adds to that, for its answer: at most as much again. Characters. */
const ANSWER = 512;
/** Characters read of the body of a refused upgrade. */
const REFUSAL_CHARS = 16 * 1024;

/** Over `ws`. `localhost` is tried on 127.0.0.1, then on ::1. */
export const connectWebSocket: Connect = async (target) => {
  const url = relayUrl(target.url);
  let failure: unknown;
  for (const candidate of candidates(url)) {
    target.signal?.throwIfAborted();
    try {
      const authorized = await authorization(url, target, UPGRADE, asking(candidate, url, target));
      return await open(candidate, url, target, authorized);
    } catch (error) {
      if (!isConnectFailure(error)) throw error;
      failure ??= error;
    }
  }
  throw failure;
};

function asking(candidate: URL, named: URL, { device, signal }: Target): Ask {
  return async (path, body) => {
    const patience = signal ?? new AbortController().signal;
    // Without a credential: this is how one is made.
    const response = await requestTo(candidate, path, JSON.stringify(body), { pin: device }, patience);
    return await textOf(named, response, patience);
  };
}

function open(
  candidate: URL,
  named: URL,
  { device, signal }: Target,
  authorized: string | undefined,
): Promise<ClientSocket> {
  // It may have ended while a credential was made.
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(candidate, SUBPROTOCOL, {
      maxPayload: MAX_PAYLOAD,
      maxFragments: LIMITS.fragments,
      perMessageDeflate: false,
      followRedirects: false, // the token goes to the relay that was named, and nowhere else
      ...pinned(device),
      ...(authorized === undefined ? {} : { headers: { authorization: authorized } }),
    });
    const onAbort = () => {
      reject(signal?.reason);
      ws.terminate();
    };
    const settle = () => signal?.removeEventListener('abort', onAbort);
    signal?.addEventListener('abort', onAbort, { once: true });
    const socket = new WsClientSocket(ws);
    ws.once('open', () => {
      settle();
      resolve(socket);
    });
    ws.once('unexpected-response', (_request, response: IncomingMessage) => {
      settle();
      bodyOf(response, (body) => {
        reject(refusal(named, response.statusCode ?? 0, body, device));
        ws.terminate();
      });
    });
    ws.on('error', (error) => {
      settle();
      reject(unreachable(named, error));
    });
  });
}

function bodyOf(response: IncomingMessage, done: (body: string) => void): void {
  let body = '';
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => {
    if (body.length < REFUSAL_CHARS) body += chunk;
  });
  response.once('close', () => done(body));
  response.once('error', () => {}); // a body cut short: `close` follows, and the status still speaks
}

class WsClientSocket implements ClientSocket {
  readonly #ws: WebSocket;
  /** What `ws` writes to. */
  #under: Duplex | undefined;
  #isGathering = false;
  #held: string[] = [];
  #listener: ClientSocketListener | undefined;
  #closedWith: number | undefined;
  /** Of this turn, without what was asked for. */
  #characters = 0;
  #frames = 0;
  #turn: Timer | undefined;

  constructor(ws: WebSocket) {
    this.#ws = ws;
    ws.once('upgrade', ({ socket }) => {
      this.#under = socket;
    });
    ws.on('message', (data, isBinary) => this.#onMessage(data.toString(), isBinary));
    ws.on('pong', () => this.#listener?.onPong());
    ws.on('close', (code) => this.#onClose(code));
  }

  listen(listener: ClientSocketListener): void {
    this.#listener = listener;
    for (const text of this.#held.splice(0)) listener.onText(text);
    if (this.#closedWith !== undefined) listener.onClose(this.#closedWith);
  }

  send(text: string): void {
    // A failed write is followed by `close`, which is where the loss is told.
    if (this.#ws.readyState !== WebSocket.OPEN) return;
    this.#frames = Math.max(-TURN.frames, this.#frames - 1);
    this.#characters = Math.max(-TURN.characters, this.#characters - ANSWER);
    this.#gather();
    this.#ws.send(text, () => {});
  }

  /** What one turn sends leaves in one write: a write of its own for each frame would be most of what a frame costs. */
  #gather(): void {
    const under = this.#under;
    if (!under || this.#isGathering) return;
    this.#isGathering = true;
    under.cork();
    process.nextTick(() => {
      this.#isGathering = false;
      under.uncork();
    });
  }

  ping(): void {
    if (this.#ws.readyState === WebSocket.OPEN) this.#ws.ping();
  }

  close(code: number, reason: string): void {
    this.#ws.close(code, reason);
  }

  terminate(): void {
    this.#ws.terminate();
  }

  #onMessage(text: string, isBinary: boolean): void {
    this.#take(text.length);
    if (isBinary) return; // no frame of this protocol is binary
    if (this.#listener) this.#listener.onText(text);
    else this.#held.push(text);
  }

  #take(characters: number): void {
    this.#characters += characters;
    this.#frames += 1;
    this.#turn ??= systemClock.after(TURN.ms, () => this.#nextTurn());
    if (this.#characters > TURN.characters || this.#frames > TURN.frames) this.#ws.pause();
  }

  #nextTurn(): void {
    this.#turn = undefined;
    this.#frames = 0;
    // One that is larger than a turn takes several.
    this.#characters = Math.max(0, this.#characters - TURN.characters);
    if (this.#characters > 0) this.#turn = systemClock.after(TURN.ms, () => this.#nextTurn());
    if (this.#characters <= TURN.characters) this.#ws.resume();
  }

  #onClose(code: number): void {
    this.#turn?.cancel();
    this.#closedWith = code;
    this.#listener?.onClose(code);
  }
}
