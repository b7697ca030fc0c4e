/** What the README promises is there, and what it tells to type works. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../scripts/ensure.mjs';
import type { Command } from '../../src/cli/command.ts';
import { COMMANDS } from '../../src/cli/commands/all.ts';
import { OPTION_NAMES, optionOf } from '../../src/config/options.ts';
import { statePaths } from '../../src/config/paths.ts';
import { EXIT } from '../../src/util/failure.ts';
import { idsIn, machine } from '../support/cli.ts';
import { FakeSsh } from '../support/fake-ssh.ts';

const README = readFileSync(join(ROOT, 'README.md'), 'utf8');

/** The shell blocks with the mark, as they would be pasted. */
function markedBlocks(text: string): string[] {
  return [...text.matchAll(/<!-- test -->\n```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block);
}

/** Everything in backquotes and in shell blocks. */
function codeIn(text: string): string[] {
  const blocks = [...text.matchAll(/```\w*\n([\s\S]*?)```/g)].map(([, block = '']) => block);
  const prose = text.replace(/```\w*\n[\s\S]*?```/g, '');
  return [...blocks, ...[...prose.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code)];
}

function all(pattern: RegExp, texts: readonly string[]): string[] {
  return [...new Set(texts.flatMap((text) => [...text.matchAll(pattern)].map(([, found = '']) => found)))];
}

function flagsOf({ options = [], settings = [], json, subcommands = [] }: Command): string[] {
  const own = options.flatMap(({ flag, short }) => [flag, ...(short === undefined ? [] : [short])]);
  const shared = settings.map((name) => optionOf(name).flag ?? '');
  return ['--help', ...own, ...shared, ...(json ? ['--json'] : []), ...subcommands.flatMap(flagsOf)];
}

function shellBlocks(text: string): string[] {
  return [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block);
}

const code = codeIn(README);
/** The section about other machines and people. */
const [joining = ''] = /^## More machines, more people\n[\s\S]*?(?=^## )/m.exec(README) ?? [];
const names = COMMANDS.map(({ name }) => name);

describe('the README', () => {
  it('has two blocks that are run here', () => {
    expect(markedBlocks(README)).toHaveLength(2);
  });

  it('shows two shells that write to each other', async () => {
    const m = machine();
    await m.relay();
    const { code: exit, stdout, stderr } = await m.shell(markedBlocks(README)[0] ?? '');
    expect({ exit, stderr: stderr.trim() }).toEqual({ exit: 0, stderr: 'No unread messages.' });
    const [question, answer] = idsIn(stdout);
    expect(stdout).toContain(`${question} to CC-2 (away, kept for it)\n${question}  CC-1 to CC-2`);
    expect(stdout).toContain('\n  Is the build green?\n');
    expect(stdout).toContain(`${answer} to CC-1 (away, kept for it)\n${answer}  CC-2 to CC-1`);
    expect(stdout).toContain('\n  Green since ten.\n');
    expect(stdout).toMatch(/^CC-1 +- +away since /m);
  });

  it('shows a script that uses curl', async () => {
    const m = machine();
    await m.relay();
    const block = (markedBlocks(README)[1] ?? '').replaceAll('9999', String(m.port));
    const { code: exit, stdout, stderr } = await m.shell(block);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    const answers: unknown[] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const [id] = idsIn(stdout);
    expect(answers).toMatchObject([
      { name: 'ci-1', kind: 'script', unread: 0 },
      { id, to: [{ address: 'ci-1', recipients: 1 }] },
      { messages: [{ id, body: 'a note to myself' }], more: 0 },
      { sends: [{ id, states: { seen: 1 } }] },
    ]);
  });

  it('tells on one screen how machines and people join', () => {
    const lines = joining.trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(24);
    expect(lines.filter((line) => line.length > 100)).toEqual([]);
    for (const word of ['connect', 'invite', 'join']) expect(joining).toContain(`claude-relay ${word} `);
  });

  // launchd would be asked for real.
  it.runIf(process.platform === 'linux')('shows how to connect over SSH, and back', async () => {
    const [here, there] = [machine(), machine()];
    new FakeSsh(here, there);
    await there.relay();
    const { code: exit, stdout } = await here.shell(shellBlocks(joining)[0] ?? '');
    expect([exit, stdout]).toEqual([
      0,
      expect.stringMatching(
        /^Connected to the relay on me@relay\.example: .*\nDisconnected from me@relay\.example\.\n$/,
      ),
    ]);
  });

  it('shows how to let somebody join by a line', async () => {
    const [annas, berts] = [machine(), machine()];
    const [serve = '', invite = ''] = (shellBlocks(joining)[1] ?? '').replace(/ *#.*/g, '').split('\n');
    await annas.relay(serve.replace('claude-relay serve ', '').split(' '));
    const { stdout: line } = await annas.shell(`${invite} --address wss://127.0.0.1:${annas.port}`);
    expect((await berts.shell(line)).stdout).toMatch(/^Joined the relay of anna at wss:\S+ as bert, /);
    const [accept = ''] = /claude-relay accept [^`]*/.exec(joining) ?? [];
    expect(await annas.shell(accept)).toMatchObject({ code: 0 });
  });

  it('names commands that exist, all of them', () => {
    const written = all(/\b(?:claude-relay|cli\.mjs) ([a-z][a-z-]*)/g, code);
    expect(written.filter((name) => !names.includes(name))).toEqual([]);
    const [table = ''] = /\| command \|[\s\S]*?\n\n/.exec(README) ?? [];
    const listed = all(
      /`([a-z][a-z-]*)/g,
      table.split('\n').map((row) => row.split('|')[1] ?? ''),
    );
    const shown = COMMANDS.filter(({ hidden }) => hidden !== true).map(({ name }) => name);
    const told = [...listed, ...all(/`([a-z]+)`/g, [README])];
    expect(listed.filter((name) => !names.includes(name))).toEqual([]);
    expect(shown.filter((name) => !told.includes(name))).toEqual([]);
  });

  it('names flags that exist', () => {
    const known = new Set([...COMMANDS.flatMap(flagsOf), '--legacy', '--tls']);
    const ours = code.flatMap((text) => text.split('\n')).filter((line) => /claude-relay|serve|--\w+ NAME/.test(line));
    const flags = all(/(?:^|\s)(--[a-z][a-z-]*)/g, ours);
    expect(flags.length).toBeGreaterThan(2);
    expect(flags.filter((flag) => !known.has(flag))).toEqual([]);
  });

  it('names variables that are settings', () => {
    const known = OPTION_NAMES.flatMap((name) => [optionOf(name).env, optionOf(name).envFirst]);
    const variables = all(/\b((?:CLAUDE_)?RELAY_[A-Z_]+)\b/g, code);
    expect(variables.length).toBeGreaterThan(5);
    expect(variables.filter((name) => !known.includes(name))).toEqual([]);
  });

  it('names files that exist', () => {
    const links = all(/\]\(([^)#:]+)\)/g, [README]);
    expect(links.length).toBeGreaterThan(4);
    expect(links.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    const inState = all(/~\/\.claude-relay\/([a-z.]+)/g, code).map((name) => join('/home', name));
    const known: string[] = Object.values(statePaths('/home'));
    expect(inState.filter((path) => !known.includes(path))).toEqual([]);
  });

  it('names scripts of npm that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const called = all(/\bnpm (?:run )?(start|test|[a-z]+(?= )|demo|run \w+)/g, code).filter(
      (name) => name !== 'install',
    );
    expect(called).toEqual(expect.arrayContaining(['start', 'test']));
    expect(called.filter((name) => !(name in scripts))).toEqual([]);
  });

  it('names the exit codes that there are', () => {
    const [sentence = ''] = /Exit codes: [^.]*\./.exec(README) ?? [];
    const codes = [...sentence.matchAll(/(\d+) \w/g)].map(([, n]) => Number(n));
    expect(codes.sort((a, b) => a - b)).toEqual(Object.values(EXIT).sort((a, b) => a - b));
  });
});
