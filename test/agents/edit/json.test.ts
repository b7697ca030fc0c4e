import fc from 'fast-check';
import { applyEdits, modify, parse } from 'jsonc-parser';
import { describe, expect, it } from 'vitest';
import type { Edit } from '../../../src/agents/edit/edit.ts';
import { jsonEdit, member, rule } from '../../../src/agents/edit/json.ts';
import { hooks } from '../../../src/agents/edit/json-hooks.ts';
import type { Dialect } from '../../../src/agents/edit/json-text.ts';
import { anyTree, documentOf, LOOSE, STRICT, WITH_COMMENTS } from './any-json.ts';

const FILE = '/home/me/settings.json';
const OURS = { command: '/usr/bin/node', args: ['/r/dist/cli.mjs', 'mcp'] };
const isOurs = (value: unknown) => JSON.stringify(value).includes('cli.mjs');

function hook(event: string) {
  return { type: 'command', command: '/usr/bin/node', args: ['/r/dist/cli.mjs', 'hook', 'x', event] };
}

function editOf(dialect: Dialect): Edit {
  return jsonEdit({
    dialect,
    entries: [
      member({ path: ['mcpServers'], name: 'relay', value: () => OURS, isOurs }),
      hooks({ path: ['hooks', 'Start'], item: { hooks: [hook('Start')] }, isOurs }),
      hooks({ path: ['hooks', 'Stop'], item: { hooks: [hook('Stop'), hook('Wait')] }, isOurs }),
      hooks({ path: ['flat', 'stop'], item: hook('stop'), isFlat: true, isOurs }),
      rule(['permissions', 'allow'], 'mcp__relay__*'),
    ],
  });
}

/** Only the server, for texts that are read by people. */
function serverEdit(dialect: Dialect = LOOSE, value: object = { a: 1 }): Edit {
  const wanted = { ...value };
  return jsonEdit({
    dialect,
    entries: [member({ path: ['mcpServers'], name: 'relay', value: () => wanted, isOurs: () => true })],
  });
}

const word = fc.string({ maxLength: 3 });
const group = fc.record({
  hooks: fc.array(fc.record({ type: fc.constant('command'), command: word }), { maxLength: 2 }),
});
const lists = (item: fc.Arbitrary<unknown>) => fc.array(item, { maxLength: 2 });
const members = {
  mcpServers: fc.dictionary(fc.constantFrom('a', 'b'), fc.record({ command: word }), { maxKeys: 2 }),
  hooks: fc.record({ Start: lists(group), Stop: lists(group) }, { requiredKeys: [] }),
  flat: fc.record({ stop: lists(fc.record({ command: word })) }, { requiredKeys: [] }),
  permissions: fc.record({ allow: lists(word) }, { requiredKeys: [] }),
  other: anyTree,
};

describe('any JSON file', () => {
  const dialects = [
    ['strict', STRICT],
    ['with comments', WITH_COMMENTS],
    ['with trailing commas', LOOSE],
  ] as const;

  it.each(dialects)('%s, gets our entries once, and is byte for byte the same without them', (_name, dialect) => {
    const edit = editOf(dialect);
    const runs = { numRuns: 300 };
    fc.assert(
      fc.property(documentOf(members, dialect), (before) => {
        const { text, undo } = edit.put(before, FILE);
        expect(parse(text).mcpServers.relay).toEqual(OURS);
        expect(edit.put(text, FILE, undo)).toEqual({ text, undo });
        expect(edit.take(text, FILE, undo)).toBe(before);
      }),
      runs,
    );
  });

  it('keeps what its user changed in between, and loses ours alone', () => {
    const edit = editOf(LOOSE);
    const name = fc.constantFrom('mcpServers', 'hooks', 'mine', 'other');
    fc.assert(
      fc.property(documentOf(members, LOOSE), name, fc.integer(), (before, key, value) => {
        const change = (text: string) => applyEdits(text, modify(text, [key, 'added'], value, {}));
        const { text, undo } = edit.put(before, FILE);
        // The package that makes the change does so only in objects.
        fc.pre(typeof (parse(before)[key] ?? {}) === 'object' && !Array.isArray(parse(before)[key]));
        fc.pre(parse(before)[key] !== null);
        const taken = edit.take(change(text), FILE, undo);
        expect(parse(taken ?? '')).toEqual(parse(change(before)));
      }),
      { numRuns: 300 },
    );
  });
});

describe('an entry is laid out like its surroundings', () => {
  it.each([
    ['{}', '{\n  "mcpServers": {\n    "relay": {\n      "a": 1\n    }\n  }\n}'],
    ['{"x":1}', '{"x":1,"mcpServers":{"relay":{"a":1}}}'],
    ['{ "x": 1 }\n', '{ "x": 1, "mcpServers": { "relay": { "a": 1 } } }\n'],
    ['{\n\t"x": 1\n}', '{\n\t"x": 1,\n\t"mcpServers": {\n\t\t"relay": {\n\t\t\t"a": 1\n\t\t}\n\t}\n}'],
    ['{\r\n "x": 1\r\n}', '{\r\n "x": 1,\r\n "mcpServers": {\r\n  "relay": {\r\n   "a": 1\r\n  }\r\n }\r\n}'],
    ['{\n  "mcpServers": { "x": {} }\n}', '{\n  "mcpServers": { "x": {}, "relay": { "a": 1 } }\n}'],
    ['{\n  "mcpServers": {} // none\n}', '{\n  "mcpServers": {\n    "relay": {\n      "a": 1\n    }\n  } // none\n}'],
    ['{\n  "x": 1 // last\n}', '{\n  "x": 1, // last\n  "mcpServers": {\n    "relay": {\n      "a": 1\n    }\n  }\n}'],
    [
      '{\n  "x": 1, // last\n}',
      '{\n  "x": 1, // last\n  "mcpServers": {\n    "relay": {\n      "a": 1\n    }\n  },\n}',
    ],
    ['{ "x": 1 // last\n}', '{ "x": 1, // last\n  "mcpServers": {\n    "relay": {\n      "a": 1\n    }\n  }\n}'],
  ])('%j', (before, after) => {
    const { text, undo } = serverEdit().put(before, FILE);
    expect(text).toBe(after);
    expect(serverEdit().take(text, FILE, undo)).toBe(before);
  });
});

describe('a new file', () => {
  it('begins with what the program wants in it, and goes with our entries', () => {
    const edit = jsonEdit({ dialect: STRICT, seed: { version: 1 }, entries: [rule(['allow'], 'x')] });
    const { text, undo } = edit.put(undefined, FILE);
    expect(text).toBe('{\n  "version": 1,\n  "allow": [\n    "x"\n  ]\n}\n');
    expect(edit.take(text, FILE, undo)).toBeUndefined();
  });

  it('stays when its user has put something into it', () => {
    const { text, undo } = serverEdit().put(undefined, FILE);
    const theirs = text.replace('{', '{\n  "mine": 1,');
    expect(serverEdit().take(theirs, FILE, undo)).toBe('{\n  "mine": 1\n}\n');
  });

  it('stays when its user has put only a comment into it', () => {
    const { text, undo } = serverEdit().put(undefined, FILE);
    expect(serverEdit().take(`// mine\n${text}`, FILE, undo)).toBe('// mine\n{}\n');
  });

  it('stays when it has nothing of ours any more: somebody else made it', () => {
    expect(serverEdit().take('{}\n', FILE, { made: true })).toBe('{}\n');
  });

  it('is white space again when it was', () => {
    const { text, undo } = serverEdit().put('\r\n ', FILE);
    expect(serverEdit().take(text, FILE, undo)).toBe('\r\n ');
  });
});

describe('what the user did to a file in between', () => {
  const before = '{\n  "mcpServers": {\n    "a": {}\n  }\n}\n';
  const put = serverEdit().put(before, FILE);

  it.each([
    [
      'a server behind ours',
      ['1\n    }\n', '1\n    },\n    "b": {}\n'],
      '{\n  "mcpServers": {\n    "a": {},\n    "b": {}\n  }\n}\n',
    ],
    ['a comment behind ours', ['1\n    }', '1\n    } // c'], '{\n  "mcpServers": {\n    "a": {} // c\n  }\n}\n'],
    [
      'a comment before ours',
      ['    "relay"', '    // c\n    "relay"'],
      '{\n  "mcpServers": {\n    "a": {}\n    // c\n  }\n}\n',
    ],
    ['the server before ours is gone', ['\n    "a": {},', ''], '{\n  "mcpServers": {}\n}\n'],
    ['ours is gone', [/,\n {4}"relay"[^}]*}/, ''], before],
    ['ours has more in it', ['"a": 1', '"a": 1, "env": {"A": "b"}'], before],
    ['all in one line', [/\s/g, ''], '{"mcpServers":{"a":{}}}'],
  ] as const)('%s', (_what, [from, to], expected) => {
    const text = put.text.replace(from, to);
    expect(text).not.toBe(put.text);
    expect(serverEdit().take(text, FILE, put.undo)).toBe(expected);
  });

  it('is kept when ours is brought up to date', () => {
    const text = put.text.replace('"a": 1', '"env": {"A": "b"}, "a": 0').replace('"a": {}', '"a": {"z": 1}');
    expect(serverEdit(LOOSE, { a: 2, b: 3 }).put(text, FILE, put.undo).text).toBe(
      text.replace('"a": 0', '"a": 2').replace('2\n    }', '2, "b": 3\n    }'),
    );
  });
});

describe('hooks', () => {
  const edit = jsonEdit({
    dialect: STRICT,
    entries: [hooks({ path: ['hooks', 'Stop'], item: { hooks: [hook('Stop'), hook('Wait')] }, isOurs })],
  });
  const textOf = (...groups: unknown[]) => JSON.stringify({ hooks: { Stop: groups } });
  const theirs = { hooks: [{ type: 'command', command: 'x' }] };

  it('come behind those of the user', () => {
    const { text } = edit.put(textOf(theirs), FILE);
    expect(parse(text).hooks.Stop).toEqual([theirs, { hooks: [hook('Stop'), hook('Wait')] }]);
  });

  it('are brought up to date where they are, with what the user added to them', () => {
    const old = { matcher: 'mine', hooks: [{ ...hook('Stop'), args: ['/old/dist/cli.mjs'], statusMessage: 'hi' }] };
    const { text } = edit.put(textOf(old, theirs), FILE);
    const now = { matcher: 'mine', hooks: [{ ...hook('Stop'), statusMessage: 'hi' }, hook('Wait')] };
    expect(parse(text).hooks.Stop).toEqual([now, theirs]);
    expect(edit.take(text, FILE)).toBe(textOf(theirs));
  });

  it('leave a group that the user put them into', () => {
    const mixed = { hooks: [...theirs.hooks, hook('Stop'), hook('Wait')] };
    expect(edit.take(textOf(mixed), FILE)).toBe(textOf(theirs));
    const { text } = edit.put(textOf({ hooks: [hook('Stop'), ...theirs.hooks] }), FILE);
    expect(parse(text).hooks.Stop).toEqual([theirs, { hooks: [hook('Stop'), hook('Wait')] }]);
  });

  it('that are there several times are there once afterwards', () => {
    const { text } = edit.put(textOf({ hooks: [hook('Stop')] }, theirs, { hooks: [hook('Stop')] }), FILE);
    expect(parse(text).hooks.Stop).toEqual([theirs, { hooks: [hook('Stop'), hook('Wait')] }]);
  });

  it('pass over what is no group', () => {
    const odd = ['x', null, { hooks: 'x' }, { matcher: 'x' }];
    const { text, undo } = edit.put(textOf(...odd), FILE);
    expect(parse(text).hooks.Stop).toEqual([...odd, { hooks: [hook('Stop'), hook('Wait')] }]);
    expect(edit.take(text, FILE, undo)).toBe(textOf(...odd));
  });
});

describe('a rule', () => {
  const edit = jsonEdit({ dialect: STRICT, entries: [rule(['permissions', 'allow'], 'r')] });

  it('that was there before stays', () => {
    const before = '{"permissions":{"allow":["r"]}}';
    const { text, undo } = edit.put(before, FILE);
    expect(text).toBe(before);
    expect(edit.take(text, FILE, undo)).toBe(before);
  });

  it('that we put there goes, also after a second put', () => {
    const first = edit.put('{"permissions":{"allow":[]}}', FILE);
    const second = edit.put(first.text, FILE, first.undo);
    expect(edit.take(second.text, FILE, second.undo)).toBe('{"permissions":{"allow":[]}}');
  });

  it('is taken out only by whoever knows that it was put in', () => {
    const { text } = edit.put('{}', FILE);
    expect(edit.take(text, FILE)).toBe(text);
  });
});

describe('without the record', () => {
  it('ours are found all the same; the objects around them stay', () => {
    const { text } = serverEdit().put('{"x":1}', FILE);
    expect(serverEdit().take(text, FILE)).toBe('{"x":1,"mcpServers":{}}');
  });
});

describe('a file that is refused', () => {
  const strict = editOf(STRICT);
  const loose = editOf(LOOSE);

  it.each([
    ['{\n  "a": 1\n  "b": 2\n}', 'line 3, column 3: a comma is missing'],
    ['{\n  "a" 1\n}', 'line 2, column 7: a colon is missing'],
    ['{\r\n  "a": }', 'line 2, column 8: a value is missing'],
    ['{"a": 1,}', 'line 1, column 9: a name in double quotes is missing'],
    ['{\n"a": 1', 'line 2, column 7: a } is missing'],
    ['{"a": [1', 'line 1, column 9: a ] is missing'],
    ['{}\n{}', 'line 2, column 1: there is more after the end'],
    ['{"a": x}', 'line 1, column 7: that is no JSON'],
    ['{"a": "x\n"}', 'line 1, column 7: a string does not end'],
    ['// c\n{}', 'line 1, column 1: the program that reads it takes no comments'],
    ['\ufeff{}', 'line 1, column 1: the program that reads it takes no byte order mark'],
  ])('%j', (text, says) => {
    expect(() => strict.put(text, FILE)).toThrow(`${FILE} is broken at ${says}.`);
    expect(() => strict.take(text, FILE)).toThrow(`${FILE} is broken at ${says}.`);
  });

  it.each([
    ['[]', 'holds no JSON object (line 1)'],
    ['"x"', 'holds no JSON object (line 1)'],
    ['{"mcpServers": []}', '"mcpServers" in'],
    ['{\n  "mcpServers": null}', 'is no object (line 2, column 17)'],
    ['{"hooks": {"Stop": {}}}', '"hooks.Stop" in'],
    ['{"hooks": {\n"Stop": "x"}}', 'is no list (line 2, column 9)'],
    ['{\n\n"mcpServers": {"relay": {"command": "other"}}}', '"mcpServers.relay" in'],
    ['{\n\n"mcpServers": {"relay": {"command": "other"}}}', 'is something else than claude-relay (line 3, column 25)'],
  ])('%j', (text, says) => {
    expect(() => loose.put(text, FILE)).toThrow(says);
  });

  it('is not refused for what only other programs would not read', () => {
    expect(loose.put('// c\n{"a": 1,}', FILE).text).toContain('// c\n{"a": 1,');
  });
});

it('of members that are there twice the last one counts, as for every reader', () => {
  const before = '{"mcpServers":{"a":1},"mcpServers":{}}';
  const { text, undo } = serverEdit().put(before, FILE);
  expect(text).toBe('{"mcpServers":{"a":1},"mcpServers":{"relay":{"a":1}}}');
  expect(serverEdit().take(text, FILE, undo)).toBe(before);
});
