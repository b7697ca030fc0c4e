/** In a process of its own: the one of the tests is held by many things. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';
import { beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../../scripts/ensure.mjs';
import { holding } from '../../src/util/holding.ts';
import { runProgram } from '../../src/util/run.ts';
import { tempDir } from '../support/temp-dir.ts';

let code = '';

beforeAll(async () => {
  const build = await rolldown({ input: join(ROOT, 'src/util/holding.ts'), external: [/^node:/], platform: 'node' });
  const { output } = await build.generate({ format: 'es' });
  await build.close();
  code = output[0].code;
});

/** Runs `script`, which finds `holding` and a promise that only a timer that holds nothing fulfils. */
async function run(script: string) {
  const module = join(tempDir(), 'holding.mjs');
  writeFileSync(module, code);
  const head = `import { holding } from ${JSON.stringify(pathToFileURL(module).href)};
    const late = () => new Promise((resolve) => setTimeout(() => resolve('done'), 30).unref());`;
  return runProgram(process.execPath, ['--input-type=module', '-e', `${head}\n${script}`]);
}

describe('a process', () => {
  it('ends before what it awaits when nothing holds it: the reason for all this', async () => {
    expect(await run('console.log(await late())')).toMatchObject({ code: 13, stdout: '' });
  });

  it('is held until the work is done, and not longer', async () => {
    const script = 'console.log(await holding(late)); setTimeout(() => console.log("too long"), 5_000).unref();';
    expect(await run(script)).toMatchObject({ code: 0, stdout: 'done\n' });
  });

  it('is let go when the work fails, too', async () => {
    const script =
      'await holding(() => Promise.reject(new Error("broke"))).catch((error) => console.log(error.message));';
    expect(await run(script)).toMatchObject({ code: 0, stdout: 'broke\n' });
  });
});

it('the answer is the work’s own', async () => {
  expect(await holding(async () => 5)).toBe(5);
  await expect(holding(() => Promise.reject(new Error('broke')))).rejects.toThrow('broke');
});
