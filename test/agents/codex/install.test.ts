import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { codex } from '../../../src/agents/codex/install.ts';
import { freshFiles, hookOf, install, pathsOf, uninstall, type World, world } from '../install/programs.ts';
import { write } from '../install/samples.ts';

const EVENTS = ['SessionStart', 'UserPromptSubmit', 'PostToolUse', 'Stop'];
const THEIRS = '[[hooks.Stop]]\n[[hooks.Stop.hooks]]\ntype = "command"\ncommand = "x"\n';

const at = ({ userHome }: World, name: string) => join(userHome, '.codex', name);
const read = (here: World, name: string) => readFileSync(at(here, name), 'utf8');

describe('Codex', () => {
  it('gets a server that may wait, with the variables that mean something to it, and hooks', () => {
    const here = world();
    const [, script = ''] = here.launch;
    const files = freshFiles(here, 'codex');
    expect(parse(files['.codex/config.toml'] ?? '')).toEqual({
      mcp_servers: {
        relay: {
          command: '/usr/bin/node',
          args: [script, 'mcp'],
          env_vars: expect.arrayContaining([
            'CODEX_HOME',
            'CLAUDE_RELAY_HOME',
            'CLAUDE_RELAY_SESSION_ID',
            'RELAY_URL',
            'RELAY_TOKEN',
          ]),
          tool_timeout_sec: 300,
        },
      },
    });
    const hook = (event: string) => [
      { hooks: [{ type: 'command', command: `/usr/bin/node ${hookOf(script)} codex ${event}`, timeout: 5 }] },
    ];
    expect(JSON.parse(files['.codex/hooks.json'] ?? '')).toEqual({
      hooks: Object.fromEntries(EVENTS.map((event) => [event, hook(event)])),
    });
  });

  it('is given a line that any shell reads as the same words', () => {
    const here = { ...world(), launch: ['/usr/local/my node/bin/node', "/it's/dist/cli.mjs"] as const };
    expect(freshFiles(here, 'codex')['.codex/hooks.json']).toContain(
      JSON.stringify("'/usr/local/my node/bin/node' '/it'\\''s/dist/hook.cjs' codex Stop"),
    );
  });

  it('says that its user has to trust the hooks', () => {
    expect(codex.plan(world(), {}).notes.join()).toContain('/hooks');
  });

  it('is where CODEX_HOME says', () => {
    const here = world();
    expect(pathsOf(here, 'codex')).toEqual(['.codex/config.toml', '.codex/hooks.json']);
    const elsewhere = { ...here, env: { CODEX_HOME: join(here.userHome, 'c') } };
    expect(pathsOf(elsewhere, 'codex')).toEqual(['c/config.toml', 'c/hooks.json']);
  });

  it('keeps what its user made of the waiting time and the variables', async () => {
    const here = world();
    const theirs = 'tool_timeout_sec = 60\nenv_vars = []\n';
    write(
      at(here, 'config.toml'),
      `[mcp_servers.relay]\ncommand = "node"\nargs = ["/r/dist/cli.mjs", "mcp", "--x"]\n${theirs}`,
    );
    await install(here, 'codex');
    const [, script = ''] = here.launch;
    expect(parse(read(here, 'config.toml'))).toMatchObject({
      mcp_servers: {
        relay: { command: '/usr/bin/node', args: [script, 'mcp', '--x'], tool_timeout_sec: 60, env_vars: [] },
      },
    });
  });

  it('says that it knows the server; it starts none to find out more', () => {
    const check = codex.plan(world(), {}).check;
    expect(check?.command).toEqual(['codex', 'mcp', 'get', 'relay']);
    expect(check?.read({ code: 0, stdout: 'relay\n  enabled: true', stderr: '' })).toBe('listed');
    expect(check?.read({ code: 1, stdout: '', stderr: "Error: No MCP server named 'relay' found." })).toBe('not seen');
  });
});

describe('the hooks of Codex', () => {
  it('are where the user has theirs: it warns of two places', async () => {
    const here = world();
    write(at(here, 'config.toml'), THEIRS);
    await install(here, 'codex');
    expect(() => read(here, 'hooks.json')).toThrow(/ENOENT/);
    const { hooks } = parse(read(here, 'config.toml'));
    expect(Object.keys(hooks as object).sort()).toEqual([...EVENTS].sort());
    await uninstall(here, 'codex');
    expect(read(here, 'config.toml')).toBe(THEIRS);
  });

  it('move when the user’s do', async () => {
    const here = world();
    await install(here, 'codex');
    write(at(here, 'config.toml'), `${THEIRS}\n${read(here, 'config.toml')}`);
    await install(here, 'codex');
    expect(() => read(here, 'hooks.json')).toThrow(/ENOENT/);
    expect(read(here, 'config.toml').match(/hook.cjs codex/g)).toHaveLength(4);
    await uninstall(here, 'codex');
    expect(read(here, 'config.toml')).toBe(THEIRS);
  });

  it.each([
    ['the user has some in both', THEIRS, '{"hooks":{"Stop":[{"hooks":[{"type":"command","command":"x"}]}]}}'],
    [
      'nothing can be added to config.toml',
      'hooks = { Stop = [{ hooks = [{ type = "command", command = "x" }] }] }\n',
      '{}',
    ],
    ['there is only what Codex remembers of trust', '[hooks.state."x:stop:0:0"]\ntrusted_hash = "y"\n', '{}'],
  ])('are in hooks.json when %s', async (_why, config, hooks) => {
    const here = world();
    write(at(here, 'config.toml'), config);
    write(at(here, 'hooks.json'), hooks);
    await install(here, 'codex');
    expect(read(here, 'hooks.json').match(/hook.cjs codex/g)).toHaveLength(4);
    expect(read(here, 'config.toml')).not.toContain('hook.cjs codex');
    await uninstall(here, 'codex');
    expect([read(here, 'config.toml'), read(here, 'hooks.json')]).toEqual([config, hooks]);
  });
});
