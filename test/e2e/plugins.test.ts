/** The built files as agent programs load them: copied alone, beside a real session process and a real relay. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../scripts/ensure.mjs';
import { idsIn, type Machine, machine, until } from '../support/cli.ts';

const PLUGIN = join(ROOT, 'dist/opencode-plugin.mjs');
const EXTENSION = join(ROOT, 'dist/copilot-extension.mjs');

/** A program that starts a session process of its own, and does what the rest of it says. Reports a line for each prompt. */
const HOST = `
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
const [cli, ...args] = JSON.parse(process.env.SESSION_PROCESS);
const child = spawn(cli, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...JSON.parse(process.env.SESSION_ENV) } });
const say = (message) => child.stdin.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n');
say({ id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: process.env.CLIENT, version: '1.0.0' } } });
createInterface({ input: child.stdout }).once('line', () => say({ method: 'notifications/initialized' }));
const report = (what) => process.stdout.write(JSON.stringify(what) + '\\n');
const ended = new Promise((resolve) => createInterface({ input: process.stdin }).on('line', resolve));
`;

const OPENCODE = `${HOST}
import * as plugin from './claude-relay.js';
report({ exports: Object.keys(plugin) });
const [make] = Object.values(plugin);
class Session {
  async promptAsync({ path, body }) {
    report({ session: path.id, text: body.parts[0].text, agent: body.agent });
    const message = { info: { sessionID: path.id }, parts: body.parts };
    await hooks['experimental.chat.messages.transform']({}, { messages: [message] });
    await hooks.event({ event: { type: 'message.part.updated', properties: { part: { type: 'step-start', sessionID: path.id } } } });
    return { data: {} };
  }
  async get({ path }) { return { data: { id: path.id, agent: 'plan' } }; }
}
const hooks = await make({ client: { session: new Session() }, directory: process.cwd() });
await hooks['chat.message']({ sessionID: 'ses_1' }, { message: { agent: 'plan' }, parts: [] });
await hooks.event({ event: { type: 'session.idle', properties: { sessionID: 'ses_1' } } });
await ended;
// It does not say goodbye to its plugins: nothing of theirs may keep it.
child.kill();
`;

const COPILOT = `${HOST}
import { fork } from 'node:child_process';
const extension = fork('./extensions/claude-relay/extension.mjs', { env: { ...process.env, SESSION_ID: 'conversation-1' } });
extension.on('message', report);
await ended;
child.kill();
extension.kill();
`;

const SDK = `
export const joinSession = async () => new class {
  #listener;
  on(listener) { this.#listener = listener; }
  async send({ prompt, mode }) {
    process.send({ text: prompt, mode });
    const tell = (type, data) => this.#listener({ type, data, timestamp: new Date().toISOString() });
    tell('user.message', { content: prompt });
    tell('assistant.message', { turnId: '0', content: 'ok' });
    tell('assistant.idle', {});
    return 'id';
  }
};
// As its line to the program does, this keeps it running.
process.on('message', () => undefined);
`;

interface Host {
  readonly name: string;
  readonly client: string;
  readonly env: object;
  /** Lays the files down; answers the one to start. */
  make(dir: string): string;
}

const HOSTS: readonly Host[] = [
  {
    name: 'OpenCode',
    client: 'opencode',
    env: { OPENCODE: '1' },
    make(dir) {
      copyFileSync(PLUGIN, join(dir, 'claude-relay.js'));
      writeFileSync(join(dir, 'host.mjs'), OPENCODE);
      writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
      return join(dir, 'host.mjs');
    },
  },
  {
    name: 'Copilot CLI',
    client: 'copilot-cli',
    env: { COPILOT_AGENT_SESSION_ID: 'conversation-1' },
    make(dir) {
      const folder = join(dir, 'extensions/claude-relay');
      const sdk = join(dir, 'node_modules/@github/copilot-sdk');
      mkdirSync(folder, { recursive: true });
      mkdirSync(sdk, { recursive: true });
      copyFileSync(EXTENSION, join(folder, 'extension.mjs'));
      writeFileSync(join(sdk, 'package.json'), '{"type":"module","exports":{"./extension":"./extension.js"}}');
      writeFileSync(join(sdk, 'extension.js'), SDK);
      writeFileSync(join(dir, 'host.mjs'), COPILOT);
      return join(dir, 'host.mjs');
    },
  },
];

interface Report {
  readonly text?: string;
  readonly exports?: readonly string[];
}

async function beside(here: Machine, { make, client, env }: Host) {
  const dir = join(here.user, 'program');
  mkdirSync(dir);
  const host = here.spawn(process.execPath, [make(dir)], {
    cwd: dir,
    env: {
      CLIENT: client,
      SESSION_PROCESS: JSON.stringify(['claude-relay', 'mcp', '--client-id', 'XX-1']),
      SESSION_ENV: JSON.stringify(env),
    },
  });
  const reports = (): Report[] =>
    host.stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  const door = async () => {
    const { peers } = (await here.json(['peers'])) as { peers: { name: string; door?: string }[] };
    return peers.find(({ name }) => name === 'XX-1')?.door;
  };
  return { host, reports, door };
}

const stateOf = async (here: Machine, id: string) =>
  ((await here.json(['receipts', id, '--as', 'anna'])) as { recipients: { state: string }[] }).recipients[0]?.state;

describe.each(HOSTS)('our file in $name', (program) => {
  it('wakes it with a message, shows that it was read, prints nothing, and does not keep it', async () => {
    const here = machine();
    await here.relay();
    const { host, reports, door } = await beside(here, program);
    await until(door, (name) => name !== undefined);
    const [id = ''] = idsIn(await here.ok(['send', 'XX-1', 'Is the build green?', '--as', 'anna']));
    await until(
      () => stateOf(here, id),
      (state) => state === 'seen',
    );
    const given = reports().filter(({ text }) => text !== undefined);
    expect(given).toEqual([expect.objectContaining({ text: expect.stringContaining('> Is the build green?') })]);
    if (program.client === 'opencode') expect(given[0]).toMatchObject({ session: 'ses_1', agent: 'plan' });
    host.child.stdin.end('that is all\n');
    const { code, stderr } = await host.ended;
    expect([code, stderr]).toEqual([0, '']);
  });
});

describe('the file for OpenCode', () => {
  it('is one file with one export, a function: every export is taken for a plugin', async () => {
    const text = readFileSync(PLUGIN, 'utf8');
    expect(text.match(/^export .*$/gm)).toEqual(['export { ClaudeRelay };']);
    const plugin: Record<string, unknown> = await import(PLUGIN);
    expect(Object.values(plugin).map((value) => typeof value)).toEqual(['function']);
  });

  it('does nothing in a version that it does not know', async () => {
    const { ClaudeRelay } = await import(PLUGIN);
    for (const input of [undefined, {}, { client: {}, directory: '/' }, { options: {}, agent: {} }])
      expect(await ClaudeRelay(input)).toEqual({});
  });
});

describe('the file for Copilot CLI', () => {
  it('does nothing, and says nothing, where there is no session or no such program', async () => {
    const here = machine();
    const file = join(here.user, 'extension.mjs');
    copyFileSync(EXTENSION, file);
    for (const env of [{}, { SESSION_ID: 'conversation-1' }]) {
      expect(await here.spawn(process.execPath, [file], { env, input: '' }).ended).toEqual({
        code: 0,
        stdout: '',
        stderr: '',
      });
    }
  });
});
