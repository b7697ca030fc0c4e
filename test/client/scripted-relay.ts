/** A relay that a test scripts: what it answers to each verb, when it goes away, whether it can be reached at all. */

import type { ClientSocket, ClientSocketListener, Connect, Target } from '../../src/client/socket.ts';
import type { RelayError } from '../../src/protocol/codes.ts';
import type { Hello, RelayFrame, Request, Welcome } from '../../src/protocol/frames.ts';

export type Reply = { readonly result: unknown } | { readonly error: RelayError } | 'silence';

/** One socket, both ends of it. Texts and pongs arrive in a later microtask. */
export class ScriptedSocket implements ClientSocket {
  readonly sent: { readonly type: string; readonly [key: string]: unknown }[] = [];
  pings = 0;
  /** Answers neither pings nor frames. */
  isFrozen = false;
  closedWith: number | undefined;
  wasTerminated = false;
  listener: ClientSocketListener | undefined;
  onFrame: (frame: Hello | Request | { type: 'bye' }) => void = () => {};

  listen(listener: ClientSocketListener): void {
    this.listener = listener;
  }

  send(text: string): void {
    if (this.closedWith !== undefined) return;
    const frame = JSON.parse(text);
    this.sent.push(frame);
    queueMicrotask(() => !this.isFrozen && this.onFrame(frame));
  }

  ping(): void {
    this.pings += 1;
    queueMicrotask(() => !this.isFrozen && this.closedWith === undefined && this.listener?.onPong());
  }

  close(code: number): void {
    this.hangUp(code);
  }

  terminate(): void {
    this.wasTerminated = true;
    this.hangUp(1006);
  }

  /** The relay's end says something. */
  push(frame: RelayFrame | Record<string, unknown>): void {
    if (this.closedWith !== undefined) return;
    const text = JSON.stringify(frame);
    queueMicrotask(() => this.listener?.onText(text));
  }

  /** Ends it from either side. */
  hangUp(code: number): void {
    if (this.closedWith !== undefined) return;
    this.closedWith = code;
    queueMicrotask(() => this.listener?.onClose(code));
  }

  frames(type: string): readonly Record<string, unknown>[] {
    return this.sent.filter((frame) => frame.type === type);
  }

  verbs(): readonly unknown[] {
    return this.frames('request').map((frame) => frame.verb);
  }
}

export function errorFrame(error: RelayError, id?: number): Record<string, unknown> {
  const { code, message, retry } = error;
  return { type: 'error', ...(id === undefined ? {} : { id }), code, message, retry };
}

export class ScriptedRelay {
  readonly sockets: ScriptedSocket[] = [];
  readonly targets: Target[] = [];
  readonly hellos: Hello[] = [];
  readonly requests: Request[] = [];
  /** Throws for every attempt while set. */
  unreachable: RelayError | undefined;
  /** Refuses hello while set. */
  refusing: RelayError | undefined;
  welcome: Partial<Welcome> = {};
  answers: Record<string, (args: never, request: Request) => Reply> = {
    receipt: () => ({ result: { changed: 1 } }),
    receive: () => ({ result: { messages: [], more: 0 } }),
  };

  get socket(): ScriptedSocket {
    const last = this.sockets.at(-1);
    if (!last) throw new Error('no connection was made');
    return last;
  }

  readonly connect: Connect = async (target) => {
    this.targets.push(target);
    if (this.unreachable) throw this.unreachable;
    const socket = new ScriptedSocket();
    socket.onFrame = (frame) => this.#onFrame(socket, frame);
    this.sockets.push(socket);
    return socket;
  };

  #onFrame(socket: ScriptedSocket, frame: Hello | Request | { type: 'bye' }): void {
    if (frame.type === 'hello') this.#onHello(socket, frame);
    else if (frame.type === 'request') this.#onRequest(socket, frame);
    else socket.hangUp(1000);
  }

  #onHello(socket: ScriptedSocket, hello: Hello): void {
    this.hellos.push(hello);
    if (this.refusing) {
      socket.push(errorFrame(this.refusing));
      return;
    }
    const name = hello.name === undefined ? {} : { name: hello.name };
    const base: Welcome = { type: 'welcome', v: 1, ...name, epoch: 'e1', position: 0, unread: 0, version: '1.0.0' };
    socket.push({ ...base, ...this.welcome });
  }

  #onRequest(socket: ScriptedSocket, request: Request): void {
    this.requests.push(request);
    const answer = this.answers[request.verb];
    const reply: Reply = answer ? answer(request.args as never, request) : { result: { verb: request.verb } };
    if (reply === 'silence') return;
    if ('error' in reply) socket.push(errorFrame(reply.error, request.id));
    else socket.push({ type: 'answer', id: request.id, result: reply.result });
  }
}

/** A gate for tests: `lastly` of a promise that must still be open. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const open = Symbol('open');
  const first = await Promise.race([
    promise.catch(() => undefined),
    new Promise((resolve) => setImmediate(resolve, open)),
  ]);
  return first === open;
}
