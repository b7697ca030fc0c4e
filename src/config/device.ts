/** `<home>/device.json`: the relay of somebody else that this machine has joined, and the key that it is known by there. 0600. */
import { Failure } from '../util/failure.ts';
import { fieldsOf, parsed } from '../util/fields.ts';
import { readPrivate, writeAtomic } from '../util/files.ts';
import { ensureHome, statePaths } from './paths.ts';
import { isRelayUrl } from './relay-file.ts';

export interface Device {
  readonly id: string;
  readonly person: string;
  /** `wss://host:9999` */
  readonly url: string;
  /** The fingerprint of the relay's key. */
  readonly relay: string;
  /** The relay's own certificate (PEM); absent where a public one vouches for it, or without TLS. */
  readonly certificate?: string;
  /** The private key of this device (PEM). */
  readonly key: string;
}

/** Undefined when this machine has joined nothing; an `unsafe` Failure when others can read the file, or it is damaged. */
export function readDevice(home: string): Device | undefined {
  const path = statePaths(home).device;
  const text = readPrivate(path);
  if (text === undefined) return undefined;
  const device = decode(parsed(text));
  if (device) return device;
  throw new Failure('unsafe', `${path} cannot be read.`, 'Remove it and join again.');
}

export function writeDevice(home: string, device: Device): void {
  writeAtomic(ensureHome(home).device, `${JSON.stringify(device, undefined, 2)}\n`);
}

function decode(value: unknown): Device | undefined {
  const { id, person, url, relay, certificate, key } = fieldsOf(value);
  if (typeof id !== 'string' || typeof person !== 'string' || typeof relay !== 'string') return undefined;
  if (typeof url !== 'string' || !isRelayUrl(url) || typeof key !== 'string') return undefined;
  return { id, person, url, relay, key, ...(typeof certificate === 'string' ? { certificate } : {}) };
}
