/** `disconnect`: undoes what `connect` did here. The relay on the other machine goes on: others may use it. */
import { join } from 'node:path';
import { undoChange } from '../../config/config-file.ts';
import { checkHome } from '../../config/paths.ts';
import { Failure } from '../../util/failure.ts';
import { withLock } from '../../util/lock.ts';
import type { Context } from '../command.ts';
import { closeForward } from './forward.ts';
import { type Connection, readConnection, removeConnection } from './record.ts';
import { returnCredential } from './remote-credential.ts';

const PATIENCE_MS = 60_000;

export async function runDisconnect(ctx: Context): Promise<void> {
  const { home } = ctx.config.settings;
  if (!checkHome(home)) return tell(ctx, undefined);
  const lock = { patience: PATIENCE_MS, signal: ctx.signal };
  await withLock(join(home, 'connect.lock'), () => disconnect(ctx), lock);
}

async function disconnect(ctx: Context): Promise<void> {
  const connection = readConnection(ctx.config.settings.home);
  const target = ctx.given.text('user@host');
  if (target !== undefined && connection !== undefined && connection.way.target !== target)
    throw new Failure('usage', `This machine is connected to ${connection.way.target}, not to ${target}.`);
  await undo(ctx, connection);
  tell(ctx, connection);
}

function tell({ out }: Context, connection: Connection | undefined): void {
  const host = connection?.way.target;
  if (out.isJson) out.json({ disconnected: host !== undefined, ...(host === undefined ? {} : { host }) });
  else out.line(host === undefined ? 'This machine is not connected to another.' : `Disconnected from ${host}.`);
  if (host !== undefined) out.say(`The relay on ${host} goes on; to end it, there: claude-relay service uninstall`);
}

/** The record goes last: what could not be undone now is undone the next time. */
export async function undo(ctx: Context, connection: Connection | undefined): Promise<void> {
  if (connection === undefined) return;
  const { home } = ctx.config.settings;
  await closeForward(ctx);
  if (connection.config !== undefined) undoChange(home, connection.config);
  if (connection.credential !== undefined) returnCredential(home, connection.credential);
  removeConnection(home);
}
