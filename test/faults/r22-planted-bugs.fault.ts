/** R22: the tests can fail. Each of twelve bugs is put into the program, and the test that guards against it must say so by name. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../scripts/ensure.mjs';
import { tempDir } from '../support/temp-dir.ts';
import { PLANTS, type Plant } from './plants.ts';
import { PLANTED } from './support/counts.ts';
import { record } from './support/figures.ts';
import { plantedBundle } from './support/planting.ts';

interface Case {
  readonly fullName: string;
  readonly status: string;
  readonly failureMessages?: readonly string[];
}

const VITEST = join(ROOT, 'node_modules/vitest/vitest.mjs');
const CONFIG = join(ROOT, 'test/faults/vitest.config.ts');

/** The cases of that one test file, run over sources with the bug in them. */
async function run({ name, caughtBy, inProcess }: Plant): Promise<readonly Case[]> {
  const report = join(tempDir(), 'report.json');
  const bundle = inProcess ? await plantedBundle(name) : undefined;
  const env = { ...process.env, FAULTS_PLANT: name, FAULTS_FIGURES: '', CLAUDE_RELAY_TEST_CLI: bundle?.cli ?? '' };
  const args = [
    'run',
    '--config',
    CONFIG,
    '--reporter=json',
    `--outputFile=${report}`,
    '-t',
    caughtBy.test.source,
    `${caughtBy.file}.fault.ts`,
  ];
  const child = spawn(process.execPath, [VITEST, ...args], { cwd: ROOT, env, stdio: 'ignore' });
  await once(child, 'exit');
  bundle?.remove();
  const { testResults }: { testResults: { assertionResults: Case[] }[] } = JSON.parse(readFileSync(report, 'utf8'));
  return testResults.flatMap(({ assertionResults }) => assertionResults).filter(({ status }) => status !== 'skipped');
}

// A run over planted sources runs this file, too, when it is asked for all.
describe.skipIf(PLANTED !== undefined)('R22: a bug', () => {
  const caught: string[] = [];

  it.each(PLANTS)('“$name” is caught', async (plant) => {
    const cases = await run(plant);
    const failed = cases.filter(({ status }) => status === 'failed');
    expect(failed.map(({ fullName }) => fullName)).toEqual([expect.stringMatching(plant.caughtBy.test)]);
    expect(failed[0]?.failureMessages?.join('\n')).toMatch(plant.caughtBy.says);
    caught.push(plant.name);
  });

  it('of the twelve, all were caught', () => {
    expect(caught).toHaveLength(PLANTS.length);
    record('R22', { planted: PLANTS.length, caught: caught.length, bugs: caught.join('; ') });
  });
});
