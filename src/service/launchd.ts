/** launchd, as an agent of the user. The file is a property list; launchctl(1) loads it into the user's domain. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, sleep, systemClock } from '../util/clock.ts';
import { Failure } from '../util/failure.ts';
import type { Ran } from '../util/run.ts';
import type { Supervised, Supervisor, SupervisorInput } from './supervisor.ts';
import type { Unit, UnitName } from './unit.ts';

const labelOf = (unit: UnitName): string => `claude-relay.${unit}`;

/** What XML 1.0 cannot hold, not even escaped, and newlines, which would only be a trap in a path. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about.
const UNWRITABLE = /[\u0000-\u001f\u007f\ufffe\uffff]|\p{Surrogate}/u;

function escapeXml(text: string): string {
  if (UNWRITABLE.test(text)) {
    throw new Failure(
      'error',
      'A path with control characters cannot be written into a property list.',
      'Move it elsewhere.',
    );
  }
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

type Plist = string | number | boolean | readonly Plist[] | { readonly [key: string]: Plist };

function plist(value: Plist, indent: string): string {
  const inner = `${indent}  `;
  if (typeof value === 'string') return `${indent}<string>${escapeXml(value)}</string>`;
  if (typeof value === 'number') return `${indent}<integer>${value}</integer>`;
  if (typeof value === 'boolean') return `${indent}<${value}/>`;
  if (isList(value))
    return [`${indent}<array>`, ...value.map((item) => plist(item, inner)), `${indent}</array>`].join('\n');
  const pairs = Object.entries(value).flatMap(([key, item]) => [
    `${inner}<key>${escapeXml(key)}</key>`,
    plist(item, inner),
  ]);
  return [`${indent}<dict>`, ...pairs, `${indent}</dict>`].join('\n');
}

/** `Array.isArray` does not narrow a readonly array out of a union. */
function isList(value: readonly Plist[] | { readonly [key: string]: Plist }): value is readonly Plist[] {
  return Array.isArray(value);
}

const HEAD = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- Written by \`claude-relay service install\`, which replaces it. -->
<plist version="1.0">`;

export function renderLaunchd(unit: Unit): string {
  const keys: Plist = {
    Label: labelOf(unit.name),
    ProgramArguments: [...unit.command],
    EnvironmentVariables: unit.environment,
    RunAtLoad: true,
    KeepAlive: unit.always ? true : { SuccessfulExit: false },
    // launchd has no growing delay; its own least is 10 seconds.
    ThrottleInterval: Math.max(10, unit.delay.first),
    StandardOutPath: unit.logs.out,
    StandardErrorPath: unit.logs.error,
    // 077: a property list has no octal numbers.
    Umask: 0o077,
    ProcessType: 'Background',
  };
  return `${HEAD}\n${plist(keys, '')}\n</plist>\n`;
}

/** `bootout` answers before the program is gone, and until then `bootstrap` fails. Milliseconds, and tries. */
const AGAIN_MS = 500;
const TRIES = 10;
/** launchctl: no such service (ESRCH, and what newer versions say). */
const NOT_LOADED = new Set([3, 113]);

export class Launchd implements Supervisor {
  readonly name = 'launchd';
  readonly #input: SupervisorInput;
  readonly #clock: Clock;

  constructor(input: SupervisorInput, clock: Clock = systemClock) {
    this.#input = input;
    this.#clock = clock;
  }

  file(unit: UnitName): string {
    return join(this.#input.userHome, 'Library', 'LaunchAgents', `${labelOf(unit)}.plist`);
  }

  render(unit: Unit): string {
    return renderLaunchd(unit);
  }

  async check(): Promise<void> {
    await this.#domain();
  }

  async load(unit: UnitName): Promise<void> {
    const domain = await this.#domain();
    await this.#bootout(domain, unit);
    await this.#launchctl('enable', `${domain}/${labelOf(unit)}`);
    for (let left = TRIES; ; left -= 1) {
      const ran = await this.#input.run('launchctl', ['bootstrap', domain, this.file(unit)]);
      if (ran.code === 0) return;
      if (left <= 1) throw explained(ran, 'bootstrap');
      await sleep(this.#clock, AGAIN_MS);
    }
  }

  async unload(unit: UnitName): Promise<void> {
    await this.#bootout(await this.#domain(), unit);
  }

  /** launchd reads a file only when it is loaded. */
  async reload(): Promise<void> {}

  async status(unit: UnitName): Promise<Supervised> {
    const ran = await this.#input.run('launchctl', ['print', `${await this.#domain()}/${labelOf(unit)}`]);
    const file = this.file(unit);
    const installed = { unit, file, isInstalled: existsSync(file) };
    if (ran.code !== 0) return { ...installed, isRunning: false, state: 'not loaded' };
    const state = fact(ran.stdout, 'state') ?? 'unknown';
    const pid = Number(fact(ran.stdout, 'pid') ?? 0);
    const lastExit = Number.parseInt(fact(ran.stdout, 'last exit code') ?? '', 10);
    return {
      ...installed,
      isRunning: state === 'running',
      state,
      ...(pid > 0 ? { pid } : Number.isNaN(lastExit) ? {} : { lastExit }),
    };
  }

  async #bootout(domain: string, unit: UnitName): Promise<void> {
    const ran = await this.#input.run('launchctl', ['bootout', `${domain}/${labelOf(unit)}`]);
    if (ran.code !== 0 && !NOT_LOADED.has(ran.code)) throw explained(ran, 'bootout');
  }

  /** The user's graphical session; there is none when they came by ssh and nobody is logged in at the screen. */
  async #domain(): Promise<string> {
    const { uid, run } = this.#input;
    const gui = await run('launchctl', ['print', `gui/${uid}`]);
    if (gui.code === 127) throw new Failure('error', 'launchctl is not there.', 'Is /bin in your PATH?');
    return gui.code === 0 ? `gui/${uid}` : `user/${uid}`;
  }

  async #launchctl(verb: string, target: string): Promise<void> {
    const ran = await this.#input.run('launchctl', [verb, target]);
    if (ran.code !== 0) throw explained(ran, verb);
  }
}

/** `	state = running`; the first one: later ones belong to what the service itself holds. */
function fact(text: string, key: string): string | undefined {
  return new RegExp(`^\\s*${key} = (.*)$`, 'm').exec(text)?.[1];
}

function explained({ code, stderr }: Ran, verb: string): Failure {
  const said = stderr.trim().split('\n').at(-1) ?? '';
  return new Failure('error', `launchctl ${verb} failed (${code}): ${said}`, 'See: claude-relay service status');
}
