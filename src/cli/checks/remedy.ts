/** What to do about a session that nothing wakes, or whose hooks say nothing. */
import { hostname } from 'node:os';
import { recordOf } from '../../agents/edit/transaction.ts';
import { isProgramId, type ProgramId } from '../../agents/ids.ts';
import { installerOf } from '../../agents/installers.ts';
import type { SessionInfo } from '../../protocol/session.ts';
import { Failure } from '../../util/failure.ts';
import { type AroundMachine, machineOf, stateOf } from '../agents.ts';
import type { Context } from '../command.ts';
import { isDoorless, programOfPeer } from './in-the-way.ts';

type Around = AroundMachine & Pick<Context, 'config'>;

/** Undefined where there is nothing to do: it has a door, or its program has none for anybody. */
export function remedyFor(ctx: Around, peer: SessionInfo): string | undefined {
  const program = programOfPeer(peer);
  if (!program || !isProgramId(program.id) || !isDoorless(peer)) return undefined;
  if (program.doorless === undefined && peer.doing !== undefined) return undefined;
  return peer.host === hostname() ? here(ctx, program.id) : elsewhere(peer.host);
}

function elsewhere(host: string | undefined): string {
  return `Look at what is installed on ${host ?? 'its machine'}: claude-relay install`;
}

function here(ctx: Around, id: ProgramId): string {
  try {
    const installer = installerOf(id);
    const machine = machineOf(ctx);
    const state = stateOf(installer, machine, recordOf(ctx.config.settings.home));
    if (typeof state === 'object') throw state.problem;
    if (state !== 'installed') return `${state}: claude-relay install ${id}`;
    const { notes } = installer.plan(machine, { allowTools: true });
    return ['It is installed; a program reads its hooks when it starts.', ...notes].join(' ');
  } catch (error) {
    if (error instanceof Failure) return [error.message, error.remedy].filter(Boolean).join(' ');
    throw error;
  }
}
