import { describe, expect, it } from 'vitest';
import type { Grant } from '../../src/protocol/grant.ts';
import type { Invite, Redeem } from '../../src/state/command.ts';
import { traceById } from '../../src/state/queries/envelopes.ts';
import { grantsOf, mayAdminister, mayRead, maySeePresence, mayWriteTo } from '../../src/state/queries/grants.ts';
import { openInvitations } from '../../src/state/queries/invitations.ts';
import { devicesOf, everybody, inward, outward, personByName, personOf } from '../../src/state/queries/people.ts';
import { migrate, OWNER } from '../../src/state/schema.ts';
import { isIntact } from '../../src/state/sum.ts';
import { emptyDatabase, refused, World } from './world.ts';

const HOUR = 3_600_000;

/** A world whose owner is anna. */
class Town extends World {
  #devices = 0;

  constructor() {
    super();
    this.apply({ type: 'own', at: 1, name: 'anna' });
  }

  invite(id: string, more: Partial<Invite> = {}): void {
    const at = this.tick();
    this.apply({ type: 'invite', at, id, key: `key of ${id}`, grants: [], expires_at: at + HOUR, ...more });
  }

  redeem(invitation: string, person: string, more: Partial<Redeem> = {}) {
    this.#devices += 1;
    const device = { id: `d${this.#devices}`, name: 'laptop', kind: 'key', proof: `p${this.#devices}` } as const;
    return this.apply({ type: 'redeem', at: this.tick(), invitation, device, person, ...more }).outcome;
  }

  /** A new person, by its number. */
  person(name: string, ...grants: Grant[]): number {
    this.invite(`to ${name}`, { grants });
    return this.redeem(`to ${name}`, name).person;
  }

  /** The number of a session of that person. */
  session(person: number, name: string): number {
    return this.enter(inward(this.store, person, name), { person });
  }
}

const may = (may: Grant['may'], what: string): Grant => ({ may, what });

describe('people', () => {
  it('begin with the owner, who is named once', () => {
    const { store } = new World();
    expect(everybody(store)).toMatchObject([{ id: OWNER, name: 'owner', revoked_at: null }]);
    const town = new Town();
    town.apply({ type: 'own', at: 2, name: 'zoe' });
    expect(everybody(town.store)).toMatchObject([{ id: OWNER, name: 'anna' }]);
    refused('name_reserved', () => town.apply({ type: 'own', at: 2, name: 'all' }));
  });

  it('make everything of an older file the owner’s', () => {
    const database = emptyDatabase();
    const world = new World(database);
    const session = world.enter('A');
    world.sent(session, 'A');
    world.store.settle();
    // A sum of then is none of now; what is not known to be damaged is given out.
    database.exec('UPDATE envelope SET sum = sum + 1');
    for (const sql of ['ALTER TABLE session DROP COLUMN device', 'DROP INDEX session_person']) database.exec(sql);
    for (const sql of ['ALTER TABLE session DROP COLUMN person', 'DROP TABLE device', 'DROP TABLE person'])
      database.exec(sql);
    for (const column of ['released', 'messages']) database.exec(`ALTER TABLE session DROP COLUMN ${column}`);
    for (const column of ['pending', 'pending_bytes'])
      database.exec(`ALTER TABLE session ADD COLUMN ${column} INTEGER NOT NULL DEFAULT 0`);
    for (const table of ['session', 'channel', 'alias', 'follow'])
      database.exec(`ALTER TABLE ${table} DROP COLUMN sum`);
    database.exec('DROP TABLE granted; DROP TABLE invitation; DROP TABLE held; DROP TABLE policy; DROP TABLE known');
    database.exec('PRAGMA user_version = 3');
    migrate(database);
    const again = new World(database);
    expect(personOf(again.store, session)).toBe(OWNER);
    expect(isIntact(again.envelope(1))).toBe(true);
    expect(traceById(again.store, world.envelope(1).id)).toMatchObject({ position: 1, sender: session });
    expect(again.row(session)).toMatchObject({ name: 'A', person: OWNER, device: null });
  });

  it('come by an invitation, once', () => {
    const town = new Town();
    town.invite('v', { grants: [may('send', '@anna')] });
    expect(town.redeem('v', 'bert')).toEqual({ person: 2, name: 'bert' });
    expect(grantsOf(town.store, 2)).toEqual([may('send', '@anna')]);
    expect(devicesOf(town.store, 2)).toMatchObject([{ id: 'd1', kind: 'key', proof: 'p1', revoked_at: null }]);
    refused('not_invited', () => town.redeem('v', 'carol'));
    expect(everybody(town.store)).toHaveLength(2);
  });

  it.each([
    ['never was', () => undefined],
    ['is over', (town: Town) => town.invite('v', { expires_at: 1_002 })],
    ['was revoked', (town: Town) => [town.invite('v'), town.apply({ type: 'revoke', at: 1, invitation: 'v' })]],
    [
      'was tried five times',
      (town: Town) => {
        town.invite('v');
        for (let i = 0; i < 5; i++) town.apply({ type: 'miss', invitation: 'v' });
      },
    ],
    [
      'is for a person who was revoked since',
      (town: Town) => {
        const bert = town.person('bert');
        town.invite('v', { person: 'bert' });
        town.apply({ type: 'revoke', at: 1, person: bert });
      },
    ],
  ])('do not come by one that %s, and all of them are told the same', (_, prepare) => {
    const town = new Town();
    prepare(town);
    town.tick();
    const before = everybody(town.store);
    expect(refused('not_invited', () => town.redeem('v', 'carol')).message).toBe(
      'That invitation is not open: it was used, is over, or never was; ask for a new one.',
    );
    expect(everybody(town.store)).toEqual(before);
  });

  it('bring further devices by an invitation that names them, and no further grants', () => {
    const town = new Town();
    const bert = town.person('bert', may('send', 'all'));
    town.invite('v', { person: 'BERT', grants: [may('administer', 'all')] });
    expect(town.redeem('v', 'mallory')).toEqual({ person: bert, name: 'bert' });
    expect(grantsOf(town.store, bert)).toEqual([may('send', 'all')]);
    expect(devicesOf(town.store, bert).map(({ id }) => id)).toEqual(['d1', 'd2']);
  });

  it('never get a name that another has or had', () => {
    const town = new Town();
    town.person('bert');
    town.invite('v');
    expect(town.redeem('v', 'Bert').name).toBe('Bert.2');
    town.invite('w');
    expect(town.redeem('w', 'ANNA').name).toBe('ANNA.2');
    town.apply({ type: 'revoke', at: 1, person: 2 });
    refused('name_taken', () => town.invite('x', { person: 'bert' }));
  });

  it('have one device for a key', () => {
    const town = new Town();
    const bert = town.person('bert');
    const device = { id: 'd9', name: 'ci', kind: 'token', proof: 'p1' } as const;
    refused('id_conflict', () => town.apply({ type: 'admit', at: 1, person: bert, device }));
    town.apply({ type: 'admit', at: 1, person: bert, device: { ...device, proof: 'q' } });
    town.apply({ type: 'rekey', device: 'd9', proof: 'r' });
    expect(
      devicesOf(town.store, bert)
        .map(({ proof }) => proof)
        .sort(),
    ).toEqual(['p1', 'r']);
    refused('id_conflict', () => town.apply({ type: 'rekey', device: 'd9', proof: 'p1' }));
    refused('unknown_person', () => town.apply({ type: 'admit', at: 1, person: 7, device }));
  });
});

describe('the names of a person’s sessions', () => {
  it('are apart from everybody else’s', () => {
    const town = new Town();
    const [bert, carol] = [town.person('bert'), town.person('carol')];
    const ids = [town.enter('CC-1'), town.session(bert, 'CC-1'), town.session(carol, 'CC-1')];
    expect(new Set(ids).size).toBe(3);
    expect(ids.map((id) => town.row(id).name)).toEqual(['CC-1', 'CC-1@bert', 'CC-1@carol']);
    expect(ids.map((id) => personOf(town.store, id))).toEqual([OWNER, bert, carol]);
  });

  it.each([
    ['the owner', OWNER, ['CC-1', 'CC-1@bert', 'CC-1@carol']],
    ['bert', 2, ['CC-1@anna', 'CC-1', 'CC-1@carol']],
    ['carol', 3, ['CC-1@anna', 'CC-1@bert', 'CC-1']],
  ])('are short to their own person, as %s sees', (_, viewer, seen) => {
    const town = new Town();
    town.person('bert');
    town.person('carol');
    const names = ['CC-1', 'CC-1@bert', 'CC-1@carol'];
    expect(names.map((name) => outward(town.store, viewer, name))).toEqual(seen);
    expect(seen.map((name) => inward(town.store, viewer, name))).toEqual(names);
    for (const same of ['all', '#build', '(relay)']) {
      expect(outward(town.store, viewer, same)).toBe(same);
      expect(inward(town.store, viewer, same)).toBe(same);
    }
  });

  it('may be said in full by their own person', () => {
    const town = new Town();
    const bert = town.person('bert');
    expect(inward(town.store, OWNER, 'CC-1@anna')).toBe('CC-1');
    expect(inward(town.store, bert, 'CC-1@BERT')).toBe('CC-1@bert');
    expect(inward(town.store, bert, 'CC-1@nobody')).toBe('CC-1@nobody');
  });

  it('cannot be entered, or taken by renaming, by another person', () => {
    const town = new Town();
    const [bert, carol] = [town.person('bert'), town.person('carol')];
    const session = town.session(bert, 'CC-1');
    const before = town.dump();
    for (const [name, person] of [
      ['CC-1@bert', carol],
      ['CC-1', bert],
      ['CC-1@anna', bert],
      ['CC-1@bert', OWNER],
    ] as const)
      refused('name_invalid', () => town.enter(name, { person, grant: 'k' }));
    for (const to of ['CC-2', 'CC-2@carol', 'CC-2@anna']) refused('name_invalid', () => town.rename(session, to));
    expect(town.dump()).toBe(before);
    town.rename(session, 'CC-2@bert');
    expect(town.row(session).name).toBe('CC-2@bert');
  });
});

describe('grants', () => {
  it('are none but for one’s own sessions, where none were given', () => {
    const town = new Town();
    const [bert, carol] = [town.person('bert'), town.person('carol')];
    const [ours, berts, carols] = [town.enter('A'), town.session(bert, 'A'), town.session(carol, 'A')];
    const reach = (person: number) => [ours, berts, carols].map((id) => mayWriteTo(town.store, person, town.row(id)));
    expect(reach(OWNER)).toEqual([true, true, true]);
    expect(reach(bert)).toEqual([false, true, false]);
    expect(mayRead(town.store, bert, '#build')).toBe(false);
    expect([mayAdminister(town.store, OWNER), mayAdminister(town.store, bert)]).toEqual([true, false]);
  });

  it.each([
    [may('send', 'all'), [true, true]],
    [may('send', '@anna'), [true, true]],
    [may('send', 'A'), [true, false]],
    [may('send', 'A@anna'), [false, false]],
    [may('send', '@bert'), [false, false]],
    [may('see', '@anna'), [false, false]],
  ])('%j reaches %j of two', (grant, reached) => {
    const town = new Town();
    const bert = town.person('bert', grant);
    const ids = [town.enter('A'), town.enter('B')];
    expect(ids.map((id) => mayWriteTo(town.store, bert, town.row(id)))).toEqual(reached);
    expect(ids.map((id) => maySeePresence(town.store, bert, town.row(id)))).toEqual(
      grant.may === 'see' ? [true, true] : reached,
    );
  });

  it('decide who gets broadcasts, from the moment of the grant until it is taken back', () => {
    const town = new Town();
    const bert = town.person('bert');
    const [ours, theirs] = [town.enter('A'), town.session(bert, 'A')];
    const everything = [may('read', 'all')];
    town.send(ours, 'all');
    town.apply({ type: 'grant', person: bert, add: everything, remove: [] });
    const heard = town.sent(ours, 'all');
    town.apply({ type: 'grant', person: bert, add: [], remove: everything });
    town.send(ours, 'all');
    expect(town.inbox(theirs)).toEqual([heard]);
    town.apply({ type: 'grant', person: bert, add: everything, remove: [] });
    const again = town.sent(ours, 'all');
    expect(town.inbox(theirs)).toEqual([heard, again]);
    expect(town.inbox(town.session(bert, 'B'))).toEqual([]);
  });

  it('that are taken back end the membership of a room, and its history', () => {
    const town = new Town();
    const read = may('read', '#build');
    const bert = town.person('bert', read);
    const [ours, theirs] = [town.enter('A'), town.session(bert, 'A')];
    town.join(theirs, '#build');
    town.send(ours, '#build');
    expect(town.history(theirs)).toHaveLength(1);
    town.told();
    town.apply({ type: 'grant', person: bert, add: [], remove: [read] });
    expect(town.told()).toMatchObject([{ kind: 'followed', session: theirs, on: false }]);
    town.send(ours, '#build');
    expect([town.history(theirs), town.inbox(theirs).length]).toEqual([[], 1]);
  });

  it('are not for the owner, who may everything', () => {
    const town = new Town();
    refused('bad_request', () => town.apply({ type: 'grant', person: OWNER, add: [], remove: [] }));
    refused('unknown_person', () => town.apply({ type: 'grant', person: 9, add: [], remove: [] }));
  });
});

describe('revoke', () => {
  it('ends a person: devices, grants, open invitations; and tells whom it concerns', () => {
    const town = new Town();
    const bert = town.person('bert', may('administer', 'all'), may('read', 'all'));
    const theirs = town.session(bert, 'A');
    town.invite('v', { person: 'bert' });
    town.told();
    town.apply({ type: 'revoke', at: 77, person: bert });
    expect(town.told()).toMatchObject([{ kind: 'followed' }, { kind: 'revoked', person: bert }]);
    expect(personByName(town.store, 'bert')).toMatchObject({ revoked_at: 77 });
    expect(devicesOf(town.store, bert)).toMatchObject([{ revoked_at: 77 }]);
    expect([grantsOf(town.store, bert), openInvitations(town.store, 2)]).toEqual([[], []]);
    refused('name_invalid', () => town.session(bert, 'B'));
    refused('unknown_recipient', () => town.send(town.enter('X'), town.row(theirs).name));
  });

  it('ends a device, and leaves the person its others', () => {
    const town = new Town();
    const bert = town.person('bert');
    town.invite('v', { person: 'bert' });
    town.redeem('v', 'bert');
    town.apply({ type: 'revoke', at: 77, device: 'd1' });
    expect(town.told().at(-1)).toEqual({ kind: 'revoked', person: bert, device: 'd1' });
    expect(devicesOf(town.store, bert).map(({ revoked_at }) => revoked_at)).toEqual([77, null]);
    refused('unknown_device', () => town.apply({ type: 'rekey', device: 'd1', proof: 'q' }));
  });

  it('refuses the owner, and what is not there', () => {
    const town = new Town();
    refused('bad_request', () => town.apply({ type: 'revoke', at: 1, person: OWNER }));
    refused('unknown_person', () => town.apply({ type: 'revoke', at: 1, person: 5 }));
    refused('unknown_device', () => town.apply({ type: 'revoke', at: 1, device: 'd5' }));
    refused('unknown_device', () => town.apply({ type: 'revoke', at: 1, invitation: 'v5' }));
  });
});
