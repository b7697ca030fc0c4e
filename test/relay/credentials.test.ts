import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { challengeText, deviceText } from '../../src/protocol/proof.ts';
import { Credentials, tokenDigest } from '../../src/relay/credentials.ts';
import type { Identity } from '../../src/relay/identity.ts';
import { systemRandom } from '../../src/util/random.ts';
import { fingerprintOf, isSignedBy, newKey, newServerKey, publicKeyOf, sign } from '../../src/util/signing.ts';
import { openRelay } from '../support/relay.ts';

const TOKEN = 'Own-token-0123456789-abcdefghijklmnopqrstuvwxyz';
const CI = 'Ci-token-0123456789-abcdefghijklmnopqrstuvwxyzz';
const REQUEST = 'POST /v1/send';

/** Anna's relay; bert has a key and a token, carol a token. */
async function rig() {
  const { relay, journal, clock } = await openRelay();
  const [key, laptop] = [newServerKey(), newKey()];
  const expires_at = Number.MAX_SAFE_INTEGER;
  for (const name of ['bert', 'carol']) {
    await journal.submit({ type: 'invite', at: 1, id: name, key: 'k', person: name, grants: [], expires_at });
    const device = {
      id: `d-${name}`,
      name,
      kind: 'key',
      proof: publicKeyOf(name === 'bert' ? laptop : newKey()),
    } as const;
    await journal.submit({ type: 'redeem', at: 1, invitation: name, device, person: name });
  }
  const device = { id: 'd-ci', name: 'ci', kind: 'token', proof: tokenDigest(CI) } as const;
  const end = clock.now() + 60_000;
  await journal.submit({ type: 'admit', at: 1, person: 2, device: { ...device, expires_at: end } });
  const { store } = journal.state;
  const knows = (who: Identity) => relay.knows(who);
  const credentials = new Credentials({ store, clock, random: systemRandom, key, token: TOKEN, knows });
  const header = (id: string, nonce: string, request = REQUEST, by = laptop, fingerprint = credentials.fingerprint) =>
    `${id}:${nonce}:${sign(by, deviceText(fingerprint, id, nonce, request))}`;
  return { credentials, journal, clock, key, laptop, header, fresh: () => credentials.challenge('c'.repeat(16)).nonce };
}

describe('T5: a token', () => {
  it('is that of the owner, or of a device', async () => {
    const { credentials } = await rig();
    expect(credentials.byToken(TOKEN)).toEqual({ person: 1 });
    expect(credentials.byToken(CI)).toEqual({ person: 2, device: 'd-ci' });
  });

  it.each([
    ['empty', ''],
    ['short', TOKEN.slice(0, 8)],
    ['a prefix', TOKEN.slice(0, -1)],
    ['longer', `${TOKEN}x`],
    ['in the wrong case', TOKEN.toUpperCase()],
    ['a prefix of a device’s', CI.slice(0, -1)],
    ['in the wrong case of a device’s', CI.toLowerCase()],
    ['its own digest', createHash('sha256').update(CI).digest('base64url')],
    ['the public key of a device', 'k'],
    ['in other characters that look alike', TOKEN.replace('O', 'О')],
    ['decomposed', `${TOKEN}\u0301`],
    ['very long', 'x'.repeat(100_000)],
  ])('is refused when it is %s', async (_, token) => {
    const { credentials } = await rig();
    expect(credentials.byToken(token)).toBeUndefined();
  });

  it('is worth nothing once it is over, revoked or replaced', async () => {
    const { credentials, journal, clock } = await rig();
    await clock.run(61_000);
    expect(credentials.byToken(CI)).toBeUndefined();
    const other = await rig();
    await other.journal.submit({ type: 'revoke', at: 1, device: 'd-ci' });
    expect(other.credentials.byToken(CI)).toBeUndefined();
    credentials.renew('another-token-0123456789');
    expect([credentials.byToken(TOKEN), credentials.byToken('another-token-0123456789')]).toEqual([
      undefined,
      { person: 1 },
    ]);
    expect([...journal.state.dump()].join()).not.toMatch(new RegExp(`${CI}|${TOKEN}`));
  });
});

describe('T5: the key of a device', () => {
  it('is believed by a signature over a nonce of this relay', async () => {
    const { credentials, header, fresh } = await rig();
    expect(credentials.bySignature(header('d-bert', fresh()), REQUEST)).toEqual({ person: 2, device: 'd-bert' });
  });

  it('is asked by the relay, which proves itself', async () => {
    const { credentials, key } = await rig();
    const { nonce, key: publicKey, signature } = credentials.challenge('n'.repeat(20));
    expect(publicKey).toBe(publicKeyOf(key));
    expect(fingerprintOf(publicKey)).toBe(credentials.fingerprint);
    expect(isSignedBy(publicKey, challengeText('n'.repeat(20), nonce), signature)).toBe(true);
    expect(isSignedBy(publicKey, challengeText('m'.repeat(20), nonce), signature)).toBe(false);
  });

  it('is worth nothing a second time, later, elsewhere, or for another request', async () => {
    const { credentials, header, fresh, clock } = await rig();
    const once = header('d-bert', fresh());
    expect(credentials.bySignature(once, REQUEST)).toBeDefined();
    expect(credentials.bySignature(once, REQUEST)).toBeUndefined();
    expect(credentials.bySignature(header('d-bert', fresh()), 'POST /v1/rename')).toBeUndefined();
    const late = header('d-bert', fresh());
    await clock.run(10_001);
    expect(credentials.bySignature(late, REQUEST)).toBeUndefined();
    const other = await rig();
    expect(other.credentials.bySignature(header('d-bert', other.fresh()), REQUEST)).toBeUndefined();
    const relayed = header('d-bert', fresh(), REQUEST, undefined, other.credentials.fingerprint);
    expect(credentials.bySignature(relayed, REQUEST)).toBeUndefined();
  });

  it.each([
    ['nothing', () => ''],
    ['no signature', ({ fresh }: Rig) => `d-bert:${fresh()}:`],
    ['the device of another', ({ fresh, header }: Rig) => header('d-carol', fresh())],
    ['a device that has a token', ({ fresh, header }: Rig) => header('d-ci', fresh())],
    ['a device that is not there', ({ fresh, header }: Rig) => header('d-none', fresh())],
    ['a key of its own', ({ fresh, header }: Rig) => header('d-bert', fresh(), REQUEST, newKey())],
    ['a nonce of its own', ({ header }: Rig) => header('d-bert', 'zzzz.AAAAAAAAAAAAAAAAAAAAAA.AAAA')],
    ['a nonce without a seal', ({ header, fresh }: Rig) => header('d-bert', fresh().split('.').slice(0, 2).join('.'))],
    [
      'a nonce that lives longer',
      ({ header, fresh }: Rig) => header('d-bert', `zzzzzzzz.${fresh().split('.').slice(1).join('.')}`),
    ],
    ['too many parts', ({ header, fresh }: Rig) => `${header('d-bert', fresh())}:x`],
    ['what is no base64', ({ fresh }: Rig) => `d-bert:${fresh()}:\u2603`],
  ])('is refused with %s', async (_, made: (rig: Rig) => string) => {
    const all = await rig();
    expect(all.credentials.bySignature(made(all), REQUEST)).toBeUndefined();
  });

  it('is worth nothing once it is revoked, or another one', async () => {
    const { credentials, journal, header, fresh } = await rig();
    const next = newKey();
    await journal.submit({ type: 'rekey', device: 'd-bert', proof: publicKeyOf(next) });
    expect(credentials.bySignature(header('d-bert', fresh()), REQUEST)).toBeUndefined();
    expect(credentials.bySignature(header('d-bert', fresh(), REQUEST, next), REQUEST)).toBeDefined();
    await journal.submit({ type: 'revoke', at: 1, person: 2 });
    expect(credentials.bySignature(header('d-bert', fresh(), REQUEST, next), REQUEST)).toBeUndefined();
  });
});

type Rig = Awaited<ReturnType<typeof rig>>;
