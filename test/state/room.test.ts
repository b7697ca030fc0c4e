import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/protocol/limits.ts';
import {
  allRooms,
  countFollowersAt,
  followersAt,
  followsAt,
  membersOf,
  openChannels,
  roomsOf,
} from '../../src/state/queries/channels.ts';
import { ALL_CHANNEL } from '../../src/state/schema.ts';
import { refused, World } from './world.ts';

function pair() {
  const world = new World();
  return { world, a: world.enter('A'), b: world.enter('B') };
}

describe('join', () => {
  it('makes a room, once, and tells who follows it', () => {
    const { world, a, b } = pair();
    world.told();
    world.join(a, '#r');
    world.join(b, '#r');
    const [room] = allRooms(world.store);
    const channel = room?.id ?? 0;
    expect(allRooms(world.store)).toEqual([{ id: channel, name: '#r' }]);
    expect(world.told()).toEqual([
      { kind: 'followed', session: a, channel, on: true },
      { kind: 'followed', session: b, channel, on: true },
    ]);
    expect(membersOf(world.store, channel)).toEqual([a, b]);
    expect(openChannels(world.store, a)).toEqual([ALL_CHANNEL, a, channel].sort((x, y) => x - y));
  });

  it('does nothing for who is in already', () => {
    const { world, a } = pair();
    world.join(a, '#r');
    const before = world.dump();
    world.told();
    world.join(a, '#r');
    expect([world.dump(), world.told()]).toEqual([before, []]);
  });

  it('is refused past the rooms that a session may be in, and works again after leaving one', () => {
    const { world, a, b } = pair();
    for (let i = 0; i < LIMITS.roomsPerSession; i++) world.join(a, `#r${i}`);
    const before = world.dump();
    expect(refused('too_many_rooms', () => world.join(a, '#more')).message).toContain(String(LIMITS.roomsPerSession));
    expect(world.dump()).toBe(before);
    world.join(a, '#r0');
    world.join(b, '#more');
    world.leave(a, '#r5');
    world.join(a, '#more');
    expect(roomsOf(world.store, a)).toHaveLength(LIMITS.roomsPerSession);
  });
});

describe('what joining leaves behind', () => {
  it('is bounded: who joins and leaves without end is refused, and stays where it is', () => {
    const { world, a, b } = pair();
    world.join(b, '#r');
    for (let i = 2; i < LIMITS.joinsPerSession; i++) {
      world.join(a, '#r');
      world.send(b, '#r');
      world.leave(a, '#r');
    }
    const before = world.dump();
    expect(refused('too_many_rooms', () => world.join(a, '#r')).message).toContain(String(LIMITS.joinsPerSession));
    expect(world.dump()).toBe(before);
    world.join(b, '#other');
  });

  it('is bounded: a relay holds so many rooms, and those that are there can still be joined', () => {
    const { world, a } = pair();
    const sql = "INSERT INTO channel (kind, name) VALUES ('room', ?)";
    for (let i = 0; i < LIMITS.rooms; i++) world.store.run(sql, `#r${i}`);
    const before = world.dump();
    expect(refused('too_many_rooms', () => world.join(a, '#more')).message).toContain(String(LIMITS.rooms));
    expect(world.dump()).toBe(before);
    world.join(a, '#r7');
    expect(roomsOf(world.store, a)).toMatchObject([{ name: '#r7' }]);
  });
});

describe('leave', () => {
  it('tells that one follows no more, and keeps the room', () => {
    const { world, a, b } = pair();
    world.join(a, '#r');
    world.join(b, '#r');
    const channel = allRooms(world.store)[0]?.id ?? 0;
    world.told();
    world.leave(a, '#r');
    expect(world.told()).toEqual([{ kind: 'followed', session: a, channel, on: false }]);
    expect(membersOf(world.store, channel)).toEqual([b]);
    world.leave(b, '#r');
    expect([membersOf(world.store, channel), allRooms(world.store)]).toEqual([[], [{ id: channel, name: '#r' }]]);
  });

  it.each([
    ['that is not there', '#nowhere'],
    ['that one was never in', '#b'],
    ['that one has left', '#left'],
  ])('is refused for a room %s, and writes nothing', (_, room) => {
    const { world, a, b } = pair();
    world.join(b, '#b');
    world.join(a, '#left');
    world.leave(a, '#left');
    const before = world.dump();
    expect(refused('not_member', () => world.leave(a, room)).message).toBe(`You are not in ${room}.`);
    expect(world.dump()).toBe(before);
  });
});

describe('who follows a channel', () => {
  it('is told for any position of the past, with and without the sender', () => {
    const { world, a, b } = pair();
    world.join(a, '#r');
    const channel = allRooms(world.store)[0]?.id ?? 0;
    const first = world.sent(b, '#r');
    world.join(b, '#r');
    const second = world.sent(a, '#r');
    world.leave(a, '#r');
    const third = world.sent(a, '#r');
    const at = (position: number, except = 0) => followersAt(world.store, channel, position, except, 10);
    expect([at(first), at(second), at(second, a), at(third)]).toEqual([[a], [a, b], [b], [b]]);
    for (const position of [first, second, third])
      expect(countFollowersAt(world.store, channel, position, a)).toBe(at(position, a).length);
    expect(followsAt(world.store, a, channel, second)).toBe(true);
    expect(followsAt(world.store, a, channel, third)).toBe(false);
  });

  it('holds the session of a channel although it is the sender: a note to oneself', () => {
    const { world, a } = pair();
    const position = world.sent(a, 'A');
    expect(followersAt(world.store, a, position, a, 10)).toEqual([a]);
    expect(countFollowersAt(world.store, a, position, a)).toBe(1);
  });

  it('is cut at the limit, in an order that never changes', () => {
    const { world, a } = pair();
    for (const name of ['C', 'D', 'E']) world.enter(name);
    const position = world.sent(a, 'all');
    expect(followersAt(world.store, ALL_CHANNEL, position, a, 2)).toEqual([a + 1, a + 2]);
  });
});
