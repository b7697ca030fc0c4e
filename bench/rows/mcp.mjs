/**
 * `claude-relay mcp` as an agent program starts it, with a relay that runs: from the start to the answer to `initialize`,
 * against a bare `node` that prints a line and ends; and its private memory when it is connected and has been idle for 20 s.
 */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT } from '../../scripts/ensure.mjs';
import { alternate, median, medianRatio, privateMemory } from '../measure.mjs';
import { short } from '../row.mjs';
import { newDir, startRelay } from '../servers/start.mjs';

const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } },
};
const MB = 1024 * 1024;

/** @type {import('../row.mjs').Run} */
export async function run(setup) {
  const relay = await startRelay();
  const { ours = [], theirs = [] } = await alternate(setup.rounds * 2, {
    ours: async () => (await session(relay.dir)).time,
    theirs: bareNode,
  });
  const memory = [];
  for (let round = 0; round < 3; round++) memory.push((await session(relay.dir, 20_000)).memory);
  await relay.stop();
  return [
    {
      what: 'start to `initialize` answered',
      value: medianRatio(ours, theirs),
      unit: 'x',
      atLeast: 2.2,
      lookFor: 1.6,
      better: 'less',
      note: `${short(median(ours))} : ${short(median(theirs))} ms`,
    },
    {
      what: 'private memory, idle',
      value: median(memory) / MB,
      unit: 'MB',
      atLeast: 20,
      lookFor: 12,
      better: 'less',
      note: `bare node: ${short((await bareMemory()) / MB)}`,
    },
  ];
}

/** @param {string} home @param {number} [idle] milliseconds until its memory is looked at */
async function session(home, idle = 0) {
  const { time, pid, end } = await startSession(home);
  await sleep(idle);
  const memory = idle > 0 ? privateMemory(pid) : 0;
  await end();
  return { time, memory };
}

/** A session process that has answered `initialize`, and how long that took. @param {string} home */
export async function startSession(home) {
  const env = { PATH: process.env.PATH, CLAUDE_RELAY_HOME: home };
  const start = performance.now();
  const child = spawn(process.execPath, [join(ROOT, 'dist/mcp.mjs')], {
    cwd: home,
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.write(`${JSON.stringify(INITIALIZE)}\n`);
  await new Promise((resolve) => createInterface({ input: child.stdout }).once('line', resolve));
  const time = performance.now() - start;
  child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })}\n`);
  const end = async () => {
    child.stdin.end();
    await new Promise((resolve) => child.once('close', resolve));
  };
  return { time, pid: child.pid ?? 0, end };
}

/** A `node` that does nothing but say so: from its start to its line. With no more of an environment than ours: some of it makes `node` slow. */
export async function bareNode() {
  const start = performance.now();
  const child = spawn(process.execPath, ['-e', 'process.stdout.write("x\\n")'], {
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const time = performance.now() - start;
  await new Promise((resolve) => child.once('close', resolve));
  return time;
}

async function bareMemory() {
  const dir = newDir();
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e9)'], { cwd: dir, stdio: 'ignore' });
  await sleep(1_000);
  const memory = privateMemory(child.pid ?? 0);
  child.kill();
  rmSync(dir, { recursive: true });
  return memory;
}
