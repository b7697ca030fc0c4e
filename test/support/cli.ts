/**
 * The real command line as people run it: `dist/cli.mjs`, built when it is stale, with a home of its own, no variables of the
 * one who runs the tests, and port 0. Everything that was started here, and nothing else, is ended after the test.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { ensure, ROOT } from '../../scripts/ensure.mjs';
import { writeRelayFile } from '../../src/config/relay-file.ts';
import { withLock } from '../../src/util/lock.ts';
import { afterEveryTest } from './cleanup.ts';
import { keptPort } from './kept-port.ts';

/** The bundle under test; a test of planted bugs names another. */
export const CLI = process.env.CLAUDE_RELAY_TEST_CLI || join(ROOT, 'dist/cli.mjs');
/** A build takes seconds; another worker may be at it. Milliseconds. */
const BUILD_PATIENCE = 120_000;
/** After SIGTERM; the relay itself gives up after 2.5 s. Milliseconds. */
const END_PATIENCE = 5_000;

// Each test starts a dozen processes; on a busy machine each of them takes its time.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 30_000 });

/** Two workers must not build at once. */
const built = withLock(join(tmpdir(), 'claude-relay-test-build.lock'), () => ensure(), { patience: BUILD_PATIENCE });

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** A process under way, with everything that it has said. */
export class Started {
  readonly child: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<Ran>;
  #stdout = '';
  #stderr = '';
  #wake: (() => void)[] = [];
  #isEnded = false;

  constructor(child: ChildProcessWithoutNullStreams) {
    this.child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => this.#hear(() => (this.#stdout += text)));
    child.stderr.setEncoding('utf8').on('data', (text: string) => this.#hear(() => (this.#stderr += text)));
    // A process that ended takes no more input: what it said before is what a test looks at.
    child.stdin.on('error', () => undefined);
    this.#ended = once(child, 'close').then(([code]) => {
      this.#hear(() => (this.#isEnded = true));
      return { code, stdout: this.#stdout, stderr: this.#stderr };
    });
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Exit code and all output, once it has ended by itself or by a signal. */
  get ended(): Promise<Ran> {
    return this.#ended;
  }

  write(text: string): void {
    this.child.stdin.write(text);
  }

  /** What matched on stdout (or stderr), as soon as it is there. Rejects when the process ends without. */
  async says(pattern: RegExp, stream: 'stdout' | 'stderr' = 'stdout'): Promise<string> {
    for (;;) {
      const found = pattern.exec(stream === 'stdout' ? this.#stdout : this.#stderr);
      if (found) return found[0];
      if (this.#isEnded) throw new Error(`It ended without saying ${pattern}:\n${this.#stdout}\n${this.#stderr}`);
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  /** By its own id, and waits until it is gone. */
  async kill(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ran> {
    this.child.kill(signal);
    return this.#ended;
  }

  /** For the end of a test: asks, then insists. */
  async end(): Promise<void> {
    if (this.#isEnded) return;
    const insist = setTimeout(() => this.child.kill('SIGKILL'), END_PATIENCE);
    this.child.stdin.end();
    await this.kill();
    clearTimeout(insist);
  }

  #hear(note: () => void): void {
    note();
    for (const resolve of this.#wake.splice(0)) resolve();
  }
}

/** One user's machine: a home, a state directory, a PATH with `claude-relay` on it. */
export class Machine {
  /** `HOME`. */
  readonly user: string;
  /** The state directory, which is where it would be without a variable, too. */
  readonly home: string;
  readonly #started: Started[] = [];
  #port = 0;

  constructor() {
    this.user = realpathSync(mkdtempSync(join(tmpdir(), 'claude-relay-test-')));
    this.home = join(this.user, '.claude-relay');
    mkdirSync(this.home, { mode: 0o700 });
    const bin = join(this.user, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'claude-relay'), `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`);
    chmodSync(join(bin, 'claude-relay'), 0o755);
  }

  get env(): Record<string, string> {
    return {
      PATH: `${join(this.user, 'bin')}:${process.env.PATH ?? ''}`,
      HOME: this.user,
      CLAUDE_RELAY_HOME: this.home,
      // Who types, for the name of a person; containers have no such variable.
      USER: 'anna',
      LANG: 'C.UTF-8',
    };
  }

  get token(): string {
    return readFileSync(join(this.home, 'token'), 'utf8').trim();
  }

  /** Of the relay that was started last. */
  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `ws://localhost:${this.#port}`;
  }

  async start(args: readonly string[], options: RunOptions = {}): Promise<Started> {
    await built;
    return this.spawn(process.execPath, [CLI, ...args], options);
  }

  /** Another program, in the same surroundings. */
  spawn(command: string, args: readonly string[], { input, env, cwd }: RunOptions = {}): Started {
    const child = spawn(command, args, { env: { ...this.env, ...env }, cwd: cwd ?? this.user });
    const started = new Started(child);
    this.#started.push(started);
    if (input !== undefined) child.stdin.end(input);
    return started;
  }

  /** To its end. stdin is empty unless there is input. */
  async run(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const started = await this.start(args, { input: '', ...options });
    return started.ended;
  }

  /** As `run`; throws unless it ended with 0. Answers stdout. */
  async ok(args: readonly string[], options: RunOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, options);
    if (code !== 0) throw new Error(`claude-relay ${args.join(' ')} ended with ${code}:\n${stdout}\n${stderr}`);
    return stdout;
  }

  /** As `ok`, with `--json`: one document. */
  async json(args: readonly string[], options: RunOptions = {}): Promise<unknown> {
    return JSON.parse(await this.ok([...args, '--json'], options));
  }

  /** A relay that takes connections. Started again, it takes the same port. */
  async relay(args: readonly string[] = []): Promise<Started> {
    if (this.#port === 0) this.#port = await keptPort();
    const started = await this.start(['serve', '--port', String(this.#port), ...args]);
    const ready = await started.says(/Ready! Listening on \S+:\d+/);
    this.#port = Number(/\d+$/.exec(ready)?.[0]);
    return started;
  }

  /** As after a relay that ran here and ended: nobody looks for one at the usual port, where another test may have its own. */
  leaveRelayFile(): void {
    if (existsSync(join(this.home, 'relay.json'))) return;
    writeRelayFile(this.home, { pid: 2 ** 31 - 1, port: 1, url: 'ws://localhost:1', version: '0', started: 0 });
  }

  /** A session process, past `initialize`. */
  async session(name: string, env: Readonly<Record<string, string>> = {}, client = 'test'): Promise<McpSession> {
    this.leaveRelayFile();
    const session = new McpSession(name, await this.start(['mcp', '--client-id', name], { env }));
    await session.initialize(client);
    return session;
  }

  /** A script for sh, with `claude-relay` on its PATH; it ends at the first command that fails. */
  async shell(script: string, options: RunOptions = {}): Promise<Ran> {
    await built;
    return this.spawn('sh', ['-e', '-c', script], { input: '', ...options }).ended;
  }

  /** The same verb with curl, as `name`; answers what was printed. */
  async curl(name: string, verb: string, args: object, headers: readonly string[] = []): Promise<unknown> {
    const url = `http://localhost:${this.#port}/v1/${verb}`;
    const said = [`Authorization: Bearer ${this.token}`, `Relay-As: ${name}`, ...headers];
    const flags = said.flatMap((header) => ['-H', header]);
    const { code, stdout, stderr } = await this.spawn('curl', ['-sS', url, ...flags, '-d', JSON.stringify(args)]).ended;
    if (code !== 0) throw new Error(`curl ended with ${code}: ${stderr}`);
    return JSON.parse(stdout);
  }

  /** The resume key that this machine keeps for a name. */
  key(name: string): string {
    const path = join(this.home, 'keys', `localhost_${this.#port}`, `${name}.json`);
    return JSON.parse(readFileSync(path, 'utf8')).key;
  }

  async end(): Promise<void> {
    // Sessions before the relay that they talk to.
    for (const started of [...this.#started].reverse()) await started.end();
    // What was killed may still be writing its last file.
    rmSync(this.user, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

interface Answer {
  readonly id?: number;
  readonly result?: { readonly [key: string]: unknown };
  readonly error?: { readonly code: number; readonly message: string };
}

export interface ToolResult {
  readonly text: string;
  readonly isError: boolean;
  readonly structured: unknown;
}

/** A session process with an MCP client of a few lines in front of it. */
export class McpSession {
  readonly name: string;
  readonly started: Started;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #rest = '';
  #last = 0;

  constructor(name: string, started: Started) {
    this.name = name;
    this.started = started;
    started.child.stdout.on('data', (text: string) => this.#feed(text));
  }

  /** `client`: what the agent program says that it is. */
  async initialize(client = 'test'): Promise<void> {
    const clientInfo = { name: client, version: '1' };
    await this.request('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo });
    this.line({ jsonrpc: '2.0', method: 'notifications/initialized' });
  }

  line(message: object | string): void {
    this.started.write(`${typeof message === 'string' ? message : JSON.stringify(message)}\n`);
  }

  /** The whole answer, a refusal too. Rejects when the process ends first. */
  async ask(method: string, params: object = {}): Promise<Answer> {
    const id = ++this.#last;
    const answer = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    this.line({ jsonrpc: '2.0', id, method, params });
    const died = this.started.ended.then(({ code, stderr }): Answer => {
      throw new Error(`${this.name} ended with ${code} before it answered ${method}:\n${stderr}`);
    });
    return Promise.race([answer, died]);
  }

  async request(method: string, params: object = {}): Promise<{ readonly [key: string]: unknown }> {
    const { result, error } = await this.ask(method, params);
    if (!result) throw new Error(`${this.name} ${method}: ${error?.message}`);
    return result;
  }

  /** A tool that may fail. */
  async tool(name: string, args: object = {}): Promise<ToolResult> {
    const { content, isError, structuredContent } = await this.request('tools/call', { name, arguments: args });
    const parts = content as readonly { readonly text: string }[];
    return { text: parts.map(({ text }) => text).join('\n'), isError: isError === true, structured: structuredContent };
  }

  /** A tool that must not. */
  async call(name: string, args: object = {}): Promise<string> {
    const { text, isError } = await this.tool(name, args);
    if (isError) throw new Error(`${this.name} ${name}: ${text}`);
    return text;
  }

  /** Settles when the relay has welcomed it. */
  async connected(): Promise<void> {
    while (!/^Connected to/m.test(await this.call('relay_status'))) await turn();
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Ran> {
    return this.started.kill(signal);
  }

  #feed(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const answer: Answer = JSON.parse(line);
      if (answer.id === undefined) continue;
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    }
  }
}

/** Between two looks at something that tells nobody when it changes. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 25));
}

/** Looks until it fits; a test's own time limit ends what never does. */
export async function until<T>(look: () => Promise<T> | T, fits: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await look();
    if (fits(value)) return value;
    await turn();
  }
}

/** The ids of messages in what a tool or command printed, in order, each once. */
export function idsIn(text: string): string[] {
  return [...new Set(text.match(/\bm[0-9a-z]{12}\b/g) ?? [])];
}

const machines: Machine[] = [];

/** A machine for one test. */
export function machine(): Machine {
  const made = new Machine();
  machines.push(made);
  return made;
}

afterEveryTest(async () => {
  for (const made of machines.splice(0)) await made.end();
});
