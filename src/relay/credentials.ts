/**
 * What proves who is on the other side.
 *
 *     the relay's own token   → the owner, on this machine           Authorization: Bearer TOKEN
 *     the token of a device   → that device of that person           the same
 *     the key of a device     → the same, by a signature over a nonce of ours that is good once, for ten seconds,
 *                               for one request, at this relay        Authorization: Relay-Device ID:NONCE:SIGNATURE
 */
import { createHash, createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { PeopleResults } from '../protocol/people.ts';
import { challengeText, deviceText } from '../protocol/proof.ts';
import { type DeviceRow, deviceById, deviceByProof } from '../state/queries/people.ts';
import type { Store } from '../state/store.ts';
import type { Clock } from '../util/clock.ts';
import type { Random } from '../util/random.ts';
import { fingerprintOf, isSignedBy, publicKeyOf, sign } from '../util/signing.ts';
import { type Identity, THE_OWNER } from './identity.ts';

export interface CredentialsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** The relay's own key. */
  readonly key: KeyObject;
  /** The owner's token. */
  readonly token: string;
  /** Is that device still worth something? */
  readonly knows: (identity: Identity) => boolean;
}

/** How long a nonce is good, milliseconds. */
const FRESH = 10_000;

export class Credentials {
  /** Of the relay's key. */
  readonly fingerprint: string;
  readonly #options: CredentialsOptions;
  readonly #publicKey: string;
  /** Only we can make a nonce: none has to be remembered before it is used. */
  readonly #secret: Uint8Array;
  /** Nonce → when it would have been over. */
  readonly #used = new Map<string, number>();
  #token: Buffer;

  constructor(options: CredentialsOptions) {
    this.#options = options;
    this.#publicKey = publicKeyOf(options.key);
    this.fingerprint = fingerprintOf(this.#publicKey);
    this.#secret = options.random.bytes(32);
    this.#token = digest(options.token);
  }

  /** The owner's token is another one from now on. */
  renew(token: string): void {
    this.#token = digest(token);
  }

  challenge(clientNonce: string): PeopleResults['challenge'] {
    const { clock, random, key } = this.#options;
    const until = Math.ceil(clock.monotonic() + FRESH).toString(36);
    const made = `${until}.${Buffer.from(random.bytes(16)).toString('base64url')}`;
    const nonce = `${made}.${this.#seal(made)}`;
    return { nonce, key: this.#publicKey, signature: sign(key, challengeText(clientNonce, nonce)) };
  }

  /** Undefined when nobody has that token, or nobody any more. */
  byToken(presented: string): Identity | undefined {
    const given = digest(presented);
    // Digests are compared, so that neither the length nor a common beginning shows in the time it takes.
    if (timingSafeEqual(given, this.#token)) return THE_OWNER;
    const device = deviceByProof(this.#options.store, given.toString('base64url'));
    if (device?.kind !== 'token' || !timingSafeEqual(given, Buffer.from(device.proof, 'base64url'))) return undefined;
    return this.#known(device);
  }

  /** `presented` is what stands after the scheme, `request` what it is for. */
  bySignature(presented: string, request: string): Identity | undefined {
    const [id = '', nonce = '', signature = '', more] = presented.split(':');
    const device = more === undefined && this.isFresh(nonce) ? deviceById(this.#options.store, id) : undefined;
    if (device?.kind !== 'key') return undefined;
    if (!isSignedBy(device.proof, deviceText(this.fingerprint, id, nonce, request), signature)) return undefined;
    this.use(nonce);
    return this.#known(device);
  }

  /** Made by us, not too long ago, and not used. */
  isFresh(nonce: string): boolean {
    const [until = '', random = '', seal = ''] = nonce.split('.');
    const isOurs = timingSafeEqual(digest(seal), digest(this.#seal(`${until}.${random}`)));
    return isOurs && Number.parseInt(until, 36) > this.#options.clock.monotonic() && !this.#used.has(nonce);
  }

  /** From now on it is worth nothing. Only who has proved something uses one up, so that strangers cannot fill the list. */
  use(nonce: string): void {
    const now = this.#options.clock.monotonic();
    for (const [old, until] of this.#used) {
      if (until > now) break;
      this.#used.delete(old);
    }
    this.#used.set(nonce, now + FRESH);
  }

  #known({ person, id }: DeviceRow): Identity | undefined {
    const identity = { person, device: id };
    return this.#options.knows(identity) ? identity : undefined;
  }

  #seal(made: string): string {
    return createHmac('sha256', this.#secret).update(made).digest('base64url');
  }
}

/** As tokens are stored. */
export function tokenDigest(token: string): string {
  return digest(token).toString('base64url');
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
