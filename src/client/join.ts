/**
 * Joins the relay of somebody else by the line that an invitation is.
 *
 *     its certificate, where it has an own one → known by the fingerprint in the line, or nothing is sent
 *     POST /challenge → the relay proves the same by its signature
 *     POST /join      → what the secret signs, and the new key of this device; the secret itself stays here
 */
import type { KeyObject } from 'node:crypto';
import { connect } from 'node:tls';
import type { Device } from '../config/device.ts';
import { asRelayError, RelayError } from '../protocol/codes.ts';
import type { JoinLine, PeopleResults } from '../protocol/people.ts';
import { joinText, rekeyText } from '../protocol/proof.ts';
import { fieldsOf, parsed } from '../util/fields.ts';
import { fingerprintOf, invitationId, keyFromSecret, newKey, pemOf, publicKeyOf, sign } from '../util/signing.ts';
import { type Ask, challenged } from './device.ts';
import { requestTo, textOf } from './once.ts';
import { relayUrl, shownUrl } from './place.ts';
import { unreachable } from './reach.ts';

export interface Joining {
  /** Wanted; the invitation may say another. */
  readonly person: string;
  /** What this machine is called. */
  readonly device: string;
  readonly signal: AbortSignal;
}

export interface Joined {
  readonly device: Device;
  /** Whose relay it is. */
  readonly owner: string;
}

/** Milliseconds for one address to answer. */
const PATIENCE = 10_000;

/** By the first address that answers. Rejects with why the first one did not, or with the relay's refusal. */
export async function joinRelay({ addresses, relay, secret }: JoinLine, joining: Joining): Promise<Joined> {
  let why: RelayError | undefined;
  for (const address of addresses) {
    try {
      return await joinAt(relayUrl(address), relay, secret, joining);
    } catch (error) {
      const failed = asRelayError(error);
      if (failed.code !== 'not_connected' && failed.code !== 'timeout') throw failed;
      why ??= failed;
    }
  }
  throw why ?? new RelayError('not_connected');
}

async function joinAt(url: URL, relay: string, secret: string, { person, device, signal }: Joining): Promise<Joined> {
  const certificate = url.protocol === 'wss:' ? await ownCertificate(url, relay) : undefined;
  const pin = { relay, ...(certificate === undefined ? {} : { certificate }) };
  const ask: Ask = async (path, body) => {
    const end = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]);
    return await textOf(url, await requestTo(url, path, JSON.stringify(body), { pin }, end), end);
  };
  const nonce = await challenged(url, relay, ask);
  const [key, invited] = [newKey(), keyFromSecret(secret)];
  const words = { invitation: invitationId(publicKeyOf(invited)), key: publicKeyOf(key), device, person };
  const said = joinText(relay, nonce, words);
  const answer = joinedOf(
    await ask('/join', { nonce, ...words, proof: sign(invited, said), signature: sign(key, said) }),
  );
  if (!answer) throw new RelayError('not_connected', `What answers at ${shownUrl(url)} is not a relay.`);
  const known = { id: answer.device, person: answer.person, url: shownUrl(url), ...pin, key: pemOf(key) };
  return { device: known, owner: answer.owner };
}

/** The certificate that the relay made for itself; undefined for another one, for which a public authority must vouch. */
function ownCertificate(url: URL, relay: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    // Nothing is sent on this connection: it only looks at who is there.
    const socket = connect({ host, port: Number(url.port || 443), rejectUnauthorized: false }, () => {
      const found = socket.getPeerX509Certificate();
      const isOwn = found !== undefined && fingerprintOf(spkiOf(found.publicKey)) === relay;
      resolve(isOwn ? found.toString() : undefined);
      socket.destroy();
    });
    socket.setTimeout(PATIENCE, () => socket.destroy(new Error('it did not answer in time')));
    socket.once('error', (error) => reject(unreachable(url, error)));
  });
}

function spkiOf(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' });
}

function joinedOf(body: string): PeopleResults['join'] | undefined {
  const { person, device, owner } = fieldsOf(parsed(body));
  const isIt = typeof person === 'string' && typeof device === 'string' && typeof owner === 'string';
  return isIt ? { person, device, owner } : undefined;
}

/** Another key for this device, at the relay that it has joined; to be kept by the caller. */
export async function rekeyDevice(device: Device, signal: AbortSignal): Promise<Device> {
  const url = relayUrl(device.url);
  const next = newKey();
  const key = publicKeyOf(next);
  const signature = sign(next, rekeyText(device.relay, device.id, key));
  const response = await requestTo(url, '/device/rekey', JSON.stringify({ key, signature }), { device }, signal);
  await textOf(url, response, signal);
  return { ...device, key: pemOf(next) };
}
