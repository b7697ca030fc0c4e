#!/usr/bin/env node
/**
 * A relay on a free port, two real session processes, one message there and one back: prints each hop with its time
 * and exits 0 when every receipt came as far as it should. Uses a state directory of its own.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ensure } from './ensure.mjs';

ensure();
const CLI = new URL('../dist/cli.mjs', import.meta.url).pathname;
const LIMIT = 30_000;

const home = await mkdtemp(join(tmpdir(), 'claude-relay-demo-'));
const env = { PATH: process.env.PATH, CLAUDE_RELAY_HOME: home, RELAY_LOG_LEVEL: 'warn' };
const children = [];

function start(args) {
  const child = spawn(process.execPath, [CLI, ...args], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

/** The first line of a stream that fits. */
function line(stream, fits) {
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: stream });
    lines.on('line', (text) => fits(text) && resolve(text));
    lines.on('close', () => reject(new Error('it ended before it said what was expected')));
  });
}

/** An MCP client of a few lines: one request at a time for each id. */
class Session {
  #waiting = new Map();
  #last = 0;

  constructor(name, url) {
    this.name = name;
    this.child = start(['mcp', '--client-id', name, '--relay-url', url]);
    createInterface({ input: this.child.stdout }).on('line', (text) => {
      const message = JSON.parse(text);
      this.#waiting.get(message.id)?.(message);
    });
  }

  async request(method, params) {
    const id = ++this.#last;
    const answer = new Promise((resolve) => this.#waiting.set(id, resolve));
    this.child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    const { result, error } = await answer;
    if (error) throw new Error(`${this.name} ${method}: ${error.message}`);
    return result;
  }

  async initialize() {
    const clientInfo = { name: 'demo', version: '1' };
    await this.request('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo });
    this.child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })}\n`);
  }

  async call(tool, args) {
    const result = await this.request('tools/call', { name: tool, arguments: args });
    const text = result.content.map((part) => part.text).join('\n');
    if (result.isError) throw new Error(`${this.name} ${tool}: ${text}`);
    return text;
  }
}

async function hop(what, run) {
  const started = performance.now();
  const result = await run();
  console.log(`${(performance.now() - started).toFixed(1).padStart(8)} ms  ${what}`);
  return result;
}

const has = (text, part) => {
  if (!text.includes(part)) throw new Error(`expected to read "${part}" in:\n${text}`);
  return text;
};
const idIn = (text) => /\bm[0-9a-z]{12}\b/.exec(text)?.[0] ?? '';

async function connected(session) {
  for (;;) {
    const text = await session.call('relay_status', {});
    if (!/not connected|connecting/i.test(text)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function demo() {
  const relay = start(['serve', '--port', '0']);
  const ready = await hop('relay: ready', () => line(relay.stdout, (text) => text.includes('Ready!')));
  const url = /ws:\/\/\S+/.exec(ready)?.[0];
  const one = new Session('CC-1', url);
  const two = new Session('CC-2', url);
  await hop('CC-1: initialize answered', () => one.initialize());
  await hop('CC-2: initialize answered', () => two.initialize());
  await hop('both connected', () => Promise.all([connected(one), connected(two)]));

  const waiting = two.call('relay_receive', { wait_seconds: 20 });
  const sent = await hop('CC-1: relay_send to CC-2, stored and answered', () =>
    one.call('relay_send', { to: 'CC-2', message: 'Is the build green?' }),
  );
  const question = await hop('CC-2: its waiting relay_receive has it', () => waiting);
  has(question, 'Is the build green?');
  const reply = await hop('CC-2: relay_send in reply', () =>
    two.call('relay_send', { reply_to: idIn(sent), message: 'Green since ten.' }),
  );
  const answer = await hop('CC-1: relay_receive', () => one.call('relay_receive', { wait_seconds: 20 }));
  has(answer, 'Green since ten.');
  await hop('CC-1: relay_status says that CC-2 replied', async () =>
    has(await one.call('relay_status', {}), 'replied'),
  );
  if (idIn(reply) === '') throw new Error(`no id in: ${reply}`);
}

async function end() {
  for (const child of children) {
    const gone = child.exitCode !== null ? undefined : new Promise((resolve) => child.once('exit', resolve));
    child.stdin.end();
    child.kill('SIGTERM');
    await gone;
  }
  await rm(home, { recursive: true, force: true });
}

const timer = setTimeout(() => {
  console.error(`demo: nothing more happened within ${LIMIT / 1000} s`);
  for (const child of children) child.kill('SIGKILL');
  process.exit(1);
}, LIMIT);

try {
  await demo();
  console.log('demo: one message there, one back, every receipt as it should be');
} catch (error) {
  console.error(`demo: ${error.message}`);
  process.exitCode = 1;
} finally {
  clearTimeout(timer);
  await end();
}
