/**
 * `<home>/relay-key.pem`, `<home>/relay-cert.pem`: by which others know this relay. Made once; whoever joined knows the
 * fingerprint of the key, so that another one means that all of them have to join again.
 */
import type { KeyObject } from 'node:crypto';
import { selfSigned } from '../util/certificate.ts';
import { Failure } from '../util/failure.ts';
import { createPrivate, readPrivate, writeAtomic } from '../util/files.ts';
import { type Random, systemRandom } from '../util/random.ts';
import { keyFromPem, newServerKey, pemOf } from '../util/signing.ts';
import { ensureHome } from './paths.ts';

export interface RelayKey {
  readonly key: KeyObject;
  /** PEM, of that key. */
  readonly certificate: string;
}

/** Two relays that start at once end up with the same ones. */
export function ensureRelayKey(home: string, random: Random = systemRandom): RelayKey {
  const { relayKey, relayCert } = ensureHome(home);
  const pem = kept(relayKey, () => pemOf(newServerKey()));
  const key = readKey(relayKey, pem);
  return { key, certificate: kept(relayCert, () => selfSigned(key, random.bytes(16))) };
}

/** Another key from the next start on. */
export function replaceRelayKey(home: string, random: Random = systemRandom): void {
  const { relayKey, relayCert } = ensureHome(home);
  const key = newServerKey();
  writeAtomic(relayKey, pemOf(key));
  writeAtomic(relayCert, selfSigned(key, random.bytes(16)));
}

function kept(path: string, make: () => string): string {
  const present = readPrivate(path);
  if (present !== undefined) return present;
  const made = make();
  return createPrivate(path, made) ? made : (readPrivate(path) ?? made);
}

function readKey(path: string, pem: string): KeyObject {
  try {
    return keyFromPem(pem);
  } catch (error) {
    throw new Failure(
      'unsafe',
      `${path} does not hold a key.`,
      'Remove it and relay-cert.pem; who joined has to join again.',
      error,
    );
  }
}
