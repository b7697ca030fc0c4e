import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/protocol/limits.ts';
import { recentSessions, sessionByAnyName, sessionByName } from '../../src/state/queries/sessions.ts';
import { refused, World } from './world.ts';

describe('enter', () => {
  it('makes a session for a new name, keyless when no key is granted', () => {
    const world = new World();
    const entered = world.enterFully('CC-1');
    expect(entered).toEqual({ session: 2, name: 'CC-1', created: true, granted: false });
    expect(world.row(2)).toMatchObject({ name: 'CC-1', kind: 'agent', key: null, claims: new Map() });
  });

  it('keeps what a session says about itself, and only replaces what it says anew', () => {
    const world = new World();
    const about = { kind: 'person', host: 'h', cwd: '/w', program: 'p', version: '1', agent_session: 's' } as const;
    const id = world.enter('CC-1', { about });
    world.enter('CC-1', { about: { host: 'h2', version: '2' } });
    expect(world.row(id)).toMatchObject({ ...about, host: 'h2', version: '2' });
  });

  it.each([
    ['no key at all', {}],
    ['the wrong key', { key: 'other' }],
    ['a key to be granted, but none presented', { grant: 'new' }],
    ['an empty key', { key: '' }],
  ])('refuses a keyed name to %s', (_, more) => {
    const world = new World();
    world.enter('CC-1', { grant: 'k1' });
    const before = world.dump();
    expect(refused('name_taken', () => world.enter('CC-1', more)).message).toContain('CC-1');
    expect(world.dump()).toBe(before);
  });

  it('knows the holder of the key again, and does not change the key', () => {
    const world = new World();
    const id = world.enter('CC-1', { grant: 'k1' });
    const again = world.enterFully('CC-1', { key: 'k1', grant: 'k2' });
    expect(again).toEqual({ session: id, name: 'CC-1', created: false, granted: false });
    expect(world.row(id).key).toBe('k1');
  });

  it('grants a keyless session one key, once', () => {
    const world = new World();
    const id = world.enter('CC-1');
    expect(world.enterFully('CC-1')).toMatchObject({ session: id, created: false, granted: false });
    expect(world.enterFully('CC-1', { grant: 'k1' })).toMatchObject({ session: id, created: false, granted: true });
    refused('name_taken', () => world.enter('CC-1', { grant: 'k2' }));
    refused('name_taken', () => world.enter('CC-1'));
    expect(world.row(id).key).toBe('k1');
  });

  it('finds a renamed session by its old name for whoever has the key', () => {
    const world = new World();
    const id = world.enter('CC-1', { grant: 'k1' });
    world.rename(id, 'CC-2');
    expect(world.enterFully('CC-1', { key: 'k1' })).toEqual({
      session: id,
      name: 'CC-2',
      created: false,
      granted: false,
    });
  });

  it.each([
    ['of a keyed session, to one without its key', { grant: 'k1' }, { grant: 'k2' }],
    ['of a keyed session, to one with another key', { grant: 'k1' }, { key: 'k2' }],
    ['of a keyless session, to anybody', {}, {}],
  ])('gives an old name %s, and then no longer leads to the renamed', (_, first, second) => {
    const world = new World();
    const old = world.enter('CC-1', first);
    world.rename(old, 'CC-2');
    const entered = world.enterFully('CC-1', second);
    expect(entered).toMatchObject({ name: 'CC-1', created: true });
    expect(entered.session).not.toBe(old);
    expect(sessionByAnyName(world.store, 'CC-1')?.id).toBe(entered.session);
    expect(sessionByName(world.store, 'CC-2')?.id).toBe(old);
  });

  it('tells names apart by the case of their letters', () => {
    const world = new World();
    expect(world.enter('cc-1')).not.toBe(world.enter('CC-1'));
  });

  it.each(['', '1abc', 'a b', '#room', 'x'.repeat(65), 'a\n'])('refuses %j as a name', (name) => {
    const world = new World();
    const before = world.dump();
    refused('name_invalid', () => world.enter(name));
    expect(world.dump()).toBe(before);
  });

  it.each(['all', 'All', 'ALL'])('refuses %j, which means everybody', (name) => {
    const world = new World();
    const before = world.dump();
    refused('name_reserved', () => world.enter(name));
    expect(world.dump()).toBe(before);
  });

  it('gives a newcomer nothing of what was sent before it came', () => {
    const world = new World();
    const first = world.enter('A');
    world.send(first, 'all');
    const second = world.enter('B');
    expect(world.inbox(second)).toEqual([]);
    expect(world.inbox(second)).toHaveLength(world.count(second));
    const position = world.sent(first, 'all');
    expect(world.inbox(second)).toEqual([position]);
  });

  it('refuses one session more than the relay may know, and still knows those that it has', () => {
    const world = new World();
    world.enter('A');
    world.store.run(
      `WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 100998)
       INSERT INTO session (id, kind, created_at, last_seen, handed, seen, person) SELECT i, 'agent', 0, 0, 0, 0, i FROM n`,
    );
    const channels = () => world.store.all('SELECT name FROM channel').length;
    const before = channels();
    refused('too_many_sessions', () => world.enter('B'));
    expect(channels()).toBe(before);
    expect(world.enterFully('A').created).toBe(false);
    world.store.run('DELETE FROM session WHERE id = 1000');
    expect(world.enterFully('B').created).toBe(true);
  });
});

describe('the sessions of one person', () => {
  const fill = (world: World, person: number, count: number) =>
    world.store.run(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
       INSERT INTO session (id, kind, created_at, last_seen, handed, seen, person) SELECT 100000 * ?1 + i, 'agent', 0, 0, 0, 0, ?1 FROM n`,
      person,
      count,
    );

  it('are so many for another person: new names are refused, known ones are not, and nobody else is', () => {
    const world = new World();
    for (const name of ['bert', 'carol']) world.store.run('INSERT INTO person (name, created_at) VALUES (?, 1)', name);
    const bert = { person: 2 };
    world.enter('A@bert', bert);
    fill(world, 2, LIMITS.sessionsPerPerson - 2);
    world.enter('B@bert', bert);
    const before = world.dump();
    expect(refused('too_many_sessions', () => world.enter('C@bert', bert)).message).toContain('1000');
    expect(world.dump()).toBe(before);
    expect(world.enterFully('A@bert', bert).created).toBe(false);
    expect(world.enterFully('C@carol', { person: 3 }).created).toBe(true);
    expect(world.enterFully('C').created).toBe(true);
  });

  it('are as many for the owner as may be connected at a time', () => {
    const world = new World();
    world.enter('A');
    fill(world, 1, LIMITS.connections - 2);
    world.enter('B');
    refused('too_many_sessions', () => world.enter('C'));
    expect(world.enterFully('A').created).toBe(false);
  });
});

describe('depart', () => {
  it('moves only when it was last seen, and orders sessions by that', () => {
    const world = new World();
    const [a, b] = [world.enter('A'), world.enter('B')];
    expect(recentSessions(world.store, 10).map((row) => row.name)).toEqual(['B', 'A']);
    const before = world.row(a);
    const at = world.tick();
    world.apply({ type: 'depart', at, session: a });
    expect(world.row(a)).toEqual({ ...before, last_seen: at });
    expect(recentSessions(world.store, 1).map((row) => row.id)).toEqual([a]);
    expect(world.row(b).last_seen).toBeLessThan(at);
  });

  it('passes over a session that is not there', () => {
    const world = new World();
    const before = world.dump();
    world.apply({ type: 'depart', at: 5, session: 99 });
    expect(world.dump()).toBe(before);
  });
});

describe('rename', () => {
  it('is refused past the names that one session may have had', () => {
    const world = new World();
    const a = world.enter('A');
    for (let i = 1; i < LIMITS.namesPerSession; i++) world.rename(a, `A${i}`);
    const before = world.dump();
    expect(refused('too_many_names', () => world.rename(a, 'A-more')).message).toContain(
      String(LIMITS.namesPerSession),
    );
    expect(world.dump()).toBe(before);
    world.rename(world.enter('B'), 'B2');
  });

  it('moves inbox, rooms and key along, and tells the listeners', () => {
    const world = new World();
    const [a, b] = [world.enter('A', { grant: 'k' }), world.enter('B')];
    world.join(a, '#build');
    const direct = world.sent(b, 'A');
    const before = world.row(a);
    world.told();
    const { outcome } = world.apply({ type: 'rename', session: a, to: 'Z' });
    expect(outcome).toEqual({ was: 'A' });
    expect(world.told()).toEqual([{ kind: 'renamed', session: a, was: 'A', name: 'Z' }]);
    expect(world.row(a)).toEqual({ ...before, name: 'Z' });
    const room = world.sent(b, '#build');
    expect(world.inbox(a)).toEqual([direct, room]);
    expect(world.read(direct).to).toEqual(['Z']);
  });

  it('lets mail to any old name reach the session under its present one', () => {
    const world = new World();
    const [a, b] = [world.enter('A'), world.enter('B')];
    world.rename(a, 'A2');
    world.rename(a, 'A3');
    const positions = ['A', 'A2', 'A3'].map((name) => world.sent(b, name));
    expect(world.inbox(a)).toEqual(positions);
    expect(positions.map((position) => world.read(position).to)).toEqual([['A3'], ['A3'], ['A3']]);
  });

  it('reaches a session once that is addressed by an old and a present name', () => {
    const world = new World();
    const [a, b] = [world.enter('A'), world.enter('B')];
    world.rename(a, 'A2');
    expect(world.send(b, ['A', 'A2']).channels).toEqual([a]);
  });

  it('comes back to its first name', () => {
    const world = new World();
    const a = world.enter('A');
    world.rename(a, 'B');
    world.rename(a, 'A');
    expect(sessionByAnyName(world.store, 'A')?.id).toBe(a);
    expect(sessionByAnyName(world.store, 'B')?.id).toBe(a);
  });

  it('takes over an old name of somebody else', () => {
    const world = new World();
    const [a, b] = [world.enter('A'), world.enter('B')];
    world.rename(a, 'A2');
    world.rename(b, 'A');
    expect(sessionByAnyName(world.store, 'A')?.id).toBe(b);
    expect(sessionByAnyName(world.store, 'B')?.id).toBe(b);
  });

  it('goes to and fro between names, taken over ones too, as often as one likes', () => {
    const world = new World();
    const [a, b] = [world.enter('A'), world.enter('B')];
    for (const to of ['A2', 'A', 'A2', 'A', 'A2']) world.rename(a, to);
    world.rename(b, 'A');
    world.rename(b, 'B2');
    world.rename(b, 'A');
    expect(sessionByAnyName(world.store, 'A2')?.id).toBe(a);
    for (const name of ['A', 'B', 'B2']) expect(sessionByAnyName(world.store, name)?.id).toBe(b);
    expect(world.store.all('SELECT name FROM alias ORDER BY name')).toEqual([{ name: 'B' }, { name: 'B2' }]);
  });

  it('does nothing when it is the name already', () => {
    const world = new World();
    const a = world.enter('A');
    const before = world.dump();
    expect(world.apply({ type: 'rename', session: a, to: 'A' })).toEqual({ outcome: { was: 'A' }, effects: [] });
    expect(world.dump()).toBe(before);
  });

  it.each([
    ['name_taken', 'B'],
    ['name_invalid', '9'],
    ['name_reserved', 'all'],
  ] as const)('is refused with %s for %j, and writes nothing', (code, to) => {
    const world = new World();
    const a = world.enter('A');
    world.enter('B');
    const before = world.dump();
    refused(code, () => world.rename(a, to));
    expect(world.dump()).toBe(before);
  });
});
