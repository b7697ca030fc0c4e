import { describe, expect, it } from 'vitest';
import { onlyPeople, refuseSecrets } from '../../src/cli/secrets.ts';
import { Failure } from '../../src/util/failure.ts';
import { textOutput } from '../support/command-line.ts';

const TOKEN = `glpat-${'x7Kq2'.repeat(4)}`;

describe('a secret on the command line', () => {
  it('is refused with what to do', async () => {
    const error = await refuseSecrets({ body: TOKEN }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(Failure);
    expect(error).toMatchObject({ kind: 'refused', remedy: expect.stringContaining('--allow-secret') });
  });

  it('is no matter where there is none', async () => {
    await expect(refuseSecrets({ body: 'hello' })).resolves.toBeUndefined();
  });
});

describe('--allow-secret', () => {
  const terminal = textOutput({ tty: true }).out;
  const pipe = textOutput().out;

  it('is for a person at a terminal', () => {
    expect(() => onlyPeople({ out: terminal, env: { CLAUDE_RELAY_ALLOW_SECRET: '0' } })).not.toThrow();
  });

  it.each([
    ['a pipe', pipe, {}, 'this is no terminal'],
    ['Claude Code', terminal, { CLAUDECODE: '1' }, 'within claude-code'],
    ['Codex', terminal, { CODEX_THREAD_ID: 'x' }, 'within codex'],
    ['a pipe, whatever its variables say', pipe, { CLAUDE_RELAY_ALLOW_SECRET: '1' }, 'this is no terminal'],
  ])('is not for %s', (_who, out, env, why) => {
    expect(() => onlyPeople({ out, env })).toThrow(why);
  });
});
