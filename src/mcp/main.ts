/**
 * `claude-relay mcp`: the process of one agent session. It answers its agent program at once, whether or not there is a
 * relay, and connects meanwhile. stdout carries the protocol and nothing else; stderr is silent unless asked.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { agentEnvironment, agentSessionOfCall } from '../agents/environment.ts';
import { FileKeys } from '../client/keys.ts';
import { Names } from '../client/names.ts';
import { parseFlags } from '../config/flags.ts';
import { type Config, loadConfig } from '../config/load.ts';
import { ensureHome, type StatePaths } from '../config/paths.ts';
import { readProject } from '../config/project.ts';
import { wokenAs } from '../config/woken.ts';
import { stricter } from '../protocol/stance.ts';
import { sleep, systemClock } from '../util/clock.ts';
import { EXIT, Failure } from '../util/failure.ts';
import { holding } from '../util/holding.ts';
import { systemRandom } from '../util/random.ts';
import { safeText } from '../util/safe-text.ts';
import { isStarted } from '../util/started.ts';
import { VERSION } from '../util/version.ts';
import { Connected } from './connect.ts';
import { SessionIdentity } from './identity.ts';
import { openLog } from './log.ts';
import type { Host } from './server.ts';
import { type StdioProcess, serveSession } from './stdio.ts';

const HELP = `Usage: claude-relay mcp [--client-id NAME] [--relay-url URL] [--resume]

The process of one agent session: it speaks the Model Context Protocol on stdin and stdout, and is started by an agent
program, not by hand.

  --client-id NAME   the name of this session (CLAUDE_RELAY_SESSION_ID goes before it, RELAY_CLIENT_ID after it)
  --relay-url URL    where the relay is (RELAY_URL; default: the relay that runs here, else ws://localhost:9999)
  --resume           once it has ended, claude-relay resume watch may wake it for mail to it (RELAY_RESUME)
  --log-level LEVEL  debug writes a log to stderr (RELAY_LOG_LEVEL)
  --help

Examples:
  claude mcp add -s user relay -- claude-relay mcp
  codex mcp add relay -- claude-relay mcp --client-id CX-1
`;

/** Goodbye takes at most this long once the connection to the agent program is over. */
const GOODBYE_MS = 1_500;
/** Whatever still holds the process after that does not hold it for long. */
const LINGER_MS = 250;

/** Resolves with the exit code when the session is over. `argv` is what stands after `mcp`. */
export async function main(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  try {
    if (argv.includes('--help') || argv.includes('-h')) {
      process.stdout.write(HELP);
      return EXIT.ok;
    }
    const config = readConfig(argv, env);
    await run(config, ensureHome(config.settings.home), env);
    systemClock.after(LINGER_MS, () => process.exit(EXIT.ok));
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const told = [error.message, error.remedy].filter((words) => words !== undefined).join(' ');
    process.stderr.write(`${safeText(`claude-relay mcp: ${told}`)}\n`);
    return error.exit;
  }
}

function readConfig(argv: readonly string[], env: NodeJS.ProcessEnv): Config {
  const { flags, rest } = parseFlags('mcp', argv);
  if (rest.length > 0) throw new Failure('usage', 'mcp takes flags only.', 'Try: claude-relay mcp --client-id CC-1');
  return loadConfig({ where: ['mcp'], flags, env });
}

async function run(config: Config, paths: StatePaths, env: NodeJS.ProcessEnv): Promise<void> {
  const log = await openLog(config.settings.logLevel, systemClock, process.stderr);
  const cwd = process.cwd();
  const agent = agentEnvironment(env);
  const project = readProject(cwd);
  for (const warning of project.warnings) log(`mcp: ${warning}`);
  const names = new Names(paths.names, systemClock);
  const identity = new SessionIdentity({
    names,
    cwd,
    agent,
    // Whoever was woken is who it was, also where its program takes the variables away or its flags name another.
    clientId: wokenAs(paths.home, process.pid) ?? config.settings.clientId,
    pid: process.pid,
    isUsed: (name) => new FileKeys(paths.keys).knows(name) || existsSync(join(paths.outbox, name)),
    log,
  });
  const connected = new Connected({
    config,
    paths,
    env,
    identity,
    cwd,
    messages: stricter(project.messages, config.settings.messages),
    agent,
    log,
  });
  connected.start();
  await serveSession(hostOf(connected, identity), stdioProcess(connected, log), systemClock);
  log('mcp: the agent program is gone');
  await Promise.race([connected.stop(), sleep(systemClock, GOODBYE_MS)]);
}

function hostOf(connected: Connected, identity: SessionIdentity): Host {
  const { session, shelf, delivery } = connected;
  return {
    session,
    shelf,
    version: VERSION,
    clock: systemClock,
    random: systemRandom,
    onCall(meta) {
      identity.calledWith(meta);
      const id = agentSessionOfCall(meta);
      if (id !== undefined) delivery.bound({ session: id });
    },
    experimental: () => delivery.experimental,
    onServer(notify) {
      connected.notify = notify;
      return () => {
        if (connected.notify === notify) connected.notify = undefined;
      };
    },
  };
}

function stdioProcess(connected: Connected, log: (message: string) => void): StdioProcess {
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    parent: () => process.ppid,
    onSignal(listener) {
      process.once('SIGTERM', listener);
      process.once('SIGINT', listener);
    },
    onClient: (info) => connected.knows(info),
    log,
  };
}

if (isStarted(import.meta.url)) process.exitCode = await holding(() => main(process.argv.slice(2), process.env));
