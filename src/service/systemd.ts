/**
 * systemd, as the user's own instance (`systemctl --user`). The words of a unit file are quoted by the rules of
 * systemd.syntax(7), and of systemd.service(5), "Command lines":
 *
 *     %   begins a specifier, everywhere                 %%
 *     $   begins a variable, in arguments of Exec lines  $$    (not in the program's own path, nor in Environment=)
 *     "\  end, and escape in, double quotes              \" \\
 *
 * A program whose own path has quotes or backslashes is refused by systemd however they are written ("Executable name
 * contains special characters"); env(1) starts that one, for which it is an argument.
 */
import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../util/failure.ts';
import type { Ran } from '../util/run.ts';
import type { Supervised, Supervisor, SupervisorInput } from './supervisor.ts';
import type { Unit, UnitName } from './unit.ts';

const unitName = (unit: UnitName): string =>
  unit === 'relay' ? 'claude-relay.service' : `claude-relay-${unit}.service`;

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about.
const CONTROL = /[\u0000-\u001f\u007f]/;

function plain(word: string): string {
  if (!CONTROL.test(word)) return word.replaceAll('%', '%%');
  throw new Failure(
    'error',
    'A path with control characters cannot be written into a unit file.',
    'Move it elsewhere.',
  );
}

/** Words that mean themselves. */
const SAFE = /^[A-Za-z0-9_@:=,./-]+$/;

/** A word of `Environment=`, or the program of an Exec line. */
function quoted(word: string): string {
  if (SAFE.test(word)) return word;
  return `"${plain(word).replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** A word of an Exec line after the program: variables are expanded in it, quoted or not. */
const argument = (word: string): string => quoted(word).replaceAll('$', '$$$$');

const ENV = '/usr/bin/env';

function execLine(command: Unit['command']): string {
  const [program, ...args] = command;
  if (!/["'\\]/.test(program)) return [quoted(program), ...args.map(argument)].join(' ');
  // env would take it for a variable.
  if (program.includes('=')) {
    throw new Failure('error', `systemd cannot start ${program}: its path has quotes and =.`, 'Move it elsewhere.');
  }
  return [ENV, ...command.map(argument)].join(' ');
}

export function renderSystemd(unit: Unit): string {
  const variables = Object.entries(unit.environment).map(([key, value]) => `Environment=${quoted(`${key}=${value}`)}`);
  const lines = [
    '# Written by `claude-relay service install`, which replaces it.',
    '[Unit]',
    `Description=${plain(unit.description)}`,
    '# Never gives up: the delay below is the limit.',
    'StartLimitIntervalSec=0',
    '',
    '[Service]',
    `ExecStart=${execLine(unit.command)}`,
    ...variables,
    `Restart=${unit.always ? 'always' : 'on-failure'}`,
    `RestartSec=${unit.delay.first}`,
    '# systemd before 254 does not know these two, says so in its journal, and keeps to RestartSec.',
    'RestartSteps=6',
    `RestartMaxDelaySec=${unit.delay.most}`,
    ...(unit.final.length > 0 ? [`RestartPreventExitStatus=${unit.final.join(' ')}`] : []),
    `StandardOutput=append:${plain(unit.logs.out)}`,
    `StandardError=append:${plain(unit.logs.error)}`,
    'UMask=0077',
    '',
    '[Install]',
    'WantedBy=default.target',
  ];
  return `${lines.join('\n')}\n`;
}

const PROPERTIES = 'LoadState,ActiveState,SubState,MainPID,ExecMainStatus';

export class Systemd implements Supervisor {
  readonly name = 'systemd';
  readonly #input: SupervisorInput;
  readonly #directory: string;

  constructor(input: SupervisorInput) {
    this.#input = input;
    // An empty or relative XDG_CONFIG_HOME is to be ignored (XDG base directory specification).
    const { XDG_CONFIG_HOME: config } = input.env;
    this.#directory = join(config?.startsWith('/') ? config : join(input.userHome, '.config'), 'systemd', 'user');
  }

  file(unit: UnitName): string {
    return join(this.#directory, unitName(unit));
  }

  render(unit: Unit): string {
    return renderSystemd(unit);
  }

  async check(): Promise<void> {
    await this.#systemctl('show', '--property=Version');
  }

  async load(unit: UnitName): Promise<void> {
    await this.#systemctl('daemon-reload');
    await this.#systemctl('enable', unitName(unit));
    // Not `enable --now`: that leaves an older one running.
    await this.#systemctl('restart', unitName(unit));
  }

  async unload(unit: UnitName): Promise<void> {
    await this.#systemctl('disable', '--now', unitName(unit));
  }

  async reload(): Promise<void> {
    await this.#systemctl('daemon-reload');
  }

  async status(unit: UnitName): Promise<Supervised> {
    const { stdout } = await this.#systemctl('show', `--property=${PROPERTIES}`, unitName(unit));
    const facts = new Map(stdout.split('\n').map((line) => splitOnce(line)));
    const pid = Number(facts.get('MainPID') ?? 0);
    const lastExit = Number(facts.get('ExecMainStatus') ?? 0);
    const file = this.file(unit);
    const active = facts.get('ActiveState') ?? 'unknown';
    return {
      unit,
      file,
      isInstalled: existsSync(file),
      isRunning: active === 'active',
      state:
        facts.get('LoadState') === 'not-found' ? 'not loaded' : `${active} (${facts.get('SubState') ?? 'unknown'})`,
      ...(pid > 0 ? { pid } : { lastExit }),
    };
  }

  async #systemctl(...args: string[]): Promise<Ran> {
    const ran = await this.#input.run('systemctl', ['--user', ...args]);
    if (ran.code !== 0) throw explained(ran, args, this.#input.uid);
    return ran;
  }
}

function splitOnce(line: string): [string, string] {
  const at = line.indexOf('=');
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
}

function explained({ code, stderr }: Ran, args: readonly string[], uid: number): Failure {
  if (code === 127) {
    const remedy = 'Run `claude-relay serve` under what starts your programs; --dry-run shows the unit as a pattern.';
    return new Failure('error', 'This machine has no systemd.', remedy);
  }
  if (/connect to (\S+ scope )?bus|DBUS_SESSION_BUS_ADDRESS|XDG_RUNTIME_DIR/i.test(stderr)) {
    return new Failure(
      'error',
      'The systemd of your user cannot be reached from here.',
      `Log in as yourself, not through su or sudo; else: sudo loginctl enable-linger ${userInfo().username} && export XDG_RUNTIME_DIR=/run/user/${uid}`,
    );
  }
  const said = stderr.trim().split('\n').at(-1) ?? '';
  return new Failure('error', `systemctl --user ${args.join(' ')} failed (${code}): ${said}`);
}
