import { describe, expect, it } from 'vitest';
import { nearNames } from '../../src/state/queries/near.ts';
import { World } from './world.ts';

function known(...names: string[]): World {
  const world = new World();
  for (const name of names) world.enter(name);
  return world;
}

describe('near names', () => {
  it.each<[string, string[], string[]]>([
    ['cc-1', ['CC-1', 'DD-9'], ['CC-1']],
    ['CC-11', ['CC-1', 'CC-2'], ['CC-1']],
    ['reveiwer', ['reviewer', 'builder'], ['reviewer']],
    ['reviewe', ['reviewer'], ['reviewer']],
    ['viewer', ['reviewer'], ['reviewer']],
    ['zzz', ['CC-1', 'reviewer'], []],
    ['A', ['a', 'b', 'c'], ['a', 'b', 'c']],
    ['x', ['abc'], []],
    ['CC-1', ['CC-2', 'CC-3', 'CC-4', 'CC-5'], ['CC-2', 'CC-3', 'CC-4']],
    ['CC-1', [], []],
  ])('for %j among %j are %j', (name, names, expected) => {
    expect(nearNames(known(...names).store, name)).toEqual(expected);
  });

  it('put the nearest first, then the order of letters', () => {
    expect(nearNames(known('abcdxx', 'abcdey', 'abcdef1', 'zbcdef').store, 'abcdef')).toEqual([
      'abcdef1',
      'abcdey',
      'zbcdef',
    ]);
  });

  it('are present names, not old ones and not rooms', () => {
    const world = known('CC-1');
    const session = world.enter('builder');
    world.rename(session, 'quite-other');
    world.join(session, '#build');
    expect(nearNames(world.store, 'bilder')).toEqual([]);
  });

  it('are looked for among those seen last', () => {
    const world = new World();
    world.enter('target');
    for (let i = 0; i < 1_000; i++) world.enter(`n${i}`);
    expect(nearNames(world.store, 'targe')).toEqual([]);
    world.enter('target');
    expect(nearNames(world.store, 'targe')).toEqual(['target']);
  });
});
