/** A terminal that a program runs in, as a person would see and use it: tmux, with a server of its own for each test. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { sleep, systemClock } from '../../src/util/clock.ts';
import { isRunning, markProcess } from '../../src/util/processes.ts';
import { afterEveryTest } from '../support/cleanup.ts';
import { type Machine, until } from '../support/cli.ts';
import { evidence } from './evidence.ts';

/** To some programs a return that comes sooner after a key is a part of something pasted: 30 ms in Gemini CLI, 120 in Codex. */
const PASTE_MS = 200;
const COLUMNS = '160';
const ROWS = '50';

const sockets = new Set<string>();

export class Terminal {
  readonly name: string;
  readonly #socket: string;

  /** Runs a program with exactly these variables; its screen stays when it has ended. */
  constructor(
    on: Machine,
    name: string,
    command: readonly string[],
    { env, cwd }: { env: Readonly<Record<string, string>>; cwd: string },
  ) {
    this.name = name;
    this.#socket = join(on.user, 'tmux');
    sockets.add(this.#socket);
    const variables = Object.entries({ TERM: 'xterm-256color', COLORTERM: 'truecolor', ...env }).map(
      ([key, value]) => `${key}=${value}`,
    );
    const session = ['new-session', '-d', '-s', name, '-x', COLUMNS, '-y', ROWS, '-c', cwd];
    this.#tmux(
      'start-server',
      ';',
      // Else it ends with its last session, and may do so just when the next one is begun.
      'set-option',
      '-s',
      'exit-empty',
      'off',
      ';',
      'set-option',
      '-g',
      'remain-on-exit',
      'on',
      ';',
      ...session,
      'env',
      '-i',
      ...variables,
      ...command,
    );
    evidence(`the screen of ${name}`, () => this.history());
  }

  /** The program itself: `env` has made way for it. */
  get pid(): number {
    return Number(this.#ask('#{pane_pid}'));
  }

  screen(): string {
    return this.#tmux('capture-pane', '-p', '-t', this.name);
  }

  /** The screen, and what has gone off its top. */
  history(): string {
    return this.#tmux('capture-pane', '-p', '-S', '-', '-t', this.name).replace(/\n{3,}/g, '\n\n');
  }

  /** Resolves with the screen as soon as it shows this. */
  shows(pattern: RegExp): Promise<string> {
    return until(
      () => this.screen(),
      (screen) => pattern.test(screen),
    );
  }

  /** Keys by their names in tmux: `Enter`, `Escape`, `C-c`. */
  press(...keys: readonly string[]): void {
    this.#tmux('send-keys', '-t', this.name, ...keys);
  }

  /** Types a line, and enters it once it is there to be seen. */
  async type(line: string): Promise<void> {
    this.#tmux('send-keys', '-t', this.name, '-l', line);
    await until(
      () => this.screen(),
      (screen) => screen.includes(line),
    );
    await sleep(systemClock, PASTE_MS);
    this.press('Enter');
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    process.kill(this.pid, signal);
  }

  /** Makes room for another one of its name. */
  close(): void {
    this.#tmux('kill-session', '-t', this.name);
  }

  /** Settles when the program has ended; what it showed stays. tmux moves it up to write so below, or does not. */
  async ended(): Promise<void> {
    const program = markProcess(this.pid);
    await until(
      () => this.#ask('#{pane_dead}'),
      (dead) => dead === '1',
    );
    // Its end of the terminal is closed a moment before it is gone.
    await until(
      () => isRunning(program),
      (isThere) => !isThere,
    );
  }

  #ask(format: string): string {
    return this.#tmux('display-message', '-p', '-t', this.name, format).trim();
  }

  #tmux(...args: readonly string[]): string {
    return tmux(this.#socket, args);
  }
}

function tmux(socket: string, args: readonly string[]): string {
  const env = { PATH: process.env['PATH'], LANG: 'C.UTF-8', TERM: 'xterm-256color' };
  return execFileSync('tmux', ['-S', socket, '-f', '/dev/null', ...args], { env, encoding: 'utf8', stdio: 'pipe' });
}

function killServer(socket: string): void {
  try {
    tmux(socket, ['kill-server']);
  } catch {
    // It went with the last of its programs, or went while it was told to.
  }
}

afterEveryTest(() => {
  for (const socket of sockets) killServer(socket);
  sockets.clear();
});
