/** Who may come, who is there, and what they may: what is asked over HTTP, as commands. Whether the asker may is asked before. */
import { RelayError } from '../protocol/codes.ts';
import { type Grant, grantText } from '../protocol/grant.ts';
import {
  type DeviceInfo,
  joinLine,
  type PeopleArgs,
  type PeopleResults,
  type PeopleTask,
  type PersonInfo,
} from '../protocol/people.ts';
import { joinText, rekeyText } from '../protocol/proof.ts';
import { grantsOf } from '../state/queries/grants.ts';
import { invitationById, invitationOf, openInvitation, openInvitations } from '../state/queries/invitations.ts';
import {
  type DeviceRow,
  deviceById,
  deviceSeen,
  devicesOf,
  everybody,
  inward,
  type PersonRow,
  personById,
  personByName,
} from '../state/queries/people.ts';
import { OWNER } from '../state/schema.ts';
import { secret } from '../util/random.ts';
import { fingerprintOf, invitationId, isDeviceKey, isSignedBy, keyFromSecret, publicKeyOf } from '../util/signing.ts';
import { type Credentials, tokenDigest } from './credentials.ts';
import { type Identity, usualGrants } from './identity.ts';
import type { Services } from './services.ts';

export interface PeopleOptions {
  readonly services: Services;
  readonly credentials: Credentials;
  /** How others reach this relay. */
  readonly addresses: () => readonly string[];
  /** Writes another token down, which counts from then on. */
  readonly renewToken: () => void;
  readonly isHere: (device: string) => boolean;
}

/** How long an invitation is open where nothing else is said, seconds. */
const OPEN = 600;

type Handler<T extends PeopleTask> = (
  args: PeopleArgs<T>,
  identity: Identity,
) => Promise<PeopleResults[T]> | PeopleResults[T];

export class People {
  readonly #options: PeopleOptions;

  constructor(options: PeopleOptions) {
    this.#options = options;
  }

  readonly tasks: { readonly [T in PeopleTask]: Handler<T> } = {
    challenge: ({ nonce }) => this.#options.credentials.challenge(nonce),
    join: (args) => this.#join(args),
    invite: (args, identity) => this.#invite(args, identity),
    people: () => this.#people(),
    devices: () => ({ devices: devicesOf(this.#store).map((row) => this.#device(row)) }),
    token: (args, identity) => this.#token(args, identity),
    grant: (args, identity) => this.#grant(args, identity),
    revoke: (args) => this.#revoke(args),
    'rotate-token': (_, identity) => this.#rotateToken(identity),
    rekey: (args, identity) => this.#rekey(args, identity),
  };

  get #store() {
    return this.#options.services.store;
  }

  /** Rejects with `not_invited`, whatever is wrong: with the invitation, its proof, or the nonce. */
  async #join(args: PeopleArgs<'join'>): Promise<PeopleResults['join']> {
    const { services, credentials } = this.#options;
    const { journal, store, random, relayTime } = services;
    const { key } = openInvitation(store, args.invitation, relayTime());
    const said = joinText(credentials.fingerprint, args.nonce, args);
    const isProved = credentials.isFresh(args.nonce) && isSignedBy(key, said, args.proof);
    if (!isProved || !isDeviceKey(args.key) || !isSignedBy(args.key, said, args.signature)) {
      await journal.submit({ type: 'miss', invitation: args.invitation });
      throw new RelayError('not_invited');
    }
    credentials.use(args.nonce);
    const device = { id: deviceId(random), name: args.device, kind: 'key', proof: args.key } as const;
    const command = {
      type: 'redeem',
      at: relayTime(),
      invitation: args.invitation,
      device,
      person: args.person,
    } as const;
    const { outcome } = await journal.submit(command);
    services.log.info({ person: outcome.name, device: device.id }, 'a device joined');
    return { person: outcome.name, device: device.id, owner: personById(store, OWNER)?.name ?? '' };
  }

  async #invite(args: PeopleArgs<'invite'>, { person: asker }: Identity): Promise<PeopleResults['invite']> {
    const { services, credentials, addresses } = this.#options;
    const { journal, random, store, relayTime } = services;
    const own = personById(store, asker)?.name;
    const where = args.addresses ?? addresses();
    if (where.length === 0)
      throw new RelayError(
        'bad_request',
        'This machine has no address that others could reach now; name one (--address).',
      );
    if (!args.mine && args.person?.toLowerCase() === own?.toLowerCase())
      throw new RelayError('bad_request', `${own} is you: leave the name out and ask for another device of your own.`);
    const person = args.mine ? own : args.person;
    this.#leaveOwner(person, asker);
    const grants = this.#canonical(args.grants, asker) ?? usualGrants(store);
    const once = Buffer.from(random.bytes(16)).toString('base64url');
    const key = publicKeyOf(keyFromSecret(once));
    const id = invitationId(key);
    const at = relayTime();
    const expires_at = at + (args.seconds ?? OPEN) * 1000;
    await journal.submit({
      type: 'invite',
      at,
      id,
      key,
      ...(person === undefined ? {} : { person }),
      grants,
      expires_at,
    });
    return {
      id,
      line: joinLine({ addresses: where, relay: credentials.fingerprint, secret: once }),
      addresses: where,
      ...(person === undefined ? {} : { person }),
      grants: person !== undefined && personByName(store, person) ? [] : grants.map(grantText),
      expires: expires_at,
    };
  }

  #people(): PeopleResults['people'] {
    const invitations = openInvitations(this.#store, this.#options.services.relayTime());
    return {
      people: everybody(this.#store).map((row) => this.#person(row)),
      invitations: invitations.map(({ id, person, grants, expires_at }) => ({
        id,
        ...(person === null ? {} : { person }),
        grants: (JSON.parse(grants) as readonly Grant[]).map(grantText),
        expires: expires_at,
      })),
    };
  }

  async #token(args: PeopleArgs<'token'>, { person: asker }: Identity): Promise<PeopleResults['token']> {
    const { journal, random, relayTime } = this.#options.services;
    const person = args.person === undefined ? personById(this.#store, asker) : this.#named(args.person);
    if (!person) throw new RelayError('unknown_person');
    this.#leaveOwner(person.name, asker);
    const token = secret(random);
    const at = relayTime();
    const end = args.seconds === undefined ? {} : { expires_at: at + args.seconds * 1000 };
    const device = { id: deviceId(random), name: args.name, kind: 'token', proof: tokenDigest(token), ...end } as const;
    await journal.submit({ type: 'admit', at, person: person.id, device });
    return { device: device.id, person: person.name, token };
  }

  async #grant(args: PeopleArgs<'grant'>, { person: asker }: Identity): Promise<PersonInfo> {
    const person = this.#named(args.person);
    const [add = [], remove = []] = [args.add, args.remove].map((grants) => this.#canonical(grants, asker));
    await this.#options.services.journal.submit({ type: 'grant', person: person.id, add, remove });
    return this.#person(person);
  }

  async #revoke({ what }: PeopleArgs<'revoke'>): Promise<PeopleResults['revoke']> {
    const { journal, relayTime } = this.#options.services;
    const at = relayTime();
    const person = personByName(this.#store, what);
    if (person) {
      await journal.submit({ type: 'revoke', at, person: person.id });
      return { revoked: 'person', name: person.name };
    }
    const device = this.#deviceCalled(what);
    if (device) {
      await journal.submit({ type: 'revoke', at, device: device.id });
      return { revoked: 'device', name: device.name };
    }
    if (!invitationById(this.#store, what))
      throw new RelayError(
        'unknown_device',
        `There is no person, device or invitation ${what}; see people and devices.`,
      );
    await journal.submit({ type: 'revoke', at, invitation: what });
    return { revoked: 'invitation', name: what };
  }

  /** It is not told: whoever may know it can read the file. */
  #rotateToken({ person }: Identity): PeopleResults['rotate-token'] {
    this.#leaveOwner(personById(this.#store, OWNER)?.name, person);
    this.#options.renewToken();
    return {};
  }

  /** Who administers is not the owner: it makes nothing that would be taken for them. */
  #leaveOwner(person: string | undefined, asker: number): void {
    const isTheirs = person !== undefined && personByName(this.#store, person)?.id === OWNER;
    if (isTheirs && asker !== OWNER)
      throw new RelayError('bad_request', `${person} owns this relay: only they can do that for themselves.`);
  }

  async #rekey({ key, signature }: PeopleArgs<'rekey'>, { device = '' }: Identity): Promise<PeopleResults['rekey']> {
    const { services, credentials } = this.#options;
    const isOwn = isDeviceKey(key) && isSignedBy(key, rekeyText(credentials.fingerprint, device, key), signature);
    if (deviceById(this.#store, device)?.kind !== 'key' || !isOwn)
      throw new RelayError(
        'bad_request',
        'Only a device that came with a key can change it, with a proof by the new one.',
      );
    await services.journal.submit({ type: 'rekey', device, proof: key });
    return { device };
  }

  /** By its id, or by its name when only one has it. */
  #deviceCalled(what: string): DeviceRow | undefined {
    const byId = deviceById(this.#store, what);
    if (byId) return byId;
    const [only, another] = devicesOf(this.#store).filter((row) => row.name === what && row.revoked_at === null);
    if (another) throw new RelayError('unknown_device', `Several devices are called ${what}; say which by its id.`);
    return only;
  }

  #named(name: string): PersonRow {
    const row = personByName(this.#store, name);
    if (!row) throw new RelayError('unknown_person', `There is no person called ${name}; see people.`);
    return row;
  }

  /** Grants in the words of the owner. */
  #canonical(grants: readonly Grant[] | undefined, asker: number): readonly Grant[] | undefined {
    return grants?.map(({ may, what }) => ({ may, what: this.#canonicalTarget(what, asker) }));
  }

  #canonicalTarget(what: string, asker: number): string {
    if (!what.startsWith('@')) return inward(this.#store, asker, what);
    return `@${this.#named(what.slice(1)).name}`;
  }

  #person(row: PersonRow): PersonInfo {
    const devices = devicesOf(this.#store, row.id).filter(({ revoked_at }) => revoked_at === null);
    return {
      name: row.name,
      ...(row.id === OWNER ? { owner: true as const } : {}),
      ...(row.revoked_at === null ? {} : { revoked: row.revoked_at }),
      devices: devices.length,
      grants: grantsOf(this.#store, row.id).map(grantText),
    };
  }

  #device(row: DeviceRow): DeviceInfo {
    const { relayTime } = this.#options.services;
    const isOver = row.expires_at !== null && row.expires_at <= relayTime();
    const here = this.#options.isHere(row.id) ? 'here' : 'away';
    const seen = deviceSeen(this.#store, row.id);
    const invitation = invitationOf(this.#store, row.id);
    return {
      id: row.id,
      name: row.name,
      person: personById(this.#store, row.person)?.name ?? '',
      kind: row.kind,
      ...(row.kind === 'key' ? { fingerprint: fingerprintOf(row.proof) } : {}),
      state: row.revoked_at !== null ? 'revoked' : isOver ? 'over' : here,
      ...(invitation === undefined ? {} : { invitation }),
      created: row.created_at,
      ...(row.expires_at === null ? {} : { expires: row.expires_at }),
      ...(seen === undefined ? {} : { last_seen: seen }),
    };
  }
}

const deviceId = (random: Services['random']): string => `d${Buffer.from(random.bytes(10)).toString('hex')}`;
