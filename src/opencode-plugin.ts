/**
 * The file that `claude-relay install opencode` puts into OpenCode's folder of plugins: one file, in its process, with nothing
 * but modules of Node. OpenCode takes every export for a plugin, so there is one.
 */
import { resolveHome } from './config/paths.ts';
import { berthsBeside } from './plugins/berth.ts';
import { begunWith } from './plugins/opencode/begun-with.ts';
import { hostOf } from './plugins/opencode/host.ts';
import { type Hooks, OpenCodePlugin } from './plugins/opencode/plugin.ts';
import { systemClock } from './util/clock.ts';
import { commandLineOf } from './util/processes.ts';

/** Never rejects: what a plugin throws is shown to OpenCode's person. A version that we do not know gets no hooks. */
export async function ClaudeRelay(input: unknown): Promise<Partial<Hooks>> {
  const host = hostOf(input);
  if (!host) return {};
  const sought = { program: 'opencode', parent: process.pid, cwd: host.directory };
  const plugin = new OpenCodePlugin({
    host,
    clock: systemClock,
    begun: begunWith(commandLineOf(process.pid)),
    find: () => berthsBeside(resolveHome(process.env), sought).map(({ socket }) => socket),
  });
  plugin.start();
  return plugin.hooks;
}
