import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { selfSigned } from '../../src/util/certificate.ts';
import {
  fingerprintOf,
  invitationId,
  isDeviceKey,
  isSignedBy,
  keyFromPem,
  keyFromSecret,
  newKey,
  newServerKey,
  pemOf,
  publicKeyOf,
  sign,
} from '../../src/util/signing.ts';

describe.each([
  ['a device', newKey],
  ['a relay', newServerKey],
])('the key of %s', (_, make) => {
  it('signs what only its public half believes', () => {
    const [key, other] = [make(), make()];
    const signature = sign(key, 'text');
    expect(isSignedBy(publicKeyOf(key), 'text', signature)).toBe(true);
    expect(isSignedBy(publicKeyOf(key), 'texts', signature)).toBe(false);
    expect(isSignedBy(publicKeyOf(other), 'text', signature)).toBe(false);
  });

  it('is the same after it was kept', () => {
    const key = make();
    expect(publicKeyOf(keyFromPem(pemOf(key)))).toBe(publicKeyOf(key));
    expect(fingerprintOf(publicKeyOf(key))).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  it.each(['', 'x', 'AAAA', '\u2603'])('believes nothing for %j', (nonsense) => {
    const key = make();
    expect(isSignedBy(publicKeyOf(key), 'text', nonsense)).toBe(false);
    expect(isSignedBy(nonsense, 'text', sign(key, 'text'))).toBe(false);
  });
});

describe('a secret', () => {
  it('makes one key, which nobody else makes', () => {
    const [one, again, other] = [keyFromSecret('a'), keyFromSecret('a'), keyFromSecret('b')].map(publicKeyOf);
    expect(one).toBe(again);
    expect(one).not.toBe(other);
    expect(invitationId(one ?? '')).toMatch(/^v[A-Za-z0-9_-]{16}$/);
  });
});

describe('the key that a device brings', () => {
  it('is an Ed25519 key, written in one way', () => {
    const key = publicKeyOf(newKey());
    expect(isDeviceKey(key)).toBe(true);
    for (const wrong of [publicKeyOf(newServerKey()), `${key}AA`, `${key}=`, key.slice(4), '', 'x'])
      expect(isDeviceKey(wrong)).toBe(false);
  });
});

describe('a certificate of one’s own', () => {
  it('is one that TLS takes, of that key, signed by it, for ever', () => {
    const key = newServerKey();
    const pem = selfSigned(key, Buffer.from('0123456789abcdef'));
    const certificate = new X509Certificate(pem);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.ca).toBe(true);
    expect(certificate.checkPrivateKey(key)).toBe(true);
    expect(certificate.subject).toBe('CN=claude-relay');
    expect(new Date(certificate.validTo).getUTCFullYear()).toBe(9999);
    expect(() => createSecureContext({ key: pemOf(key), cert: pem, ca: pem })).not.toThrow();
  });
});
