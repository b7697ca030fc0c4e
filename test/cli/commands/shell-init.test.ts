/**
 * The shell functions in the real shells. The program that they call is the real one, from a checkout whose path holds
 * what broke the first generation's script: spaces, an apostrophe, a newline, a command substitution.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ROOT } from '../../../scripts/ensure.mjs';
import { shellFunctions } from '../../../src/cli/commands/shell-init.ts';
import { readRegistry } from '../../../src/cli/registry.ts';
import { Machine, type Ran } from '../../support/cli.ts';
import { commandLine } from '../../support/command-line.ts';
import { needs } from '../../support/programs.ts';
import { tempDir } from '../../support/temp-dir.ts';

const SHELLS = [
  { shell: 'bash', command: ['bash', '--norc', '--noprofile', '-c'] },
  { shell: 'zsh', command: ['zsh', '-f', '-c'] },
  { shell: 'fish', command: ['fish', '--no-config', '-c'] },
] as const;

/** No backslash: Node itself loads nothing from under one. */
/** No backslash: Node itself loads nothing from under one. */
const NASTY_PATHS = [
  "it's a checkout",
  "two ''quotes''",
  'line\nbreak',
  '$(touch owned)',
  '`touch owned`',
  '"; touch owned #',
];

let machine: Machine;

beforeAll(async () => {
  machine = new Machine();
  // Builds, when nothing was built.
  await machine.ok(['--version']);
});
afterAll(() => machine.end());

/** The built program in a directory of that name; answers its script. */
function checkout(name: string): string {
  const dir = join(machine.user, name);
  if (!existsSync(dir)) {
    cpSync(join(ROOT, 'dist'), join(dir, 'dist'), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
  }
  return join(dir, 'dist/cli.mjs');
}

describe.each(SHELLS)('in $shell', ({ shell, command }) => {
  beforeEach(({ skip }) => needs(shell, skip));

  const [program, ...flags] = command;
  const quote = shell === 'fish' ? 'string escape --' : 'printf %q';

  /** Runs `line` where the functions are defined, in an empty directory, with a state directory of its own. */
  async function inShell(line: string, { script = join(ROOT, 'dist/cli.mjs'), env = {} } = {}) {
    const home = tempDir();
    const cwd = tempDir();
    const functions = shellFunctions(shell, [process.execPath, script]);
    // As `eval "$(claude-relay shell-init)"` does it; by a variable, so that nothing here is quoted twice.
    const load = shell === 'fish' ? 'printf %s $FUNCTIONS | source' : 'eval "$FUNCTIONS"';
    const variables = { CLAUDE_RELAY_HOME: home, FUNCTIONS: functions, ...env };
    const ran: Ran = await machine.spawn(program, [...flags, `${load}\n${line}`], { input: '', env: variables, cwd })
      .ended;
    return { ...ran, home, leftovers: readdirSync(cwd) };
  }

  const show = 'printf "<%s>" "$CLAUDE_RELAY_SESSION_ID"';

  it('claude-session registers, exports and says so', async () => {
    const { stdout, stderr, home } = await inShell(`claude-session CC-1; ${show}`);
    expect([stdout, stderr]).toEqual(['✓ Registered: CLAUDE_RELAY_SESSION_ID=CC-1\n<CC-1>', '']);
    const { sessions } = await readRegistry(home);
    expect(sessions).toMatchObject([{ name: 'CC-1', program: shell }]);
  });

  it('what it exports reaches the programs that are started then', async () => {
    const { stdout } = await inShell('claude-session CC-1 >/dev/null; env');
    expect(stdout).toMatch(/^CLAUDE_RELAY_SESSION_ID=CC-1$/m);
  });

  const HOSTILE = [
    'a;touch x',
    '$(touch x)',
    '`touch x`',
    "';touch x;'",
    '";touch x;"',
    'x\ntouch x',
    '(touch x)',
    '--help',
    '-n',
    '--pid',
    '*',
    '{a,b}',
    'all',
    '',
    ' ',
  ];

  it.each(HOSTILE)('the name %j is refused: nothing runs, nothing is exported, no ✓', async (name) => {
    const line = `claude-session "$NAME"; set_status=$?; ${show}; exit $set_status`;
    const fishLine = `claude-session "$NAME"; set -l failed $status; ${show}; exit $failed`;
    const { code, stdout, stderr, leftovers } = await inShell(shell === 'fish' ? fishLine : line, {
      env: { NAME: name },
    });
    expect([code, stdout, leftovers]).toEqual([2, '<>', []]);
    expect(stderr).toContain("cannot be a session's name");
  });

  it.each(['claude-session', 'claude-session a b'])('%s says how it is used', async (line) => {
    const { code, stdout, stderr } = await inShell(line);
    expect([code, stdout, stderr]).toEqual([2, '', 'usage: claude-session NAME\n']);
  });

  it('a name that is taken is refused, and the one from before stays', async () => {
    const again = `${[program, ...flags].join(' ')} "$AGAIN"`;
    const load = shell === 'fish' ? 'printf %s $FUNCTIONS | source' : 'eval "$FUNCTIONS"';
    const AGAIN = `${load}\nclaude-session CC-1\n${show}`;
    const line = shell === 'fish' ? again : `${again}; :`;
    const { stdout, stderr } = await inShell(`claude-session CC-1\n${line}`, { env: { AGAIN } });
    expect(stdout).toBe('✓ Registered: CLAUDE_RELAY_SESSION_ID=CC-1\n<CC-1>');
    expect(stderr).toMatch(new RegExp(`claude-relay: CC-1 is taken by process \\d+ \\(${shell}, in /`));
  });

  it('a shell that takes another name gives up its first', async () => {
    const { stdout, home } = await inShell(`claude-session CC-1; claude-session CC-2 >/dev/null; ${show}`);
    expect(stdout).toContain('<CC-2>');
    expect((await readRegistry(home)).sessions.map(({ name }) => name)).toEqual(['CC-2']);
  });

  it('a state directory that others can reach: a reason, a status, no ✓', async () => {
    const open = tempDir();
    const loose = join(open, 'loose');
    mkdirSync(loose, { mode: 0o755 });
    const { code, stdout, stderr } = await inShell('claude-session CC-1', { env: { CLAUDE_RELAY_HOME: loose } });
    expect([code, stdout]).toEqual([78, '']);
    expect(stderr).toContain(`chmod 700 ${loose}`);
  });

  it('a program that is gone: a status, no ✓, nothing exported', async () => {
    const { stdout, stderr } = await inShell(`claude-session CC-1; ${show}`, { script: '/nowhere/cli.mjs' });
    expect(stdout).toBe('<>');
    expect(stderr).toContain('/nowhere/cli.mjs');
  });

  it('a program that says nothing and succeeds: no ✓', async () => {
    const silent = join(tempDir(), 'silent.mjs');
    writeFileSync(silent, '');
    const { code, stdout, stderr } = await inShell('claude-session CC-1', { script: silent });
    expect([code, stdout, stderr]).toEqual([1, '', 'claude-session: nothing was registered.\n']);
  });

  it.each(NASTY_PATHS)('works from a checkout called %j', async (name) => {
    const { stdout, stderr, leftovers } = await inShell(`claude-session CC-1; ${show}`, { script: checkout(name) });
    expect([stdout, stderr, leftovers]).toEqual(['✓ Registered: CLAUDE_RELAY_SESSION_ID=CC-1\n<CC-1>', '', []]);
  });

  it('claude-sessions and claude-peers pass on their arguments, and the status', async () => {
    const echo = join(tempDir(), 'echo.mjs');
    writeFileSync(echo, 'process.stdout.write(JSON.stringify(process.argv.slice(2))); process.exitCode = 7;');
    for (const name of ['sessions', 'peers']) {
      const { code, stdout } = await inShell(`claude-${name} --json "two words" '$x'`, { script: echo });
      expect([code, stdout]).toEqual([7, JSON.stringify([name, '--json', 'two words', '$x'])]);
    }
  });

  it('is loaded by the line of the help, which finds out which shell it is', async () => {
    const home = tempDir();
    const load = shell === 'fish' ? 'claude-relay shell-init | source' : 'eval "$(claude-relay shell-init)"';
    const env = { CLAUDE_RELAY_HOME: home, SHELL: '/bin/false' };
    const { stdout, stderr } = await machine.spawn(program, [...flags, `${load}\nclaude-session CC-9`], {
      input: '',
      env,
    }).ended;
    expect([stdout, stderr]).toEqual(['✓ Registered: CLAUDE_RELAY_SESSION_ID=CC-9\n', '']);
  });

  it('defines nothing that the shell complains about, and says nothing', async () => {
    expect(await inShell(':')).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(await inShell(`${quote} x >/dev/null`)).toMatchObject({ stderr: '' });
  });
});

describe.each(SHELLS.filter(({ shell }) => shell !== 'fish'))('in a strict $shell', ({ shell, command }) => {
  beforeEach(({ skip }) => needs(shell, skip));

  const [program, ...flags] = command;
  const strict = async (line: string) => {
    const env = {
      CLAUDE_RELAY_HOME: tempDir(),
      FUNCTIONS: shellFunctions(shell, [process.execPath, join(ROOT, 'dist/cli.mjs')]),
    };
    return machine.spawn(program, [...flags, `set -eu\neval "$FUNCTIONS"\n${line}`], { input: '', env }).ended;
  };

  it('the functions hold under set -eu', async () => {
    expect((await strict('claude-session CC-1')).stdout).toContain('✓');
    expect((await strict('claude-session || echo refused')).stdout).toBe('refused\n');
  });

  it('a failure ends a script that wants that', async () => {
    const { code, stdout } = await strict('claude-session "no name"; echo not reached');
    expect([code, stdout]).toEqual([2, '']);
  });

  it('aliases of the names do no harm', async () => {
    const aliases = shell === 'bash' ? 'shopt -s expand_aliases\n' : '';
    const before = `${aliases}alias claude-session='echo aliased' claude-peers='echo aliased'\n`;
    const { stderr } = await strict(
      `${before}eval "$FUNCTIONS"\nunalias claude-session claude-peers\nclaude-session CC-1`,
    );
    expect(stderr).toBe('');
  });
});

describe.each([
  ['bash', 'set -o posix; set -f; shopt -s nullglob failglob; IFS=-'],
  ['bash', 'set -o noclobber; set -o physical; shopt -s nocasematch extglob'],
  ['zsh', 'setopt sh_word_split glob_subst; IFS=-'],
  ['zsh', 'setopt ksh_arrays no_unset err_return'],
  ['zsh', 'setopt rc_quotes csh_null_glob warn_create_global'],
  ['zsh', 'emulate sh'],
  ['zsh', 'emulate ksh'],
] as const)('in a %s with %s', (shell, options) => {
  beforeEach(({ skip }) => needs(shell, skip));

  it('the functions work all the same', async () => {
    const flags = shell === 'bash' ? ['--norc', '--noprofile', '-c'] : ['-f', '-c'];
    const functions = shellFunctions(shell, [process.execPath, checkout("it's a checkout")]);
    // POSIX mode knows no function names with a dash when it reads them; people turn it on later, if at all.
    const line = `eval "$FUNCTIONS"\n${options}\nclaude-session CC-1\nprintf '<%s>' "$CLAUDE_RELAY_SESSION_ID"`;
    const env = { CLAUDE_RELAY_HOME: tempDir(), FUNCTIONS: functions };
    const { stdout, stderr } = await machine.spawn(shell, [...flags, line], { input: '', env }).ended;
    expect([stdout, stderr]).toEqual(['✓ Registered: CLAUDE_RELAY_SESSION_ID=CC-1\n<CC-1>', '']);
  });
});

describe.each([
  ['bash', '.bashrc', ['-i']],
  ['zsh', '.zshrc', ['-i']],
  ['fish', '.config/fish/config.fish', ['-i']],
] as const)('in a start-up file of an interactive %s', (shell, file, flags) => {
  beforeEach(({ skip }) => needs(shell, skip));

  it('the line of the help works', async () => {
    const path = join(machine.user, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(
      path,
      shell === 'fish' ? 'claude-relay shell-init fish | source\n' : 'eval "$(claude-relay shell-init)"\n',
    );
    const env = { CLAUDE_RELAY_HOME: tempDir(), TERM: 'dumb', SHELL: '/bin/sh' };
    const { stdout } = await machine.spawn(shell, [...flags, '-c', 'claude-session CC-1'], { input: '', env }).ended;
    expect(stdout).toContain('✓ Registered: CLAUDE_RELAY_SESSION_ID=CC-1\n');
  });
});

describe('the text', () => {
  it.each(['bash', 'zsh', 'fish'] as const)('for %s reads as it did', (shell) => {
    expect(shellFunctions(shell, ['/usr/bin/node', "/it's/cli.mjs"])).toMatchSnapshot();
  });

  it('passes shellcheck', async ({ skip }) => {
    needs('shellcheck', skip);
    const { code, stdout } = await machine.spawn('shellcheck', ['--shell=bash', '-'], {
      input: shellFunctions('bash', ['/a b/node', "/it's"]),
    }).ended;
    expect([code, stdout]).toEqual([0, '']);
  });

  it('is for the shell that was named', async () => {
    const { out } = await commandLine(['shell-init', 'fish'], { home: tempDir() });
    expect(out).toBe(shellFunctions('fish', ['/usr/bin/node', '/opt/claude-relay/dist/cli.mjs']));
    expect((await commandLine(['shell-init', 'tcsh'], { home: tempDir() })).code).toBe(2);
  });
});
