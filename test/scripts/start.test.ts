import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BUILT_FROM, hashSources, ROOT } from '../../scripts/ensure.mjs';
import { tempDir } from '../support/temp-dir.ts';

/** Stands for the built command: says how it was started, and how it ends. */
const CLI = `
const open = setInterval(() => {}, 60_000);
process.on('SIGTERM', () => { process.stdout.write('bye\\n'); clearInterval(open); });
process.stdout.write('Ready! ' + process.argv.slice(1).join(' ') + '\\n');
if (process.argv[3] === 'fail') { process.exitCode = 7; clearInterval(open); }
`;

/** A clone that needs neither packages nor a build. */
function readyClone(): string {
  const root = tempDir();
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  put('package.json', '{"name":"claude-relay","type":"module","scripts":{"start":"node scripts/start.mjs"}}');
  put('package-lock.json', '{"packages":{"":{}}}');
  put('node_modules/.package-lock.json', '{"packages":{}}');
  for (const name of ['start.mjs', 'ensure.mjs', 'build.mjs'])
    cpSync(join(ROOT, 'scripts', name), join(root, 'scripts', name));
  put('dist/cli.mjs', CLI);
  put(BUILT_FROM, hashSources(root));
  return root;
}

function outputOf(child: ChildProcess) {
  const waiting: { has: string; found: () => void }[] = [];
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (part: string) => {
    text += part;
    for (const { has, found } of waiting) if (text.includes(has)) found();
  });
  return {
    text: () => text,
    until: (has: string) => new Promise<void>((found) => (text.includes(has) ? found() : waiting.push({ has, found }))),
    exit: new Promise<number | null>((resolve) => child.once('close', resolve)),
  };
}

const STDIO = ['ignore', 'pipe', 'ignore'] as const;

describe('npm start', () => {
  it('serves in its own process, with the arguments that it was given, and takes signals itself', async () => {
    const root = readyClone();
    const child = spawn(process.execPath, ['scripts/start.mjs', '--port', '0'], { cwd: root, stdio: [...STDIO] });
    const output = outputOf(child);
    await output.until('Ready!');
    child.kill('SIGTERM');
    expect(await output.exit).toBe(0);
    expect(output.text()).toBe(`Ready! ${join(root, 'dist/cli.mjs')} serve --port 0\nbye\n`);
  });

  it('has the exit code of what it started', async () => {
    const child = spawn(process.execPath, ['scripts/start.mjs', 'fail'], { cwd: readyClone(), stdio: [...STDIO] });
    expect(await outputOf(child).exit).toBe(7);
  });

  it('ends when the npm that started it was ended, though the shell between them passes nothing on', async () => {
    // `; true` keeps the shell from becoming the relay itself, as some do.
    const child = spawn('sh', ['-c', '"$0" scripts/start.mjs; true', process.execPath], {
      cwd: readyClone(),
      env: { ...process.env, npm_lifecycle_event: 'start' },
      stdio: [...STDIO],
    });
    const output = outputOf(child);
    await output.until('Ready!');
    child.kill('SIGTERM');
    // The relay holds the pipe: this is over when it is.
    await output.exit;
    expect(output.text()).toMatch(/bye\n$/);
  });
});
