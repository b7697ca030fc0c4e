/** Codex, with one prompt in each of its three ways to show tools, and in a terminal with and without its daemon. */
import { describe, expect, it } from 'vitest';
import { machine } from '../support/cli.ts';
import { Codex, type CodexOptions } from './codex.ts';
import { headlessContract, type Subject, terminalContract, versionContract } from './contract.ts';
import { scriptedModel } from './model/model.ts';
import { needsPrograms } from './program.ts';

needsPrograms('codex');

function codex(options: Partial<CodexOptions> = {}): Subject['make'] {
  return (here, model) => new Codex(here, model, { name: 'CX-1', ...options });
}

versionContract({ label: 'codex', make: codex() });
headlessContract({ label: 'codex exec, tools inline', make: codex({ tools: 'inline' }) });
headlessContract({ label: 'codex exec, tools behind a search', make: codex({ tools: 'search' }) });
headlessContract({ label: 'codex exec, tools in code', make: codex({ tools: 'code' }) });
terminalContract({ label: 'codex', make: codex() });
terminalContract({ label: 'codex --no-daemon', make: codex({ args: ['--no-daemon'] }) });

describe('codex mcp', () => {
  it('adds the session process, and lists it', async () => {
    const here = machine();
    const agent = new Codex(here, await scriptedModel('codex'), { name: 'CX-1', servers: '' });
    const added = await agent.run('mcp', 'add', 'relay', '--', 'claude-relay', 'mcp', '--client-id', 'CX-1').ended;
    expect(added.code).toBe(0);
    const { code, stdout } = await agent.run('mcp', 'list').ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^relay +claude-relay +mcp --client-id CX-1 .*enabled/m);
  });
});
