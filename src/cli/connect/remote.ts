/** The other machine, over SSH: finds claude-relay there, and asks it for things. Everything goes to `sh` by its standard input. */
import { type JoinLine, readJoinLine } from '../../protocol/people.ts';
import { complaint, remoteShell, sshFailure, sshLine, type Way } from '../../service/ssh.ts';
import { Failure } from '../../util/failure.ts';
import { fieldsOf } from '../../util/fields.ts';
import type { Ran, Runner } from '../../util/run.ts';
import { shellQuote } from '../../util/shell-quote.ts';
import { VERSION } from '../../util/version.ts';
import { checkNode } from '../checks/machine.ts';
import type { RelayHere } from '../relay-here.ts';

/** claude-relay, as it is called there. */
export interface RemoteProgram {
  readonly words: readonly string[];
  /** `PATH` under which its Node is found. */
  readonly path: string;
  readonly version: string;
}

/**
 * The PATH of a shell that is not interactive knows little: node may be known to the login shell only, or to none (nvm). `same` is where
 * this very program lies here; it may lie there, too.
 */
const lookFor = (same: string): string => `
fact() { printf 'claude-relay %s %s\\n' "$1" "$2"; }
quiet() { "$@" </dev/null 2>/dev/null; }
PATH="$PATH:/usr/local/bin:/opt/homebrew/bin:$HOME/.local/bin:$HOME/.npm-global/bin:$HOME/.volta/bin:$HOME/.asdf/shims"
PATH="$PATH$(quiet ls -d "$HOME"/.nvm/versions/node/*/bin | sort -rV | sed 's/^/:/' | tr -d '\\n')"
if ! quiet command -v node >/dev/null || ! quiet command -v claude-relay >/dev/null; then
  login=$(quiet "\${SHELL:-/bin/sh}" -lc 'printf "\\nclaude-relay path %s\\n" "$PATH"' | sed -n 's/^claude-relay path //p')
  [ -z "$login" ] || PATH="$login:$PATH"
fi
export PATH
fact path "$PATH"
command -v node >/dev/null && fact node "$(quiet node --version)"
program=$(command -v claude-relay)
if [ -z "$program" ] && command -v npm >/dev/null; then
  program="$(quiet npm prefix -g)/bin/claude-relay"
  [ -x "$program" ] || program=
fi
if [ -n "$program" ]; then
  fact program "$program"
  fact version "$(quiet "$program" --version)"
elif [ -f ${shellQuote(same)} ]; then
  fact script ${shellQuote(same)}
  fact version "$(quiet node ${shellQuote(same)} --version)"
fi
exit 0
`;

/** How long an invitation is open: it is taken at once. */
const OPEN = '2m';

export class Remote {
  readonly way: Way;
  readonly #run: Runner;

  constructor(way: Way, run: Runner) {
    this.way = way;
    this.#run = run;
  }

  /** Throws a Failure that says what is missing there and how to get it. */
  async find(script: string): Promise<RemoteProgram> {
    const { stdout } = await this.#shell(lookFor(script));
    const facts = new Map(
      [...stdout.matchAll(/^claude-relay (\S+) (.*)$/gm)].map(([, key = '', value = '']) => [key, value]),
    );
    const { target } = this.way;
    const node = facts.get('node')?.replace(/^v/, '');
    if (!node)
      throw new Failure(
        'error',
        `There is no Node on ${target}.`,
        `Install Node 20.19 or later there, then: ${this.#install()}`,
      );
    if (checkNode(node).state === 'fail')
      throw new Failure('error', `Node ${node} on ${target} is too old.`, 'Install Node 20.19 or later there.');
    const [program, same] = [facts.get('program'), facts.get('script')];
    const words = program !== undefined ? [program] : same !== undefined ? ['node', same] : undefined;
    if (words === undefined) throw new Failure('error', `claude-relay is not installed on ${target}.`, this.#install());
    const version = facts.get('version') ?? '';
    if (!/^\d+\.\d+\.\d+/.test(version))
      throw new Failure(
        'error',
        `${words.at(-1)} on ${target} does not run.`,
        `See: ${sshLine(this.way, words.map(shellQuote).join(' '), '--version')}`,
      );
    return { words, version, path: facts.get('path') ?? '' };
  }

  /** The relay there, started if there is none. */
  async relay(program: RemoteProgram): Promise<RelayHere> {
    const { stdout } = await this.ask(program, ['service', 'start', '--json']);
    const answer = lastJson(stdout);
    if (isRelayHere(answer)) return answer;
    throw new Failure('error', `claude-relay on ${this.way.target} did not say where its relay is.`, this.#install());
  }

  /** Runs claude-relay there. Throws a Failure with its own words when it ends with anything but 0. */
  async ask({ words, path }: RemoteProgram, args: readonly string[]): Promise<Ran> {
    const line = [...words, ...args].map(shellQuote).join(' ');
    const ran = await this.#shell(`PATH=${shellQuote(path)}\nexport PATH\nexec ${line} </dev/null\n`, 'any');
    if (ran.code === 0) return ran;
    const { target } = this.way;
    // EXIT.usage: a version that does not know these words.
    if (ran.code === 2)
      throw new Failure('error', `claude-relay on ${target} is too old for this one (${VERSION}).`, this.#install());
    const [, message, remedy] = /claude-relay: (.*)\n(?: {2}(.*))?/.exec(`${ran.stderr}\n`) ?? [];
    throw new Failure('error', `On ${target}: ${message ?? `claude-relay ended with ${ran.code}.`}`, remedy);
  }

  /** By which a machine becomes a device of that relay's owner, once and soon; `near` is where it reaches it. */
  async invitation(program: RemoteProgram, { url }: RelayHere, near: string): Promise<JoinLine> {
    // By its address: the user there may have joined another relay.
    const words = ['invite', '--mine', '--for', OPEN, '--address', near, '--relay-url', url, '--json'];
    const { line } = fieldsOf(lastJson((await this.ask(program, words)).stdout));
    const read = typeof line === 'string' ? readJoinLine(line) : undefined;
    if (read !== undefined) return read;
    throw new Failure('error', `claude-relay on ${this.way.target} made no invitation.`, this.#install());
  }

  async #shell(script: string, codes: 'ok' | 'any' = 'ok'): Promise<Ran> {
    const ran = await this.#run('ssh', remoteShell(this.way), script);
    const failure = sshFailure(this.way, ran);
    if (failure !== undefined) throw failure;
    if (ran.code === 0 || codes === 'any') return ran;
    throw (
      complaint(this.way, ran.stderr) ??
      new Failure(
        'error',
        `There is no shell for us on ${this.way.target} (${ran.code}).`,
        `See that this works: ${sshLine(this.way, 'sh -c true')}`,
      )
    );
  }

  #install(): string {
    return sshLine(this.way, `npm install -g claude-relay@${VERSION}`);
  }
}

/** A login message may stand before it. */
function lastJson(text: string): unknown {
  const line = text.split('\n').findLast((each) => each.startsWith('{'));
  try {
    return JSON.parse(line ?? '');
  } catch {
    return undefined; // which is no answer
  }
}

function isRelayHere(value: unknown): value is RelayHere {
  if (typeof value !== 'object' || value === null) return false;
  const { url, port, version, home, started, hint }: Partial<Record<keyof RelayHere, unknown>> = value;
  const isPort = typeof port === 'number' && Number.isInteger(port) && port > 0 && port < 65_536;
  const isText = typeof url === 'string' && typeof version === 'string' && typeof home === 'string';
  const isTextOrNothing = (text: unknown) => text === undefined || typeof text === 'string';
  return isPort && isText && isTextOrNothing(started) && isTextOrNothing(hint);
}
