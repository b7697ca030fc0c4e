/** The help of every command: it ends in examples, and those that need a relay at most are run against one. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../../scripts/ensure.mjs';
import type { Command } from '../../../src/cli/command.ts';
import { COMMANDS } from '../../../src/cli/commands/all.ts';
import { machine } from '../../support/cli.ts';
import { commandLine } from '../../support/command-line.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** Each command and subcommand with the words that call it. */
function flat(commands: readonly Command[], above: readonly string[] = []): [string, Command][] {
  return commands.flatMap((command) => {
    const words = [...above, command.name];
    return [[words.join(' '), command] as [string, Command], ...flat(command.subcommands ?? [], words)];
  });
}

/** Answers whatever it gets. */
const BOT = join(ROOT, 'examples/echo-bot.mjs');
const ALL = flat(COMMANDS);
const OURS = [
  'send',
  'receive',
  'peers',
  'sessions',
  'status',
  'history',
  'receipts',
  'rooms',
  'join',
  'leave',
  'rename',
  'chat',
];
const WITH_RELAY = ALL.flatMap(([, { examples }]) => examples.filter(({ needs }) => needs === 'relay'));

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
    const reading = ALL.filter(([name]) => OURS.slice(0, 8).includes(name) || name === 'watch' || name === 'doctor');
    expect(reading.filter(([, { json }]) => json !== true).map(([name]) => name)).toEqual([]);
  });
});

describe('every example that needs a relay', () => {
  it('is of a command that is known here', () => {
    for (const name of OURS) expect(WITH_RELAY.some(({ line }) => line.includes(`claude-relay ${name}`))).toBe(true);
  });

  it('runs, and ends with 0', async () => {
    const m = machine();
    await m.relay();
    const bots = { RELAY_HTTP: `http://localhost:${m.port}` };
    for (const name of ['CC-1', 'CC-2', 'ci', 'anna']) await m.ok(['status', '--as', name]);
    await m.ok(['join', 'build', '--as', 'ci']);
    for (const { line } of WITH_RELAY) {
      // Whoever waits in an example finds something, or is answered.
      if (/receive .*--wait/.test(line)) await m.ok(['send', 'CC-2', 'something to find', '--as', 'CC-1']);
      const bot = /send CC-2 --wait/.test(line) ? m.spawn(process.execPath, [BOT, 'CC-2'], { env: bots }) : undefined;
      const { code, stderr } = await m.spawn('bash', ['-c', `set -e -o pipefail; ${line}`], { input: '' }).ended;
      expect({ line, code, stderr: code === 0 ? '' : stderr }).toEqual({ line, code: 0, stderr: '' });
      await bot?.kill();
    }
  });
});
