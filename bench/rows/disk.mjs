/**
 * Bytes on disk for each direct message of 200 bytes: tables, indexes, full text and what their logs have grown to, after
 * 100,000 messages with the words of someone at work, when everything is filled and the relay still runs.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runLoad } from '../load/run.mjs';
import { short } from '../row.mjs';
import { startRelay } from '../servers/start.mjs';

const MESSAGES = 100_000;

/** @type {import('../row.mjs').Run} */
export async function run() {
  const { stop, ...server } = await startRelay();
  await runLoad('fill', { server, messages: MESSAGES, sessions: 32, bytes: 200 });
  // Filled a second after the last message, and then within a second or two.
  await sleep(6_000);
  const running = bytesIn(join(server.dir, 'data'));
  await stop();
  return [
    {
      what: 'of a message',
      value: running / MESSAGES,
      unit: 'bytes',
      atLeast: 1_500,
      lookFor: 900,
      better: 'less',
      note: `${short(running / 1e6)} MB`,
    },
  ];
}

/** @param {string} dir */
function bytesIn(dir) {
  return readdirSync(dir).reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);
}
