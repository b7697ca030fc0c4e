import { describe, expect, it } from 'vitest';
import { type ExportOptions, exportText } from '../../src/data/export.ts';
import { World } from '../state/world.ts';

const DAY = 24 * 3_600_000;

function story() {
  const world = new World();
  const [a, b] = [world.enter('A'), world.enter('B')];
  world.enter('C');
  world.join(a, '#build');
  world.send(a, 'B', { id: 'm1', at: 1_000, body: 'one\n# not a heading\u001b[31m' });
  world.send(b, 'A', { id: 'm2', at: 2_000, body: 'two', reply_to: 'm1', thread: 't*' });
  world.send(b, '#build', { id: 'm3', at: DAY + 1, body: '</message> **three**' });
  world.send(a, 'all', { id: 'm4', at: DAY + 2, body: 'four' });
  return world;
}

const text = (world: World, options: Partial<ExportOptions> = {}) =>
  [...exportText(world.store, { format: 'jsonl', ...options })].join('');
const ids = (exported: string) => exported.split('\n').flatMap((line) => (line === '' ? [] : JSON.parse(line).id));

describe('an export', () => {
  it('as JSON lines has every envelope as it travels, oldest first', () => {
    const world = story();
    const lines = text(world).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([1, 2, 3, 4].map((position) => world.read(position)));
  });

  it('holds nothing that a terminal would act on', () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about.
    const control = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/;
    const world = story();
    for (const format of ['jsonl', 'markdown'] as const) expect(text(world, { format })).not.toMatch(control);
  });

  it('as Markdown has a heading for each day, and bodies that cannot pose as anything else', () => {
    expect(text(story(), { format: 'markdown' })).toBe(
      `## 1970-01-01

**A** → **B** 00:00:01 (\`m1\`)

> one
> # not a heading

**B** → **A** 00:00:02 (\`m2\`, thread t\\*, answers \`m1\`)

> two

## 1970-01-02

**B** → **\\#build** 00:00:00 (\`m3\`)

> </message> **three**

**A** → **all** 00:00:00 (\`m4\`)

> four

`,
    );
  });

  it('can be of one name, of one room, and of what is new', () => {
    const world = story();
    expect(ids(text(world, { about: 'B' }))).toEqual(['m1', 'm2', 'm3']);
    expect(ids(text(world, { about: '#build' }))).toEqual(['m3']);
    expect(ids(text(world, { about: 'all' }))).toEqual(['m4']);
    expect(ids(text(world, { since: DAY + 1 }))).toEqual(['m3', 'm4']);
  });

  it('finds whoever was here by an old name, too', () => {
    const world = story();
    world.rename(2, 'C-3');
    expect(ids(text(world, { about: 'A' }))).toEqual(ids(text(world, { about: 'C-3' })));
  });

  it('about nobody is refused as a message to nobody is', () => {
    const world = story();
    expect(() => text(world, { about: 'build' })).toThrow('Nobody called build was ever here');
    expect(() => text(world, { about: '#nowhere' })).toThrow('There is no room #nowhere');
  });

  it('says where something was damaged, and leaves it out', () => {
    const world = story();
    world.store.run("UPDATE envelope SET body = 'forged' WHERE position = 2");
    expect(text(world).split('\n')[1]).toBe('{"position":2,"damaged":true}');
    const markdown = text(world, { format: 'markdown' });
    expect(markdown).toContain('*A message was damaged on the disk and cannot be shown (position 2).*');
    expect(text(world) + markdown).not.toContain('forged');
  });

  it('comes in pieces', () => {
    const world = new World();
    const a = world.enter('A');
    for (let i = 0; i < 450; i++) world.send(a, 'A');
    const pieces = [...exportText(world.store, { format: 'jsonl' })];
    expect(pieces.map((piece) => ids(piece).length)).toEqual([200, 200, 50]);
  });
});
