/** The relay and this machine, as the waker sees them, and as what it wakes will: by what lies in the state directory. */
import { homedir, hostname } from 'node:os';
import { PROGRAMS, programById } from '../agents/programs.ts';
import { discover } from '../client/discover.ts';
import { OPTIONS } from '../config/options.ts';
import { statePaths } from '../config/paths.ts';
import { RelayError } from '../protocol/codes.ts';
import type { Envelope } from '../protocol/envelope.ts';
import { LIMITS } from '../protocol/limits.ts';
import type { Mail } from '../resume/mail.ts';
import type { Here } from '../resume/obstacle.ts';
import { Failure } from '../util/failure.ts';
import type { Context } from './command.ts';
import { type Around, RelayAccess } from './relay.ts';

/**
 * What a waker does not hand on: which session it was started in, and credentials. Everything that is woken could read
 * them, and so could all that it starts.
 */
const KEPT_BACK = new Set<string>([
  OPTIONS.token.env,
  'CLAUDE_RELAY_SESSION_ID',
  'RELAY_CLIENT_ID',
  'CLAUDE_CODE_MESSAGING_SOCKET',
  'CLAUDE_CODE_MESSAGING_TOKEN',
  ...PROGRAMS.flatMap(({ signs }) => [...(signs?.marks ?? []), signs?.session ?? '']),
]);

function handedOn(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([key]) => !KEPT_BACK.has(key)));
}

/** Throws a Failure where what is woken could not come in: the only credential is a variable that it does not get. */
export function refuseVariable({ config, env }: Pick<Context, 'config' | 'env'>): void {
  const { home } = config.settings;
  const found = discover({ home, env: handedOn(env) });
  if (!env.RELAY_TOKEN || (found.token() ?? found.device()) !== undefined) return;
  throw new Failure(
    'error',
    'RELAY_TOKEN is the only credential here, and is not handed on to what is woken.',
    `Put the token into ${statePaths(home).token} (0600), or join the relay: claude-relay join LINE`,
  );
}

export function hereOf({
  config,
  env,
  platform,
  userHome,
}: Pick<Context, 'config' | 'env' | 'platform' | 'userHome'>): Here {
  return {
    home: config.settings.home,
    userHome: userHome || homedir(),
    host: hostname(),
    platform,
    env: handedOn(env),
    resumeOf: (program) => programById(program)?.resume,
  };
}

/** What belongs to one run is said to the end, also while we are being stopped. */
const unhurried = () => ({ signal: new AbortController().signal });

export class RelayMail implements Mail {
  readonly #around: Around;

  constructor({ config, env, signal, cwd }: Around) {
    this.#around = { config, env: handedOn(env), signal, cwd };
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
    const relay = new RelayAccess(this.#around, { as: name });
    if (relay.isOurs) return relay;
    throw new RelayError('name_taken', `The key of ${name} at ${relay.place} is not on this machine.`);
  }
}
