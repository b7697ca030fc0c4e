import { describe, expect, it } from 'vitest';
import { PINNED } from '../../scripts/programs/pinned.mjs';
import { readArgs, readyPrograms } from '../../scripts/programs.mjs';

describe('the options of the program tests', () => {
  it.each<[args: string[], named: string[], vitest: string[]]>([
    [[], [], []],
    [
      ['codex', 'claude-code'],
      ['claude-code', 'codex'],
      ['codex', 'claude-code'],
    ],
    [['gemini', '-t', 'codex'], ['gemini'], ['gemini', '-t', 'codex']],
    [['--testNamePattern', 'codex'], [], ['--testNamePattern', 'codex']],
    [['test/programs/doors', '-t', 'idle'], [], ['test/programs/doors', '-t', 'idle']],
  ])('%j', (args, named, vitest) => {
    expect(readArgs(args)).toEqual({ facts: undefined, named, vitest });
  });

  it('say where the facts go', () => {
    expect(readArgs(['codex', '--facts', 'facts.json'])).toEqual({
      facts: 'facts.json',
      named: ['codex'],
      vitest: ['codex'],
    });
    expect(() => readArgs(['--facts'])).toThrow('--facts needs a value.');
  });
});

describe('the programs of a run', () => {
  it('are all that there are, when none is named', () => {
    const manifest = readyPrograms([], (name) => [`/cache/${name}`]);
    expect(Object.keys(manifest)).toEqual(Object.keys(PINNED));
    expect(manifest['codex']).toEqual({ version: PINNED['codex']?.version, command: ['/cache/codex'] });
  });

  it('are otherwise those that are named: nothing else is fetched', () => {
    const asked: string[] = [];
    const manifest = readyPrograms(['codex'], (name) => {
      asked.push(name);
      return [name];
    });
    expect(asked).toEqual(['codex']);
    expect(manifest['gemini']).toMatchObject({ why: 'gemini was not asked for' });
  });

  it('are missing for a reason when they cannot be had, which does not hold up the others', () => {
    const manifest = readyPrograms([], (name) => {
      if (name === 'copilot') throw new Error('npm failed.');
      return [name];
    });
    expect(manifest['copilot']).toMatchObject({ why: 'copilot: npm failed.' });
    expect(manifest['gemini']).toMatchObject({ command: ['gemini'] });
  });
});
