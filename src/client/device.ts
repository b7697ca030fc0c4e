/**
 * A device that speaks to the relay that it has joined: it asks for a nonce, sees by the relay's signature that this is
 * the relay whose fingerprint it knows, and signs what it is about to ask. No secret leaves the machine, and what does
 * is good once.
 *
 *     POST /challenge {nonce} → {nonce, key, signature}        then, with the request itself or the upgrade:
 *     Authorization: Relay-Device ID:NONCE:SIGNATURE
 */
import { X509Certificate } from 'node:crypto';
import type { ConnectionOptions } from 'node:tls';
import type { Device } from '../config/device.ts';
import { RelayError } from '../protocol/codes.ts';
import type { PeopleResults } from '../protocol/people.ts';
import { challengeText, DEVICE_SCHEME, deviceText, requestText } from '../protocol/proof.ts';
import { fieldsOf, parsed } from '../util/fields.ts';
import { secret, systemRandom } from '../util/random.ts';
import { fingerprintOf, isSignedBy, keyFromPem, sign } from '../util/signing.ts';
import { shownUrl } from './place.ts';

/** What proves who we are: the relay's token, or the key of this device. */
export interface Credential {
  readonly token?: string | undefined;
  readonly device?: Device | undefined;
}

/** One POST of JSON to the relay, without a credential; answers the body of a 200. */
export type Ask = (path: string, body: object) => Promise<string>;

/** The header for one request; undefined without a credential. */
export async function authorization(
  named: URL,
  { token, device }: Credential,
  request: { readonly method: string; readonly path: string },
  ask: Ask,
): Promise<string | undefined> {
  if (!device) return token === undefined ? undefined : `Bearer ${token}`;
  const nonce = await challenged(named, device.relay, ask);
  const said = deviceText(device.relay, device.id, nonce, requestText(request.method, request.path));
  return `${DEVICE_SCHEME} ${device.id}:${nonce}:${sign(keyFromPem(device.key), said)}`;
}

/** A nonce of the relay that has that fingerprint. Rejects with `unauthorized` when another one answers. */
export async function challenged(named: URL, relay: string, ask: Ask): Promise<string> {
  const ours = secret(systemRandom);
  const answer = challengeOf(await ask('/challenge', { nonce: ours }));
  if (answer && fingerprintOf(answer.key) === relay) {
    if (isSignedBy(answer.key, challengeText(ours, answer.nonce), answer.signature)) return answer.nonce;
  }
  throw new RelayError(
    'unauthorized',
    `What answers at ${shownUrl(named)} is not the relay that this machine joined; nothing was sent. Ask for a new invitation if its key was changed.`,
  );
}

/** The relay's own certificate, and no other, where joining has pinned one. */
export function pinned(device: Pick<Device, 'certificate' | 'relay'> | undefined): ConnectionOptions {
  if (device?.certificate === undefined) return {};
  return {
    ca: device.certificate,
    // It is known by its key, not by a name.
    checkServerIdentity: (_host, { raw }) =>
      fingerprintOf(new X509Certificate(raw).publicKey.export({ format: 'der', type: 'spki' })) === device.relay
        ? undefined
        : Object.assign(new Error('another key than the one that was joined'), { code: 'OTHER_KEY' }),
  };
}

function challengeOf(body: string): PeopleResults['challenge'] | undefined {
  const { nonce, key, signature } = fieldsOf(parsed(body));
  if (typeof nonce !== 'string' || typeof key !== 'string' || typeof signature !== 'string') return undefined;
  // It becomes part of a header.
  return /^[A-Za-z0-9._-]{1,128}$/.test(nonce) ? { nonce, key, signature } : undefined;
}
