/** `claude-relay`: routes to the entry or the command that was asked for, and makes its answer the exit code. */
import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import type { Surroundings } from './command.ts';
import { type Entry, entryOf } from './entries.ts';

function surroundings(signal: AbortSignal, run: Surroundings['run']): Surroundings {
  return {
    env: process.env,
    cwd: process.cwd(),
    platform: process.platform,
    userHome: homedir(),
    node: process.execPath,
    // Through the link that a package manager puts into PATH: the link may go with the next version, or point elsewhere.
    script: realpathSync(process.argv[1] ?? ''),
    stdin: process.stdin,
    run,
    signal,
  };
}

async function runCommandLine(argv: readonly string[]): Promise<number> {
  const [{ runCommands }, { COMMANDS }, { runProgram }, { VERSION }, { Ending }] = await Promise.all([
    import('./program.ts'),
    import('./commands/all.ts'),
    import('../util/run.ts'),
    import('../util/version.ts'),
    import('./ending.ts'),
  ]);
  const { stderr } = process;
  const ending = new Ending(process);
  const { stdout } = ending;
  const around = surroundings(ending.signal, runProgram);
  return ending.judge(await runCommands(argv, { ...around, stdout, stderr, commands: COMMANDS, version: VERSION }));
}

async function runWhatIsAsked(argv: readonly string[]): Promise<number> {
  const load = entryOf(argv);
  if (load === undefined) return runCommandLine(argv);
  const entry = await load();
  return entry(argv.slice(1), process.env);
}

const [, , ...argv] = process.argv;
if (argv[0] === 'hook') {
  // Agent programs wait for it at each of their events: it loads nothing else, holds itself, and is no module to wait for.
  const { main }: { main: Entry } = createRequire(import.meta.url)('./hook.cjs');
  process.exit(await main(argv.slice(1), process.env));
}
// A command is over when it answers, not when it happens to wait for nothing but a timer.
const { holding } = await import('../util/holding.ts');
process.exitCode = await holding(() => runWhatIsAsked(argv));
