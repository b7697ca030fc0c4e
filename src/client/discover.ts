/**
 * Where the relay is, and with which token. Both are asked again at each try: a relay started later writes its port
 * into `relay.json` and its token into `token`, and nobody has to be restarted for that.
 */
import { join } from 'node:path';
import { type Device, readDevice } from '../config/device.ts';
import { RelayError } from '../protocol/codes.ts';
import { errno, Failure } from '../util/failure.ts';
import { fieldsOf, parsed } from '../util/fields.ts';
import { readPrivate } from '../util/files.ts';
import { DEFAULT_URL, relayUrl } from './place.ts';

export interface Discovery {
  /** A WebSocket URL. Throws `bad_request` when the one that was given is not one; else as `token`. */
  readonly url: () => string;
  /** Throws `unauthorized` with the remedy when the file is there but must not or cannot be read. */
  readonly token: () => string | undefined;
  /** This machine's key, when the relay is the one that it has joined. Throws as `token`. */
  readonly device: () => Device | undefined;
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

/**
 * Given address > RELAY_URL > the relay that was joined > `<home>/relay.json` > ws://localhost:9999; given token >
 * RELAY_TOKEN > the key of this device, at the relay that was joined > `<home>/token`.
 */
export function discover({ home, env, url, token }: DiscoveryOptions): Discovery {
  const said = () => filled(url) ?? filled(env.RELAY_URL);
  const given = () => filled(token) ?? filled(env.RELAY_TOKEN);
  const joined = () => fileOf(join(home, 'device.json'), () => readDevice(home));
  const device = () => {
    const ours = given() === undefined ? joined() : undefined;
    const there = said();
    return ours && (there === undefined || relayUrl(there).href === relayUrl(ours.url).href) ? ours : undefined;
  };
  return {
    url: () => relayUrl(said() ?? joined()?.url ?? runningUrl(home) ?? DEFAULT_URL).href,
    // The token of this machine's own relay is not for the one that was joined.
    token: () => given() ?? (device() ? undefined : fileOf(join(home, 'token'), () => tokenFile(home))),
    device,
  };
}

/** What the relay of this state directory wrote when it started; nothing when it never did, or left nonsense. */
function runningUrl(home: string): string | undefined {
  const path = join(home, 'relay.json');
  const { url, port } = fieldsOf(parsed(fileOf(path, () => readPrivate(path)) ?? ''));
  try {
    if (typeof url === 'string') return relayUrl(url).href;
    return typeof port === 'number' ? relayUrl(`localhost:${port}`).href : undefined;
  } catch {
    return undefined; // its file is damaged: the default is the best guess
  }
}

function tokenFile(home: string): string | undefined {
  return filled(readPrivate(join(home, 'token')));
}

function fileOf<T>(path: string, read: () => T): T {
  try {
    return read();
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
