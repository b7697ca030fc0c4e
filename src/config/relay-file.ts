/** `<home>/relay.json`: how everything of the same user finds the relay that runs here. Written once it listens. */
import { rmSync } from 'node:fs';
import { readPrivate, writeAtomic } from '../util/files.ts';
import { statePaths } from './paths.ts';

export interface RelayFile {
  readonly pid: number;
  readonly port: number;
  /** `ws://localhost:9999` */
  readonly url: string;
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly started: number;
}

/** Undefined when no relay wrote one, or when the text is not what a relay writes (it will write a new one). */
export function readRelayFile(home: string): RelayFile | undefined {
  const text = readPrivate(statePaths(home).relayFile);
  if (text === undefined) return undefined;
  try {
    return decode(JSON.parse(text));
  } catch {
    // Damaged. It only shortens the way to the relay; the default address is tried without it.
    return undefined;
  }
}

function decode(value: unknown): RelayFile | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { pid, port, url, version, started } = value as Record<string, unknown>;
  const numbers = typeof pid === 'number' && typeof port === 'number' && typeof started === 'number';
  if (!numbers || typeof url !== 'string' || typeof version !== 'string' || !isRelayUrl(url)) return undefined;
  return { pid, port, url, version, started };
}

const SCHEMES: readonly string[] = ['ws:', 'wss:', 'http:', 'https:'];

/** Every form of address that the client takes: `ws://…`, `https://…`, or plain `host:port`. */
export function isRelayUrl(text: string): boolean {
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `ws://${text}`;
  if (!URL.canParse(full)) return false;
  const url = new URL(full);
  return SCHEMES.includes(url.protocol) && url.hostname !== '';
}

/** The home must exist. */
export function writeRelayFile(home: string, facts: RelayFile): void {
  writeAtomic(statePaths(home).relayFile, `${JSON.stringify(facts, undefined, 2)}\n`);
}

/** Removes it only when it is this process's own: a relay that stops late must not hide the one that followed it. */
export function removeRelayFile(home: string, pid: number): void {
  if (readRelayFile(home)?.pid === pid) rmSync(statePaths(home).relayFile, { force: true });
}
