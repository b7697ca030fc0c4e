/**
 * What this machine shows the relay of the other one: a key of its own, as a device of the relay's owner.
 *
 *     over SSH, where its owner lets us in   claude-relay there makes an invitation, good once and for two minutes
 *     through the forward at `url`           it is redeemed: the key is made here, and never leaves this machine
 *
 * Of the relay's own secrets nothing comes along. `disconnect` revokes the device, and gives back what had been joined before.
 */
import { rmSync } from 'node:fs';
import { askPeople } from '../../client/admin.ts';
import { joinRelay } from '../../client/join.ts';
import { once } from '../../client/once.ts';
import { type Device, readDevice, writeDevice } from '../../config/device.ts';
import { statePaths } from '../../config/paths.ts';
import { type Code, RelayError } from '../../protocol/codes.ts';
import type { RelayHere } from '../relay-here.ts';
import type { Remote, RemoteProgram } from './remote.ts';

/** What the record keeps of it, so that it can be given back. */
export interface Credential {
  /** Its id at the relay. */
  readonly device: string;
  /** Of a relay that was joined by a line. */
  readonly before?: Device;
}

interface BringInput {
  /** The state directory here. */
  readonly home: string;
  readonly remote: Remote;
  readonly program: RemoteProgram;
  readonly relay: RelayHere;
  /** The near end of the forward. */
  readonly url: string;
  readonly kept: Credential | undefined;
  /** What this machine is called there, and who asks. */
  readonly names: { readonly device: string; readonly person: string };
  readonly signal: AbortSignal;
  /** Called before anything is changed here. */
  readonly onChange: (credential: Credential) => void;
  /** The relay knows the device that there was no more. */
  readonly onLost: () => void;
  /** The device that there was may still come in: it could not be revoked. */
  readonly onLeft: (device: string) => void;
}

/** What is said of a device that was revoked already, by itself and by another. */
const GONE: ReadonlySet<string> = new Set<Code>(['unauthorized', 'unknown_device']);

/** Milliseconds for the relay to answer. */
const PATIENCE_MS = 5_000;

/** From then on every command here is let in by the relay there. A device that still works stays the only one. */
export async function bringCredential(input: BringInput): Promise<void> {
  const { home, remote, program, relay, url, kept, names, signal, onChange, onLost, onLeft } = input;
  const here = readDevice(home);
  const ours = here !== undefined && here.id === kept?.device ? { ...here, url } : undefined;
  if (ours !== undefined) {
    if (await isKnown(ours, signal)) return here?.url === url ? undefined : writeDevice(home, ours);
    onLost();
  }
  const { device } = await joinRelay(await remote.invitation(program, relay, url), { ...names, signal });
  const before = kept !== undefined && (here === undefined || ours !== undefined) ? kept.before : here;
  onChange({ device: device.id, ...(before === undefined ? {} : { before }) });
  writeDevice(home, device);
  if (kept !== undefined && !(await revoke(kept.device, device))) onLeft(kept.device);
}

/** Rejects when the relay does not say. */
async function isKnown(device: Device, signal: AbortSignal): Promise<boolean> {
  try {
    await once('status', {}, { url: device.url, device, timeoutMs: PATIENCE_MS, signal });
    return true;
  } catch (error) {
    if (error instanceof RelayError && error.code === 'unauthorized') return false;
    throw error;
  }
}

/** While the forward is up. Answers whether the relay lets this device in no more; best effort. */
export async function dismissDevice(home: string, { device }: Credential): Promise<boolean> {
  const here = readDevice(home);
  return here?.id === device && (await revoke(device, here));
}

async function revoke(what: string, device: Device): Promise<boolean> {
  try {
    // Also while we are being ended.
    await askPeople('revoke', { what }, { url: device.url, device, signal: AbortSignal.timeout(PATIENCE_MS) });
    return true;
  } catch (error) {
    return error instanceof RelayError && GONE.has(error.code);
  }
}

/** May be called twice. */
export function returnCredential(home: string, { before, device }: Credential): void {
  if (readDevice(home)?.id !== device) return;
  if (before === undefined) rmSync(statePaths(home).device);
  else writeDevice(home, before);
}
