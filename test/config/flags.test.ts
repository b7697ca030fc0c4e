import { describe, expect, it } from 'vitest';
import { flagsFor, parseFlags } from '../../src/config/flags.ts';
import { Failure } from '../../src/util/failure.ts';

describe('the flags of mcp', () => {
  it.each([
    [['--client-id', 'CC-1'], { clientId: 'CC-1' }],
    [['--client-id=CC-1'], { clientId: 'CC-1' }],
    [['--relay-url=ws://x/?a=b'], { relayUrl: 'ws://x/?a=b' }],
    [['--relay-url', 'ws://x', '--client-id', 'B'], { relayUrl: 'ws://x', clientId: 'B' }],
    [['--client-id', '-odd'], { clientId: '-odd' }],
    [[], {}],
  ])('%j', (argv, flags) => {
    expect(parseFlags('mcp', argv)).toEqual({ flags, rest: [] });
  });

  it('keeps what is no flag, in order, and stops at --', () => {
    const { flags, rest } = parseFlags('mcp', ['a', '--client-id', 'X', '-', '--', '--client-id', 'Y']);
    expect([flags, rest]).toEqual([{ clientId: 'X' }, ['a', '-', '--client-id', 'Y']]);
  });

  it.each([
    [['--client-id'], '--client-id needs a value.'],
    [['--client-id='], '--client-id needs a value.'],
    [['--client-id', '--relay-url', 'x'], '--client-id needs a value.'],
    [['--clientid', 'x'], 'There is no flag "--clientid" here; did you mean --client-id?'],
    [['--port', '1'], 'There is no flag "--port" here.'],
    [['-x'], 'There is no flag "-x" here.'],
    [['--\u001b[2J'], 'There is no flag "--\\u001b[2J" here.'],
    [['--constructor'], 'There is no flag "--constructor" here.'],
  ])('%j is refused: %s', (argv, sentence) => {
    expect(() => parseFlags('mcp', argv)).toThrow(Failure);
    expect(() => parseFlags('mcp', argv)).toThrow(sentence);
  });
});

describe('the flags of serve', () => {
  it('repeat for lists, and need no value for switches', () => {
    const argv = ['--allow-host', 'a', '--legacy', '--allow-host=b', '--allow-host', 'c', '8080'];
    expect(parseFlags('serve', argv)).toEqual({ flags: { allowHosts: ['a', 'b', 'c'], legacy: true }, rest: ['8080'] });
  });

  it('take a value for a switch with =, and none without', () => {
    expect(parseFlags('serve', ['--legacy=false']).flags).toEqual({ legacy: 'false' });
    expect(parseFlags('serve', ['--legacy', 'false']).rest).toEqual(['false']);
  });
});

it('each entry has its own flags', () => {
  expect(flagsFor('mcp')).toEqual(['logLevel', 'relayUrl', 'clientId', 'wakes', 'resume']);
  expect(flagsFor('cli')).toEqual(['relayUrl', 'clientId', 'noColor']);
  expect(flagsFor('serve')).toContain('port');
});
