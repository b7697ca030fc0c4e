/**
 * A person at a prompt, or a pipe. It holds the name, so that others see who is here; what comes is printed, and marked as
 * seen once it has left this process.
 */
import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';
import type { RelayClient } from '../client/client.ts';
import { asRelayError, RelayError } from '../protocol/codes.ts';
import type { Envelope } from '../protocol/envelope.ts';
import type { ReceiptFrame } from '../protocol/frames.ts';
import { LIMITS } from '../protocol/limits.ts';
import { systemClock } from '../util/clock.ts';
import { EXIT, Failure } from '../util/failure.ts';
import { messageId, systemRandom } from '../util/random.ts';
import type { Context } from './command.ts';
import type { RelayAccess } from './relay.ts';
import { refuseSecrets } from './secrets.ts';
import { presenceWords, printMessage, programOf, sent } from './words.ts';

const WINDOW = 32;
/** A command waits so long for a relay that is away, milliseconds. */
const PATIENCE_MS = 5_000;
const HELP = 'Commands: send <message>, send:<id> <message>, peers, history [n], quit';

type Around = Pick<Context, 'out' | 'signal' | 'stdin'>;

export class Chat {
  readonly #out: Context['out'];
  readonly #signal: AbortSignal;
  readonly #relay: RelayAccess;
  readonly #client: RelayClient;
  readonly #isTerminal: boolean;
  readonly #stdin: Context['stdin'];
  #lines: Interface | undefined;
  #isAway = false;

  constructor({ out, signal, stdin }: Around, relay: RelayAccess) {
    this.#out = out;
    this.#signal = signal;
    this.#stdin = stdin;
    this.#relay = relay;
    this.#isTerminal = stdin.isTTY === true && out.isTerminal;
    const { about } = relay;
    this.#client = relay.connect({ seat: true, window: WINDOW, presence: true, receipts: true, about });
  }

  /** Until `quit`, the end of input, or the signal. */
  async run(): Promise<number> {
    this.#listen();
    this.#client.start();
    try {
      await this.#client.ready(this.#signal);
      const { name = this.#relay.name } = this.#client.state;
      this.#talk(`You are ${name} at ${this.#relay.place}. ${HELP}`);
      await this.#readLines();
    } catch (error) {
      if (!this.#signal.aborted) throw error;
    } finally {
      await this.#client.stop();
    }
    const { phase, trouble } = this.#client.state;
    if (phase === 'ended' && trouble) throw trouble;
    return EXIT.ok;
  }

  #listen(): void {
    const client = this.#client;
    client.on('deliver', ({ messages }) => void this.#onMail(messages));
    client.on('presence', (frame) => this.#talk(presenceWords(frame)));
    client.on('receipt', (frame) => this.#onReceipt(frame));
    client.on('name', ({ was, now, why }) =>
      this.#talk(
        why === 'suffixed' ? `${was} is held by another live session: you are ${now}.` : `You are ${now} now.`,
      ),
    );
    client.on('state', ({ phase, trouble }) => {
      if (phase === 'ended') this.#lines?.close();
      if (phase === 'connected') this.#onBack();
      else if (trouble) this.#onTrouble(trouble);
    });
  }

  #onBack(): void {
    if (this.#isAway) this.#talk('The relay is back.');
    this.#isAway = false;
  }

  #onTrouble({ message }: RelayError): void {
    if (this.#isAway || this.#signal.aborted) return;
    this.#isAway = true;
    this.#talk(message);
  }

  async #onMail(messages: readonly Envelope[]): Promise<void> {
    this.#around(() => {
      for (const message of messages) printMessage(this.#out, message);
    });
    try {
      await this.#out.flush();
      this.#client.receipts.seen(messages.map(({ position }) => position));
    } catch {
      this.#lines?.close(); // nobody reads us any more: unmarked, it is given to the next who reads
    }
  }

  #onReceipt({ id, name, state, reason }: ReceiptFrame): void {
    if (state === 'handed' || state === 'stored') return;
    this.#talk(`${id}: ${state}, by ${name}${reason === undefined ? '' : ` (${reason})`}`);
  }

  async #readLines(): Promise<void> {
    const lines = createInterface({
      input: this.#stdin,
      ...(this.#isTerminal ? { output: this.#screen(), terminal: true, prompt: '> ' } : { terminal: false }),
    });
    this.#lines = lines;
    const close = () => lines.close();
    // Ctrl-C at a raw terminal is a character, and no signal.
    lines.on('SIGINT', close);
    this.#signal.addEventListener('abort', close, { once: true });
    this.#prompt();
    for await (const line of lines) {
      if (!(await this.#perform(line.trim()))) break;
      this.#prompt();
    }
    this.#lines = undefined;
    lines.close();
  }

  /** What the line editor draws on. */
  #screen(): Writable {
    const out = this.#out;
    const screen = new Writable({
      write(chunk: Buffer, _encoding, done) {
        out.raw(chunk.toString());
        done();
      },
    });
    return Object.assign(screen, { columns: out.columns });
  }

  /** False for `quit`, and when we are being ended. An error is told, and the next line may do better. */
  async #perform(line: string): Promise<boolean> {
    const [word = '', rest = ''] = split(line);
    try {
      if (word === 'quit' || word === 'exit') return false;
      if (word === 'send' || word.startsWith('send:')) await this.#send(word === 'send' ? 'all' : word.slice(5), rest);
      else if (word === 'peers') await this.#peers();
      else if (word === 'history') await this.#history(rest);
      else if (word !== '') this.#talk(HELP);
    } catch (error) {
      if (this.#signal.aborted) return false;
      this.#talk(
        error instanceof Failure ? [error.message, error.remedy].join(' ').trim() : asRelayError(error).message,
      );
    }
    return true;
  }

  /** Tried twice under one id, so that a relay that is restarted just now does not cost the message. */
  async #send(to: string, body: string): Promise<void> {
    if (to === '' || body === '') throw new Failure('usage', 'Write send <message> or send:<id> <message>.');
    const draft = { id: messageId(systemRandom, systemClock.now()), to: to.split(','), body };
    await refuseSecrets(draft);
    const send = () => this.#client.request('send', draft, { whenReady: PATIENCE_MS, signal: this.#signal });
    const result = await send().catch((error) => {
      if (error instanceof RelayError && error.code === 'not_connected') return send();
      throw error;
    });
    this.#around(() => this.#out.line(sent(result)));
  }

  async #peers(): Promise<void> {
    const { peers } = await this.#client.request('peers', {}, { whenReady: PATIENCE_MS, signal: this.#signal });
    const me = this.#client.state.name;
    const rows = peers.map((peer) => [peer.name === me ? `${peer.name} (you)` : peer.name, peer.kind, programOf(peer)]);
    this.#around(() => this.#out.table([], rows));
  }

  async #history(rest: string): Promise<void> {
    const count = rest === '' ? 10 : Number(rest);
    if (!Number.isInteger(count) || count < 1 || count > LIMITS.page)
      throw new Failure('usage', `Write history or history n, with n from 1 to ${LIMITS.page}.`);
    const options = { whenReady: PATIENCE_MS, signal: this.#signal };
    const { messages } = await this.#client.request('history', { count }, options);
    this.#around(() => {
      for (const message of messages) printMessage(this.#out, message);
    });
    if (messages.length === 0) this.#talk('Nothing was said yet.');
  }

  #talk(text: string): void {
    this.#around(() => this.#out.say(text, 'dim'));
  }

  /** Prints above the line that is being typed. */
  #around(print: () => void): void {
    const isTyping = this.#isTerminal && this.#lines !== undefined;
    if (isTyping) this.#out.raw('\r\u001b[K');
    print();
    if (isTyping) this.#lines?.prompt(true);
  }

  #prompt(): void {
    if (this.#isTerminal) this.#lines?.prompt();
  }
}

/** The first word, and the rest without the spaces between. */
function split(line: string): [string, string] {
  const at = line.search(/\s/);
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at).trim()];
}
