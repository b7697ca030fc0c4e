import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Command, Context } from '../../src/cli/command.ts';
import { COMMANDS } from '../../src/cli/commands/all.ts';
import { RelayError } from '../../src/protocol/codes.ts';
import { Failure } from '../../src/util/failure.ts';
import { commandLine } from '../support/command-line.ts';
import { tempDir } from '../support/temp-dir.ts';

/** Everything that a command can have; it keeps the context that it was run with. */
function probe(run: (ctx: Context) => number | Promise<number> = () => 0) {
  const seen: Context[] = [];
  const command: Command = {
    name: 'probe',
    summary: 'Probes.',
    details: 'More of it.',
    arguments: [
      { name: 'to', sentence: 'whom' },
      { name: 'words', sentence: 'what', many: true, optional: true },
    ],
    options: [
      { flag: '--wait', short: '-w', value: 'seconds', sentence: 'wait' },
      { flag: '--tag', value: 'tag', sentence: 'tags', many: true },
      { flag: '--urgent', sentence: 'hurry' },
      { flag: '--how', value: 'way', sentence: 'how', choices: ['well', 'badly'] },
    ],
    settings: ['relayUrl', 'port', 'allowHosts', 'legacy'],
    where: ['serve'],
    json: true,
    examples: [{ line: 'claude-relay probe x', says: 'probe x', needs: 'nothing' }],
    run(ctx) {
      seen.push(ctx);
      return run(ctx);
    },
  };
  return { command, seen };
}

async function runProbe(argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { command, seen } = probe();
  const ran = await commandLine(['probe', ...argv], { home: tempDir(), commands: [command], env });
  return { ...ran, ctx: seen[0] };
}

describe('a command', () => {
  it('is given its arguments, options and settings', async () => {
    const argv = ['CC-2', 'two', 'words', '-w', '5', '--tag', 'a', '--tag=b', '--urgent', '--port', '77', '--json'];
    const { code, ctx } = await runProbe(argv, { RELAY_URL: 'ws://r' });
    expect(code).toBe(0);
    expect([ctx?.given.text('to'), ctx?.given.list('words'), ctx?.given.text('--wait')]).toEqual([
      'CC-2',
      ['two', 'words'],
      '5',
    ]);
    expect([ctx?.given.list('--tag'), ctx?.given.has('--urgent'), ctx?.out.isJson]).toEqual([['a', 'b'], true, true]);
    expect([ctx?.config.settings.port, ctx?.config.from.port, ctx?.config.settings.relayUrl]).toEqual([
      77,
      'flag',
      'ws://r',
    ]);
  });

  it('is given nothing that was not said', async () => {
    const { ctx } = await runProbe(['x']);
    expect([ctx?.given.list('words'), ctx?.given.text('--wait'), ctx?.given.has('--urgent'), ctx?.out.isJson]).toEqual([
      [],
      undefined,
      false,
      false,
    ]);
    expect(ctx?.config.from).toMatchObject({ port: 'default', legacy: 'default', allowHosts: 'default' });
  });

  it('takes what looks like a flag after --', async () => {
    const { ctx } = await runProbe(['x', '--', '--urgent', '-w']);
    expect([ctx?.given.list('words'), ctx?.given.has('--urgent')]).toEqual([['--urgent', '-w'], false]);
  });

  it('is given repeated settings, and switches', async () => {
    const { ctx } = await runProbe(['x', '--allow-host', 'a', '--allow-host', 'b,c', '--legacy']);
    expect(ctx?.config.settings).toMatchObject({ allowHosts: ['a', 'b', 'c'], legacy: true });
  });

  it.each([
    [() => 0, 0, ''],
    [() => 5, 5, ''],
    [
      () => {
        throw new Failure('unsafe', 'Open.', 'Close it.');
      },
      78,
      'claude-relay: Open.\n  Close it.\n',
    ],
    [() => Promise.reject(new RelayError('not_connected')), 3, 'claude-relay: The relay cannot be reached.\n'],
    [() => Promise.reject(new Error('boom')), 1, 'claude-relay: Something went wrong here: boom\n'],
  ])('decides the exit code (%#)', async (run, code, err) => {
    const { command } = probe(run);
    const ran = await commandLine(['probe', 'x'], { home: tempDir(), commands: [command] });
    expect([ran.code, ran.err]).toEqual([code, err]);
  });
});

describe('wrong usage', () => {
  it.each([
    [['prob'], "Unknown command 'prob' (Did you mean probe?)"],
    [['probe'], "Missing required argument 'to'"],
    [['probe', 'x', '--urgnt'], "Unknown option '--urgnt' (Did you mean --urgent?)"],
    [['probe', 'x', '--wait'], "Option '-w, --wait <seconds>' argument missing"],
    [['probe', 'x', '--how', 'oddly'], 'Allowed choices are well, badly.'],
    [['probe', 'x', '--\u001b[2J\u202e'], "Unknown option '--␛[2J<202e>'"],
    [['\u001b]0;x\u0007'], "Unknown command '␛]0;x␇'"],
  ])('%j is one sentence on stderr and exit code 2', async (argv, sentence) => {
    const { command } = probe();
    const { code, out, err } = await commandLine(argv, { home: tempDir(), commands: [command] });
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(`claude-relay: `);
    expect(err).toContain(sentence);
    expect(err.split('\n')).toHaveLength(3);
  });

  it('of a setting names its source', async () => {
    const { command } = probe(({ config }) => config.settings.port);
    const options = { home: tempDir(), commands: [command] };
    const byFlag = await commandLine(['probe', 'x', '--port', 'abc'], options);
    expect([byFlag.code, byFlag.err]).toEqual([
      2,
      'claude-relay: --port must be a whole number from 0 to 65535, not "abc".\n',
    ]);
    const byVariable = await commandLine(['probe', 'x'], { ...options, env: { RELAY_PORT: 'abc' } });
    expect(byVariable.err).toContain('RELAY_PORT must be');
  });

  it('is not a setting that nobody asked for', async () => {
    const { code } = await runProbe(['x'], { RELAY_PORT: 'abc' });
    expect(code).toBe(0);
  });
});

describe('settings', () => {
  it('are read once, and their warnings told once', async () => {
    const home = tempDir();
    writeFileSync(join(home, 'config.json'), '{"prot": 1}', { mode: 0o600 });
    const { command } = probe((ctx) => {
      const { config } = ctx;
      return config === ctx.config ? 0 : 1;
    });
    const { code, err } = await commandLine(['probe', 'x'], { home, commands: [command] });
    expect(code).toBe(0);
    expect(err.match(/did you mean "port"/g)).toHaveLength(1);
  });

  it('in an open directory stop what needs them, with exit code 78', async () => {
    const home = tempDir();
    chmodSync(home, 0o755);
    const needing = probe(({ config }) => config.settings.port);
    const { code, err } = await commandLine(['probe', 'x'], { home, commands: [needing.command] });
    expect([code, err]).toEqual([
      78,
      `claude-relay: ${home} is open to other users (mode 0755).\n  chmod 700 ${home}\n`,
    ]);
    expect((await commandLine(['probe', 'x'], { home, commands: [probe().command] })).code).toBe(0);
  });
});

describe('help', () => {
  it('lists every command but the hidden ones, and the exit codes', async () => {
    const { code, out } = await commandLine(['--help'], { home: tempDir() });
    expect(code).toBe(0);
    for (const { name, hidden } of COMMANDS) expect(new RegExp(`^  ${name}\\b`, 'm').test(out)).toBe(!hidden);
    expect(out).toContain('Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no relay');
  });

  it('is what is printed without a command', async () => {
    const { code, out } = await commandLine([], { home: tempDir() });
    expect([code, out]).toEqual([0, (await commandLine(['--help'], { home: tempDir() })).out]);
  });

  it.each(
    COMMANDS.flatMap((command) => [
      [command.name],
      ...(command.subcommands ?? []).map(({ name }) => [command.name, name]),
    ]),
  )('of %s %s ends in its examples', async (...path) => {
    const words = path.filter((word) => typeof word === 'string');
    const { code, out, err } = await commandLine([...words, '--help'], { home: tempDir() });
    expect([code, err]).toEqual([0, '']);
    expect(out.slice(out.indexOf('\nExamples:'))).toMatch(/^\nExamples:\n( {2}# .*\n {2}.*\n)+$/);
  });

  it('of a flag names its variable and default', async () => {
    const { command } = probe();
    const { out } = await commandLine(['probe', '--help'], { home: tempDir(), commands: [command] });
    expect(out.replace(/\s+/g, ' ')).toContain('(RELAY_PORT; default: 9999)');
    expect(out).toContain('More of it.');
  });

  it('has the version', async () => {
    expect(await commandLine(['--version'], { home: tempDir() })).toEqual({ code: 0, out: '1.2.3\n', err: '' });
  });
});

describe('colours', () => {
  const coloured = async (argv: readonly string[], env: NodeJS.ProcessEnv) => {
    const { command } = probe(({ out }) => {
      out.line('x', 'red');
      return 0;
    });
    const { out } = await commandLine(['probe', 'x', ...argv], {
      home: tempDir(),
      commands: [command],
      tty: true,
      env,
    });
    return out.includes('\u001b');
  };

  it('are there on a terminal unless NO_COLOR or --no-color says otherwise', async () => {
    expect([
      await coloured([], {}),
      await coloured([], { NO_COLOR: '' }),
      await coloured([], { NO_COLOR: '1' }),
      await coloured(['--no-color'], {}),
    ]).toEqual([true, true, false, false]);
  });
});

describe('the descriptions of the commands', () => {
  const all = COMMANDS.flatMap((command) => [command, ...(command.subcommands ?? [])]);

  it.each(all.map((command) => [command.name, command] as const))(
    '%s is one whole sentence, with examples',
    (_name, command) => {
      expect(command.summary).toMatch(/^[A-Z`].*\.$/);
      expect(command.examples.length).toBeGreaterThan(0);
      expect(
        command.run !== undefined || command.subcommands !== undefined || ['mcp', 'serve'].includes(command.name),
      ).toBe(true);
      for (const { sentence } of [...(command.arguments ?? []), ...(command.options ?? [])])
        expect(sentence).not.toBe('');
    },
  );

  it('have no name twice, and no flag twice in one command', () => {
    const names = COMMANDS.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)]);
    for (const { options = [] } of all) {
      const flags = options.flatMap(({ flag, short }) => (short === undefined ? [flag] : [flag, short]));
      expect(flags).toEqual([...new Set(flags)]);
    }
  });
});
