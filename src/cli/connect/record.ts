/** `<home>/connection.json`: what `connect` did, and what there was before. Written before each change, so that `disconnect` can undo it. */
import { rmSync } from 'node:fs';
import type { ConfigChange } from '../../config/config-file.ts';
import { statePaths } from '../../config/paths.ts';
import type { Way } from '../../service/ssh.ts';
import { Failure } from '../../util/failure.ts';
import { readPrivate, writeAtomic } from '../../util/files.ts';
import type { Credential } from './remote-credential.ts';

export interface Connection {
  readonly way: Way;
  /** Here, on 127.0.0.1. */
  readonly port: number;
  /** There. */
  readonly remotePort: number;
  readonly credential?: Credential;
  readonly config?: ConfigChange;
}

export function urlOf({ port }: Pick<Connection, 'port'>): string {
  return `ws://127.0.0.1:${port}`;
}

/** Undefined when this machine is not connected to another. */
export function readConnection(home: string): Connection | undefined {
  const path = statePaths(home).connection;
  const text = readPrivate(path);
  if (text === undefined) return undefined;
  const value = parsed(text);
  if (isConnection(value)) return value;
  throw new Failure('error', `${path} is damaged.`, 'Move it away, then: claude-relay service uninstall tunnel');
}

export function writeConnection(home: string, connection: Connection): void {
  writeAtomic(statePaths(home).connection, `${JSON.stringify(connection, undefined, 2)}\n`);
}

export function removeConnection(home: string): void {
  rmSync(statePaths(home).connection, { force: true });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // which is no connection
  }
}

/** It lies in a directory that is ours alone: this finds damage, not malice. */
function isConnection(value: unknown): value is Connection {
  if (typeof value !== 'object' || value === null) return false;
  const { way, port, remotePort }: Partial<Record<keyof Connection, unknown>> = value;
  const isWay = typeof way === 'object' && way !== null && 'target' in way && 'options' in way;
  return isWay && typeof port === 'number' && typeof remotePort === 'number';
}
