/**
 * An agent program of a few lines, under the name of a real one: it takes the arguments of a headless resume, starts the
 * session process as its MCP server, and does what a file in its home says.
 */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from '../support/cli.ts';

/** `read`: takes its mail and ends with a word. `answer`: answers itself. `hang`: takes its mail and never ends. `fail`: code 3. */
export type Behaviour = 'read' | 'answer' | 'hang' | 'fail' | 'deaf';

const SCRIPT = String.raw`
const { spawn } = require('node:child_process');
const { appendFileSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const how = readFileSync(join(process.env.HOME, 'behaviour'), 'utf8');
appendFileSync(join(process.env.HOME, 'runs'), JSON.stringify({ args: process.argv.slice(2), cwd: process.cwd(), pid: process.pid, env: process.env }) + '\n');
if (how === 'fail') process.exit(3);
if (how === 'deaf') { console.log('Nothing to hear.'); process.exit(0); }
const child = spawn('claude-relay', ['mcp', '--client-id', 'SOMEBODY-ELSE'], { stdio: ['pipe', 'pipe', 'inherit'] });
let rest = '';
const waiting = new Map();
child.stdout.setEncoding('utf8').on('data', (text) => {
  const lines = (rest + text).split('\n');
  rest = lines.pop();
  for (const line of lines) { const answer = JSON.parse(line); waiting.get(answer.id)?.(answer.result); }
});
let last = 0;
const ask = (method, params) => new Promise((resolve) => {
  waiting.set(++last, resolve);
  child.stdin.write(JSON.stringify({ jsonrpc: '2.0', id: last, method, params }) + '\n');
});
const call = async (name, args) => (await ask('tools/call', { name, arguments: args })).content.map(({ text }) => text).join('\n');
(async () => {
  await ask('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'claude-code', version: '1' } });
  child.stdin.write(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' }) + '\n');
  const told = await call('relay_receive', { wait_seconds: 20 });
  const id = /\bm[0-9a-z]{12}\b/.exec(told)?.[0];
  if (how === 'answer') await call('relay_send', { reply_to: id, message: 'Answered by myself.' });
  await call('relay_status', {});
  if (how === 'hang') return;
  console.log(/> (.*)/.test(told) ? 'I read: ' + /> (.*)/.exec(told)[1] : told);
  child.stdin.end();
  child.on('exit', () => process.exit(0));
})();
`;

export function putFakeClaude(on: Machine, behaviour: Behaviour): void {
  const file = join(on.user, 'bin', 'claude');
  writeFileSync(file, `#!${process.execPath}\n${SCRIPT}`);
  chmodSync(file, 0o755);
  behave(on, behaviour);
}

export function behave(on: Machine, behaviour: Behaviour): void {
  writeFileSync(join(on.user, 'behaviour'), behaviour);
}
