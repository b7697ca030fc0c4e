/**
 * A self-signed X.509 certificate (RFC 5280) for a P-256 key, as DER written by hand: a name, a time, a key, and the
 * signature over them. Nobody looks at the name or the time: who connects knows the fingerprint of the key.
 */
import { createPublicKey, type KeyObject, sign } from 'node:crypto';

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OID = 0x06;
const UTF8 = 0x0c;
const TIME = 0x18;
const BOOLEAN = 0x01;
/** `[0]` and `[3]`, explicit: the version, the extensions. */
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;

const ECDSA_SHA256 = der(SEQUENCE, der(OID, hex('2a8648ce3d040302')));
const COMMON_NAME = der(OID, hex('550403'));
/** It vouches for itself, and for nothing else: CA, with no certificate below it. */
const CONSTRAINTS = der(
  SEQUENCE,
  der(OID, hex('551d13')),
  der(BOOLEAN, hex('ff')),
  der(OCTET_STRING, der(SEQUENCE, der(BOOLEAN, hex('ff')), der(INTEGER, hex('00')))),
);

/** PEM. `serial`: random bytes. Good from 2026 until the end of 9999, which RFC 5280 means by "no end". */
export function selfSigned(key: KeyObject, serial: Uint8Array): string {
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, COMMON_NAME, der(UTF8, Buffer.from('claude-relay')))));
  const body = der(
    SEQUENCE,
    der(VERSION, der(INTEGER, hex('02'))),
    // Positive, and not empty.
    der(INTEGER, Buffer.concat([hex('01'), serial])),
    ECDSA_SHA256,
    name,
    der(SEQUENCE, der(TIME, Buffer.from('20260101000000Z')), der(TIME, Buffer.from('99991231235959Z'))),
    name,
    createPublicKey(key).export({ format: 'der', type: 'spki' }),
    der(EXTENSIONS, der(SEQUENCE, CONSTRAINTS)),
  );
  const signature = der(BIT_STRING, hex('00'), sign('sha256', body, key));
  const lines = der(SEQUENCE, body, ECDSA_SHA256, signature)
    .toString('base64')
    .match(/.{1,64}/g);
  return ['-----BEGIN CERTIFICATE-----', ...(lines ?? []), '-----END CERTIFICATE-----', ''].join('\n');
}

/** Tag, length, contents. */
function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), lengthOf(body.length), body]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  return length < 0x100 ? Buffer.from([0x81, length]) : Buffer.from([0x82, length >> 8, length & 0xff]);
}

function hex(text: string): Buffer {
  return Buffer.from(text, 'hex');
}
