import { describe, expect, it } from 'vitest';
import { isShell, shellFrom } from '../../src/cli/shell.ts';
import type { ProcessFacts } from '../../src/util/processes.ts';

/** A line of ancestors, the nearest first. */
function above(...programs: string[]) {
  return (pid: number): ProcessFacts | undefined => {
    const program = programs[pid - 1];
    return program === undefined ? undefined : { parent: pid + 1, program, start: 'x' };
  };
}

const ask = (programs: string[], env: NodeJS.ProcessEnv = {}, named?: string) =>
  shellFrom(named, { env, facts: above(...programs), parent: 1 });

describe('the shell that asks', () => {
  it('is the one that was named', () => {
    expect(ask(['zsh'], { SHELL: '/bin/bash' }, 'fish')).toBe('fish');
  });

  it('is the nearest one above, through what stands between', () => {
    expect(ask(['zsh'])).toBe('zsh');
    expect(ask(['sh', 'node', 'npm exec', 'fish', 'bash'])).toBe('fish');
  });

  it('is not looked for without end', () => {
    expect(ask(['a', 'b', 'c', 'd', 'e', 'f', 'bash'], { SHELL: '/bin/zsh' })).toBe('zsh');
  });

  it('is the login shell when none is above', () => {
    expect(ask([], { SHELL: '/usr/local/bin/fish' })).toBe('fish');
    expect(ask(['login', 'init'], { SHELL: '/bin/zsh' })).toBe('zsh');
  });

  it('must be named when it cannot be told', () => {
    for (const env of [{}, { SHELL: '/bin/sh' }, { SHELL: '' }]) {
      expect(() => ask(['python'], env)).toThrow('It cannot be told which shell this is.');
    }
  });
});

it('there are three shells', () => {
  expect(['bash', 'zsh', 'fish', 'sh', '', 'BASH'].map(isShell)).toEqual([true, true, true, false, false, false]);
});
