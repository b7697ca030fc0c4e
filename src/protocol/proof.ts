/**
 * What is signed, by whom, before two sides believe each other. Each text says what it is for, so that a signature made
 * for one is worth nothing for another; fields cannot hold the newline between them.
 */

/** The relay, over the client's and its own nonce: this is the relay whose fingerprint you know. */
export const challengeText = (clientNonce: string, nonce: string): string =>
  text('claude-relay challenge 1', clientNonce, nonce);

/** A device, for one request: to this relay, with this nonce, which is good once. */
export const deviceText = (relay: string, device: string, nonce: string, request: string): string =>
  text('claude-relay device 1', relay, device, nonce, request);

/** Who was invited, by the invitation's key and by the new device's: this device, at this relay. */
export const joinText = (relay: string, nonce: string, join: JoinWords): string =>
  text('claude-relay join 1', relay, nonce, join.invitation, join.key, join.device, join.person);

/** A device that takes a new key, by that key. */
export const rekeyText = (relay: string, device: string, key: string): string =>
  text('claude-relay rekey 1', relay, device, key);

export interface JoinWords {
  readonly invitation: string;
  /** The device's public key. */
  readonly key: string;
  /** What the device is called. */
  readonly device: string;
  readonly person: string;
}

/** How a device says who it is: `Authorization: Relay-Device ID:NONCE:SIGNATURE`. */
export const DEVICE_SCHEME = 'Relay-Device';

/** What a signature is for: `POST /v1/send`. */
export const requestText = (method: string, path: string): string => `${method} ${path}`;

const text = (...fields: readonly string[]): string => fields.join('\n');
