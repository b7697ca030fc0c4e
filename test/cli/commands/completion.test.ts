/** The completion scripts in the real shells: what they offer, not how they are written. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../../src/cli/commands/all.ts';
import { quoteFor, type Shell } from '../../../src/util/shell-quote.ts';
import { Machine } from '../../support/cli.ts';
import { commandLine } from '../../support/command-line.ts';
import { needs } from '../../support/programs.ts';
import { tempDir } from '../../support/temp-dir.ts';

let machine: Machine;
const scripts = new Map<Shell, string>();

beforeAll(async () => {
  machine = new Machine();
  for (const shell of ['bash', 'zsh', 'fish'] as const) {
    scripts.set(shell, (await commandLine(['completion', shell], { home: machine.home })).out);
  }
});
afterAll(() => machine.end());

const visible = COMMANDS.filter(({ hidden }) => hidden !== true).map(({ name }) => name);

/** What bash offers after these words, the last of which is being typed. */
async function inBash(words: readonly string[]): Promise<string[]> {
  const line = `COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _claude_relay; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const args = ['--norc', '--noprofile', '-c', `${scripts.get('bash')}\n${line}`, 'bash', 'claude-relay', ...words];
  const { stdout, stderr } = await machine.spawn('bash', args, { input: '' }).ended;
  expect(stderr).toBe('');
  return stdout.split('\n').filter((word) => word !== '');
}

/** What fish offers, without the descriptions. */
async function inFish(words: readonly string[]): Promise<string[]> {
  const env = { SCRIPT: scripts.get('fish') ?? '', LINE: ['claude-relay', ...words].join(' ') };
  const { stdout, stderr } = await machine.spawn(
    'fish',
    ['--no-config', '-c', 'printf %s $SCRIPT | source; complete -C "$LINE"'],
    { input: '', env },
  ).ended;
  expect(stderr).toBe('');
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t')[0] ?? '');
}

describe.each([
  ['bash', inBash],
  ['fish', inFish],
] as const)('in %s', (shell, complete) => {
  beforeEach(({ skip }) => needs(shell, skip));

  it('all commands are offered, the hidden one not', async () => {
    const offered = await complete(['']);
    expect(offered).toEqual(expect.arrayContaining(visible));
    expect(offered).not.toContain('register');
  });

  it.each([
    [['serv'], ['serve', 'service']],
    [['service', 'un'], ['uninstall']],
    [['service', 'install', 'tu'], ['tunnel']],
    [['service', 'install', '--dry'], ['--dry-run']],
    [['service', 'logs', '--fol'], ['--follow']],
    [['doctor', '--js'], ['--json']],
    [['doctor', '--relay'], ['--relay-url']],
    [['shell-init', 'f'], ['fish']],
    [['completion', 'z'], ['zsh']],
  ])('%j is completed', async (words, offered) => {
    expect((await complete(words)).sort()).toEqual(offered);
  });

  it.each([[['doctor', '--dry']], [['service', 'uninstall', '--dry']], [['serve', '--foll']]])(
    '%j has nothing to offer: the flag is another command’s',
    async (words) => {
      expect(await complete(words)).toEqual([]);
    },
  );
});

/** What an interactive zsh has on its line after the Tab; a pseudo terminal of zsh's own types it. */
async function inZsh(setup: string, typed: string, expected: string): Promise<string> {
  const line = [
    'zmodload zsh/zpty; zpty z zsh -f -i',
    `zpty -w z ${quoteFor('zsh', `PROMPT=; autoload -Uz compinit; compinit -D -u; ${setup}; print re""ady`)}`,
    "zpty -r z seen '*ready*'",
    `zpty -w -n z ${quoteFor('zsh', `${typed}\t`)}`,
    `zpty -r z seen ${quoteFor('zsh', `*${expected}*`)}; print -r -- "$seen"; zpty -d z`,
  ].join('\n');
  const env = { SCRIPT: scripts.get('zsh') ?? '', TERM: 'dumb' };
  return (await machine.spawn('zsh', ['-f', '-c', line], { input: '', env }).ended).stdout;
}

describe('in zsh', () => {
  beforeEach(({ skip }) => needs('zsh', skip));

  it.each([
    ['claude-relay doc', 'claude-relay doctor'],
    ['claude-relay service un', 'claude-relay service uninstall'],
    ['claude-relay service install tu', 'claude-relay service install tunnel'],
    ['claude-relay doctor --js', 'claude-relay doctor --json'],
    ['claude-relay shell-init f', 'claude-relay shell-init fish'],
  ])('%j becomes %j, by eval', async (typed, whole) => {
    expect(await inZsh('eval "$SCRIPT"', typed, whole)).toContain(whole);
  });

  it('a file of the function path works at the first Tab', async () => {
    const dir = join(machine.user, 'functions');
    mkdirSync(dir);
    writeFileSync(join(dir, '_claude-relay'), scripts.get('zsh') ?? '');
    const setup = `fpath=(${dir} $fpath); compinit -D -u`;
    expect(await inZsh(setup, 'claude-relay doc', 'claude-relay doctor')).toContain('claude-relay doctor');
  });
});

describe.each(['bash', 'zsh', 'fish'] as const)('the script for %s', (shell) => {
  beforeEach(({ skip }) => needs(shell, skip));

  it('has no syntax error', async () => {
    const file = join(machine.user, `completion.${shell}`);
    writeFileSync(file, scripts.get(shell) ?? '');
    const { code, stderr } = await machine.spawn(shell, ['-n', file], { input: '' }).ended;
    expect([code, stderr]).toEqual([0, '']);
  });
});

describe('the scripts', () => {
  it('are for the shell that was named', async () => {
    expect((await commandLine(['completion', 'ksh'], { home: tempDir() })).code).toBe(2);
    expect(scripts.get('bash')).toContain('complete -o default -F _claude_relay claude-relay');
  });
});
