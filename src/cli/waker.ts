/** The relay and this machine, as the waker sees them. */
import { homedir, hostname } from 'node:os';
import { PROGRAMS, programById } from '../agents/programs.ts';
import { RelayError } from '../protocol/codes.ts';
import type { Envelope } from '../protocol/envelope.ts';
import { LIMITS } from '../protocol/limits.ts';
import type { Mail } from '../resume/mail.ts';
import type { Here } from '../resume/obstacle.ts';
import type { Context } from './command.ts';
import { RelayAccess } from './relay.ts';

/** What says which session a process is in: a waker that was started in one must not hand that on. */
const OF_ONE_SESSION = new Set([
  'CLAUDE_RELAY_SESSION_ID',
  'RELAY_CLIENT_ID',
  'CLAUDE_CODE_MESSAGING_SOCKET',
  'CLAUDE_CODE_MESSAGING_TOKEN',
  ...PROGRAMS.flatMap(({ signs }) => [...(signs?.marks ?? []), signs?.session ?? '']),
]);

export function hereOf({ config, env, platform, userHome }: Context): Here {
  return {
    home: config.settings.home,
    userHome: userHome || homedir(),
    host: hostname(),
    platform,
    env: Object.fromEntries(Object.entries(env).filter(([key]) => !OF_ONE_SESSION.has(key))),
    resumeOf: (program) => programById(program)?.resume,
  };
}

/** What belongs to one run is said to the end, also while we are being stopped. */
const unhurried = () => ({ signal: new AbortController().signal });

export class RelayMail implements Mail {
  readonly #ctx: Context;

  constructor(ctx: Context) {
    this.#ctx = ctx;
  }

  async waiting(name: string): Promise<readonly Envelope[]> {
    const relay = this.#as(name);
    const found: Envelope[] = [];
    for (let after = 0; ; ) {
      const { messages, more } = await relay.ask('inbox', { after, count: LIMITS.page }, unhurried());
      found.push(...messages);
      const last = messages.at(-1);
      if (more === 0 || !last) return found;
      after = last.position;
    }
  }

  async isHere(name: string): Promise<boolean> {
    const { peers, more } = await this.#as(name).ask('peers', {}, { nameless: true });
    return more > 0 || peers.some((peer) => peer.name === name);
  }

  async hasAnswered(name: string, { id }: { readonly id: string }): Promise<boolean> {
    const relay = this.#as(name);
    const { messages: asked } = await relay.ask('history', { id }, unhurried());
    let after = asked[0]?.position;
    while (after !== undefined) {
      const { messages, more } = await relay.ask('history', { after, count: LIMITS.page }, unhurried());
      if (messages.some(({ from, reply_to }) => from === name && reply_to === id)) return true;
      after = more ? messages.at(-1)?.position : undefined;
    }
    return false;
  }

  async answer(name: string, answer: { id: string; reply_to: string; body: string }): Promise<void> {
    await this.#as(name).ask('send', answer, unhurried());
  }

  /** A connection that holds no name and takes nothing: it is told when something was stored. */
  listen(name: string, onNews: () => void): () => void {
    const client = this.#as(name).connect({ seat: false, watch: true });
    client.on('welcome', onNews);
    client.on('mail', onNews);
    client.start();
    return () => void client.stop();
  }

  /** Asked as somebody whose key is elsewhere, the relay would take us for somebody new. */
  #as(name: string): RelayAccess {
    const relay = new RelayAccess(this.#ctx, { as: name });
    if (relay.isOurs) return relay;
    throw new RelayError('name_taken', `The key of ${name} at ${relay.place} is not on this machine.`);
  }
}
