import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { opencode } from '../../../src/agents/opencode/install.ts';
import { freshFiles, install, pathsOf, uninstall, world } from '../programs.ts';
import { write } from '../samples.ts';

describe('OpenCode', () => {
  it('gets a server, a configuration that it will not touch, and the plugin of this build', () => {
    const here = world();
    const [, script = ''] = here.launch;
    const files = freshFiles(here, 'opencode');
    expect(JSON.parse(files['.config/opencode/opencode.json'] ?? '')).toEqual({
      $schema: 'https://opencode.ai/config.json',
      mcp: { relay: { type: 'local', command: ['/usr/bin/node', script, 'mcp'], enabled: true } },
    });
    expect(files['.config/opencode/plugins/claude-relay.js']).toMatch(
      /^\/\/ Written by claude-relay.*\nexport const plugin = 1;\n$/,
    );
  });

  it.each([
    [['opencode.jsonc'], 'opencode.jsonc'],
    [['opencode.json', 'opencode.jsonc'], 'opencode.json'],
    [['config.json'], 'opencode.json'],
  ])('that has %j is changed in %s', (names, expected) => {
    const here = world();
    for (const name of names) write(join(here.userHome, '.config/opencode', name), '{}');
    expect(pathsOf(here, 'opencode')[0]).toBe(`.config/opencode/${expected}`);
  });

  it('is where XDG_CONFIG_HOME says', () => {
    const here = world();
    const elsewhere = { ...here, env: { XDG_CONFIG_HOME: join(here.userHome, 'x') } };
    expect(pathsOf(elsewhere, 'opencode')).toEqual(['x/opencode/opencode.json', 'x/opencode/plugins/claude-relay.js']);
  });

  it('gets a newer plugin, and loses it also when the build has none any more', async () => {
    const here = world();
    await install(here, 'opencode');
    write(join(here.dist, 'opencode-plugin.mjs'), 'export const plugin = 2;\n');
    await install(here, 'opencode');
    const path = join(here.userHome, '.config/opencode/plugins/claude-relay.js');
    expect(readFileSync(path, 'utf8')).toContain('plugin = 2');
    rmSync(join(here.dist, 'opencode-plugin.mjs'));
    await expect(install(here, 'opencode')).rejects.toThrow(/has no .*opencode-plugin\.mjs\.$/);
    await uninstall(here, 'opencode');
    expect(() => readFileSync(path)).toThrow(/ENOENT/);
  });

  it('says whether it is connected', () => {
    const check = opencode.plan(world(), {}).check;
    const ran = (stdout: string) => ({ code: 0, stdout, stderr: '' });
    expect(
      check?.read(ran('┌  MCP Servers\n│\n●  ✓ relay \u001b[90mconnected\n│      \u001b[90m/usr/bin/node\n')),
    ).toBe('connected');
    expect(check?.read(ran('●  ✗ relay \u001b[90mfailed\n'))).toBe('listed');
    expect(check?.read(ran('▲  No MCP servers configured\n'))).toBe('not seen');
  });
});
