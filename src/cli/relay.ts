/**
 * How a command reaches the relay, and as whom. Who writes on a command line is a person, unless `--as` or the
 * environment names a session: `--as NAME` > CLAUDE_RELAY_SESSION_ID > RELAY_CLIENT_ID > the user's own name.
 */
import { hostname } from 'node:os';
import { RelayClient } from '../client/client.ts';
import { type Discovery, discover } from '../client/discover.ts';
import { FileKeys } from '../client/keys.ts';
import { once } from '../client/once.ts';
import { relayUrl, shownUrl } from '../client/place.ts';
import { connectWebSocket } from '../client/socket.ts';
import { statePaths } from '../config/paths.ts';
import { personName, userName } from '../config/person.ts';
import { isName, NAME_PATTERN } from '../protocol/address.ts';
import { RelayError } from '../protocol/codes.ts';
import type { Hello } from '../protocol/frames.ts';
import type { Args, Results, Verb } from '../protocol/verbs.ts';
import { systemClock } from '../util/clock.ts';
import { Failure } from '../util/failure.ts';
import { instanceId, systemRandom } from '../util/random.ts';
import { safeJson } from '../util/safe-text.ts';
import { VERSION } from '../util/version.ts';
import type { CommandOption, Context } from './command.ts';

/** The flag of every command that acts as somebody. */
export const AS: CommandOption = { flag: '--as', value: 'name', sentence: 'act as this name instead of your own' };

/** What of a command's context decides how it reaches the relay. */
export type Around = Pick<Context, 'config' | 'env' | 'signal' | 'cwd'>;

interface AskOptions {
  readonly signal?: AbortSignal | undefined;
  /** Act as nobody: for what anybody may ask, so that looking makes no session. */
  readonly nameless?: boolean;
}

/** The relay, as one command sees it. */
export class RelayAccess {
  readonly name: string;
  readonly #place: Discovery;
  readonly #keys: FileKeys;
  readonly #around: Around;

  /** `as` and `url` are what the command line said. Throws a `usage` Failure when `as` is no name. */
  constructor(around: Around, { as, url }: { as?: string | undefined; url?: string | undefined } = {}) {
    const { config, env } = around;
    this.#around = around;
    this.name = actingName(around, as);
    const said = config.from.relayUrl === 'default' ? undefined : config.settings.relayUrl;
    this.#place = discover({ home: config.settings.home, env, url: url ?? said });
    this.#keys = new FileKeys(statePaths(config.settings.home).keys);
  }

  /** Where the relay is, as it may be shown. */
  get place(): string {
    return shownUrl(relayUrl(this.#place.url()));
  }

  /** Does this machine keep the key of that name: is it one of this user's own sessions? */
  hasKeyOf(name: string): boolean {
    return this.#keys.load(relayUrl(this.#place.url()), name) !== undefined;
  }

  /** The key of the name that acts is on this machine. */
  get isOurs(): boolean {
    return this.hasKeyOf(this.name);
  }

  /** One verb, over HTTP. Rejects with a RelayError that says what to do, or with the signal's reason. */
  async ask<V extends Verb>(
    verb: V,
    args: Args<V>,
    { signal, nameless = false }: AskOptions = {},
  ): Promise<Results[V]> {
    const url = this.#place.url();
    const who = nameless
      ? {}
      : { as: this.name, key: this.#keys.load(relayUrl(url), this.name), kind: 'person' as const };
    try {
      const asked = {
        url,
        token: this.#place.token(),
        device: this.#place.device(),
        signal: signal ?? this.#around.signal,
        ...who,
      };
      return await once(verb, args, asked);
    } catch (error) {
      throw isForeignName(error, verb) ? this.#notOurs(error) : error;
    }
  }

  /** A new name for the one that acts; its key comes along. */
  async rename(to: string): Promise<Results['rename']> {
    const relay = relayUrl(this.#place.url());
    const key = this.#keys.load(relay, this.name);
    const result = await this.ask('rename', { to });
    if (key !== undefined) this.#keys.save(relay, result.name, key);
    return result;
  }

  /** A connection that stays, for what looks on live. It is started and stopped by the caller. */
  connect(hello: Omit<Hello, 'type' | 'v' | 'key' | 'instance' | 'name'>): RelayClient {
    return new RelayClient({
      url: this.#place.url,
      token: this.#place.token,
      device: this.#place.device,
      hello: { name: this.name, ...hello },
      instance: instanceId(systemRandom),
      keys: this.#keys,
      clock: systemClock,
      random: systemRandom,
      connect: connectWebSocket,
    });
  }

  /** What is told of a person who is here. */
  get about(): NonNullable<Hello['about']> {
    const { cwd } = this.#around;
    return { kind: 'person', host: hostname(), cwd, program: 'claude-relay', version: VERSION };
  }

  #notOurs(cause: unknown): RelayError {
    return new RelayError(
      'name_taken',
      `${this.name} belongs to a session whose key is not on this machine; act as another with --as NAME.`,
      cause,
    );
  }
}

/** `rename` may be refused for the name that is wanted; everything else, for the one that acts. */
function isForeignName(error: unknown, verb: Verb): boolean {
  return error instanceof RelayError && error.code === 'name_taken' && verb !== 'rename';
}

function actingName({ config, env }: Around, as: string | undefined): string {
  if (as === undefined) return config.settings.clientId ?? personName(userName(env));
  const fits: boolean = isName(as);
  if (fits) return as;
  const why = NAME_PATTERN.test(as)
    ? 'means everybody'
    : 'is no name: a letter, then up to 63 letters, digits, dots, dashes or underscores';
  throw new Failure('usage', `${safeJson(as.slice(0, 80))} ${why}.`, 'Choose another name.');
}
