/** Who can reach the relay, and whether that is safe: decided before anything is opened. */
import { readFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { createSecureContext } from 'node:tls';
import type { RelayKey } from '../config/relay-key.ts';
import { isLoopback } from '../http/bind.ts';
import type { Tls } from '../http/server.ts';
import { errno, Failure } from '../util/failure.ts';
import { readPrivate } from '../util/files.ts';
import { pemOf } from '../util/signing.ts';

export interface ExposureOptions {
  readonly host: string;
  readonly legacy?: boolean;
  /** With the relay's own certificate. */
  readonly tls?: boolean;
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  readonly behindTls?: boolean;
}

/** Throws an `unsafe` Failure for what others could reach unprotected. */
export function checkExposure({ host, legacy, tls, tlsCert, tlsKey, behindTls }: ExposureOptions): void {
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new Failure('unsafe', '--tls-cert and --tls-key belong together.', 'Give both, or --tls for an own one.');
  const isEncrypted = tls === true || tlsCert !== undefined;
  if (!isLoopback(host) && !isEncrypted && !behindTls)
    throw new Failure(
      'unsafe',
      `${host} can be reached by other machines, and nothing would be encrypted.`,
      'Add --tls (own certificate), --tls-cert and --tls-key, or --behind-tls when a proxy encrypts; or leave --host out.',
    );
  if (behindTls && legacy)
    throw new Failure(
      'unsafe',
      'Behind a proxy everybody seems to come from this machine, and --legacy takes those without credentials.',
      'Leave one of them out.',
    );
}

/** Undefined where nothing is encrypted by us. Throws an `unsafe` Failure. */
export function tlsOf({ tls, tlsCert, tlsKey }: ExposureOptions, own: RelayKey): Tls | undefined {
  if (tlsCert !== undefined && tlsKey !== undefined) return given(tlsCert, tlsKey);
  return tls ? { key: pemOf(own.key), cert: own.certificate } : undefined;
}

/** Names and addresses of this machine that others may call it by; none on loopback. */
export function ownHosts(host: string): string[] {
  if (isLoopback(host)) return [];
  if (host !== '0.0.0.0' && host !== '::') return [host.includes(':') ? `[${host}]` : host];
  return [...ownAddresses(), hostname().toLowerCase()];
}

/** How others reach it, where nobody said. */
export function addressesFor({ host, behindTls }: ExposureOptions, port: number, tls: Tls | undefined): string[] {
  if (isLoopback(host) || behindTls) return [`ws://localhost:${port}`];
  const scheme = tls ? 'wss' : 'ws';
  const all = host === '0.0.0.0' || host === '::' ? ownAddresses() : ownHosts(host);
  return all.map((name) => `${scheme}://${name}:${port}`);
}

/** Not those that only reach this link. */
function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const outer = all.filter(({ internal, address }) => !internal && !address.startsWith('fe80:'));
  return outer.map(({ family, address }) => (family === 'IPv6' ? `[${address}]` : address));
}

function given(certFile: string, keyFile: string): Tls {
  const key = readPrivate(keyFile);
  if (key === undefined) throw new Failure('unsafe', `There is no ${keyFile}.`, 'Say where the key is with --tls-key.');
  try {
    const cert = readFileSync(certFile, 'utf8');
    createSecureContext({ key, cert });
    return { key, cert };
  } catch (error) {
    const why = errno(error) === 'ENOENT' ? `There is no ${certFile}.` : `${certFile} and ${keyFile} do not fit.`;
    throw new Failure('unsafe', why, 'Give a certificate and its key as PEM files.', error);
  }
}
