/** `service install|uninstall|status|logs`: keeps the relay, or a tunnel to one, running in the background. */
import type { Config } from '../../config/load.ts';
import { statePaths } from '../../config/paths.ts';
import { installUnit, supervisorFor, supervisorOf, uninstallUnit } from '../../service/install.ts';
import { rotateLogs } from '../../service/rotate.ts';
import type { Supervised, Supervisor } from '../../service/supervisor.ts';
import { follow, lastLines } from '../../service/tail.ts';
import { isUnitName, logsOf, UNITS, type Unit, type UnitName } from '../../service/unit.ts';
import { relayUnit, tunnelUnit } from '../../service/units.ts';
import { EXIT, Failure, reason } from '../../util/failure.ts';
import { which } from '../../util/which.ts';
import type { Argument, Command, Context } from '../command.ts';
import type { Output } from '../output.ts';
import { startRelayHere } from '../relay-here.ts';

const WHICH: Argument = { name: 'unit', sentence: 'relay (when left out) or tunnel', optional: true, choices: UNITS };
const PORTS = { min: 1, max: 65535 };

const install: Command = {
  name: 'install',
  summary: 'Start it now, whenever you log in, and again when it ends.',
  details:
    '`install` is for the relay; `install tunnel user@host` keeps the port of this machine forwarded to the relay on that host, with ' +
    'plain ssh. Flags and variables given now are written down; config.json is read at each start.',
  arguments: [WHICH, { name: 'user@host', sentence: 'for a tunnel: where the relay runs', optional: true }],
  options: [
    { flag: '--dry-run', sentence: 'print the file and change nothing' },
    { flag: '--remote-port', value: 'number', sentence: 'for a tunnel: the port of the relay there, if it is another' },
  ],
  settings: ['port', 'host', 'data', 'legacy', 'allowHosts', 'allowOrigins', 'logLevel'],
  where: ['serve'],
  json: true,
  examples: [
    { line: 'claude-relay service install --dry-run', says: 'see what would be written', needs: 'nothing' },
    { line: 'claude-relay service install', says: 'keep a relay running', needs: 'system' },
    {
      line: 'claude-relay service install tunnel me@relay.example --dry-run',
      says: 'a tunnel to another machine',
      needs: 'nothing',
    },
  ],
  async run(ctx) {
    const supervisor = supervisorHere(ctx);
    const unit = unitOf(ctx);
    const file = supervisor.file(unit.name);
    const facts = { unit: unit.name, supervisor: supervisor.name, file, command: unit.command, logs: unit.logs };
    if (ctx.given.has('--dry-run')) {
      const text = supervisor.render(unit);
      if (ctx.out.isJson) ctx.out.json({ ...facts, text });
      else ctx.out.block(text);
      return EXIT.ok;
    }
    await installUnit(supervisor, unit, ctx.config.settings.home);
    if (ctx.out.isJson) ctx.out.json(facts);
    else ctx.out.line(`Installed: ${file}`);
    await hints(ctx, unit);
    return EXIT.ok;
  },
};

const start: Command = {
  name: 'start',
  summary: 'See to it that a relay runs here: find it, or start it.',
  details:
    'As a service, and where neither launchd nor systemd can be reached, as a background process that lasts until the machine goes down. ' +
    '`claude-relay connect` calls it on the other machine.',
  settings: ['port', 'host', 'data', 'legacy', 'allowHosts', 'allowOrigins', 'logLevel'],
  where: ['serve'],
  json: true,
  examples: [
    { line: 'claude-relay service start', says: 'a relay, whatever runs here already', needs: 'system' },
    { line: 'claude-relay service start --json', says: 'where is it, for a script', needs: 'system' },
  ],
  async run(ctx) {
    const relay = await startRelayHere(ctx, relayOf(ctx));
    const { url, started } = relay;
    const hint = started === 'systemd' ? await lingerHint(ctx) : undefined;
    if (ctx.out.isJson) ctx.out.json({ ...relay, ...(hint === undefined ? {} : { hint }) });
    else ctx.out.line(`${url} ${started === undefined ? 'runs' : `was started (${started})`}.`);
    if (hint !== undefined) ctx.out.say(hint);
    return EXIT.ok;
  },
};

const uninstall: Command = {
  name: 'uninstall',
  summary: 'Stop it and remove its file; messages, keys and logs stay.',
  arguments: [WHICH],
  json: true,
  examples: [
    { line: 'claude-relay service uninstall', says: 'the relay', needs: 'system' },
    { line: 'claude-relay service uninstall tunnel', says: 'the tunnel', needs: 'system' },
  ],
  async run(ctx) {
    const unit = named(ctx);
    const supervisor = supervisorHaving(ctx, unit);
    const removed = await uninstallUnit(supervisor, unit);
    const file = supervisor.file(unit);
    if (ctx.out.isJson) ctx.out.json({ unit, file, removed });
    else ctx.out.line(removed ? `Removed: ${file}` : `The ${unit} was not installed.`);
    return EXIT.ok;
  },
};

const status: Command = {
  name: 'status',
  summary: 'Say whether it is installed and running; exits with 1 when something installed does not run.',
  json: true,
  examples: [
    { line: 'claude-relay service status', says: 'the relay and the tunnel', needs: 'system' },
    { line: 'claude-relay service status --json', says: 'for a script', needs: 'system' },
  ],
  async run(ctx) {
    const units: (Supervised & { readonly supervisor: string })[] = [];
    for (const unit of UNITS) {
      const supervisor = supervisorHaving(ctx, unit);
      units.push({ ...(await supervisor.status(unit)), supervisor: supervisor.name });
    }
    if (ctx.out.isJson) ctx.out.json({ units });
    else showUnits(ctx.out, units);
    await rotate(ctx);
    return units.some(({ isInstalled, isRunning }) => isInstalled && !isRunning) ? EXIT.error : EXIT.ok;
  },
};

const logs: Command = {
  name: 'logs',
  summary: 'Show the end of its log: what it printed, and what it said on stderr.',
  arguments: [WHICH],
  options: [
    { flag: '--lines', short: '-n', value: 'count', sentence: 'how many lines of each file; 20 when left out' },
    { flag: '--follow', short: '-f', sentence: 'go on with what is added, until you stop it' },
  ],
  json: true,
  examples: [
    { line: 'claude-relay service logs', says: 'the last lines of the relay', needs: 'nothing' },
    { line: 'claude-relay service logs tunnel -n 100', says: 'more of them, of the tunnel', needs: 'nothing' },
    { line: 'claude-relay service logs --follow', says: 'watch it', needs: 'terminal' },
  ],
  async run(ctx) {
    const unit = named(ctx);
    const count = ctx.given.integer('--lines', { min: 0, max: 10_000 }) ?? 20;
    const { out, error } = logsOf(unit, statePaths(ctx.config.settings.home).logs);
    const files = [out, error].map((path) => ({ path, ...lastLines(path, count) }));
    if (ctx.out.isJson) ctx.out.json({ unit, files: files.map(({ path, lines }) => ({ path, lines })) });
    else for (const file of files) showLog(ctx.out, file);
    await rotate(ctx);
    if (ctx.given.has('--follow')) await followAll(ctx, files);
    return EXIT.ok;
  },
};

export const service: Command = {
  name: 'service',
  summary: 'Keep the relay, or a tunnel to one, running in the background.',
  details: 'With launchd on macOS, and the systemd of your user on Linux.',
  subcommands: [install, start, uninstall, status, logs],
  examples: [
    { line: 'claude-relay service install', says: 'keep a relay running', needs: 'system' },
    {
      line: 'claude-relay service install tunnel me@relay.example',
      says: 'use the relay of another machine',
      needs: 'system',
    },
    { line: 'claude-relay service status', says: 'does it run?', needs: 'system' },
  ],
};

function supervisorHere({ platform, run, env, userHome }: Context): Supervisor {
  return supervisorFor(platform, { run, env, userHome, uid: process.getuid?.() ?? 0 });
}

/** The one that has the unit. */
function supervisorHaving({ config, platform, run, env, userHome, node, script }: Context, unit: UnitName): Supervisor {
  const own = { platform, home: config.settings.home, node, script };
  return supervisorOf(unit, own, { run, env, userHome, uid: process.getuid?.() ?? 0 });
}

function named({ given }: Context): UnitName {
  const word = given.text('unit') ?? 'relay';
  if (isUnitName(word)) return word;
  throw new Failure('usage', `There is no service ${word}.`, `There are: ${UNITS.join(', ')}.`);
}

function unitOf(ctx: Context): Unit {
  const { config, given } = ctx;
  const target = given.text('user@host');
  if (named(ctx) === 'tunnel') return tunnelOf(ctx, target, config);
  if (target !== undefined)
    throw new Failure('usage', 'Only a tunnel goes to another host.', `Try: service install tunnel ${target}`);
  return relayOf(ctx);
}

function relayOf({ config, node, script }: Context): Unit {
  if (config.settings.port === 0)
    throw new Failure('usage', 'A service needs a port that stays.', 'Give one with --port.');
  return relayUnit({ config, node, script });
}

function tunnelOf({ env, given }: Context, target: string | undefined, { settings }: Config): Unit {
  if (target === undefined) {
    throw new Failure(
      'usage',
      'A tunnel needs to know where the relay runs.',
      'Write: service install tunnel user@host',
    );
  }
  const ssh = which('ssh', env.PATH);
  if (ssh === undefined) throw new Failure('error', 'There is no ssh in your PATH.', 'Install OpenSSH’s client.');
  const remotePort = given.integer('--remote-port', PORTS);
  return tunnelUnit({ home: settings.home, ssh, way: { target, options: [] }, port: settings.port, remotePort });
}

/** What a user must know, and a script need not. */
async function hints(ctx: Context, { name }: Unit): Promise<void> {
  const { out, platform, given } = ctx;
  if (name === 'tunnel') {
    const target = given.text('user@host') ?? '';
    out.say(`It works when this does, without a question: ssh -o BatchMode=yes ${target} true`);
    out.say(`The relay’s token is on that host: copy its ~/.claude-relay/token into your state directory (chmod 600).`);
  }
  const hint = platform === 'linux' ? await lingerHint(ctx) : undefined;
  if (hint !== undefined) out.say(hint);
}

/** Best-effort: without loginctl there is nothing to say. */
async function lingerHint({ run, env }: Context): Promise<string | undefined> {
  const { code, stdout } = await run('loginctl', ['show-user', env.USER ?? '', '--property=Linger', '--value']);
  if (code !== 0 || stdout.trim() !== 'no') return undefined;
  return 'It ends when you log out; to keep it: loginctl enable-linger';
}

/** Best-effort: where no relay runs, nobody else would do it for the tunnel’s logs. */
async function rotate({ config, out }: Context): Promise<void> {
  await rotateLogs(statePaths(config.settings.home).logs).catch((error) =>
    out.warn(`The logs could not be rotated: ${reason(error)}`),
  );
}

function showUnits(out: Output, units: readonly Supervised[]): void {
  const rows = units.map(({ unit, isInstalled, isRunning, state, pid, lastExit, file }) => [
    unit,
    {
      text: isInstalled ? state : 'not installed',
      style: isRunning ? ('green' as const) : isInstalled ? ('red' as const) : ('dim' as const),
    },
    pid === undefined ? '' : String(pid),
    lastExit === undefined || !isInstalled ? '' : String(lastExit),
    isInstalled ? file : '',
  ]);
  out.table(['service', 'state', 'pid', 'last exit', 'file'], rows);
}

function showLog(out: Output, { path, lines }: { path: string; lines: readonly string[] }): void {
  out.say(`== ${path}${lines.length === 0 ? ': nothing yet' : ''}`, 'dim');
  if (lines.length > 0) out.block(lines.join('\n'));
}

async function followAll({ signal, out }: Context, files: ReadonlyArray<{ path: string; end: number }>): Promise<void> {
  const onText = (text: string) => out.block(text);
  await Promise.all(files.map(({ path, end }) => follow({ path, from: end, signal, onText })));
}
