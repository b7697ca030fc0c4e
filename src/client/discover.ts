/**
 * Where the relay is, and with which token. Both are asked again at each try: a relay started later writes its port
 * into `relay.json` and its token into `token`, and nobody has to be restarted for that.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RelayError } from '../protocol/codes.ts';
import { errno, Failure } from '../util/failure.ts';
import { readPrivate } from '../util/files.ts';
import { DEFAULT_URL, relayUrl } from './place.ts';

export interface Discovery {
  /** A WebSocket URL. Throws `bad_request` when the one that was given is not one. */
  readonly url: () => string;
  /** Throws `unauthorized` with the remedy when the file is there but must not or cannot be read. */
  readonly token: () => string | undefined;
}

export interface DiscoveryOptions {
  /** The state directory. */
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `--relay-url`; goes before RELAY_URL. */
  readonly url?: string | undefined;
  /** Goes before RELAY_TOKEN. */
  readonly token?: string | undefined;
}

/** Given address > RELAY_URL > `<home>/relay.json` > ws://localhost:9999; given token > RELAY_TOKEN > `<home>/token`. */
export function discover({ home, env, url, token }: DiscoveryOptions): Discovery {
  return {
    url: () => relayUrl(filled(url) ?? filled(env.RELAY_URL) ?? runningUrl(home) ?? DEFAULT_URL).href,
    token: () => filled(token) ?? filled(env.RELAY_TOKEN) ?? tokenFile(join(home, 'token')),
  };
}

/** What the relay of this state directory wrote when it started; nothing when it never did, or left nonsense. */
function runningUrl(home: string): string | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(join(home, 'relay.json'), 'utf8'));
    if (typeof value !== 'object' || value === null) return undefined;
    if ('url' in value && typeof value.url === 'string') return relayUrl(value.url).href;
    if ('port' in value && typeof value.port === 'number') return relayUrl(`localhost:${value.port}`).href;
    return undefined;
  } catch {
    return undefined; // no relay has run here, or its file is damaged: the default is the best guess
  }
}

function tokenFile(path: string): string | undefined {
  try {
    return filled(readPrivate(path));
  } catch (error) {
    if (error instanceof Failure) throw new RelayError('unauthorized', sentence(error), error);
    throw new RelayError('unauthorized', `${path} cannot be read (${errno(error) ?? 'unknown reason'}).`, error);
  }
}

function sentence({ message, remedy }: Failure): string {
  return remedy === undefined ? message : `${message} ${remedy}`;
}

/** An environment variable that is set to nothing is not set. */
function filled(value: string | undefined): string | undefined {
  const text = value?.trim();
  return text ? text : undefined;
}
