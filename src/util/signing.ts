/** Keys that sign. Public keys and signatures travel as base64url; a key is known by the SHA-256 of its public half. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign as signWith,
  verify,
} from 'node:crypto';

/** What comes before the 32 bytes of an Ed25519 private key in PKCS #8 (RFC 8410, section 7). */
const ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');

export function newKey(): KeyObject {
  return generateKeyPairSync('ed25519').privateKey;
}

/** P-256, which every TLS library takes in a certificate: for the relay. */
export function newServerKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;
}

/** The Ed25519 key that belongs to a secret: who has the secret can sign, who has the public key can only check. */
export function keyFromSecret(secret: string): KeyObject {
  const seed = createHash('sha256').update(`claude-relay invitation ${secret}`).digest();
  return createPrivateKey({ key: Buffer.concat([ED25519, seed]), format: 'der', type: 'pkcs8' });
}

export function pemOf(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'pkcs8' }).toString();
}

/** Throws when the text is no private key. */
export function keyFromPem(pem: string): KeyObject {
  return createPrivateKey(pem);
}

export function publicKeyOf(key: KeyObject): string {
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).toString('base64url');
}

/** 43 characters. */
export function fingerprintOf(publicKey: string | Buffer): string {
  const der = typeof publicKey === 'string' ? Buffer.from(publicKey, 'base64url') : publicKey;
  return createHash('sha256').update(der).digest('base64url');
}

/** A name for what has that key: 16 characters of its fingerprint. */
export const invitationId = (publicKey: string): string => `v${fingerprintOf(publicKey).slice(0, 16)}`;

export function sign(key: KeyObject, text: string): string {
  return signWith(digestOf(key), Buffer.from(text), key).toString('base64url');
}

/** False also for what is no key or no signature at all. */
export function isSignedBy(publicKey: string, text: string, signature: string): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64url'), format: 'der', type: 'spki' });
    return verify(digestOf(key), Buffer.from(text), key, Buffer.from(signature, 'base64url'));
  } catch {
    return false; // a peer sent it: whatever it is, it proves nothing
  }
}

/** Is it the public half of an Ed25519 key? */
export function isDeviceKey(publicKey: string): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64url'), format: 'der', type: 'spki' });
    const written = key.export({ format: 'der', type: 'spki' }).toString('base64url');
    return key.asymmetricKeyType === 'ed25519' && written === publicKey;
  } catch {
    return false; // as above
  }
}

/** Ed25519 digests by itself. */
function digestOf(key: KeyObject): string | null {
  return key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
}
