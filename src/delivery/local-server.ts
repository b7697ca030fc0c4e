/**
 * Where hooks and plugins of this session's program come in: a socket in a folder that only this user can reach. One JSON
 * object a line:
 *
 *     hook    → {"hook":"claude-code","event":"Stop","input":{…}}          ← {"stdout"?,"stderr"?,"exit"?}   → {"printed":true}
 *     plugin  → {"plugin":"opencode","name":"plugin","interrupts":false,"now"?:{…}}   what it is, once
 *             → {"now":{"open":true,"doing":"busy","tool":"bash","for_ms":5}}   whenever it changes;
 *               {"open":false,"reason":…} while there is nothing to put anything into
 *             → {"event":{"kind":"prompt",…}}                              what happened; with "ask":7, too
 *             ← {"put":1,"text":…,"urgent":…,"ids":[…]}                    → {"taken":1} or {"refused":1,"reason":…}
 *             → {"ask":7,"event":{"kind":"tool",…}}                        ← {"ask":7,"text"?,"ids"?}
 *                                                                          → {"printed":7} or {"dropped":7}, also before the answer
 *             → {"shown":["m1",…]}                                         a model has read these
 *
 * Whoever hangs up before it has said `printed` has shown nothing. A hook that was answered and says nothing (it was stopped) may
 * print it yet.
 */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '../util/clock.ts';
import { fieldsOf, listOf, parsed } from '../util/fields.ts';
import { Lines } from '../util/lines.ts';
import type { Answer } from './desk.ts';
import { readState } from './plugin-dialect.ts';
import type { PluginLine, PluginState } from './plugin-door.ts';

export interface HookRequest {
  readonly program: string;
  readonly event: string;
  readonly input: Readonly<Record<string, unknown>>;
}

export interface LocalListener {
  /** `gone` aborts when the hook's process is gone. Never rejects. */
  onHook(request: HookRequest, gone: AbortSignal): Promise<Answer>;
  onPlugin(line: PluginLine): PluginListener;
}

export interface PluginListener {
  onState(state: PluginState): void;
  onEvent(event: Readonly<Record<string, unknown>>): void;
  onShown(ids: readonly string[]): void;
  onSettled(put: number, reason: string | undefined): void;
  /** Undefined when there is nothing to say. */
  onAsk(event: Readonly<Record<string, unknown>>): Promise<Offer | undefined>;
  onGone(): void;
}

/** Text for a plugin that asked. Exactly one of `printed` and `dropped` is called. */
export interface Offer {
  readonly text: string;
  readonly ids: readonly string[];
  printed(): void;
  dropped(): void;
}

/** A hook tells what its program told it, without the long parts. */
const LONGEST_LINE = 1024 * 1024;
/** Who says nothing is let go: at first, and when it was answered. Milliseconds. */
const SILENCE = 5_000;
/** At a time: hooks of parallel tool calls, and a plugin or two. */
const CONNECTIONS = 64;

export class LocalServer {
  readonly #path: string;
  readonly #listener: LocalListener;
  readonly #clock: Clock;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(path: string, listener: LocalListener, clock: Clock) {
    this.#path = path;
    this.#listener = listener;
    this.#clock = clock;
    this.#server = createServer((socket) => this.#onConnection(socket));
    this.#server.maxConnections = CONNECTIONS;
  }

  /** Rejects when the socket cannot be made; then hooks find nobody, and say nothing. */
  async listen(): Promise<void> {
    const isFile = process.platform !== 'win32';
    // Left by a process of this pid that was killed; a live one has another.
    if (isFile) rmSync(this.#path, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#path, () => resolve());
    });
    if (isFile) chmodSync(this.#path, 0o600);
    this.#server.unref();
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #onConnection(socket: Socket): void {
    this.#sockets.add(socket);
    socket.unref();
    const connection = new LocalConnection(socket, this.#listener, this.#clock);
    socket.on('data', (chunk: Buffer) => connection.onData(chunk));
    socket.on('error', () => undefined); // `close` follows
    socket.once('close', () => {
      this.#sockets.delete(socket);
      connection.onClose();
    });
  }
}

type Message = Readonly<Record<string, unknown>>;

class LocalConnection {
  readonly #socket: Socket;
  readonly #listener: LocalListener;
  readonly #lines = new Lines(LONGEST_LINE);
  readonly #gone = new AbortController();
  /** Undefined while nobody has answered yet. */
  readonly #asked = new Map<number, Offer | undefined>();
  readonly #clock: Clock;
  #silence: { cancel(): void };
  #answer: Answer | undefined;
  #plugin: PluginListener | undefined;
  #isHook = false;

  constructor(socket: Socket, listener: LocalListener, clock: Clock) {
    this.#socket = socket;
    this.#listener = listener;
    this.#clock = clock;
    this.#silence = clock.after(SILENCE, () => socket.destroy());
  }

  onData(chunk: Buffer): void {
    for (const line of this.#lines.feed(chunk)) {
      const message = fieldsOf(line === undefined ? undefined : parsed(line));
      if (this.#plugin) this.#onPlugin(this.#plugin, message);
      else if (this.#isHook) this.#onPrinted(message);
      else this.#onFirst(message);
    }
  }

  onClose(): void {
    this.#silence.cancel();
    this.#gone.abort();
    this.#answer?.dropped();
    this.#answer = undefined;
    for (const offer of this.#asked.values()) offer?.dropped();
    this.#plugin?.onGone();
  }

  #onFirst(message: Message): void {
    this.#silence.cancel();
    const { hook, event, plugin, name, interrupts, now } = message;
    if (typeof hook === 'string' && typeof event === 'string') {
      this.#isHook = true;
      void this.#onHook({ program: hook, event, input: fieldsOf(message.input) });
    } else if (typeof plugin === 'string' && typeof name === 'string') {
      this.#plugin = this.#listener.onPlugin({
        name,
        interrupts: interrupts === true,
        say: (said) => this.#say(said),
      });
      if (now !== undefined) this.#onPlugin(this.#plugin, { now });
    } else this.#socket.destroy();
  }

  async #onHook(request: HookRequest): Promise<void> {
    const answer = await this.#listener.onHook(request, this.#gone.signal);
    if (this.#gone.signal.aborted) return answer.dropped();
    this.#answer = answer;
    this.#silence = this.#clock.after(SILENCE, () => this.#letGo());
    this.#say(answer.reply);
  }

  #letGo(): void {
    this.#answer?.dropped(true);
    this.#answer = undefined;
    this.#socket.destroy();
  }

  #onPrinted({ printed }: Message): void {
    if (printed !== true) return;
    this.#answer?.printed();
    this.#answer = undefined;
    this.#socket.end();
  }

  #onPlugin(plugin: PluginListener, message: Message): void {
    const { taken, refused, reason, shown, ask, printed, dropped, now, event } = message;
    if (typeof taken === 'number') plugin.onSettled(taken, undefined);
    else if (typeof refused === 'number') plugin.onSettled(refused, String(reason ?? 'it was refused'));
    else if (shown !== undefined) plugin.onShown(listOf(shown).map(String));
    else if (typeof ask === 'number') void this.#onAsk(plugin, ask, fieldsOf(event));
    else if (typeof printed === 'number') this.#onAsked(printed, (offer) => offer.printed());
    else if (typeof dropped === 'number') this.#onAsked(dropped, (offer) => offer.dropped());
    else if (now !== undefined) plugin.onState(readState(fieldsOf(now), this.#clock.now()));
    else if (event !== undefined) plugin.onEvent(fieldsOf(event));
  }

  async #onAsk(plugin: PluginListener, ask: number, event: Message): Promise<void> {
    this.#asked.set(ask, undefined);
    const offer = await plugin.onAsk(event);
    // It has not waited.
    if (this.#gone.signal.aborted || !this.#asked.has(ask)) return offer?.dropped();
    if (offer) this.#asked.set(ask, offer);
    else this.#asked.delete(ask);
    this.#say(offer ? { ask, text: offer.text, ids: offer.ids } : { ask });
  }

  #onAsked(ask: number, end: (offer: Offer) => void): void {
    const offer = this.#asked.get(ask);
    this.#asked.delete(ask);
    if (offer) end(offer);
  }

  #say(message: object): void {
    this.#socket.write(`${JSON.stringify(message)}\n`);
  }
}
