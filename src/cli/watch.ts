/**
 * Looking on. The connection does not hold the name, so nobody sees it and no mail is taken for it; the relay only says
 * that there is news, and what is new is read from the history, from the position where the last look ended.
 */
import type { RelayClient } from '../client/client.ts';
import type { Gap } from '../client/standing.ts';
import { RelayError } from '../protocol/codes.ts';
import type { BrakedFrame, HeldFrame, PausedFrame, PresenceFrame } from '../protocol/frames.ts';
import { EXIT } from '../util/failure.ts';
import type { Context } from './command.ts';
import type { RelayAccess } from './relay.ts';
import { brakedWords, heldCounts, pausedWords, presenceWords, printMessage } from './words.ts';

const PAGE = 100;

export class Watch {
  readonly #out: Context['out'];
  readonly #signal: AbortSignal;
  readonly #relay: RelayAccess;
  readonly #client: RelayClient;
  readonly #ended: Promise<void>;
  #end: () => void = () => undefined;
  /** Everything up to here was shown, or was there before. */
  #position: number | undefined;
  #isReading = false;
  #isNews = false;
  #wasAway = false;

  constructor({ out, signal }: Pick<Context, 'out' | 'signal'>, relay: RelayAccess) {
    this.#out = out;
    this.#signal = signal;
    this.#relay = relay;
    this.#client = relay.connect({ seat: false, watch: true, presence: true });
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** Until the signal, or until nobody reads our stdout. */
  async run(): Promise<number> {
    this.#client.on('gap', (gap) => this.#onGap(gap));
    this.#client.on('welcome', ({ position }) => this.#onWelcome(position));
    this.#client.on('mail', () => void this.#read());
    this.#client.on('presence', (frame) => this.#print(() => this.#onPresence(frame)));
    this.#client.on('held', (frame) => this.#alarm(frame, `${heldCounts(frame.held)}: claude-relay held`));
    this.#client.on('braked', (frame) => this.#alarm(frame, brakedWords(frame)));
    this.#client.on('paused', (frame) => this.#alarm(frame, pausedWords(frame.until)));
    this.#client.on('state', ({ trouble }) => trouble && this.#onTrouble(trouble));
    this.#signal.addEventListener('abort', this.#end, { once: true });
    if (this.#signal.aborted) this.#end();
    this.#client.start();
    await this.#ended;
    await this.#client.stop();
    return EXIT.ok;
  }

  #onWelcome(position: number): void {
    if (this.#position === undefined) this.#out.say(`Watching ${this.#relay.place} as ${this.#relay.name}.`, 'dim');
    else if (this.#wasAway) this.#out.say('The relay is back.', 'dim');
    this.#position ??= position;
    this.#wasAway = false;
  }

  #onGap({ why }: Gap): void {
    // What ended unread is no gap in what is watched.
    if (why === 'missed') return;
    this.#out.warn('The data of the relay was restored or replaced; this goes on with what is new.');
    this.#client.gapTold();
    this.#position = undefined;
  }

  #onTrouble({ message }: RelayError): void {
    if (this.#wasAway || this.#signal.aborted) return;
    this.#wasAway = true;
    this.#out.warn(message);
  }

  #onPresence(frame: PresenceFrame): void {
    if (this.#out.isJson) this.#out.json(frame);
    else this.#out.line(presenceWords(frame), 'dim');
  }

  #alarm(frame: HeldFrame | BrakedFrame | PausedFrame, words: string): void {
    this.#print(() => (this.#out.isJson ? this.#out.json(frame) : this.#out.line(words, 'yellow')));
  }

  /** One reader at a time; news that comes meanwhile is read by the one that is at it. */
  async #read(): Promise<void> {
    this.#isNews = true;
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (this.#isNews) {
        this.#isNews = false;
        this.#isNews = (await this.#readPage()) || this.#isNews;
      }
    } catch (error) {
      // The connection broke: its next welcome makes us read again from here.
      if (!(error instanceof RelayError)) throw error;
    } finally {
      this.#isReading = false;
    }
  }

  /** Answers whether there is more. */
  async #readPage(): Promise<boolean> {
    if (this.#position === undefined) return false;
    const { messages, more } = await this.#client.request('history', { after: this.#position, count: PAGE });
    for (const message of messages) {
      this.#position = message.position;
      this.#print(() =>
        this.#out.isJson ? this.#out.json({ type: 'message', ...message }) : printMessage(this.#out, message),
      );
    }
    return more;
  }

  #print(write: () => void): void {
    write();
    this.#out.flush().catch(this.#end);
  }
}
