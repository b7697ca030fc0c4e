/** The servers that are measured: each in a process and a directory of its own, with nothing of this one's environment. */
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT } from '../../scripts/ensure.mjs';
import { packages } from '../packages.mjs';

/**
 * @typedef {'relay' | 'bare' | 'socket-io' | 'nats' | 'redis'} Protocol
 * @typedef {'recipient' | 'relay'} Acks who acknowledges at the bare relay
 * @typedef {{ protocol: Protocol, pid: number, url: string, token?: string, acks?: Acks }} Address
 * @typedef {Address & { dir: string, stop(): Promise<void> }} Server
 */

export const RELAY = join(ROOT, 'dist/serve.mjs');

/** @param {string} [from] a directory whose data it starts with @returns {Promise<Server>} */
export async function startRelay(from) {
  const dir = newDir();
  if (from) copyData(from, dir);
  return await relayIn(dir);
}

/** With the data that are in `dir`. @param {string} dir @param {{ keep?: boolean }} [options] @returns {Promise<Server>} */
export async function relayIn(dir, { keep = false } = {}) {
  const child = run(
    process.execPath,
    [RELAY, '--port', '0'],
    options(dir, { CLAUDE_RELAY_HOME: dir, RELAY_LOG_LEVEL: 'error' }),
  );
  const line = await firstLine(child);
  const url = `ws://127.0.0.1:${/:(\d+)\s*$/.exec(line)?.[1]}/`;
  const token = readFileSync(join(dir, 'token'), 'utf8').trim();
  return { protocol: 'relay', pid: child.pid ?? 0, url, token, dir, stop: () => end(child, keep ? undefined : dir) };
}

/** @param {Acks} [acks] @param {'nothing' | 'log'} [store] @returns {Promise<Server>} */
export async function startBare(acks = 'recipient', store = 'nothing') {
  return { ...(await startNode('bare', join(ROOT, 'bench/servers/bare.mjs'), [acks, store])), acks };
}

/** @returns {Promise<Server>} */
export async function startSocketIo() {
  return await startNode('socket-io', join(ROOT, 'bench/servers/socket-io.mjs'), [`${packages()}/`]);
}

/** JetStream with a stream in files; undefined where there is no `nats-server`. @returns {Promise<Server | undefined>} */
export async function startJetStream() {
  if (!isInstalled('nats-server')) return undefined;
  const dir = newDir();
  const port = await freePort();
  const config = join(dir, 'nats.conf');
  writeFileSync(config, `host: 127.0.0.1\nport: ${port}\njetstream { store_dir: "${dir}" }\n`);
  const child = run('nats-server', ['-c', config], { ...options(dir), stdio: ['ignore', 'ignore', 'ignore'] });
  return { protocol: 'nats', pid: child.pid ?? 0, url: await reached(port), dir, stop: () => end(child, dir) };
}

/** Syncs every write before it answers; undefined where there is no `redis-server`. @returns {Promise<Server | undefined>} */
export async function startRedis() {
  if (!isInstalled('redis-server')) return undefined;
  const dir = newDir();
  const port = await freePort();
  const args = [
    '--port',
    `${port}`,
    '--bind',
    '127.0.0.1',
    '--dir',
    dir,
    '--appendonly',
    'yes',
    '--appendfsync',
    'always',
    '--save',
    '',
  ];
  const child = run('redis-server', args, { ...options(dir), stdio: ['ignore', 'ignore', 'ignore'] });
  return { protocol: 'redis', pid: child.pid ?? 0, url: await reached(port), dir, stop: () => end(child, dir) };
}

/** What is still there when this process ends, however it ends, goes with it. @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
/** @type {Set<string>} */
const dirs = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
});

export function newDir() {
  const dir = mkdtempSync(join(tmpdir(), 'claude-relay-bench-'));
  dirs.add(dir);
  return dir;
}

/** @param {string} command @param {readonly string[]} args @param {import('node:child_process').SpawnOptions} how */
function run(command, args, how) {
  const child = spawn(command, args, how);
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

/** @param {Protocol} protocol @param {string} script @param {readonly string[]} args @returns {Promise<Server>} */
async function startNode(protocol, script, args) {
  const dir = newDir();
  const child = run(process.execPath, [script, ...args], options(dir));
  return { protocol, pid: child.pid ?? 0, url: await firstLine(child), dir, stop: () => end(child, dir) };
}

/** @param {string} dir @param {NodeJS.ProcessEnv} [env] @returns {import('node:child_process').SpawnOptions} */
function options(dir, env) {
  return { cwd: dir, env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'pipe', 'inherit'] };
}

/** @param {string} from @param {string} to */
function copyData(from, to) {
  spawnSync('cp', ['-a', `${from}/.`, to]);
  copyFileSync(join(from, 'token'), join(to, 'token'));
}

/** @param {string} command */
function isInstalled(command) {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined;
}

/** @returns {Promise<number>} */
async function freePort() {
  const { createServer } = await import('node:net');
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return address !== null && typeof address === 'object' ? address.port : 0;
}

/** Waits until somebody listens there. @param {number} port @returns {Promise<string>} */
async function reached(port) {
  for (let tries = 0; tries < 200; tries++) {
    const isThere = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (isThere) return `tcp://127.0.0.1:${port}`;
    await sleep(25);
  }
  throw new Error(`Nothing listens on port ${port}.`);
}

/** @param {import('node:child_process').ChildProcess} child @returns {Promise<string>} */
function firstLine(child) {
  return new Promise((resolve, reject) => {
    if (!child.stdout) return reject(new Error('There is no stdout.'));
    const lines = createInterface({ input: child.stdout });
    lines.once('line', resolve);
    lines.once('close', () => reject(new Error('A server ended before it was ready.')));
  });
}

/** @param {import('node:child_process').ChildProcess} child @param {string} [dir] @returns {Promise<void>} */
async function end(child, dir) {
  const closed = new Promise((resolve) => child.once('close', resolve));
  if (child.exitCode === null && child.kill('SIGTERM')) await closed;
  if (!dir) return;
  rmSync(dir, { recursive: true, force: true });
  dirs.delete(dir);
}
