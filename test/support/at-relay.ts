/** The command line against a relay, both in this process: every command without the time that processes take. */

import { afterEveryTest } from './cleanup.ts';
import { commandLine, type LineOptions, type LineRan } from './command-line.ts';
import { type LiveRelay, liveRelay } from './live-relay.ts';

export interface AtRelay {
  readonly relay: LiveRelay;
  /** To its end, as the user anna. */
  run(args: readonly string[], options?: Partial<LineOptions>): Promise<LineRan>;
  /** As `run`; throws unless it ended with 0. Answers stdout. */
  ok(args: readonly string[], options?: Partial<LineOptions>): Promise<string>;
  /** As `ok`, with `--json`. */
  json(args: readonly string[], options?: Partial<LineOptions>): Promise<unknown>;
}

const relays: LiveRelay[] = [];

export async function atRelay(): Promise<AtRelay> {
  const relay = await liveRelay();
  relays.push(relay);
  const run = (args: readonly string[], { env, ...options }: Partial<LineOptions> = {}) =>
    commandLine(args, { home: relay.home, env: { CLAUDE_RELAY_HOME: relay.home, USER: 'anna', ...env }, ...options });
  const ok = async (args: readonly string[], options?: Partial<LineOptions>) => {
    const { code, out, err } = await run(args, options);
    if (code !== 0) throw new Error(`claude-relay ${args.join(' ')} ended with ${code}:\n${out}\n${err}`);
    return out;
  };
  return { relay, run, ok, json: async (args, options) => JSON.parse(await ok([...args, '--json'], options)) };
}

afterEveryTest(async () => {
  for (const relay of relays.splice(0)) await relay.stop();
});
