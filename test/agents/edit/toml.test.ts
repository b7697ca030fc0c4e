import fc from 'fast-check';
import { parse } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { type TomlTable, tomlEdit } from '../../../src/agents/edit/toml.ts';
import { anyToml } from './any-toml.ts';

const FILE = '/home/me/.codex/config.toml';
const isOurs = (value: unknown) => JSON.stringify(value).includes('cli.mjs');
const SERVER = { command: '/usr/bin/node', args: ['/r/dist/cli.mjs', 'mcp'], tool_timeout_sec: 300 };
const STOP = { hooks: [{ type: 'command', command: "'/usr/bin/node' '/r/dist/cli.mjs' hook codex Stop", timeout: 5 }] };

const server: TomlTable = { path: ['mcp_servers', 'relay'], value: () => SERVER, isOurs };
const stop: TomlTable = { path: ['hooks', 'Stop'], isArray: true, value: () => STOP, isOurs };
const edit = tomlEdit([server, stop]);
const only = tomlEdit([server]);
const BLOCK = `[mcp_servers.relay]
command = "/usr/bin/node"
args = ["/r/dist/cli.mjs", "mcp"]
tool_timeout_sec = 300`;

describe('any TOML file', () => {
  it('gets our tables once, and is byte for byte the same without them', () => {
    fc.assert(
      fc.property(anyToml, (before) => {
        const { text, undo } = edit.put(before, FILE);
        expect(parse(text)).toMatchObject({ mcp_servers: { relay: SERVER } });
        expect(parse(text)).toHaveProperty('hooks.Stop', expect.arrayContaining([STOP]));
        expect(edit.put(text, FILE, undo)).toEqual({ text, undo });
        expect(edit.take(text, FILE, undo)).toBe(before);
        if (before.trim() !== '') expect(edit.take(text, FILE)).toBe(before);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps what its user wrote behind ours in between', () => {
    const behind = '\n\n[later]\nx = 1 # [mcp_servers.relay]\n';
    fc.assert(
      fc.property(anyToml, (before) => {
        const { text, undo } = edit.put(before, FILE);
        const taken = edit.take(text.trimEnd() + behind, FILE, undo);
        expect(taken?.trimStart()).toBe((before.trimEnd() + behind).trimStart());
      }),
      { numRuns: 300 },
    );
  });
});

describe('our table', () => {
  it.each([
    ['a = 1', `a = 1\n\n${BLOCK}`],
    ['a = 1\n', `a = 1\n\n${BLOCK}\n`],
    ['a = 1\r\n', `a = 1\n\n${BLOCK}\n`.replaceAll('\n', '\r\n')],
    ['a = 1\n\n\n', `a = 1\n\n${BLOCK}\n\n\n`],
    ['# c', `# c\n\n${BLOCK}`],
    ['# c \u00a0', `# c \u00a0\n\n${BLOCK}`],
    ['\ufeffa = 1\n', `\ufeffa = 1\n\n${BLOCK}\n`],
  ])('goes to the end of %j', (before, after) => {
    const { text, undo } = only.put(before, FILE);
    expect(text).toBe(after);
    expect(only.take(text, FILE, undo)).toBe(before);
  });

  it('makes a file that goes with it', () => {
    const { text, undo } = only.put(undefined, FILE);
    expect(text).toBe(`${BLOCK}\n`);
    expect(only.take(text, FILE, undo)).toBeUndefined();
    expect(only.take(`${text}\n[mine]\n`, FILE, undo)).toBe('[mine]\n');
  });

  it('leaves white space where there was nothing else', () => {
    const { text, undo } = only.put(' \n\n', FILE);
    expect(only.take(text, FILE, undo)).toBe(' \n\n');
  });

  it('goes with the tables that Codex puts inside it, and the comment on its last line', () => {
    const { text, undo } = only.put('a = 1\n', FILE);
    const more = `${text.trimEnd()} # mine\n\n[mcp_servers.relay.tools.relay_send]\napproval_mode = "approve"\n\n[b]\n`;
    expect(only.take(more, FILE, undo)).toBe('a = 1\n\n[b]\n');
  });

  it('is brought up to date where it is, with what the user added to it', () => {
    const there =
      'a = 1\n[mcp_servers.relay] # c\ncommand = "old" # d\nargs = [\n  "/old/dist/cli.mjs", # e\n]\nenv = { A = "b" }\n\n[b]\n';
    const { text } = only.put(there, FILE);
    expect(text).toBe(
      'a = 1\n[mcp_servers.relay] # c\ncommand = "/usr/bin/node" # d\nargs = ["/r/dist/cli.mjs", "mcp"]\nenv = { A = "b" }\ntool_timeout_sec = 300\n\n[b]\n',
    );
    expect(only.put(text, FILE).text).toBe(text);
    expect(only.take(text, FILE)).toBe('a = 1\n\n[b]\n');
  });

  it('is found under a quoted name', () => {
    const there = '["mcp_servers".\'relay\']\ncommand = "/r/dist/cli.mjs"\n';
    expect(only.take(there, FILE)).toBe('');
  });

  it('is not confused with what a string or a comment says', () => {
    const before =
      'x = """\n[mcp_servers.relay]\ncommand = "cli.mjs"\n"""\n# [mcp_servers.relay]\n# command = "cli.mjs"\n';
    expect(only.take(before, FILE)).toBe(before);
  });
});

describe('tables of a list', () => {
  it('stand beside those of the user', () => {
    const theirs = '[[hooks.Stop]]\n[[hooks.Stop.hooks]]\ntype = "command"\ncommand = "x"\n';
    const { text } = edit.put(theirs, FILE);
    expect(parse(text)).toMatchObject({ hooks: { Stop: [{ hooks: [{ command: 'x' }] }, STOP] } });
    expect(edit.take(text, FILE)).toBe(theirs);
  });

  it('are taken out by put when they are not wanted any more', () => {
    const { text } = edit.put('a = 1\n', FILE);
    const without = tomlEdit([server, { ...stop, isWanted: false }]);
    expect(without.put(text, FILE).text).toBe(`a = 1\n\n${BLOCK}\n`);
  });

  it('come once, although they are the same in every other file', () => {
    const twice = `${edit.put('', FILE).text}\n${tomlEdit([stop]).put('', FILE).text}`;
    expect(edit.take(twice, FILE)?.trim()).toBe('');
  });
});

describe('a file that is refused', () => {
  it.each([
    ['a = 1\nb =\n', 'is broken at line 2, column 4'],
    ['a = 1\na = 2\n', 'is broken at line 2, column 1'],
    ['[a\n', 'is broken at line 1'],
    [
      '[mcp_servers.relay]\ncommand = "other"\n',
      '[mcp_servers.relay] in /home/me/.codex/config.toml is something else than claude-relay (line 1, column 1).',
    ],
    [
      'a = 1\nmcp_servers = { x = { command = "y" } }\n',
      '"mcp_servers" in /home/me/.codex/config.toml is written in one piece, to which nothing can be added (line 2, column 1).',
    ],
    [
      'mcp_servers.relay.command = "y"\n',
      '"mcp_servers.relay" in /home/me/.codex/config.toml is something else than claude-relay (line 1, column 1).',
    ],
    ['[mcp_servers]\nrelay = { command = "y" }\n', '(line 2, column 1)'],
  ])('%j', (text, says) => {
    expect(() => only.put(text, FILE)).toThrow(says);
  });

  it('when it is broken, also by take', () => {
    expect(() => only.take('a = \n', FILE)).toThrow(`${FILE} is broken at line 1`);
  });
});
