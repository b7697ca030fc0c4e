import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { vscode } from '../../../src/agents/vscode/install.ts';
import { freshFiles, pathsOf, world } from '../programs.ts';

describe('VS Code', () => {
  it('gets a server in the default profile', () => {
    const here = world();
    const [, script = ''] = here.launch;
    expect(JSON.parse(freshFiles(here, 'vscode')['.config/Code/User/mcp.json'] ?? '')).toEqual({
      servers: { relay: { type: 'stdio', command: '/usr/bin/node', args: [script, 'mcp'] } },
    });
  });

  it('keeps its profile where each system has such files', () => {
    const here = world();
    expect(pathsOf({ ...here, platform: 'darwin' }, 'vscode')).toEqual([
      'Library/Application Support/Code/User/mcp.json',
    ]);
    expect(pathsOf({ ...here, platform: 'win32' }, 'vscode')).toEqual(['AppData/Roaming/Code/User/mcp.json']);
    const roaming = { APPDATA: join(here.userHome, 'R'), XDG_CONFIG_HOME: join(here.userHome, 'X') };
    expect(pathsOf({ ...here, platform: 'win32', env: roaming }, 'vscode')).toEqual(['R/Code/User/mcp.json']);
    expect(pathsOf({ ...here, env: roaming }, 'vscode')).toEqual(['X/Code/User/mcp.json']);
  });

  it('says whose hooks it runs', () => {
    expect(vscode.plan(world(), {}).notes.join()).toContain('~/.copilot/hooks');
  });
});
