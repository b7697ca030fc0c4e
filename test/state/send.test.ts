import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/protocol/limits.ts';
import { sentBy } from '../../src/state/queries/routes.ts';
import { ALL_CHANNEL } from '../../src/state/schema.ts';
import { refused, World } from './world.ts';

/** A, B, C; A and B in #build, B in #ops; nobody in #empty any more. */
function people() {
  const world = new World();
  const [a, b, c] = [world.enter('A'), world.enter('B'), world.enter('C')];
  world.join(a, '#build');
  world.join(b, '#build');
  world.join(b, '#ops');
  world.join(c, '#empty');
  world.leave(c, '#empty');
  world.told();
  return { world, a, b, c };
}

describe('addresses', () => {
  it.each<[string, string[], string[]]>([
    ['a name', ['B'], ['B']],
    ['several names', ['C', 'B'], ['B', 'C']],
    ['a name twice', ['B', 'B'], ['B']],
    ['a room, without its sender', ['#build'], ['B']],
    ['a room that one is not in', ['#ops'], ['B']],
    ['a room without members', ['#empty'], []],
    ['two rooms, their common member once', ['#build', '#ops'], ['B']],
    ['a room and a member of it, once', ['#build', 'B'], ['B']],
    ['a member of a room, then the room', ['B', '#build'], ['B']],
    ['a room and somebody else', ['#build', 'C'], ['B', 'C']],
    ['everybody, without the sender', ['all'], ['B', 'C']],
    ['everybody and a name', ['B', 'all', '#build'], ['B', 'C']],
    ['a note to oneself', ['A'], ['A']],
    ['a room of mine and me', ['#build', 'A'], ['A', 'B']],
  ])('reaches %s: %j', (_, to, names) => {
    const { world, a, b, c } = people();
    const position = world.sent(a, to);
    expect(Object.keys(world.receipts(position)).sort()).toEqual(names);
    const ids = { A: a, B: b, C: c };
    for (const [name, id] of Object.entries(ids)) {
      const expected = names.includes(name) ? [position] : [];
      expect(world.inbox(id), name).toEqual(expected);
      expect(world.count(id), name).toBe(expected.length);
    }
  });

  it('stores a broadcast once, whoever else is addressed', () => {
    const { world, a } = people();
    expect(world.send(a, ['B', 'all', '#build']).channels).toEqual([ALL_CHANNEL]);
    world.store.settle();
    expect(world.store.all('SELECT channel FROM route ORDER BY 1')).toEqual([
      { channel: sentBy(a) },
      { channel: ALL_CHANNEL },
    ]);
    expect(world.store.all('SELECT * FROM receipt')).toHaveLength(0);
  });

  it.each([
    ['unknown_recipient', ['Nobody'], 'Nobody'],
    ['unknown_recipient', ['B', 'Nobody'], 'Nobody'],
    ['unknown_room', ['#nowhere'], '#nowhere'],
    ['unknown_room', ['B', '#nowhere'], '#nowhere'],
    ['name_invalid', ['@reviewer'], ''],
    ['name_invalid', [''], ''],
    ['name_reserved', ['ALL'], 'ALL'],
  ] as const)('refuses with %s for %j, and stores nothing', (code, to, part) => {
    const { world, a } = people();
    const before = world.dump();
    expect(refused(code, () => world.send(a, to)).message).toContain(part);
    expect(world.dump()).toBe(before);
    expect(world.told()).toEqual([]);
  });

  it('hints at near names, and at none when there is none', () => {
    const { world, a } = people();
    world.enter('reviewer');
    expect(refused('unknown_recipient', () => world.send(a, 'Reviewr')).message).toContain('did you mean reviewer?');
    expect(refused('unknown_recipient', () => world.send(a, 'xyzzy-12')).message).not.toContain('did you mean');
  });
});

describe('a send', () => {
  it('keeps everything that was said', () => {
    const { world, a } = people();
    const extra = JSON.stringify({ attachments: [{ hash: 'x' }, null], signature: 'sig', key_id: 'key' });
    const position = world.sent(a, ['B', '#ops'], {
      id: 'the-id',
      at: 77,
      body: 'text',
      priority: 'urgent',
      thread: 'th',
      expires_at: 99,
      extra,
    });
    expect(world.read(position)).toEqual({
      id: 'the-id',
      position,
      from: 'A',
      to: ['#ops'],
      at: 77,
      body: 'text',
      priority: 'urgent',
      thread: 'th',
      expires_at: 99,
      attachments: [{ hash: 'x' }, null],
      signature: 'sig',
      key_id: 'key',
    });
  });

  it('says nothing of what was left out', () => {
    const { world, a } = people();
    const position = world.sent(a, 'B', { id: 'i', at: 1, body: 'x' });
    expect(world.read(position)).toEqual({ id: 'i', position, from: 'A', to: ['B'], at: 1, body: 'x' });
  });

  it.each(['', ' ', '\n\t', 'ünïcödé ☃ 𝒳', '"; DROP TABLE envelope; --', '\u2028', '{"a":1}', '\ufeffx', 'e\u0301'])(
    'keeps the body %j as it is',
    (body) => {
      const { world, a } = people();
      expect(world.read(world.sent(a, 'B', { body })).body).toBe(body);
    },
  );

  it('takes half a surrogate pair for the character that stands for what cannot be read', () => {
    const { world, a, b } = people();
    const position = world.sent(a, 'B', { body: 'x\ud800y' });
    expect(world.read(position).body).toBe('x\ufffdy');
    world.report(b, 'handed', [position]);
    expect(world.direct(b)).toEqual([0, 0]);
  });

  it('gives positions that grow by one and tells where it went', () => {
    const { world, a, b, c } = people();
    const first = world.send(a, ['B', 'C']);
    const second = world.send(b, '#build');
    expect([first.position, second.position, world.state.position]).toEqual([1, 2, 2]);
    expect(world.told()).toEqual([
      { kind: 'stored', position: 1, sender: a, channels: [b, c] },
      { kind: 'stored', position: 2, sender: b, channels: second.channels },
    ]);
  });
});

describe('a repeated send', () => {
  it('is the same envelope, for ever, and changes nothing', () => {
    const { world, a, b } = people();
    const first = world.send(a, ['B', '#ops'], { id: 'same', hash: 'h1', reply_to: 'x' });
    world.report(b, 'seen', [first.position]);
    world.rename(b, 'B2');
    const before = world.dump();
    world.told();
    const again = world.send(a, ['B', '#ops'], { id: 'same', hash: 'h1', reply_to: 'x', at: 999_999 });
    expect(again).toEqual({ ...first, duplicate: true });
    expect(world.dump()).toBe(before);
    expect(world.told()).toEqual([]);
  });

  it('is answered though it would be refused today', () => {
    const { world, a, b } = people();
    world.send(a, 'B', { id: 'same', hash: 'h1' });
    world.store.backlog.countDirect(b, { count: LIMITS.inboxMessages, bytes: 0 });
    expect(world.send(a, 'B', { id: 'same', hash: 'h1' }).duplicate).toBe(true);
    refused('inbox_full', () => world.send(a, 'B', { id: 'new', hash: 'h1' }));
  });

  it.each([
    ['other content from the same sender', 'A', 'h2'],
    ['the same content from another sender', 'B', 'h1'],
    ['other content from another sender', 'B', 'h2'],
  ] as const)('is refused as a conflict with %s', (_, who, hash) => {
    const { world, a, b } = people();
    world.send(a, 'C', { id: 'same', hash: 'h1' });
    const before = world.dump();
    const sender = who === 'A' ? a : b;
    expect(refused('id_conflict', () => world.send(sender, 'C', { id: 'same', hash })).message).toContain('same');
    expect(world.dump()).toBe(before);
  });
});

describe('an answer without an address', () => {
  it('goes to who asked directly', () => {
    const { world, a, b } = people();
    world.send(a, 'B', { id: 'q' });
    expect(world.send(b, [], { reply_to: 'q' }).channels).toEqual([a]);
  });

  it('goes to the room that the question came through', () => {
    const { world, a, b } = people();
    const { channels } = world.send(a, '#build', { id: 'q' });
    expect(world.send(b, [], { reply_to: 'q' }).channels).toEqual(channels);
  });

  it('goes to the room when the question was also sent to others directly', () => {
    const { world, a, b, c } = people();
    const { channels } = world.send(a, ['C', '#build'], { id: 'q' });
    expect(world.send(b, [], { reply_to: 'q' }).channels).toEqual(channels.filter((channel) => channel !== c));
    expect(world.send(c, [], { reply_to: 'q' }).channels).toEqual([a]);
  });

  it('goes to who asked everybody, and not to everybody', () => {
    const { world, a, c } = people();
    world.send(a, 'all', { id: 'q' });
    expect(world.send(c, [], { reply_to: 'q' }).channels).toEqual([a]);
  });

  it('goes to who asked when one has left the room since', () => {
    const { world, a, b } = people();
    world.send(a, '#build', { id: 'q' });
    world.leave(b, '#build');
    expect(world.send(b, [], { reply_to: 'q' }).channels).toEqual([a]);
  });

  it('goes where one sent the message oneself', () => {
    const { world, a } = people();
    const { channels } = world.send(a, '#build', { id: 'q' });
    expect(world.send(a, [], { reply_to: 'q' }).channels).toEqual(channels);
  });

  it('goes to who asked under the name that it has now', () => {
    const { world, a, b } = people();
    world.send(a, 'B', { id: 'q' });
    world.rename(a, 'Z');
    expect(world.read(world.sent(b, [], { reply_to: 'q' })).to).toEqual(['Z']);
  });

  it.each([
    ['a message that is not there', 'nowhere'],
    ['direct mail of others', 'direct'],
    ['mail of a room that one was never in', 'room'],
  ])('is refused to %s, all in the same words', (_, id) => {
    const { world, a, c } = people();
    world.send(a, 'B', { id: 'direct' });
    world.send(a, '#build', { id: 'room' });
    const before = world.dump();
    const { message } = refused('unknown_message', () => world.send(c, [], { reply_to: id }));
    expect(message).toBe(`There is no message ${id} that you may answer; say with \`to\` who should get this.`);
    expect(world.dump()).toBe(before);
  });

  it('is refused without a message that it answers', () => {
    const { world, a } = people();
    const before = world.dump();
    refused('unknown_message', () => world.send(a, []));
    expect(world.dump()).toBe(before);
  });
});

describe('a reply', () => {
  it('moves the receipt of the question to replied, and tells who asked', () => {
    const { world, a, b } = people();
    const position = world.sent(a, 'B', { id: 'q' });
    world.told();
    const reply = world.send(b, [], { reply_to: 'q', at: 500 });
    expect(world.receipt(position, 'B')).toEqual({
      name: 'B',
      state: 'replied',
      at: 500,
      handed_at: 500,
      seen_at: 500,
    });
    expect(world.told()).toEqual([
      { kind: 'stored', position: reply.position, sender: b, channels: [a] },
      { kind: 'receipt', sender: a, session: b, position, id: 'q', name: 'B', state: 'replied', at: 500 },
    ]);
    expect(world.inbox(b)).toEqual([]);
  });

  it('keeps when the question was handed and seen', () => {
    const { world, a, b } = people();
    const position = world.sent(a, 'B', { id: 'q' });
    world.report(b, 'handed', [position]);
    const handed = world.receipt(position, 'B').at;
    world.report(b, 'seen', [position]);
    const seen = world.receipt(position, 'B').at;
    world.send(b, [], { reply_to: 'q', at: 5_000 });
    expect(world.receipt(position, 'B')).toEqual({
      name: 'B',
      state: 'replied',
      at: 5_000,
      handed_at: handed,
      seen_at: seen,
    });
  });

  it('does not claim to know when group mail was seen that only a cursor knew of', () => {
    const { world, a, b } = people();
    const position = world.sent(a, '#build', { id: 'q' });
    world.report(b, 'seen', [position]);
    world.send(b, [], { reply_to: 'q', at: 5_000 });
    expect(world.receipt(position, 'B')).toEqual({ name: 'B', state: 'replied', at: 5_000 });
  });

  it('by somebody who was not asked moves nothing', () => {
    const { world, a, c } = people();
    const position = world.sent(a, 'B', { id: 'q' });
    world.send(c, 'A', { reply_to: 'q' });
    expect(world.receipts(position)).toEqual({ B: 'stored' });
  });

  it('to what is not there is an envelope like any other', () => {
    const { world, a, b } = people();
    const position = world.sent(a, 'B', { reply_to: 'never-was' });
    expect(world.read(position).reply_to).toBe('never-was');
    expect(world.inbox(b)).toEqual([position]);
  });
});

describe('the limits of an inbox', () => {
  it('count what is unread of direct mail, in messages and in bytes of UTF-8', () => {
    const { world, a, b } = people();
    world.send(a, 'B', { body: 'abc' });
    world.send(a, 'B', { body: '☃' });
    world.send(a, '#ops', { body: 'not counted' });
    world.send(a, 'all', { body: 'not counted' });
    expect(world.direct(b)).toEqual([2, 6]);
  });

  it('refuse one message more than there may be, and store nothing for the others either', () => {
    const { world, a, b, c } = people();
    world.store.backlog.countDirect(b, { count: LIMITS.inboxMessages - 1, bytes: 0 });
    world.send(a, ['B', 'C']);
    const before = world.dump();
    const error = refused('inbox_full', () => world.send(a, ['C', 'B']));
    expect([error.retry, error.message.includes('inbox of B')]).toEqual([true, true]);
    expect(world.dump()).toBe(before);
    expect(world.count(c)).toBe(1);
  });

  it.each([
    ['ascii', 'x'],
    ['three bytes a character', '☃'],
  ])('refuse the byte too many: %s', (_, letter) => {
    const { world, a, b } = people();
    const body = letter.repeat(10);
    const bytes = new TextEncoder().encode(body).length;
    world.store.backlog.countDirect(b, { count: 0, bytes: LIMITS.inboxBytes - bytes });
    world.send(a, 'B', { body });
    refused('inbox_full', () => world.send(a, 'B', { body: 'x' }));
  });

  it('never hold up a room or a broadcast', () => {
    const { world, a, b } = people();
    world.store.backlog.countDirect(b, { count: LIMITS.inboxMessages, bytes: 0 });
    expect(world.inbox(b)).toEqual([]);
    const positions = [world.sent(a, 'all'), world.sent(a, '#build')];
    expect(world.inbox(b)).toEqual(positions);
  });

  it('give way again when mail was handed', () => {
    const { world, a, b } = people();
    const position = world.sent(a, 'B');
    world.store.backlog.countDirect(b, { count: LIMITS.inboxMessages, bytes: 0 });
    refused('inbox_full', () => world.send(a, 'B'));
    world.report(b, 'handed', [position]);
    expect(world.send(a, 'B').duplicate).toBe(false);
  });
});
