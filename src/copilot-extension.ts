/**
 * The file that `claude-relay install copilot` puts into Copilot CLI's folder of extensions, which it starts as a process of
 * its own beside each session, in its experimental mode. stdout is its line to Copilot CLI: nothing is printed.
 */

import { resolveHome } from './config/paths.ts';
import { berthsBeside } from './plugins/berth.ts';
import { CopilotExtension, copilotSession } from './plugins/copilot/extension.ts';
import { quietly } from './plugins/quietly.ts';
import { systemClock } from './util/clock.ts';
import { fieldsOf } from './util/fields.ts';

/** Copilot CLI puts it in the way of the import; it is in no package of ours. */
const SDK = '@github/copilot-sdk/extension';

async function joinSession(): Promise<unknown> {
  const { joinSession: join } = fieldsOf({ ...(await import(SDK)) });
  return typeof join === 'function' ? join({}) : undefined;
}

async function main(): Promise<void> {
  const id = process.env.SESSION_ID;
  const session = id === undefined ? undefined : copilotSession(await joinSession());
  if (id === undefined || !session) return;
  const sought = { program: 'copilot', parent: process.ppid, session: id };
  const find = () => berthsBeside(resolveHome(process.env), sought).map(({ socket }) => socket);
  new CopilotExtension({ session, id, find, clock: systemClock }).start();
}

await quietly(main)();
