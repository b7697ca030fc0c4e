import { describe, expect, it, vi } from 'vitest';
import { Backlog } from '../../src/state/backlog.ts';
import { countUnhanded, unhandedMatching } from '../../src/state/queries/inbox.ts';
import { emptyDatabase, World } from './world.ts';

/** With a backlog of group mail that is all in the tables. */
function absent(count: number) {
  const world = new World(emptyDatabase(), { tail: 0 });
  const [a, b] = [world.enter('A'), world.enter('B')];
  world.join(b, '#r');
  for (let i = 0; i < count; i++) world.sent(a, i % 2 ? 'all' : '#r');
  world.store.commit();
  return { world, a, b, unread: () => countUnhanded(world.store, world.row(b)) };
}

describe('the backlog', () => {
  it('is counted once, and then as it comes and goes', () => {
    const { world, a, b, unread } = absent(40);
    expect(unread()).toBe(40);
    const get = vi.spyOn(world.store, 'get');
    const counts = () => get.mock.calls.filter(([sql]) => sql.includes('count(*)') || sql.includes('LIKE')).length;
    world.report(b, 'handed', [1, 2, 7]);
    world.sent(a, 'all');
    world.sent(a, 'B');
    expect([unread(), unread()]).toEqual([39, 39]);
    world.report(b, 'refused', [8, 41, 42]);
    expect(unread()).toBe(36);
    expect(counts()).toBe(0);
  });

  it('is not looked through for an answer: that comes after what it answers', () => {
    const { world, a, b } = absent(40);
    const question = world.send(b, 'A', { id: 'q' });
    const answer = world.sent(a, 'B', { reply_to: 'q' });
    world.sent(a, 'all');
    world.store.settle();
    const all = vi.spyOn(world.store, 'all');
    expect(unhandedMatching(world.store, world.row(b), 0, 9, { reply_to: 'q' })).toEqual([answer]);
    const from = all.mock.calls.flatMap(([sql, , after]) => (sql.includes('FROM route') ? [after] : []));
    expect(new Set(from)).toEqual(new Set([question.position]));
  });

  it('is counted again after a rollback', () => {
    const { world, b, unread } = absent(6);
    expect(unread()).toBe(6);
    world.store.database.exec('BEGIN');
    world.report(b, 'handed', [1]);
    expect(unread()).toBe(5);
    world.store.database.exec('ROLLBACK');
    world.store.forget();
    expect(unread()).toBe(6);
  });

  it('of the session that was counted first is forgotten where there are too many, and no other', () => {
    const backlog = new Backlog();
    const counts = (...sessions: number[]) => sessions.map((session) => backlog.group(session)?.count);
    for (let session = 1; session <= 20_000; session++) backlog.countGroup(session, { count: 1, upTo: 1 });
    backlog.countGroup(5, { count: 2, upTo: 2 });
    expect(counts(1, 2, 5, 20_000)).toEqual([1, 1, 2, 1]);
    backlog.countGroup(20_001, { count: 3, upTo: 2 });
    expect(counts(1, 2, 5, 20_000, 20_001)).toEqual([undefined, 1, 2, 1, 3]);
  });

  it('does not take off what came after it was counted, and was handed since', () => {
    const { world, a, b, unread } = absent(4);
    expect(unread()).toBe(4);
    const position = world.sent(a, '#r');
    world.report(b, 'handed', [position]);
    expect(unread()).toBe(4);
  });
});
