/**
 * `doctor`: looks at everything that must be right for a message to travel, and says what to do about what is not. With
 * `--prove` it sends one, and says how far it got.
 */

import { discover } from '../../client/discover.ts';
import type { Device } from '../../config/device.ts';
import { DEFAULT_URL } from '../../config/load.ts';
import { resolveHome } from '../../config/paths.ts';
import { supervisorOf } from '../../service/install.ts';
import type { UnitName } from '../../service/unit.ts';
import { EXIT, Failure } from '../../util/failure.ts';
import { VERSION } from '../../util/version.ts';
import { checkConnection } from '../checks/connection.ts';
import { type Finding, failed, ok, type State } from '../checks/finding.ts';
import { checkNode, checkState, checkToken } from '../checks/machine.ts';
import { checkOutbox } from '../checks/outbox.ts';
import { checkRelay } from '../checks/relay.ts';
import { checkServices } from '../checks/services.ts';
import type { Command, Context } from '../command.ts';
import type { Output, Style } from '../output.ts';
import { AS } from '../relay.ts';

const STYLES: Readonly<Record<State, Style>> = { ok: 'green', warn: 'yellow', fail: 'red' };

export const doctor: Command = {
  name: 'doctor',
  summary: 'Look at node, state, token, relay, port, connection, outbox, services and versions, and say what to do.',
  details: `Exits with 1 when something fails.
With --prove it sends a message that asks for nothing to running sessions (each of this machine’s agents, or those named),
and tells the door, the time to handed, the time to seen, and what is in the way. It costs each of them a short turn.
Exits with 5 when a probe was not seen in time.`,
  arguments: [{ name: 'name', sentence: 'with --prove: which sessions', optional: true, many: true }],
  options: [
    { flag: '--prove', sentence: 'send a probe to running sessions, and say how far it gets' },
    { flag: '--for', value: 'seconds', sentence: 'with --prove: wait so long (default: 50)' },
    { ...AS, sentence: 'with --prove: send it as this name instead of your own' },
  ],
  settings: ['relayUrl'],
  where: ['serve'],
  json: true,
  examples: [
    { line: 'claude-relay doctor', says: 'what is wrong?', needs: 'relay' },
    { line: 'claude-relay doctor --json', says: 'for a script', needs: 'relay' },
    { line: 'claude-relay doctor --prove', says: 'do messages reach the agents that run here', needs: 'system' },
    { line: 'claude-relay doctor --prove CC-1 --for 120 --json', says: 'one session, for a script', needs: 'system' },
    { line: 'claude-relay doctor --relay-url ws://localhost:9998', says: 'look at another relay', needs: 'system' },
  ],
  async run(ctx) {
    // The agent programs and their installers are loaded when they are asked about.
    if (ctx.given.has('--prove')) return (await import('../prove.ts')).prove(ctx);
    const stray = ['name', '--for', '--as'].find((word) => ctx.given.list(word).length > 0);
    if (stray !== undefined) throw new Failure('usage', `${stray} is for doctor --prove.`);
    const findings = await examine(ctx);
    const isWell = findings.every(({ state }) => state !== 'fail');
    if (ctx.out.isJson) ctx.out.json({ ok: isWell, version: VERSION, findings });
    else show(ctx.out, findings);
    return isWell ? EXIT.ok : EXIT.error;
  },
};

async function examine(ctx: Context): Promise<Finding[]> {
  const node = checkNode(process.versions.node);
  const settings = readSettings(ctx);
  if (!('home' in settings)) return [node, settings];
  const { home, token } = settings;
  const { run, signal } = ctx;
  const device = joined(ctx, settings);
  const url = device?.url ?? settings.relayUrl;
  return [
    node,
    ...(settings.wrong ? [settings.wrong] : []),
    ...checkState(home),
    device ? ok('device', `This machine has joined ${device.url} as ${device.person}.`) : checkToken(home, token),
    ...(await checkRelay({ home, url, token, device, version: VERSION, run, signal })),
    ...(await checkConnection({ home, url, token, signal })),
    ...checkOutbox(home),
    ...(await checkServices((unit) => supervisorHaving(ctx, home, unit))),
  ];
}

/** The relay that this machine has joined, when that is the one that is used, and by the key for it. */
function joined(ctx: Context, { home, relayUrl, token, wrong }: Known): Device | undefined {
  if (wrong) return undefined;
  try {
    const url = ctx.config.from.relayUrl === 'default' ? undefined : relayUrl;
    return discover({ home, env: {}, url, token }).device();
  } catch {
    return undefined; // it has been told of with the rest of the state directory
  }
}

interface Known {
  readonly home: string;
  readonly relayUrl: string;
  readonly token: string | undefined;
  readonly wrong?: Finding;
}

/** With what is known when the settings are wrong: a doctor who only repeats the first complaint is none. */
function readSettings(ctx: Context): Known | Finding {
  try {
    return ctx.config.settings;
  } catch (error) {
    return guessed(ctx, failed('settings', error));
  }
}

function guessed({ env, userHome }: Context, wrong: Finding): Known | Finding {
  try {
    return { home: resolveHome(env, userHome), relayUrl: env.RELAY_URL || DEFAULT_URL, token: env.RELAY_TOKEN, wrong };
  } catch {
    // The state directory itself is what is wrong, and that has been said.
    return wrong;
  }
}

function supervisorHaving({ platform, run, env, userHome, node, script }: Context, home: string, unit: UnitName) {
  const own = { platform, home, node, script };
  return supervisorOf(unit, own, { run, env, userHome, uid: process.getuid?.() ?? 0 });
}

function show(out: Output, findings: readonly Finding[]): void {
  const rows = findings.flatMap(({ check, state, says, todo }) => [
    [{ text: state, style: STYLES[state] }, check, says],
    ...(todo === undefined ? [] : [['', '', `→ ${todo}`]]),
  ]);
  out.table([], rows);
}
