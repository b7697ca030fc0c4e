/** The help of every command is there, and ends in examples (which `test/cli/examples.test.ts` runs). */
import { describe, expect, it } from 'vitest';
import type { Command } from '../../../src/cli/command.ts';
import { COMMANDS } from '../../../src/cli/commands/all.ts';
import { commandLine } from '../../support/command-line.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** Each command and subcommand with the words that call it. */
function flat(commands: readonly Command[], above: readonly string[] = []): [string, Command][] {
  return commands.flatMap((command) => {
    const words = [...above, command.name];
    return [[words.join(' '), command] as [string, Command], ...flat(command.subcommands ?? [], words)];
  });
}

const ALL = flat(COMMANDS);
const READING = ['send', 'receive', 'peers', 'sessions', 'status', 'history', 'receipts', 'rooms', 'watch', 'doctor'];

describe('the help of', () => {
  it.each(ALL)('%s is there and ends in its examples', async (words, { examples, options = [] }) => {
    const { code, out, err } = await commandLine([...words.split(' '), '--help'], { home: tempDir() });
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(examples.length).toBeGreaterThan(0);
    const [, tail = ''] = out.split('\nExamples:\n');
    expect(tail.trim().split('\n')).toHaveLength(examples.length * 2);
    for (const { line } of examples) expect(tail).toContain(line);
    for (const { flag } of options) expect(out).toContain(flag);
  });

  it('every command that reads has --json', () => {
    const reading = ALL.filter(([name]) => READING.includes(name));
    expect(reading).toHaveLength(READING.length);
    expect(reading.filter(([, { json }]) => json !== true).map(([name]) => name)).toEqual([]);
  });
});
