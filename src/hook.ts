/**
 * `claude-relay hook <program> <event>`: what an agent program runs at its events. It carries the program's words to the
 * session process beside it, and prints the answer. It never stands in the way: no session, no answer in time, anything
 * that goes wrong is silence and exit code 0.
 */
import { resolveHome } from './config/paths.ts';
import { ask, type Reply } from './hooks/ask.ts';
import { candidates } from './hooks/find.ts';
import { readInput } from './hooks/input.ts';
import { systemClock } from './util/clock.ts';
import { EXIT } from './util/failure.ts';
import { isStarted } from './util/started.ts';

/** From the start; after it the program goes on without us. Milliseconds. */
const PATIENCE = 300;
/** The one event whose hook is there to wait. */
const WAIT = 'Wait';

/** Resolves with the exit code. `argv` is what stands after `hook`. */
export async function main(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const [program, event] = argv;
  if (program === undefined || event === undefined) return usage();
  const overdue = event === WAIT ? undefined : systemClock.after(PATIENCE, () => process.exit(0));
  try {
    const reply = await carry(program, event, env);
    return reply?.exit ?? 0;
  } catch {
    return 0; // an unusable state directory, for one: the relay's commands say so, a hook does not
  } finally {
    overdue?.cancel();
  }
}

async function carry(program: string, event: string, env: NodeJS.ProcessEnv): Promise<Reply | undefined> {
  const input = await readInput(process.stdin);
  const session = [input.session_id, input.sessionId, input.conversation_id, input.conversationId].find(isText);
  const cwd = isText(input.cwd) ? input.cwd : process.cwd();
  for (const { socket } of candidates(resolveHome(env), { program, session, cwd })) {
    const reply = await ask(socket, { hook: program, event, input }, printed);
    if (reply) return reply;
  }
  return undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

async function printed({ stdout, stderr }: Reply): Promise<void> {
  await Promise.all([written(process.stdout, stdout), written(process.stderr, stderr)]);
}

function written(stream: NodeJS.WriteStream, text: string | undefined): Promise<void> {
  if (!text) return Promise.resolve();
  return new Promise((resolve) => stream.write(`${text}\n`, () => resolve()));
}

function usage(): number {
  process.stderr.write(
    'Usage: claude-relay hook <program> <event>; agent programs run it, see claude-relay install --help.\n',
  );
  return EXIT.error; // not 2, by which a hook of Claude Code stops what it was called for
}

if (isStarted(import.meta.url)) void main(process.argv.slice(2), process.env).then((code) => process.exit(code));
