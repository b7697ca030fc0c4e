/** `sessions`: everybody whom the relay knows or who was registered in a shell of this machine, in one table. */
import { RelayError } from '../../protocol/codes.ts';
import type { SessionInfo } from '../../protocol/session.ts';
import type { Results } from '../../protocol/verbs.ts';
import { EXIT } from '../../util/failure.ts';
import { isRunning } from '../../util/processes.ts';
import type { Command, Context } from '../command.ts';
import type { Cell } from '../output.ts';
import { type Registration, readRegistry } from '../registry.ts';
import { RelayAccess } from '../relay.ts';
import { doingWords, plural, programOf, when } from '../words.ts';

/** One name, from both lists. Looked up as it is printed. */
interface Row {
  readonly name: string;
  /** Of the process that registered the name here; absent for a name that was registered by none. */
  readonly process?: 'alive' | 'ended';
  readonly pid?: number;
  /** `unknown`: never at this relay; absent when no relay was reached. */
  readonly relay?: 'here' | 'away' | 'unknown';
  readonly kind?: SessionInfo['kind'];
  /** Milliseconds: when it was registered here, else when it connected. */
  readonly started?: number;
  readonly last_seen?: number;
  readonly doing?: string;
  readonly host?: string;
  readonly cwd?: string;
  readonly program?: string;
}

export const sessions: Command = {
  name: 'sessions',
  summary: 'List every known session: is its process alive, is it connected, since when, where.',
  details: `Those who are here first, then the last seen. Without a relay it lists those that were registered on this machine.
A process is known when its name was taken with claude-session in a shell of this machine.`,
  settings: ['relayUrl'],
  json: true,
  examples: [
    { line: 'claude-relay sessions', says: 'everybody, the offline ones too', needs: 'relay' },
    { line: 'claude-relay sessions --json', says: 'for a script', needs: 'relay' },
  ],
  async run(ctx) {
    const { out, config } = ctx;
    const { sessions: registered, warnings } = await readRegistry(config.settings.home);
    for (const warning of warnings) out.warn(warning);
    const relay = new RelayAccess(ctx);
    const answer = await known(ctx, relay);
    const rows = merged(registered, answer?.sessions);
    const more = answer?.more ?? 0;
    if (out.isJson) out.json({ relay: answer ? relay.place : null, sessions: rows, more });
    else print(ctx, rows, more);
    return EXIT.ok;
  },
};

/** Undefined, and said, when there is no relay: then the registry alone is shown. */
async function known({ out }: Context, relay: RelayAccess): Promise<Results['sessions'] | undefined> {
  try {
    return await relay.ask('sessions', {}, { nameless: true });
  } catch (error) {
    if (!(error instanceof RelayError) || error.code !== 'not_connected') throw error;
    out.warn(`${error.message} Only what was registered on this machine is listed.`);
    return undefined;
  }
}

function merged(registered: readonly Registration[], known: readonly SessionInfo[] | undefined): Row[] {
  const local = new Map(registered.map((registration) => [registration.name, registration]));
  const rows = (known ?? []).map((info) => {
    const registration = local.get(info.name);
    local.delete(info.name);
    return rowOf(info, registration);
  });
  const unknown = known === undefined ? {} : { relay: 'unknown' as const };
  return [...rows, ...[...local.values()].map((registration) => ({ ...fromRegistry(registration), ...unknown }))];
}

function rowOf(info: SessionInfo, registration: Registration | undefined): Row {
  const { name, kind, here, since, last_seen, host, cwd } = info;
  const doing = doingWords(info);
  const program = programOf(info);
  return {
    name,
    ...(since === undefined ? {} : { started: since }),
    ...(registration && fromRegistry(registration)),
    relay: here ? 'here' : 'away',
    kind,
    last_seen,
    ...(doing === '' ? {} : { doing }),
    ...(host === undefined ? {} : { host }),
    ...(cwd === undefined ? {} : { cwd }),
    ...(program === '' ? {} : { program }),
  };
}

function fromRegistry(registration: Registration): Row {
  const { name, pid, registered, cwd, program } = registration;
  return { name, process: isRunning(registration) ? 'alive' : 'ended', pid, started: registered, cwd, program };
}

function print({ out }: Context, rows: readonly Row[], more: number): void {
  if (rows.length === 0) return out.say('No session is known yet.');
  out.table(['NAME', 'PROCESS', 'RELAY', 'DOING', 'STARTED', 'PROGRAM', 'DIRECTORY'], rows.map(cells));
  if (more > 0) out.say(`${plural(more, 'older session')} not shown.`);
}

function cells({ name, process, pid, relay, doing, started, last_seen, program, cwd }: Row): (string | Cell)[] {
  return [
    { text: name, style: 'cyan' },
    process === undefined ? '-' : { text: `${process} (${pid})`, style: process === 'alive' ? 'green' : 'dim' },
    relayCell(relay, last_seen),
    doing ?? '-',
    started === undefined ? '-' : when(started),
    program ?? '-',
    cwd ?? '-',
  ];
}

function relayCell(relay: Row['relay'], lastSeen: number | undefined): Cell {
  switch (relay) {
    case 'here':
      return { text: 'here', style: 'green' };
    case 'away':
      return { text: lastSeen === undefined ? 'away' : `away since ${when(lastSeen)}`, style: 'dim' };
    case 'unknown':
      return { text: 'not known there', style: 'dim' };
    case undefined:
      return { text: 'not reached', style: 'yellow' };
    default:
      return relay satisfies never;
  }
}
