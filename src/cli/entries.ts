/**
 * What is started by the command line but is no command of it: each has its own `main(argv, env)` and is loaded alone, before
 * any framework. `mcp` starts with every agent session; its start-up time is somebody's waiting.
 */

export type Entry = (argv: readonly string[], env: NodeJS.ProcessEnv) => Promise<number>;

/** The entry that `argv` asks for. Help is the framework's, but for `mcp`, which has its own so as to load nothing. */
export function entryOf([first, ...rest]: readonly string[]): (() => Promise<Entry>) | undefined {
  if (first === 'mcp') return async () => (await import('../mcp/main.ts')).main;
  const asksHelp = rest.includes('--help') || rest.includes('-h');
  if (first === 'serve' && !asksHelp) return async () => (await import('../serve.ts')).main;
  return undefined;
}
