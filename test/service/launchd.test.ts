import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Launchd, renderLaunchd } from '../../src/service/launchd.ts';
import { tunnelUnit } from '../../src/service/units.ts';
import { type Ran, type Runner, runProgram } from '../../src/util/run.ts';
import { FakeRunner } from '../support/command-line.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { tempDir } from '../support/temp-dir.ts';
import { NASTY_WORDS, unit } from './unit.ts';

const GUI = 'gui/501';
const LABEL = 'claude-relay.relay';

function launchd(run: Runner, clock = new FakeClock()) {
  const userHome = tempDir();
  return { userHome, clock, supervisor: new Launchd({ run, env: {}, userHome, uid: 501 }, clock) };
}

const answering = (answers: ReadonlyArray<readonly [string, Partial<Ran>]>) => new FakeRunner(answers);

/** A property list as data: enough of XML for what we write, and strict about it. */
function parsePlist(text: string): unknown {
  const tokens = [...text.matchAll(/<(\/?)(\w+)([^>]*?)(\/?)>|([^<]+)/g)];
  let at = tokens.findIndex(([, , name]) => name === 'plist') + 1;
  const skip = () => {
    while (tokens[at]?.[5]?.trim() === '') at += 1;
  };
  const plain = (raw: string) => {
    if (/&(?!amp;|lt;|gt;|quot;)/.test(raw)) throw new Error(`a bare & in ${raw}`);
    return raw.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&');
  };
  const close = (name: string) => {
    if (tokens[at]?.[1] !== '/' || tokens[at]?.[2] !== name) throw new Error(`</${name}> is missing`);
    at += 1;
  };
  const content = (name: string) => {
    const raw = tokens[at]?.[5];
    if (raw !== undefined) at += 1;
    close(name);
    return plain(raw ?? '');
  };
  const value = (): unknown => {
    skip();
    const [, , name = '', , empty] = tokens[at] ?? [];
    at += 1;
    if (empty === '/') return name === 'true';
    if (name === 'string' || name === 'key') return content(name);
    if (name === 'integer') return Number(content(name));
    const items: unknown[] = [];
    for (skip(); tokens[at]?.[1] !== '/'; skip()) items.push(value());
    close(name);
    if (name === 'array') return items;
    return Object.fromEntries(Array.from({ length: items.length / 2 }, (_, i) => [items[2 * i], items[2 * i + 1]]));
  };
  return value();
}

describe('a property list', () => {
  it('of the relay reads as it did', () => {
    expect(renderLaunchd(unit())).toMatchSnapshot();
  });

  it('of a tunnel reads as it did', () => {
    const tunnel = tunnelUnit({
      home: '/Users/me/.claude-relay',
      ssh: '/usr/bin/ssh',
      way: { target: 'me@relay', options: [] },
      port: 9999,
    });
    expect(renderLaunchd(tunnel)).toMatchSnapshot();
  });

  it('says what launchd needs to know', () => {
    expect(parsePlist(renderLaunchd(unit()))).toEqual({
      Label: LABEL,
      ProgramArguments: ['/usr/bin/node', '/opt/claude-relay/dist/cli.mjs', 'serve'],
      EnvironmentVariables: { CLAUDE_RELAY_HOME: '/home/me/.claude-relay' },
      RunAtLoad: true,
      KeepAlive: true,
      ThrottleInterval: 10,
      StandardOutPath: '/home/me/.claude-relay/logs/relay.log',
      StandardErrorPath: '/home/me/.claude-relay/logs/relay-error.log',
      Umask: 63,
      ProcessType: 'Background',
    });
    expect(parsePlist(renderLaunchd(unit({ always: false })))).toMatchObject({ KeepAlive: { SuccessfulExit: false } });
  });

  it.each(NASTY_WORDS)('holds %j everywhere', (word) => {
    const nasty = unit({ command: [word, word], environment: { X: word }, logs: { out: word, error: word } });
    expect(parsePlist(renderLaunchd(nasty))).toMatchObject({
      ProgramArguments: [word, word],
      EnvironmentVariables: { X: word },
      StandardOutPath: word,
      StandardErrorPath: word,
    });
  });

  it.each(['/a\nb', '/a\u0000', '/a\u001b', '/\ufffe', '/\ud800'])('cannot hold %j, and says so', (path) => {
    expect(() => renderLaunchd(unit({ command: [path] }))).toThrow('control characters');
    expect(() => renderLaunchd(unit({ environment: { X: path } }))).toThrow('control characters');
  });

  it('without variables has an empty dictionary', () => {
    expect(parsePlist(renderLaunchd(unit({ environment: {} })))).toMatchObject({ EnvironmentVariables: {} });
  });

  it('is well-formed to other readers, where there are any', async (test) => {
    const file = join(tempDir(), 'x.plist');
    const nasty = unit({ command: ['/n', ...NASTY_WORDS] });
    writeFileSync(file, renderLaunchd(nasty));
    const xml = await runProgram('xmllint', ['--noout', '--nonet', file]);
    const script =
      'import json, plistlib, sys; print(json.dumps(plistlib.load(open(sys.argv[1], "rb"))["ProgramArguments"]))';
    const python = await runProgram('python3', ['-c', script, file]);
    if (xml.code === 127 && python.code === 127) test.skip('there is neither xmllint nor python3');
    if (xml.code !== 127) expect(xml).toMatchObject({ code: 0, stderr: '' });
    if (python.code !== 127) expect(JSON.parse(python.stdout)).toEqual(['/n', ...NASTY_WORDS]);
  });
});

describe('the loader', () => {
  it('is asked to forget the old one, enable and load', async () => {
    const runner = answering([]);
    const { supervisor } = launchd(runner.run);
    await supervisor.load('relay');
    expect(runner.calls).toEqual([
      ['launchctl', 'print', GUI],
      ['launchctl', 'bootout', `${GUI}/${LABEL}`],
      ['launchctl', 'enable', `${GUI}/${LABEL}`],
      ['launchctl', 'bootstrap', GUI, supervisor.file('relay')],
    ]);
  });

  it('loads into the user’s domain when nobody is at the screen', async () => {
    const runner = answering([['launchctl print gui', { code: 125 }]]);
    const { supervisor } = launchd(runner.run);
    await supervisor.load('tunnel');
    expect(runner.calls.slice(1).map(([, verb, target]) => [verb, target])).toEqual([
      ['bootout', 'user/501/claude-relay.tunnel'],
      ['enable', 'user/501/claude-relay.tunnel'],
      ['bootstrap', 'user/501'],
    ]);
  });

  it.each([3, 113])('does not mind that nothing was loaded (%i)', async (code) => {
    const runner = answering([['launchctl bootout', { code }]]);
    const { supervisor } = launchd(runner.run);
    await supervisor.load('relay');
    await supervisor.unload('relay');
    await supervisor.reload();
    expect(runner.calls.filter(([, verb]) => verb === 'bootout')).toHaveLength(2);
  });

  it('waits for the old one to be gone', async () => {
    let left = 3;
    const run: Runner = async (_program, [verb]) => {
      const fails = verb === 'bootstrap' && --left > 0;
      return { code: fails ? 5 : 0, stdout: '', stderr: fails ? 'Bootstrap failed: 5: Input/output error' : '' };
    };
    const { supervisor, clock } = launchd(run);
    const loading = supervisor.load('relay');
    await clock.run(5_000);
    await loading;
    expect(left).toBe(0);
  });

  it('gives up in the end, and says what launchctl said', async () => {
    const runner = answering([
      ['launchctl bootstrap', { code: 5, stderr: 'x\nBootstrap failed: 5: Input/output error\n' }],
    ]);
    const { supervisor, clock } = launchd(runner.run);
    const loading = expect(supervisor.load('relay')).rejects.toThrow(
      'launchctl bootstrap failed (5): Bootstrap failed: 5: Input/output error',
    );
    await clock.run(10_000);
    await loading;
    expect(runner.calls.filter(([, verb]) => verb === 'bootstrap')).toHaveLength(10);
  });

  it.each([
    [[['launchctl bootout', { code: 1, stderr: 'no' }]], 'launchctl bootout failed (1): no'],
    [[['launchctl enable', { code: 1, stderr: 'no' }]], 'launchctl enable failed (1): no'],
    [[['launchctl', { code: 127 }]], 'launchctl is not there.'],
  ] as const)('that fails is quoted (%#)', async (answers, sentence) => {
    await expect(launchd(answering(answers).run).supervisor.load('relay')).rejects.toThrow(sentence);
  });
});

describe('the state', () => {
  const RUNNING = `${GUI}/${LABEL} = {\n\tactive count = 1\n\tpath = /x.plist\n\tstate = running\n\n\tpid = 42\n\tendpoints = {\n\t\tstate = waiting\n\t}\n\tlast exit code = (never exited)\n}\n`;
  const ENDED = `${GUI}/${LABEL} = {\n\tstate = spawn scheduled\n\tlast exit code = 78: EX_CONFIG\n}\n`;

  it.each([
    [{ stdout: RUNNING }, { isRunning: true, state: 'running', pid: 42 }],
    [{ stdout: ENDED }, { isRunning: false, state: 'spawn scheduled', lastExit: 78 }],
    [
      { code: 113, stderr: 'Could not find service' },
      { isRunning: false, state: 'not loaded' },
    ],
    [{ stdout: 'what?' }, { isRunning: false, state: 'unknown' }],
  ])('is read: %j', async (answer, state) => {
    const { supervisor } = launchd(answering([[`launchctl print ${GUI}/`, answer]]).run);
    const said = await supervisor.status('relay');
    expect(said).toMatchObject({ unit: 'relay', isInstalled: false, file: supervisor.file('relay'), ...state });
    expect(['pid' in said, 'lastExit' in said]).toEqual(['pid' in state, 'lastExit' in state]);
  });
});

it('the file lies with the user’s launch agents', () => {
  const { supervisor, userHome } = launchd(answering([]).run);
  expect(supervisor.file('relay')).toBe(join(userHome, 'Library/LaunchAgents/claude-relay.relay.plist'));
  expect(existsSync(join(userHome, 'Library'))).toBe(false);
});

it('checking changes nothing', async () => {
  const runner = answering([]);
  await launchd(runner.run).supervisor.check();
  expect(runner.calls).toEqual([['launchctl', 'print', GUI]]);
});
