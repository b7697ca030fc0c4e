import { describe, expect, it } from 'vitest';
import type { Send } from '../../src/state/command.ts';
import { newestPosition, traceById } from '../../src/state/queries/envelopes.ts';
import { emptyDatabase, refused, World } from './world.ts';

function threeWith(tail: number) {
  const world = new World(emptyDatabase(), { tail });
  const [a, b, c] = [world.enter('A'), world.enter('B'), world.enter('C')];
  const prune = (...positions: number[]) => world.apply({ type: 'prune', positions }).outcome.pruned;
  return { world, a, b, c, prune };
}

/** The newest in memory, and all of them filed already: the same must come of both. */
describe.each([
  ['in memory', 4_096],
  ['filed', 0],
])('pruning what is %s', (_, tail) => {
  const three = () => threeWith(tail);

  it('forgets the words of what was read, and finds them no more', async () => {
    const { world, a, b, prune } = three();
    const position = world.sent(a, 'B', { id: 'x', body: 'secret word', expires_at: 99 });
    world.report(b, 'handed', [position]);
    expect(await world.search(b, 'secret')).toEqual([position]);
    expect(prune(position)).toBe(1);
    expect([world.byId('x'), world.history(a), await world.search(b, 'secret')]).toEqual([undefined, [], []]);
    world.store.settle();
    for (const table of ['envelope', 'route', 'expiring'])
      expect(world.store.all(`SELECT * FROM ${table}`)).toEqual([]);
    expect(world.store.all("SELECT rowid FROM words.volume_0 WHERE volume_0 MATCH 'secret'")).toEqual([]);
  });

  it.each([
    ['by the one that it was for', 'B'],
    ['by one of all', 'all'],
    ['by one member of a room', '#r'],
    ['by one of two', ['B', 'C']],
  ])('leaves alone what is unread %s', (_, to) => {
    const { world, a, b, c, prune } = three();
    for (const each of [a, b, c]) world.join(each, '#r');
    const position = world.sent(a, to, { id: 'x' });
    if (to !== 'B') world.report(b, 'seen', [position]);
    expect([prune(position), world.byId('x')?.position]).toEqual([0, position]);
    world.report(b, 'handed', [position]);
    world.report(c, 'handed', [position]);
    expect([prune(position), world.byId('x')]).toEqual([1, undefined]);
  });

  it('takes what has ended unread', () => {
    const { world, a, prune } = three();
    const position = world.sent(a, 'B', { expires_at: 100 });
    world.apply({ type: 'expire', at: 100 });
    expect(prune(position)).toBe(1);
    expect(world.receipts(position)).toEqual({ B: 'expired' });
  });

  it('keeps what became of it, for the one who sent it', () => {
    const { world, a, b, c, prune } = three();
    const direct = world.sent(a, 'B');
    const all = world.sent(a, 'all');
    world.report(b, 'seen', [direct, all]);
    world.report(c, 'handed', [all]);
    prune(direct, all);
    expect([world.receipts(direct), world.receipts(all)]).toEqual([{ B: 'seen' }, { B: 'seen', C: 'handed' }]);
  });

  it('does not make handed group mail seen when later mail is', () => {
    const { world, a, c, b, prune } = three();
    const [first, second] = [world.sent(a, 'all'), world.sent(a, 'all')];
    world.report(b, 'handed', [first, second]);
    world.report(c, 'handed', [first, second]);
    prune(first);
    world.report(b, 'seen', [second]);
    expect([world.receipts(first), world.receipts(second)]).toEqual([
      { B: 'handed', C: 'handed' },
      { B: 'seen', C: 'handed' },
    ]);
  });

  it('moves no receipt of what is gone', () => {
    const { world, a, b, prune } = three();
    const position = world.sent(a, 'B');
    world.report(b, 'handed', [position]);
    prune(position);
    expect([world.report(b, 'seen', [position]), world.receipts(position)]).toEqual([0, { B: 'handed' }]);
  });

  it('gives no position a second time, though the newest was taken', () => {
    const { world, a, b, prune } = three();
    const position = world.sent(a, 'B');
    world.report(b, 'handed', [position]);
    prune(position);
    world.store.forget();
    expect([newestPosition(world.store), world.sent(a, 'B')]).toEqual([position, position + 1]);
    expect(world.inbox(b)).toEqual([position + 1]);
  });

  it('says the same when everything is read anew', () => {
    const { world, a, b, prune } = three();
    const positions = [world.sent(a, 'B'), world.sent(a, 'all'), world.sent(b, 'A'), world.sent(a, 'B')];
    world.report(b, 'handed', positions);
    prune(...positions.slice(0, 2), positions[3] ?? 0);
    const looks = () => [world.inbox(a), world.inbox(b), world.count(b), world.history(a), newestPosition(world.store)];
    const before = looks();
    world.store.commit();
    world.store.forget();
    expect(looks()).toEqual(before);
    world.store.settle();
    expect(looks()).toEqual(before);
  });

  it('lets a room be joined and left behind what is gone', () => {
    const { world, a, b, c, prune } = three();
    world.join(b, '#r');
    const position = world.sent(a, '#r');
    world.report(b, 'handed', [position]);
    prune(position);
    world.join(c, '#r');
    expect([world.inbox(c), world.sent(a, '#r')]).toEqual([[], position + 1]);
    expect(world.inbox(c)).toEqual([position + 1]);
  });

  it('keeps the id for ever: sent again it is the same envelope, and another may not have it', () => {
    const { world, a, b, prune } = three();
    const first = world.send(a, 'B', { id: 'x', hash: 'h1' });
    world.report(b, 'handed', [first.position]);
    prune(first.position);
    expect(world.send(a, 'B', { id: 'x', hash: 'h1' })).toEqual({ ...first, duplicate: true });
    refused('id_conflict', () => world.send(a, 'B', { id: 'x', hash: 'h2' }));
    refused('id_conflict', () => world.send(b, 'A', { id: 'x', hash: 'h1' }));
    expect(traceById(world.store, 'x')).toMatchObject({ position: first.position, sender: a });
  });

  it('lets a question that is gone be answered', () => {
    const { world, a, b, prune } = three();
    const position = world.sent(a, 'B', { id: 'x' });
    world.report(b, 'handed', [position]);
    prune(position);
    const answer: Partial<Send> = { id: 'y', reply_to: 'x' };
    expect(world.send(b, [], answer).channels).toEqual([a]);
  });

  it('passes over positions that hold nothing, and the same one twice', () => {
    const { world, a, b, prune } = three();
    const position = world.sent(a, 'B');
    world.report(b, 'handed', [position]);
    expect([prune(99, 0, position, position), prune(position)]).toEqual([1, 0]);
  });
});
