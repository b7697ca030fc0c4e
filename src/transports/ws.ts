/**
 * WebSocket. The upgrade has passed the guard (`http/guard.ts`) when it comes here; what it still needs is the
 * subprotocol and a free place. Compression is off: it costs memory for every connection and opens deflate bombs.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type Server, WebSocket, WebSocketServer } from 'ws';
import { RelayError } from '../protocol/codes.ts';
import { SUBPROTOCOL } from '../protocol/frames.ts';
import { LIMITS } from '../protocol/limits.ts';
import type { Identity } from '../relay/identity.ts';
import type { Log } from '../relay/log.ts';
import { type ConnectionLimits, mayConnect, mayWait } from '../relay/places.ts';
import type { Socket, SocketListener } from '../relay/socket.ts';
import type { OnPiece, Reader } from '../util/turns.ts';
import { FrameEnds, textFrames } from './frames.ts';
import { frameBytes, Unfinished } from './unfinished.ts';

/** How long a peer may take to answer our close before its socket is cut, milliseconds. */
const CLOSE_TIMEOUT = 1_000;
/** What a connection may have sent of a message before it has said hello, with its head and mask. */
const HELLO = frameBytes(LIMITS.helloBytes);
/** Bytes read at a time from who need not be quick: three or four messages. */
const LITTLE = 1_024;

export interface WsOptions {
  /** Takes a connection that speaks `claude-relay.v1`. */
  readonly connect: (socket: Socket, identity: Identity) => void;
  /** Takes a connection of the first generation; absent when the relay takes none. */
  readonly connectLegacy?: (socket: Socket) => void;
  readonly refuse: (socket: Duplex, error: RelayError) => void;
  readonly log: Log;
  /** Connections at a time, and those among them that the relay has not welcomed yet. */
  readonly limits?: Partial<ConnectionLimits>;
}

export class WsDoor {
  readonly #options: WsOptions;
  readonly #server: Server<typeof Told>;
  readonly #places: Places = { open: new Map(), strangers: new Map() };
  readonly #unfinished = new Unfinished();

  constructor(options: WsOptions) {
    this.#options = options;
    this.#server = new WebSocketServer({
      noServer: true,
      WebSocket: Told,
      clientTracking: false,
      maxPayload: LIMITS.frameBytes,
      maxFragments: LIMITS.fragments,
      perMessageDeflate: false,
      autoPong: false,
      handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
      ...{ closeTimeout: CLOSE_TIMEOUT },
    });
    this.#server.on('wsClientError', (_error, socket) =>
      this.#options.refuse(socket, new RelayError('bad_request', 'That is not a WebSocket upgrade.')),
    );
  }

  /** Open connections. */
  get size(): number {
    return this.#places.open.size;
  }

  isLegacy(request: IncomingMessage): boolean {
    const isHere = isLoopbackPeer(request.socket.remoteAddress);
    return (
      this.#options.connectLegacy !== undefined && isHere && request.headers['sec-websocket-protocol'] === undefined
    );
  }

  upgrade(request: IncomingMessage, duplex: Duplex, head: Buffer, identity: Identity, reader?: Expecting): void {
    const connect = this.isLegacy(request) ? this.#options.connectLegacy : this.#options.connect;
    const refusal = this.#refusal(request, identity);
    if (refusal || !connect) return this.#options.refuse(duplex, refusal ?? new RelayError('version_unsupported'));
    this.#server.handleUpgrade(request, duplex, head, (ws) => {
      const socket = new WsSocket(ws, { under: duplex, reader, places: this.#places, unfinished: this.#unfinished });
      this.#places.open.set(socket, identity.person);
      this.#places.strangers.set(socket, identity.person);
      connect(socket, identity);
    });
  }

  /** Cuts whatever is still open. */
  cut(): void {
    for (const socket of this.#places.open.keys()) socket.terminate();
  }

  #refusal(request: IncomingMessage, { person }: Identity): RelayError | undefined {
    const limits = { ...LIMITS, ...this.#options.limits };
    if ((request.url ?? '').split('?', 1)[0] !== '/')
      return new RelayError('unknown_verb', 'The WebSocket of this relay is at the path /.');
    if (!this.isLegacy(request) && !offers(request, SUBPROTOCOL)) {
      return new RelayError(
        'version_unsupported',
        `This relay speaks the WebSocket subprotocol ${SUBPROTOCOL}; offer it.`,
      );
    }
    if (!mayConnect(person, this.#places.open, limits))
      return new RelayError(
        'too_many_connections',
        'As many connections are open as may be, of you or of everybody; end one, or try again.',
      );
    if (mayWait(person, this.#places.strangers, limits)) return undefined;
    return new RelayError('too_many_connections', 'Too many connections are waiting to say hello; try again.');
  }
}

/** What reads a connection in pieces, tells of each, and can be told how much more belongs to a frame. */
type Expecting = Pick<Reader, 'expect' | 'piece' | 'tell'>;

/** Who takes a place, and whose it is. */
interface Places {
  readonly open: Map<WsSocket, number>;
  /** Those that the relay has not welcomed yet. */
  readonly strangers: Map<WsSocket, number>;
}

/**
 * A WebSocket that tells one owner what comes. Listeners would do the same, at the price of a closure for each kind of event and a
 * table for them all: 400 bytes of each connection, most of which are idle.
 */
export class Told extends WebSocket {
  owner: WsSocket | undefined;

  override emit(event: string, ...args: unknown[]): boolean {
    if (!this.owner) return super.emit(event, ...args);
    this.owner.told(event, args);
    return true;
  }
}

/** Of the relay's side. */
interface WsParts {
  /** What `ws` writes to and reads from. */
  readonly under?: Duplex;
  readonly reader?: Expecting | undefined;
  /** A stranger until its owner has answered. */
  readonly places?: Places;
  /** What is not whole yet, of all connections. */
  readonly unfinished?: Unfinished;
}

/** One WebSocket, on either side of it. */
export class WsSocket implements Socket, OnPiece {
  readonly #ws: Told;
  readonly #under: Duplex | undefined;
  readonly #places: Places | undefined;
  readonly #reader: Expecting | undefined;
  readonly #unfinished: Unfinished | undefined;
  #ends: FrameEnds | undefined;
  #over = false;
  /** What this turn sends, and the bytes of each. */
  #texts = NO_TEXTS;
  #bytes = NO_BYTES;
  #gathered = 0;
  #listener: SocketListener | undefined;

  constructor(ws: Told, { under, reader, places, unfinished }: WsParts = {}) {
    this.#ws = ws;
    this.#under = under;
    this.#places = places;
    this.#reader = reader;
    this.#unfinished = unfinished;
    ws.owner = this;
    if (!reader) return;
    this.#ends = new FrameEnds();
    reader.tell(this);
  }

  /** What `ws` emits. Oversize, bad UTF-8, a reset are errors there; it closes with the right code by itself, and tells that. */
  told(event: string, [data, detail]: unknown[]): void {
    if (event === 'message') this.#onMessage(data as RawData, detail as boolean);
    else if (event === 'ping') this.#onPing(data as Buffer);
    else if (event === 'pong') this.#onPong(data as Buffer);
    else if (event === 'close') this.#onClose(data as number);
  }

  get unsent(): number {
    return this.#ws.bufferedAmount + this.#gathered;
  }

  listen(listener: SocketListener): void {
    this.#listener = listener;
  }

  send(text: string): void {
    if (this.#ws.readyState !== WebSocket.OPEN) return;
    this.#places?.strangers.delete(this);
    this.#gather(text);
    this.#holdBack();
  }

  ping(mark: string): void {
    if (this.#ws.readyState === WebSocket.OPEN) this.#ws.ping(mark);
  }

  close(code: number, reason: string): void {
    this.flush();
    // A paused socket would never read the other side's close.
    this.#ws.resume();
    this.#ws.close(code, clip(reason));
  }

  terminate(): void {
    this.#ws.terminate();
  }

  readLittle(): void {
    if (this.#reader) this.#reader.piece = LITTLE;
  }

  /** Answers grow with requests: who does not read what we say is not listened to either, until it has. */
  #holdBack(): void {
    if (this.#over || this.unsent <= LIMITS.unsentBytes) return;
    this.#over = true;
    this.#ws.pause();
  }

  #gather(text: string): void {
    const bytes = Buffer.byteLength(text);
    this.#gathered += bytes;
    if (this.#texts.length > 0) {
      this.#texts.push(text);
      this.#bytes.push(bytes);
      return;
    }
    process.nextTick(flush, this);
    this.#texts = [text];
    this.#bytes = [bytes];
  }

  /** What one turn sends leaves in one write: a write of its own for each frame would be most of what a frame costs. */
  flush(): void {
    const [texts, bytes] = [this.#texts, this.#bytes];
    this.#texts = NO_TEXTS;
    this.#bytes = NO_BYTES;
    this.#gathered = 0;
    if (texts.length === 0 || this.#ws.readyState !== WebSocket.OPEN) return;
    const onFlushed = this.#over ? () => this.#onFlushed() : undefined;
    if (this.#under) this.#under.write(textFrames(texts, bytes), onFlushed);
    else for (const text of texts) this.#ws.send(text, onFlushed);
  }

  #onFlushed(): void {
    if (!this.#over || this.unsent > LIMITS.unsentBytes) return;
    this.#over = false;
    this.#ws.resume();
    this.#listener?.onDrain();
  }

  #onClose(code: number): void {
    this.#places?.strangers.delete(this);
    this.#places?.open.delete(this);
    this.#unfinished?.holds(0, this.#ends?.held ?? 0);
    this.#ends = undefined;
    this.#listener?.onClose(code);
  }

  /** `ws` has read it, and told of what is whole by now. */
  came(piece: Buffer): void {
    if (!this.#ends) return;
    const before = this.#ends.held;
    const toCome = this.#ends.after(piece);
    this.#reader?.expect(Math.min(toCome, LIMITS.frameBytes));
    const { held } = this.#ends;
    if (this.#unfinished?.holds(held, before) === false) this.#refuse('too_many_connections');
    else if (held > HELLO && this.#places?.strangers.has(this)) this.#refuse('frame_too_large');
  }

  #refuse(code: 'too_many_connections' | 'frame_too_large'): void {
    this.close(new RelayError(code).close ?? 1008, code);
    // What it has sent is held as long as its socket is.
    this.terminate();
  }

  #onPing(data: Buffer): void {
    if (this.#ws.readyState !== WebSocket.OPEN) return;
    // Ours, and not that of `ws`: pongs that nobody reads would grow, too.
    this.#ws.pong(data, undefined, () => this.#onFlushed());
    this.#holdBack();
  }

  #onPong(data: Buffer): void {
    this.#listener?.onPong(data.toString());
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    if (isBinary) this.close(1003, 'Frames are text.');
    else this.#listener?.onText(data.toString());
  }
}

/** For all that have nothing to send: never added to. */
const NO_TEXTS: string[] = [];
const NO_BYTES: number[] = [];

function flush(socket: WsSocket): void {
  socket.flush();
}

/** The reason of a close frame is at most 123 bytes. */
function clip(reason: string): string {
  return Buffer.byteLength(reason) <= 123 ? reason : Buffer.from(reason).subarray(0, 120).toString().replace(/�+$/, '');
}

function offers(request: IncomingMessage, protocol: string): boolean {
  const header = request.headers['sec-websocket-protocol'] ?? '';
  return header.split(',').some((offered) => offered.trim() === protocol);
}

function isLoopbackPeer(address: string | undefined): boolean {
  return address !== undefined && /^(::ffff:)?127\.|^::1$/.test(address);
}
