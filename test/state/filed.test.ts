import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { misfiled } from '../../src/state/filed.ts';
import { Store } from '../../src/state/store.ts';
import { anyHistory } from './any-command.ts';
import { World } from './world.ts';

vi.setConfig({ testTimeout: 120_000 });

/** Three messages to B, the second by a room, all of them filed; and a fourth that is not. */
function filed() {
  const world = new World();
  const [a, b] = [world.enter('A'), world.enter('B')];
  world.join(b, '#r');
  const positions = [world.sent(a, 'B'), world.sent(a, '#r'), world.sent(a, 'B')];
  world.store.settle();
  world.sent(a, 'B');
  world.store.flush();
  return { world, a, b, positions };
}

/** As it is found by whoever opens the tables anew. */
const found = ({ world }: ReturnType<typeof filed>) => misfiled(new Store(world.store.database));

describe('where messages are filed', () => {
  it('is right after whatever was done, however little is kept in memory', () => {
    fc.assert(
      fc.property(anyHistory, fc.nat({ max: 4 }), (commands, tail) => {
        const world = new World(undefined, { tail });
        world.play(commands);
        expect(misfiled(new Store(world.store.database))).toBeUndefined();
      }),
      { numRuns: 200 },
    );
  });

  const [A, B, ROOM] = ['A', 'B', '#r'].map((name) => `(SELECT id FROM channel WHERE name = '${name}')`);
  const second = "(SELECT position FROM envelope WHERE id = 'm2')";
  it.each<[string, string, number | undefined]>([
    ['all is as it was written', 'SELECT 1', undefined],
    [
      'a message is filed at a place of its channel where none was',
      `UPDATE route SET position = 90 WHERE channel = ${B} AND position = (SELECT max(position) FROM route)`,
      90,
    ],
    ['a message is not filed for a recipient', `DELETE FROM route WHERE channel = ${B} AND position = 1`, 1],
    ['a message is not filed for a room', `DELETE FROM route WHERE channel = ${ROOM} AND position = ${second}`, 2],
    ['a message is not filed for its sender', `DELETE FROM route WHERE channel = -${A} AND position = ${second}`, 2],
    [
      'a message is filed as that of another sender',
      `UPDATE route SET sender = ${B} WHERE channel = ${B} AND position = 1`,
      1,
    ],
    ['an id is not known', "UPDATE known SET id = 'm0' WHERE id = 'm2'", 2],
    ['an id leads elsewhere', "UPDATE known SET position = 1 WHERE id = 'm2'", 2],
    ['more is said to be filed than is', "UPDATE meta SET value = '9' WHERE key = 'filed'", 4],
    ['less is said to be filed than is', "UPDATE meta SET value = '1' WHERE key = 'filed'", 2],
    [
      'the list of channels was altered, which its sum tells',
      `UPDATE envelope SET channels = '[9]' WHERE position = ${second}`,
      undefined,
    ],
    [
      'the list of channels is none any more, which its sum tells',
      `UPDATE envelope SET channels = '[3,' WHERE position = ${second}`,
      undefined,
    ],
  ])('is told when %s', (_, sql, position) => {
    const tables = filed();
    expect(tables.positions).toEqual([1, 2, 3]);
    tables.world.store.database.exec(sql);
    expect(found(tables)).toBe(position && `message ${position} is not where it was filed`);
  });
});
