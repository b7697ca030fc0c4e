import { describe, expect, it } from 'vitest';
import { runSteps } from '../../scripts/check.mjs';
import { fileProblems, packedPaths, scriptProblems } from '../../scripts/pack.mjs';

describe('the checks', () => {
  function run(steps: Parameters<typeof runSteps>[0]) {
    const said: string[] = [];
    return { failed: runSteps(steps, (line) => said.push(line)), said };
  }

  it('pass when none has anything to say', () => {
    expect(run({ types: () => [], lint: () => [] })).toEqual({ failed: 0, said: ['ok      types', 'ok      lint'] });
  });

  it('go on after one that failed, and count it', () => {
    const { failed, said } = run({
      types: () => ['a.ts is wrong', 'b.ts too'],
      lint: () => [],
      arrows: () => ['c -> d'],
    });
    expect(failed).toBe(2);
    expect(said).toEqual(['failed  types\na.ts is wrong\nb.ts too', 'ok      lint', 'failed  arrows\nc -> d']);
  });

  it('take one that broke for one that failed', () => {
    const broken = () => {
      throw new Error('No module was cruised.');
    };
    expect(run({ arrows: broken })).toEqual({ failed: 1, said: ['failed  arrows\nNo module was cruised.'] });
  });
});

describe('what is published', () => {
  const good = [
    'LICENSE',
    'README.md',
    'THIRD-PARTY-NOTICES',
    'package.json',
    'dist/cli.mjs',
    'dist/mcp.mjs',
    'dist/chunks/a-X_1.mjs',
  ];

  it('is what a user needs', () => {
    expect(fileProblems(good)).toEqual([]);
  });

  it.each(['dist/.built-from', 'src/cli/main.ts', '.npmrc', 'dist/cli.mjs.map', 'test/a.test.ts', 'dist/chunks/token'])(
    'is not %s',
    (path) => {
      expect(fileProblems([...good, path])).toEqual([`${path} would be published.`]);
    },
  );

  it.each(['LICENSE', 'THIRD-PARTY-NOTICES', 'README.md', 'dist/cli.mjs'])('is not without %s', (path) => {
    expect(fileProblems(good.filter((other) => other !== path))).toEqual([`${path} would not be published.`]);
  });

  it('is read from either way that npm prints it', () => {
    const packed = { files: [{ path: 'LICENSE' }] };
    expect(packedPaths([packed])).toEqual(['LICENSE']);
    expect(packedPaths({ 'claude-relay': packed })).toEqual(['LICENSE']);
  });

  it.each(['preinstall', 'install', 'postinstall', 'prepare'])('runs no %s', (name) => {
    expect(scriptProblems({ [name]: 'node x.mjs', build: 'y' })).toEqual([
      `The script ${name} would run on the user's machine.`,
    ]);
  });
});
