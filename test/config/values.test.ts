import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LOG_LEVELS, type Option } from '../../src/config/options.ts';
import { readValue } from '../../src/config/values.ts';
import { Failure } from '../../src/util/failure.ts';

const entry = (type: Option['type'], over: Partial<Option> = {}): Option =>
  ({ type, sentence: 'x', where: ['cli'], ...over }) as Option;

/** For each type: what may stand somewhere, and what it is then. */
const GOOD: ReadonlyArray<readonly [Option['type'], unknown, unknown]> = [
  ['count', '0', 0],
  ['count', '30', 30],
  ['count', 1_000, 1_000],
  ['port', '0', 0],
  ['port', '65535', 65_535],
  ['port', '00080', 80],
  ['port', 8080, 8080],
  ['text', 'anything at all', 'anything at all'],
  ['text', '0', '0'],
  ['path', '/a/b/', '/a/b'],
  ['path', '/', '/'],
  ['path', '/with spaces/and "quotes"', '/with spaces/and "quotes"'],
  ['path', '~/x', '/home/me/x'],
  ['path', '~', '/home/me'],
  ['url', 'ws://localhost:1', 'ws://localhost:1'],
  ['url', 'wss://relay.example/path', 'wss://relay.example/path'],
  ['url', 'relay:9999', 'relay:9999'],
  ['name', 'CC-1', 'CC-1'],
  ['name', 'a', 'a'],
  ['name', `a${'.'.repeat(63)}`, `a${'.'.repeat(63)}`],
  ['flag', true, true],
  ['flag', false, false],
  ['flag', 'On', true],
  ['flag', 'NO', false],
  ['presence', true, true],
  ['presence', '', true],
  ['presence', 'false', true],
  ['presence', false, false],
  ['list', 'a', ['a']],
  ['list', 'a,b', ['a', 'b']],
  ['list', ['a', 'b,c'], ['a', 'b', 'c']],
  ['list', [], []],
  ['time', '30d', 2_592_000_000],
  ['time', '12H', 43_200_000],
  ['time', '90m', 5_400_000],
  ['time', '1s', 1_000],
  ['size', '1', 1],
  ['size', 500_000, 500_000],
  ['size', '64kB', 64_000],
  ['size', '64MB', 64_000_000],
  ['size', '2gb', 2_000_000_000],
  ['whole', '1', 1],
  ['whole', 10_000, 10_000],
  ...LOG_LEVELS.map((level) => ['level', level, level] as const),
];

const BAD: ReadonlyArray<readonly [Option['type'], unknown]> = [
  ['count', '-1'],
  ['count', '1001'],
  ['count', 1.5],
  ['count', 'often'],
  ['count', true],
  ['port', '65536'],
  ['port', '-0'],
  ['port', '1e3'],
  ['port', ' 80'],
  ['port', '80 '],
  ['port', '٨٠'],
  ['port', 1.5],
  ['port', -1],
  ['port', 65_536],
  ['port', Number.NaN],
  ['port', true],
  ['port', ['80']],
  ['time', '0d'],
  ['time', '30'],
  ['time', 30],
  ['time', '-1d'],
  ['time', '1.5h'],
  ['time', '1w'],
  ['time', '9999999d'],
  ['size', '0'],
  ['size', '64 MB'],
  ['size', '64MiB'],
  ['size', -1],
  ['size', 1.5],
  ['size', '999999999999999GB'],
  ['whole', '0'],
  ['whole', 0],
  ['whole', 1.5],
  ['whole', '1e3'],
  ['whole', ''],
  ['text', ''],
  ['text', 5],
  ['text', true],
  ['path', ''],
  ['path', 'a/b'],
  ['path', '~me/x'],
  ['path', '/a\u0000b'],
  ['path', '/a\u007fb'],
  ['path', 5],
  ['path', null],
  ['url', ''],
  ['url', 'http://'],
  ['url', 'file:///etc/passwd'],
  ['url', 'javascript://x'],
  ['url', 9999],
  ['name', ''],
  ['name', '1x'],
  ['name', 'a b'],
  ['name', 'all'],
  ['name', 'All'],
  ['name', `a${'x'.repeat(64)}`],
  ['name', 'CC-1\n'],
  ['name', null],
  ['flag', 'maybe'],
  ['flag', ''],
  ['flag', 1],
  ['flag', null],
  ['level', 'INFO'],
  ['level', 'verbose'],
  ['level', 3],
  ['list', ''],
  ['list', 'a,'],
  ['list', ['']],
  ['list', [1]],
  ['list', { a: 1 }],
  ['list', null],
];

describe('a value', () => {
  it.each(GOOD)('of the type %s may be %j', (type, raw, value) => {
    expect(readValue(entry(type), raw, 'X', '/home/me')).toEqual(value);
  });

  it.each(BAD)('of the type %s may not be %j', (type, raw) => {
    expect(() => readValue(entry(type), raw, 'X', '/home/me')).toThrow(Failure);
    expect(() => readValue(entry(type), raw, 'X', '/home/me')).toThrow(/^X must be /);
  });

  it('that is a secret is not repeated, whatever is wrong with it', () => {
    expect(() => readValue(entry('url', { secret: true }), 'ftp://me:pass@x', 'X')).toThrow(/^X must be [^,]*\.$/);
    expect(() => readValue(entry('url'), 'ftp://me:pass@x', 'X')).toThrow('pass');
  });

  it('is read or refused in one sentence, and nothing else ever happens', () => {
    const types = fc.constantFrom<Option['type'][]>(
      'port',
      'text',
      'path',
      'url',
      'name',
      'flag',
      'presence',
      'level',
      'list',
    );
    fc.assert(
      fc.property(types, fc.anything(), (type, raw) => {
        try {
          readValue(entry(type), raw, 'X', '/home/me');
          return true;
        } catch (error) {
          const isOneLine = error instanceof Failure && !/\p{Cc}/u.test(error.message);
          return isOneLine && error.kind === 'usage';
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
