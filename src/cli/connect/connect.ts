/**
 * `connect`: uses the relay of another machine, over SSH.
 *
 *     find claude-relay there → its relay, started if need be → forward (a service) → device → settings → a message answered
 *
 * What is about to change is written into the record first. What fails the first time leaves nothing; a later time it leaves what worked.
 */
import { join } from 'node:path';
import { applyChange, isApplied, relayUrlChange, undoChange } from '../../config/config-file.ts';
import { ensureHome } from '../../config/paths.ts';
import { personName, userName } from '../../config/person.ts';
import { checkOptions, checkTarget, type Way } from '../../service/ssh.ts';
import { Failure } from '../../util/failure.ts';
import { withLock } from '../../util/lock.ts';
import type { Context } from '../command.ts';
import { deviceName } from '../people.ts';
import { runningRelay } from '../relay-here.ts';
import { undo } from './disconnect.ts';
import { forwardPort, openForward, refuseForeign, sshPath, unitOf } from './forward.ts';
import { type Connection, readConnection, urlOf, writeConnection } from './record.ts';
import { Remote } from './remote.ts';
import { bringCredential } from './remote-credential.ts';
import { roundTrip } from './round-trip.ts';

const PORTS = { min: 1, max: 65_535 };
/** Another connect may be waiting for ssh. Milliseconds. */
const PATIENCE_MS = 60_000;

export async function runConnect(ctx: Context): Promise<void> {
  const way = wayOf(ctx);
  sshPath(ctx);
  if (ctx.given.has('--dry-run')) return dryRun(ctx, way);
  const { home } = ensureHome(ctx.config.settings.home);
  await withLock(join(home, 'connect.lock'), () => connect(ctx, way), { patience: PATIENCE_MS, signal: ctx.signal });
}

function wayOf({ given, cwd }: Context): Way {
  const target = given.required('user@host');
  checkTarget(target);
  return { target, options: checkOptions(given.list('ssh-option'), cwd) };
}

async function connect(ctx: Context, way: Way): Promise<void> {
  const { home } = ctx.config.settings;
  const kept = readConnection(home);
  await refuse(ctx, way, kept);
  try {
    await establish(ctx, way, kept);
  } catch (error) {
    if (kept === undefined) await undo(ctx, readConnection(home));
    throw error;
  }
}

/** What would be in each other's way. */
async function refuse(ctx: Context, way: Way, kept: Connection | undefined): Promise<void> {
  if (kept !== undefined) {
    if (JSON.stringify(kept.way) === JSON.stringify(way)) return;
    throw new Failure(
      'error',
      kept.way.target === way.target
        ? `This machine is connected to ${way.target} by other options.`
        : `This machine is connected to ${kept.way.target}.`,
      'Undo that first: claude-relay disconnect',
    );
  }
  const own = await runningRelay(ctx.config.settings.home);
  if (own !== undefined)
    throw new Failure(
      'error',
      `A relay of this machine runs at ${own.url}, and its sessions would no longer find it.`,
      'End it first (claude-relay service uninstall), or use another state directory (CLAUDE_RELAY_HOME).',
    );
  refuseForeign(ctx);
}

async function establish(ctx: Context, way: Way, kept: Connection | undefined): Promise<void> {
  const { out, run, config, given } = ctx;
  const { home } = config.settings;
  const remote = new Remote(way, run);
  const program = await remote.find(ctx.script);
  out.say(`${way.target}: claude-relay ${program.version}`, 'dim');
  const relay = await remote.relay(program);
  out.say(`${way.target}: its relay ${relay.started === undefined ? 'runs' : `was started (${relay.started})`}`, 'dim');
  if (relay.hint !== undefined) out.say(`${way.target}: ${relay.hint}`, 'yellow');

  const wanted = given.integer('--port', PORTS);
  const port = kept !== undefined && (wanted ?? kept.port) === kept.port ? kept.port : await forwardPort(ctx, wanted);
  let connection: Connection = { ...kept, way, port, remotePort: relay.port };
  const note = (more: Partial<Connection>): void => {
    connection = { ...connection, ...more };
    writeConnection(home, connection);
  };
  note({});
  const { supervisor, isNew } = await openForward(ctx, connection);
  out.say(`forward: ${urlOf(connection)} (${supervisor})`, 'dim');

  await bringCredential({
    home,
    remote,
    program,
    relay,
    url: urlOf(connection),
    kept: connection.credential,
    names: { device: deviceName(), person: personName(userName(ctx.env)) },
    signal: ctx.signal,
    onChange: (credential) => note({ credential }),
    onLost: () => out.say(`${way.target}: its relay knows this machine no more; a new invitation is taken`, 'yellow'),
    onLeft: (device) =>
      out.say(
        `${way.target}: what this machine came in by before could not be revoked; there: claude-relay revoke ${device}`,
        'yellow',
      ),
  });
  pointHere(home, connection, note);
  const ms = Math.round(await roundTrip(ctx, urlOf(connection)));
  tell(ctx, {
    way,
    url: urlOf(connection),
    device: connection.credential?.device ?? '',
    remotePort: relay.port,
    supervisor,
    ms,
    isNew: isNew || kept === undefined,
  });
}

/** The settings of this state directory say where the relay is. */
function pointHere(home: string, connection: Connection, note: (more: Partial<Connection>) => void): void {
  const { config } = connection;
  const url = urlOf(connection);
  if (config !== undefined && isApplied(home, config) && JSON.parse(config.written).relayUrl === url) return;
  if (config !== undefined) undoChange(home, config);
  const change = relayUrlChange(home, url);
  note({ config: change });
  applyChange(home, change);
}

interface Told {
  readonly way: Way;
  readonly url: string;
  /** Our id there. */
  readonly device: string;
  readonly remotePort: number;
  readonly supervisor: string;
  readonly ms: number;
  readonly isNew: boolean;
}

function tell({ out, env }: Context, { way, url, device, remotePort, supervisor, ms, isNew }: Told): void {
  const port = { remote_port: remotePort };
  if (out.isJson)
    out.json({ host: way.target, url, ...port, device, service: supervisor, new: isNew, answered_ms: ms });
  else
    out.line(
      `${isNew ? 'Connected' : 'Still connected'} to the relay on ${way.target}: a message was answered in ${ms} ms.`,
      'green',
    );
  if (isNew) out.say('Sessions that run already find it when they are started again.');
  for (const variable of ['RELAY_URL', 'RELAY_TOKEN'])
    if (env[variable]) out.warn(`${variable} is set, and outranks this connection where it is: unset it.`);
  if (supervisor === 'background process')
    out.say(`The forward lasts until this machine goes down; after that: claude-relay connect ${way.target}`);
}

/** Looks, and changes nothing anywhere. */
async function dryRun(ctx: Context, way: Way): Promise<void> {
  const { out, config, given } = ctx;
  const { home } = config.settings;
  const kept = readConnection(home);
  await refuse(ctx, way, kept);
  const program = await new Remote(way, ctx.run).find(ctx.script);
  const port = kept?.port ?? (await forwardPort(ctx, given.integer('--port', PORTS)));
  const planned = { way, port, remotePort: kept?.remotePort ?? 9999 };
  const { command } = unitOf(ctx, planned);
  const settings = join(home, 'config.json');
  if (out.isJson) {
    const there = { command: program.words, version: program.version };
    return out.json({
      dry_run: true,
      host: way.target,
      remote: there,
      url: urlOf(planned),
      forward: command,
      settings,
    });
  }
  out.table(
    [],
    [
      ['there', `${program.words.join(' ')}, version ${program.version}; its relay is started if none runs`],
      ['forward', command.join(' ')],
      ['device', `a key of its own for this machine, by an invitation of the relay there`],
      ['settings', `"relayUrl": "${urlOf(planned)}" in ${settings}`],
    ],
  );
}
