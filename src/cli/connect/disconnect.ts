/** `disconnect`: undoes what `connect` did: here, and the device there. The relay on the other machine goes on: others may use it. */
import { join } from 'node:path';
import { undoChange } from '../../config/config-file.ts';
import { checkHome } from '../../config/paths.ts';
import { Failure } from '../../util/failure.ts';
import { withLock } from '../../util/lock.ts';
import type { Context } from '../command.ts';
import { closeForward } from './forward.ts';
import { type Connection, readConnection, removeConnection } from './record.ts';
import { dismissDevice, returnCredential } from './remote-credential.ts';

const PATIENCE_MS = 60_000;

export async function runDisconnect(ctx: Context): Promise<void> {
  const { home } = ctx.config.settings;
  if (!checkHome(home)) return tell(ctx, undefined, true);
  const lock = { patience: PATIENCE_MS, signal: ctx.signal };
  await withLock(join(home, 'connect.lock'), () => disconnect(ctx), lock);
}

async function disconnect(ctx: Context): Promise<void> {
  const connection = readConnection(ctx.config.settings.home);
  const target = ctx.given.text('user@host');
  if (target !== undefined && connection !== undefined && connection.way.target !== target)
    throw new Failure('usage', `This machine is connected to ${connection.way.target}, not to ${target}.`);
  tell(ctx, connection, await undo(ctx, connection));
}

function tell({ out }: Context, connection: Connection | undefined, revoked: boolean): void {
  const host = connection?.way.target;
  if (out.isJson) out.json({ disconnected: host !== undefined, ...(host === undefined ? {} : { host, revoked }) });
  else out.line(host === undefined ? 'This machine is not connected to another.' : `Disconnected from ${host}.`);
  if (host !== undefined) out.say(`The relay on ${host} goes on; to end it, there: claude-relay service uninstall`);
}

/**
 * The record goes last: what could not be undone now is undone the next time. Answers whether the relay knows this machine
 * no more; one that cannot be reached keeps nobody here.
 */
export async function undo(ctx: Context, connection: Connection | undefined): Promise<boolean> {
  if (connection === undefined) return true;
  const { home } = ctx.config.settings;
  const { credential, config, way } = connection;
  const isRevoked = credential === undefined || (await dismissDevice(home, credential));
  if (credential !== undefined && !isRevoked) {
    const remedy = `there: claude-relay revoke ${credential.device}`;
    ctx.out.warn(
      `The relay on ${way.target} could not be told that this machine’s key is worth nothing any more; ${remedy}`,
    );
  }
  await closeForward(ctx);
  if (config !== undefined) undoChange(home, config);
  if (credential !== undefined) returnCredential(home, credential);
  removeConnection(home);
  return isRevoked;
}
