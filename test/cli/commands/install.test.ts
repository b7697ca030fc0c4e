import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { snapshot, write } from '../../agents/install/samples.ts';
import { commandLine, FakeRunner, type LineOptions } from '../../support/command-line.ts';
import { memoryDir } from '../../support/temp-dir.ts';

/** A user with Claude Code 2.1.330 on PATH, Codex by its directory, and a build that has everything. */
function rig() {
  const root = memoryDir();
  const [user, home, bin, dist] = [
    join(root, 'user'),
    join(root, 'state'),
    join(root, 'bin'),
    join(root, 'relay/dist'),
  ];
  write(join(bin, 'claude'), '');
  chmodSync(join(bin, 'claude'), 0o755);
  write(join(bin, 'package.json'), '{"name": "@anthropic-ai/claude-code", "version": "2.1.330"}');
  mkdirSync(join(user, '.codex'), { recursive: true });
  write(join(dist, 'opencode-plugin.mjs'), '');
  const runner = new FakeRunner([[join(bin, 'claude'), { stdout: '  Status: ✔ Connected\n' }]]);
  const options: LineOptions = {
    home,
    userHome: user,
    env: { PATH: bin },
    node: '/usr/bin/node',
    script: join(dist, 'cli.mjs'),
    run: runner.run,
  };
  const run = (line: string, more: Partial<LineOptions> = {}) => commandLine(line.split(' '), { ...options, ...more });
  const json = async (line: string) => JSON.parse((await run(`${line} --json`)).out);
  return { root, user, home, runner, run, json };
}

describe('install without a program', () => {
  it('says what is here, what it would do and how; and does nothing', async () => {
    const { run, user } = rig();
    const before = snapshot(user);
    const { code, out, err } = await run('install', { tty: true });
    expect(code).toBe(0);
    expect(out).toMatch(/claude-code +2\.1\.330 +\S+\/bin\/claude +\S*not installed/);
    expect(out).toMatch(/codex +\S+\/\.codex +\S*not installed/);
    expect(out).not.toContain('gemini');
    expect(err).toContain('Nothing was changed. See what would be: claude-relay install --all --dry-run');
    expect(snapshot(user)).toEqual(before);
  });

  it('knows what is installed, what is out of date and what is broken', async () => {
    const { run, json, user } = rig();
    await run('install claude-code codex cursor');
    write(join(user, '.codex', 'hooks.json'), '{}');
    write(join(user, '.cursor', 'mcp.json'), '{');
    expect(await json('install')).toEqual({
      programs: [
        expect.objectContaining({
          program: 'claude-code',
          title: 'Claude Code',
          version: '2.1.330',
          state: 'installed',
        }),
        expect.objectContaining({ program: 'codex', state: 'out of date' }),
        expect.objectContaining({ program: 'cursor', state: 'cannot be told' }),
      ],
    });
    expect((await run('install')).err).toMatch(/Cursor: \S+mcp\.json is broken at line 1, column 2: a } is missing\./);
  });

  it('says so when nothing is here', async () => {
    const { err } = await commandLine(['install'], { home: memoryDir(), env: { PATH: '' } });
    expect(err).toContain('No agent program was found here.');
    expect(err).toContain('claude-relay install generic');
  });
});

describe('install', () => {
  it('writes, says where, and what its user has to know', async () => {
    const { run, user, home } = rig();
    write(join(user, '.claude.json'), '{}');
    const { code, out, err } = await run('install claude-code codex');
    expect(code).toBe(0);
    expect(out).toMatch(/Claude Code +changed +\S+\.claude\.json +MCP server "relay"/);
    expect(out).toMatch(/Codex +created +\S+hooks\.json +hooks/);
    expect(err).toContain('Claude Code: It asks before it uses a tool of the relay; --allow-tools');
    expect(err).toContain('Codex: It runs new hooks only after you have trusted them: open /hooks');
    expect(err).toContain('Programs that are running take notice when they are started again.');
    expect(err).toContain(`The files as they were: ${join(home, 'backups')}`);
    expect(readFileSync(join(user, '.claude.json'), 'utf8')).toContain('"relay"');
  });

  it('--all is every program that is found', async () => {
    const { json } = rig();
    const { programs } = await json('install --all');
    expect(programs.map(({ program }: { program: string }) => program)).toEqual(['claude-code', 'codex']);
  });

  it('twice is the same as once', async () => {
    const { run, user } = rig();
    await run('install claude-code');
    const once = snapshot(user);
    const { out } = await run('install claude-code');
    expect(out.match(/unchanged/g)).toHaveLength(2);
    expect(snapshot(user)).toEqual(once);
  });

  it('at another path brings its entries up to date', async () => {
    const { run, user, root } = rig();
    await run('install claude-code codex');
    await run('install claude-code codex', { script: join(root, 'new/dist/cli.mjs') });
    for (const name of ['.claude.json', '.claude/settings.json', '.codex/config.toml', '.codex/hooks.json']) {
      const text = readFileSync(join(user, name), 'utf8');
      expect([/new\/dist\/(cli.mjs|hook.cjs)/.test(text), text.includes('relay/dist/')]).toEqual([true, false]);
    }
  });

  it('--allow-tools adds the rule', async () => {
    const { run, user } = rig();
    const { out, err } = await run('install claude-code --allow-tools');
    expect(out).toContain('the rule mcp__relay__*');
    expect(err).not.toContain('--allow-tools');
    expect(readFileSync(join(user, '.claude/settings.json'), 'utf8')).toContain('"mcp__relay__*"');
  });

  it('prepares a program that is not here, and says so', async () => {
    const { run, user } = rig();
    const { err } = await run('install cursor');
    expect(err).toContain('Cursor was not found here; it is ready for when it comes.');
    expect(existsSync(join(user, '.cursor/mcp.json'))).toBe(true);
  });

  it('generic prints what to write, and where', async () => {
    const { run, root, user } = rig();
    const before = snapshot(user);
    const { out, err } = await run('install generic');
    const command = { command: '/usr/bin/node', args: [join(root, 'relay/dist/cli.mjs'), 'mcp'] };
    expect(JSON.parse(out)).toEqual({ mcpServers: { relay: command } });
    expect(err).toContain('"mcpServers"');
    expect(snapshot(user)).toEqual(before);
  });

  it('refuses a broken file by line and column, and then writes nothing anywhere', async () => {
    const { run, user } = rig();
    write(join(user, '.codex/config.toml'), 'a = 1\nb = = 2\n');
    const before = snapshot(user);
    const { code, out, err } = await run('install claude-code codex');
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain('config.toml is broken at line 2, column 5');
    expect(err).toContain('nothing was written');
    expect(snapshot(user)).toEqual(before);
  });

  it('refuses a server of that name that is somebody else’s', async () => {
    const { run, user } = rig();
    write(join(user, '.claude.json'), '{\n"mcpServers": {"relay": {"command": "other"}}}');
    const { code, err } = await run('install claude-code');
    expect(code).toBe(1);
    expect(err).toContain('is something else than claude-relay (line 2, column 25).');
  });

  it('refuses a read-only file', async () => {
    const { run, user } = rig();
    write(join(user, '.claude.json'), '{}');
    chmodSync(join(user, '.claude.json'), 0o444);
    const { code, err } = await run('install claude-code');
    expect([code, readFileSync(join(user, '.claude.json'), 'utf8')]).toEqual([1, '{}']);
    expect(err).toContain('.claude.json is read-only.');
  });

  it('refuses to write down the path of a copy that npx will remove', async () => {
    const { run } = rig();
    const { code, err } = await run('install claude-code', {
      script: '/home/me/.npm/_npx/1/node_modules/claude-relay/dist/cli.mjs',
    });
    expect(code).toBe(1);
    expect(err).toContain('npm install -g claude-relay');
  });

  it('refuses programs that it does not know, and names together with --all', async () => {
    const { run } = rig();
    expect((await run('install emacs')).code).toBe(2);
    expect((await run('install codex --all')).code).toBe(2);
  });

  it('--verify asks the program itself', async () => {
    const { run, json, runner } = rig();
    expect((await run('install claude-code codex --verify')).err).toContain(
      'Claude Code: connected (claude mcp get relay)',
    );
    expect(runner.calls.map((call) => call.slice(1))).toEqual([['mcp', 'get', 'relay']]);
    const { programs } = await json('install claude-code codex --verify');
    expect(programs).toEqual([
      expect.objectContaining({ seen: 'connected', says: 'claude mcp get relay' }),
      expect.objectContaining({ seen: 'not asked', says: 'there is no codex in PATH' }),
    ]);
  });
});

describe('--dry-run', () => {
  it('prints a diff of every file, and changes nothing', async () => {
    const { run, user, home } = rig();
    write(join(user, '.codex/config.toml'), 'model = "x"\n');
    const before = snapshot(user);
    const { out, err } = await run('install claude-code codex --dry-run --verify');
    expect(out).toContain(`--- /dev/null\n+++ ${join(user, '.claude.json')}\n`);
    expect(out).toContain(
      `--- ${join(user, '.codex/config.toml')}\n+++ ${join(user, '.codex/config.toml')}\n@@ -1,1 +1,7 @@\n model = "x"\n+\n+[mcp_servers.relay]\n`,
    );
    expect(err).toContain('Would run: claude mcp get relay');
    expect(err).not.toContain('started again');
    expect([snapshot(user), existsSync(home)]).toEqual([before, false]);
  });

  it('says the same as JSON', async () => {
    const { json, user } = rig();
    const { dry_run, programs } = await json('install claude-code --dry-run');
    expect(dry_run).toBe(true);
    expect(programs[0]).toMatchObject({ program: 'claude-code', check: ['claude', 'mcp', 'get', 'relay'] });
    expect(programs[0].files[0]).toEqual({
      path: join(user, '.claude.json'),
      change: 'created',
      holds: 'MCP server "relay"',
      diff: expect.stringContaining('+++ '),
    });
  });

  it('of taking out prints what would go', async () => {
    const { run, user } = rig();
    write(join(user, '.codex/config.toml'), 'model = "x"\n');
    await run('install codex');
    const before = snapshot(user);
    const { out } = await run('uninstall codex --dry-run');
    expect(out).toContain(' model = "x"\n-\n-[mcp_servers.relay]\n');
    expect(snapshot(user)).toEqual(before);
  });
});

describe('uninstall', () => {
  it('without a program says where it is installed', async () => {
    const { run } = rig();
    expect((await run('uninstall')).err).toBe('It is installed nowhere.\n');
    await run('install codex');
    const { out, err } = await run('uninstall');
    expect(out).toMatch(/codex .*installed/);
    expect(out).not.toContain('claude-code');
    expect(err).toContain('claude-relay uninstall <program…>, or --all');
  });

  it('--all takes it out of every program that has it, and gives back every byte', async () => {
    const { run, json, user } = rig();
    write(join(user, '.claude.json'), '{ "a": 1 }');
    const before = snapshot(user);
    await run('install claude-code codex cursor');
    const { programs } = await json('uninstall --all');
    expect(programs.map(({ program }: { program: string }) => program)).toEqual(['claude-code', 'codex', 'cursor']);
    expect(snapshot(user)).toEqual(before);
    expect((await run('uninstall --all')).err).toContain('It is installed nowhere.');
  });

  it('of what is not there changes nothing', async () => {
    const { run, user } = rig();
    const before = snapshot(user);
    const { code, out } = await run('uninstall claude-code');
    expect([code, out.match(/unchanged/g)?.length]).toEqual([0, 2]);
    expect(snapshot(user)).toEqual(before);
  });

  it('names a link by both of its ends', async () => {
    const { run, json, user } = rig();
    write(join(user, 'dotfiles/claude.json'), '{}');
    symlinkSync('dotfiles/claude.json', join(user, '.claude.json'));
    const { programs } = await json('install claude-code');
    expect(programs[0].files[0]).toMatchObject({
      path: join(user, '.claude.json'),
      link_to: join(user, 'dotfiles/claude.json'),
    });
    await run('uninstall claude-code');
    expect(readFileSync(join(user, 'dotfiles/claude.json'), 'utf8')).toBe('{}');
  });
});
