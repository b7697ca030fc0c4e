/** The MCP Inspector, as a person would point it at the session process and at `/mcp`. */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ROOT } from '../../scripts/ensure.mjs';
import { Machine } from '../support/cli.ts';
import { tools } from '../support/tools24.ts';

let machine: Machine;
beforeEach(() => {
  machine = new Machine();
});
afterEach(() => machine.end());

interface Content {
  readonly content: readonly { readonly text: string }[];
  readonly isError?: boolean;
}

async function inspect(target: readonly string[], options: readonly string[]): Promise<unknown> {
  if (!tools) throw new Error('there is no Inspector');
  const script = tools.file('@modelcontextprotocol/inspector/clients/launcher/build/index.js');
  // What follows the target would be the target's: the options of the Inspector go before it.
  const started = machine.spawn(tools.node, [script, '--cli', ...options, ...target], { input: '' });
  const { code, stdout, stderr } = await started.ended;
  if (code !== 0) throw new Error(`The Inspector ended with ${code}:\n${stdout}\n${stderr}`);
  return JSON.parse(stdout);
}

const NAMES = [
  'relay_send',
  'relay_receive',
  'relay_peers',
  'relay_status',
  'relay_sessions',
  'relay_history',
  'relay_room',
  'relay_rename',
];

describe.skipIf(!tools)('the Inspector', () => {
  it('lists and calls the tools of the session process over stdio', async () => {
    await machine.relay();
    await machine.curl('BOB', 'status', {});
    // Each call starts a process, and the one before may only now be joining or saying goodbye: a name each.
    const as = (name: string) => {
      // By variables: the Inspector has a --client-id of its own.
      const variables = [`CLAUDE_RELAY_HOME=${machine.home}`, `RELAY_CLIENT_ID=${name}`];
      return [...variables.flatMap((each) => ['-e', each]), process.execPath, join(ROOT, 'dist/cli.mjs'), 'mcp'];
    };
    const list = (await inspect(as('LISTER'), ['--method', 'tools/list'])) as { tools: { name: string }[] };
    expect(list.tools.map(({ name }) => name)).toEqual(NAMES);
    const call = [
      '--method',
      'tools/call',
      '--tool-name',
      'relay_send',
      '--tool-arg',
      'to=BOB',
      'message=hello from the Inspector',
    ];
    const sent = (await inspect(as('CALLER'), call)) as Content;
    expect(sent.isError).not.toBe(true);
    expect(await machine.curl('BOB', 'inbox', {})).toMatchObject({
      messages: [{ from: 'CALLER', body: 'hello from the Inspector' }],
    });
  });

  it('lists and calls the same tools over HTTP', async () => {
    await machine.relay();
    const url = `http://localhost:${machine.port}/mcp?as=INSPECTOR`;
    const target = [url, '--header', `Authorization: Bearer ${machine.token}`];
    const list = (await inspect(target, ['--transport', 'http', '--method', 'tools/list'])) as {
      tools: { name: string }[];
    };
    expect(list.tools.map(({ name }) => name)).toEqual(NAMES);
    const status = (await inspect(target, [
      '--transport',
      'http',
      '--method',
      'tools/call',
      '--tool-name',
      'relay_status',
    ])) as Content;
    expect(status.content[0]?.text).toContain('INSPECTOR');
  });
});
