/** The hook process as an agent program runs it, beside a real session process and a real relay. */
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { ROOT } from '../../scripts/ensure.mjs';
import { berthPath, berths, writeBerth } from '../../src/config/rendezvous.ts';
import { type Machine, type McpSession, machine as newMachine, until } from '../support/cli.ts';

let machine: Machine;
beforeEach(() => {
  machine = newMachine();
});

async function hook(event: string, input: object | string = {}, program = 'claude-code') {
  const text = typeof input === 'string' ? input : JSON.stringify(input);
  return (await machine.start(['hook', program, event], { input: text })).ended;
}

/** A session process whose client says that it is Claude Code; this test's process is the parent of both. */
async function session(name: string): Promise<McpSession> {
  const mcp = await machine.session(name, {}, 'claude-code');
  await mcp.connected();
  return mcp;
}

const isTrue = (value: boolean) => value;

describe('a hook', () => {
  it.each(['SessionStart', 'UserPromptSubmit', 'PostToolUse', 'Stop', 'SessionEnd', 'Wait', 'Nonsense'])(
    'at %s says nothing and fails nothing where there is no session',
    async (event) => {
      expect(await hook(event)).toEqual({ code: 0, stdout: '', stderr: '' });
      expect(existsSync(join(machine.home, 'run'))).toBe(false);
    },
  );

  it('says nothing where nothing waits, whatever it is told', async () => {
    await machine.relay();
    await session('CC-1');
    for (const input of ['', 'no json', '[]', { session_id: 5 }, { session_id: 's-1', prompt: 'x' }])
      expect(await hook('UserPromptSubmit', input)).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('puts mail before the model, and the next one is the evidence that it was read', async () => {
    await machine.relay();
    await session('CC-1');
    const sent = (await machine.curl('ci', 'send', { to: 'CC-1', body: 'Is the build green?' })) as { id: string };
    const shown = await until(
      async () => (await hook('UserPromptSubmit', { session_id: 's-1', prompt: 'hello' })).stdout,
      (stdout) => stdout !== '',
    );
    const { hookSpecificOutput } = JSON.parse(shown) as { hookSpecificOutput: { additionalContext: string } };
    expect(hookSpecificOutput.additionalContext).toContain('> Is the build green?');
    expect(await hook('Stop', { session_id: 's-1' })).toEqual({ code: 0, stdout: '', stderr: '' });
    await until(async () => {
      const { recipients } = (await machine.curl('ci', 'receipts', { id: sent.id })) as {
        recipients: { state: string }[];
      };
      return recipients[0]?.state === 'seen';
    }, isTrue);
  });

  it('binds the conversation to its session process', async () => {
    await machine.relay();
    await session('CC-1');
    await hook('SessionStart', { session_id: 's-77', source: 'startup' });
    await until(() => berths(machine.home)[0]?.agentSession === 's-77', isTrue);
    expect(berths(machine.home)).toMatchObject([{ name: 'CC-1', program: 'claude-code', agentSession: 's-77' }]);
  });

  it('gives up in time on a session process that does not answer', async () => {
    const path = berthPath(machine.home, process.pid);
    const server = createServer().listen(path);
    writeBerth(machine.home, { pid: process.pid, parent: process.pid, socket: path, cwd: ROOT });
    try {
      expect(await hook('Stop')).toEqual({ code: 0, stdout: '', stderr: '' });
    } finally {
      server.close();
    }
  });

  it('says how it is meant when a person runs it', async () => {
    const { code, stdout, stderr } = await (await machine.start(['hook'], { input: '' })).ended;
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^Usage: claude-relay hook <program> <event>/);
  });
});

describe('a session process', () => {
  it('takes its place away with it', async () => {
    await machine.relay();
    const mcp = await session('CC-1');
    expect(berths(machine.home)).toHaveLength(1);
    await mcp.kill('SIGTERM');
    expect(berths(machine.home)).toEqual([]);
  });

  it('that was killed is passed over, and swept away by the next one', async () => {
    await machine.relay();
    await (await session('CC-1')).kill('SIGKILL');
    expect(berths(machine.home)).toHaveLength(1);
    expect(await hook('Stop')).toEqual({ code: 0, stdout: '', stderr: '' });
    await session('CC-2');
    expect(berths(machine.home).map(({ name }) => name)).toEqual(['CC-2']);
  });
});
