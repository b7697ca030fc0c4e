import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cacheDir, install } from '../../../scripts/programs/install.mjs';
import { PINNED, startFile } from '../../../scripts/programs/pinned.mjs';
import { tempDir } from '../../support/temp-dir.ts';

const { version = '' } = PINNED['codex'] ?? {};

/** Stands for npm: leaves the file that is started, for one kind of machine. */
function npm(arch = 'x64') {
  const calls: { args: readonly string[]; cwd: string }[] = [];
  const run = (_say: string, _command: string, args: readonly string[], cwd: string) => {
    calls.push({ args, cwd });
    const program = PINNED['codex'];
    if (!program) throw new Error('codex is not pinned');
    const file = startFile(cwd, program, arch);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, '');
  };
  return { calls, run };
}

describe('the cache of agent programs', () => {
  it.each([
    [{ CLAUDE_RELAY_PROGRAMS: '/srv/programs', XDG_CACHE_HOME: '/x' }, '/srv/programs'],
    [{ XDG_CACHE_HOME: '/x' }, '/x/claude-relay/programs'],
    [{ XDG_CACHE_HOME: '' }, '/home/anna/.cache/claude-relay/programs'],
    [{}, '/home/anna/.cache/claude-relay/programs'],
  ])('is by %j at %s', (env, dir) => {
    expect(cacheDir(env, '/home/anna')).toBe(dir);
  });
});

describe('installing an agent program', () => {
  it('asks for exactly the pinned version, and runs no scripts', () => {
    const { calls, run } = npm();
    install('codex', { cache: tempDir(), arch: 'x64', run });
    expect(calls[0]?.args).toEqual(
      expect.arrayContaining(['install', '--ignore-scripts', '--save-exact', `@openai/codex@${version}`]),
    );
  });

  it('is done once, below its name and version, and answers with what to start', () => {
    const { calls, run } = npm();
    const cache = join(tempDir(), 'not/there/yet');
    const file = install('codex', { cache, arch: 'x64', run });
    expect(install('codex', { cache, arch: 'x64', run })).toBe(file);
    expect(file.startsWith(join(cache, `codex@${version}/node_modules/@openai/codex-linux-x64/`))).toBe(true);
    expect(existsSync(file)).toBe(true);
    expect(calls).toHaveLength(1);
  });

  it('leaves nothing behind when it fails, and is tried again', () => {
    const cache = tempDir();
    const broken = () => {
      throw new Error('`npm install` failed.');
    };
    expect(() => install('codex', { cache, run: broken })).toThrow('`npm install` failed.');
    expect(readdirSync(cache)).toEqual([]);
    const { calls, run } = npm();
    install('codex', { cache, arch: 'x64', run });
    expect(calls).toHaveLength(1);
  });

  it('takes what somebody else has installed meanwhile', () => {
    const cache = tempDir();
    const { run } = npm();
    const late: typeof run = (say, command, args, cwd) => {
      install('codex', { cache, arch: 'x64', run });
      run(say, command, args, cwd);
    };
    expect(existsSync(install('codex', { cache, arch: 'x64', run: late }))).toBe(true);
    expect(readdirSync(cache)).toEqual([`codex@${version}`]);
  });

  it('says so of a machine that there is no program for, and of a name that nobody knows', () => {
    const { run } = npm();
    const cache = tempDir();
    expect(() => install('codex', { cache, arch: 'riscv64', run })).toThrow(/has nothing for linux-riscv64/);
    expect(() => install('emacs', { cache, run })).toThrow('There is no program named emacs.');
  });

  it('finds the file of the other kind of processor by its own names', () => {
    const { run } = npm('arm64');
    const file = install('codex', { cache: tempDir(), arch: 'arm64', run });
    expect(file).toMatch(/codex-linux-arm64\/vendor\/aarch64-unknown-linux-musl\/bin\/codex$/);
  });
});

describe('the pinned programs', () => {
  it.each(Object.entries(PINNED))('%s has an exact version', (_name, program) => {
    expect(program.version).toMatch(/^\d+\.\d+\.\d+$/);
  });
});
