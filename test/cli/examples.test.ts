/** Every example in every command's help, run as a person would run it: by bash, with the real program in the PATH. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Command, Example, Needs } from '../../src/cli/command.ts';
import { COMMANDS } from '../../src/cli/commands/all.ts';
import { optionOf } from '../../src/config/options.ts';
import { EXIT } from '../../src/util/failure.ts';
import { Machine } from '../support/cli.ts';

interface Row {
  readonly command: string;
  readonly example: Example;
}

const rows = COMMANDS.flatMap(function examplesOf(command: Command): Row[] {
  const own = command.examples.map((example) => ({ command: command.name, example }));
  return [...own, ...(command.subcommands ?? []).flatMap(examplesOf)];
});

const lines = (needs: Needs) => [
  ...new Set(rows.filter(({ example }) => example.needs === needs).map(({ example }) => example.line)),
];

let machine: Machine;

/** In a directory of its own, with nothing to read. Nobody answers in a test, so a minute of waiting is a second. */
async function run(line: string) {
  const quick = line.replace(/--wait 60\b/, '--wait 1');
  return machine.spawn('bash', ['--norc', '--noprofile', '-c', quick], { input: '' }).ended;
}

describe('an example that needs nothing', () => {
  beforeAll(async () => {
    machine = new Machine();
    await machine.ok(['--version']);
  });
  afterAll(() => machine.end());

  it.each(lines('nothing'))('%s', async (line) => {
    const { code, stderr } = await run(line);
    expect([code, /claude-relay:|bash:/.exec(stderr)]).toEqual([EXIT.ok, null]);
  });
});

describe('an example that needs a relay', () => {
  beforeAll(async () => {
    machine = new Machine();
    await machine.relay();
    // Whom the examples speak of.
    for (const name of ['anna', 'CC-1', 'CC-2', 'ci']) await machine.run(['receive', '--as', name]);
    await machine.ok(['join', 'build', '--as', 'CC-2']);
    await machine.ok(['send', 'anna', 'for whoever receives', '--as', 'CC-1']);
  });
  afterAll(() => machine.end());

  it.each(lines('relay'))('%s', async (line) => {
    const { code, stderr } = await run(line);
    expect([EXIT.ok, ...(line.includes('--wait') ? [EXIT.nothing] : [])], stderr).toContain(code);
  });
});

/** Each `claude-relay …` of a line, by the words of its command and the flags that follow. */
function calls(line: string): { path: Command[]; flags: string[] }[] {
  return line.split(/\||&&|>|\$\(|\)/).flatMap((part) => {
    const words = /(?:^|\s)claude-relay (.*)/.exec(part)?.[1]?.split(' ') ?? [];
    const [first, second] = words;
    const command = COMMANDS.find(({ name }) => name === first);
    const inner = command?.subcommands?.find(({ name }) => name === second);
    const path = [command, inner].filter((each) => each !== undefined);
    return words.length === 0 ? [] : [{ path, flags: words.filter((word) => /^--?[a-z]/.test(word)) }];
  });
}

const flagsOf = ({ options = [], settings = [], json }: Command): (string | undefined)[] => [
  ...options.flatMap(({ flag, short }) => [flag, short]),
  ...settings.map((name) => optionOf(name).flag),
  json ? '--json' : undefined,
];

describe('every example, also one that only a terminal or another system can run', () => {
  it.each(rows.map(({ example }) => [example.line, example] as const))('%s', (line, { says }) => {
    expect(says).toMatch(/^\S.*[^.]$/);
    expect(line).toContain('claude-relay');
    for (const { path, flags } of calls(line)) {
      expect(path.length, 'there is such a command').toBeGreaterThan(0);
      const known = path.flatMap(flagsOf);
      expect(flags.filter((flag) => !known.includes(flag))).toEqual([]);
    }
  });
});
