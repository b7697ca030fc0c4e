/** Claude Code, with one prompt and in a terminal. */
import { describe, expect, it } from 'vitest';
import { machine } from '../support/cli.ts';
import { ClaudeCode } from './claude-code.ts';
import { headlessContract, type Subject, terminalContract, versionContract } from './contract.ts';
import { scriptedModel } from './model/model.ts';
import { needsPrograms } from './program.ts';

needsPrograms('claude-code');

const make: Subject['make'] = (here, model) => new ClaudeCode(here, model, { name: 'CC-1' });

versionContract({ label: 'claude', make });
headlessContract({ label: 'claude -p', make });
terminalContract({ label: 'claude', make });

describe('claude mcp', () => {
  it('adds the session process for the user, and says that it is connected', async () => {
    const here = machine();
    await here.relay();
    const claude = new ClaudeCode(here, await scriptedModel('claude-code'), { name: 'CC-1', servers: {} });
    const added = await claude.run('mcp', 'add', '-s', 'user', 'relay', '--', 'claude-relay', 'mcp').ended;
    expect(added).toMatchObject({ code: 0, stderr: '' });
    const { code, stdout } = await claude.run('mcp', 'list').ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^relay: claude-relay mcp .*connected/im);
  });
});
