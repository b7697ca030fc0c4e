/** How ssh is called: where it may go, what may be said to it, and what its complaints mean. By argument list, and so that it never asks. */
import { resolve } from 'node:path';
import { Failure } from '../util/failure.ts';
import type { Ran } from '../util/run.ts';
import { safeJson } from '../util/safe-text.ts';
import { shellQuote } from '../util/shell-quote.ts';

/** Where it goes, and what the user wants it to be told for that. */
export interface Way {
  /** `user@host`, or a host of ~/.ssh/config. */
  readonly target: string;
  /** As `checkOptions` answers them. */
  readonly options: readonly string[];
}

/** A user name and a host name, an IPv6 address included; above all, nothing that ssh could take for an option. */
const TARGET = /^(?:[A-Za-z0-9_][A-Za-z0-9_.+-]*@)?[A-Za-z0-9_:[][A-Za-z0-9_.:%[\]-]*$/;

/** Throws a `usage` Failure. */
export function checkTarget(target: string): void {
  if (TARGET.test(target) && target.length <= 255) return;
  const shown = safeJson(target.slice(0, 80));
  throw new Failure('usage', `${shown} is not a user@host that ssh can go to.`, 'Write it like: me@relay.example');
}

/** ssh(1): those that say how to get there. Forwards, commands and terminals are ours to say. */
const SWITCHES = '46ACakKqvxy';
const WITH_VALUE = 'bBcFIiJlmop';
/** Their values are paths; a service has another working directory. */
const PATHS = 'Fi';

/**
 * The options of a user, one word each (`-p2222`), so that none of their values can be taken for a host. Throws a `usage`
 * Failure for what is none, and for those that would change what is forwarded or run.
 */
export function checkOptions(words: readonly string[], cwd: string): readonly string[] {
  const options: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const [, letter = '', attached = ''] = /^-([A-Za-z0-9])(.*)$/s.exec(words[at] ?? '') ?? [];
    if (letter !== '' && SWITCHES.includes(letter) && attached === '') {
      options.push(`-${letter}`);
      continue;
    }
    if (letter === '' || !WITH_VALUE.includes(letter)) throw refused(words[at] ?? '');
    if (attached === '') at += 1;
    const value = attached || words[at];
    if (!value) throw new Failure('usage', `ssh’s -${letter} needs a value.`);
    options.push(`-${letter}${PATHS.includes(letter) && !value.startsWith('~') ? resolve(cwd, value) : value}`);
  }
  return options;
}

function refused(word: string): Failure {
  return new Failure(
    'usage',
    `${safeJson(word.slice(0, 80))} is no option for the way to that host.`,
    `After -- may stand ssh’s ${[...WITH_VALUE].map((letter) => `-${letter}`).join(' ')}; the rest belongs into ~/.ssh/config.`,
  );
}

/** Before the options of the user: ssh takes the first value that it is given. */
const UNASKED = ['-o', 'BatchMode=yes'] as const;
/** A host that answers nothing is given up. Seconds. */
const CONNECT_TIMEOUT = 10;

/** Runs `sh` there, which reads from its standard input: the words of a remote command would go through whatever shell the user has. */
export function remoteShell({ target, options }: Way): readonly string[] {
  checkTarget(target);
  return ['-T', ...UNASKED, '-o', `ConnectTimeout=${CONNECT_TIMEOUT}`, ...options, '--', target, 'sh'];
}

interface Forward {
  /** Here, on 127.0.0.1. */
  readonly port: number;
  /** There, on 127.0.0.1. */
  readonly remotePort: number;
}

/**
 * Keep-alives end a dead connection after 45 s, a refused forward ends it at once. Both ends are 127.0.0.1, whatever
 * GatewayPorts says, and not `localhost`: a forward that gets only one of the two addresses leaves the other to anybody.
 */
export function forwarding({ target, options }: Way, { port, remotePort }: Forward): readonly string[] {
  checkTarget(target);
  const kept = ['ServerAliveInterval=15', 'ServerAliveCountMax=3', 'ExitOnForwardFailure=yes'];
  const forward = `127.0.0.1:${port}:127.0.0.1:${remotePort}`;
  return ['-N', '-L', forward, ...kept.flatMap((word) => ['-o', word]), ...UNASKED, ...options, '--', target];
}

/** As a person would type it. */
export function sshLine({ target, options }: Way, ...words: readonly string[]): string {
  return ['ssh', ...options.map(shellQuote), target, ...words].join(' ');
}

/** What ssh says (it speaks English everywhere), what that means, and what to do. The first that fits. */
const COMPLAINTS: ReadonlyArray<readonly [RegExp, (way: Way, said: string) => readonly [string, string]]> = [
  [
    /REMOTE HOST IDENTIFICATION HAS CHANGED/,
    ({ target }) => [
      `${target} shows another host key than the one that is known for it.`,
      `Find out why before anything else; if the host was set up anew: ssh-keygen -R ${hostOf(target)}`,
    ],
  ],
  [
    /Host key verification failed|host key is known for/,
    (way) => [`The host key of ${way.target} is not known here.`, `Look at it and accept it once: ${sshLine(way)}`],
  ],
  [
    /Permission denied|Too many authentication failures/,
    (way) => [
      `${way.target} does not let you in without a question.`,
      `Give it your key (ssh-copy-id ${way.target}), or put yours into the agent (ssh-add), until this works: ${sshLine(way, 'true')}`,
    ],
  ],
  [
    /Could not resolve hostname/,
    ({ target }) => [`There is no host ${hostOf(target)}.`, 'Check the name, or add it to ~/.ssh/config.'],
  ],
  [
    /cannot listen to port|bind(?:ing)?[^\n]*: Address already in use|Could not request local forwarding/,
    () => ['The port for the forward is taken on this machine.', 'Choose another with --port.'],
  ],
  [
    /open failed: administratively prohibited|administratively prohibited: open failed/,
    ({ target }) => [
      `The SSH server of ${target} forbids forwards.`,
      'Allow them there, in its sshd_config: AllowTcpForwarding local',
    ],
  ],
  [
    /open failed: connect failed/,
    ({ target }) => [`Nothing listens on the relay’s port on ${target}.`, 'Start it there: claude-relay service start'],
  ],
  [
    /Connection refused|timed out|No route to host|Network is unreachable|Connection (?:closed|reset)|kex_exchange/,
    (way, said) => [
      `${way.target} cannot be reached by SSH (${said}).`,
      `See that this works: ${sshLine(way, 'true')}`,
    ],
  ],
];

/** Undefined when none of its words mean anything to us. */
export function complaint(way: Way, stderr: string): Failure | undefined {
  for (const [pattern, words] of COMPLAINTS) {
    if (!pattern.test(stderr)) continue;
    const [message, remedy] = words(way, lastLine(stderr));
    return new Failure('error', message, remedy);
  }
  return undefined;
}

/** ssh: its own failures, as against those of what it runs. */
const OWN_FAILURE = 255;

/** Why ssh itself failed; undefined when it did not. */
export function sshFailure(way: Way, { code, stderr }: Ran): Failure | undefined {
  if (code === 127 && stderr === '')
    return new Failure('error', 'There is no ssh in your PATH.', 'Install OpenSSH’s client.');
  if (code === 124)
    return new Failure(
      'error',
      `${way.target} did not answer in time.`,
      `See that this works: ${sshLine(way, 'true')}`,
    );
  if (code !== OWN_FAILURE) return undefined;
  const said = lastLine(stderr);
  return (
    complaint(way, stderr) ??
    new Failure('error', `ssh failed: ${said || 'it did not say why'}.`, `See that this works: ${sshLine(way, 'true')}`)
  );
}

function hostOf(target: string): string {
  return target.slice(target.indexOf('@') + 1);
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.trim() ?? '';
}
