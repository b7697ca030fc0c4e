/**
 * Another machine that can be reached by SSH: a network of its own, a user's home of its own, and a real sshd with its own keys on a
 * high port. Needs root on Linux, and openssh-server.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ran } from '../../src/util/run.ts';
import { NetNs, type Wire } from '../faults/support/netns.ts';
import { afterEveryTest } from './cleanup.ts';
import { type Machine, machine, type RunOptions, type Started } from './cli.ts';

const SSHD = '/usr/sbin/sshd';
const PORT = 2222;
const USUAL = 9999;
/** Where sshd of Debian wants an empty directory; its service makes it, and nobody runs that here. */
const EMPTY = '/run/sshd';

const used: TwoMachines[] = [];

export class TwoMachines {
  /** Where a person sits. Nobody else is in its network. */
  readonly here: Machine = machine(USUAL);
  /** Where the relay is to be. */
  readonly there: Machine = machine(USUAL);
  readonly #near = new NetNs();
  readonly #far = new NetNs();
  readonly #wire: Wire = this.#near.link(this.#far);

  constructor() {
    used.push(this);
    mkdirSync(EMPTY, { recursive: true, mode: 0o755 });
    for (const [user, name] of [
      [this.there.user, 'host_key'],
      [this.here.user, 'id'],
      [this.here.user, 'stranger'],
    ] as const)
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(user, name)]);
    this.trust();
    this.writeConfig('id');
  }

  get target(): string {
    return `root@${this.#wire.far.address}`;
  }

  /** What stands after `connect`. */
  get way(): readonly string[] {
    return [this.target, '--', '-p', String(PORT), '-F', join(this.here.user, 'ssh_config')];
  }

  /** sshd, when it takes connections. `settings`: further lines of its configuration. */
  async serve(settings: readonly string[] = []): Promise<Started> {
    const { there } = this;
    const { address } = this.#wire.far;
    const environment = Object.entries(there.env).map(([name, value]) => `"${name}=${value}"`);
    const lines = [
      ...settings,
      `ListenAddress ${address}:${PORT}`,
      `HostKey ${join(there.user, 'host_key')}`,
      `AuthorizedKeysFile ${join(this.here.user, 'id.pub')}`,
      'StrictModes no',
      'UsePAM no',
      'PidFile none',
      'PasswordAuthentication no',
      'PermitRootLogin prohibit-password',
      `SetEnv ${environment.join(' ')}`,
    ];
    const file = join(there.user, 'sshd_config');
    writeFileSync(file, `${lines.join('\n')}\n`);
    const started = this.program('there', SSHD, ['-D', '-e', '-f', file]);
    await started.says(/Server listening/, 'stderr');
    return started;
  }

  /** The host key is known here, or is not. */
  trust(isKnown = true): void {
    const [type, key] = readFileSync(join(this.there.user, 'host_key.pub'), 'utf8').split(' ');
    const line = `[${this.#wire.far.address}]:${PORT} ${type} ${key}\n`;
    writeFileSync(join(this.here.user, 'known_hosts'), isKnown ? line : '');
  }

  /** With which key we come. */
  writeConfig(identity: 'id' | 'stranger'): void {
    const lines = [
      `IdentityFile ${join(this.here.user, identity)}`,
      'IdentitiesOnly yes',
      `UserKnownHostsFile ${join(this.here.user, 'known_hosts')}`,
    ];
    writeFileSync(join(this.here.user, 'ssh_config'), `${lines.join('\n')}\n`);
  }

  /** `claude-relay` on this side, in its network. */
  async run(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    return ranOf(await this.program('here', 'claude-relay', args, { input: '', ...options }).ended);
  }

  /** The same on the other side, under way. */
  begin(args: readonly string[]): Started {
    return this.program('there', 'claude-relay', args, { input: '' });
  }

  /** Any program, on one side, under way. */
  program(side: 'here' | 'there', program: string, args: readonly string[], options: RunOptions = {}): Started {
    const { through } = side === 'here' ? this.#near : this.#far;
    const [first = '', ...rest] = [...through, program, ...args];
    return this[side].spawn(first, rest, options);
  }

  /** What was started in the background, by its own record. */
  async end(): Promise<void> {
    for (const [on, unit] of [
      [this.here, 'tunnel'],
      [this.there, 'relay'],
    ] as const)
      if (existsSync(join(on.home, 'services'))) await on.run(['service', 'uninstall', unit]);
  }
}

function ranOf({ code, stdout, stderr }: { code: number | null; stdout: string; stderr: string }): Ran {
  return { code: code ?? -1, stdout, stderr };
}

afterEveryTest(async () => {
  for (const two of used.splice(0)) await two.end();
});

/** Who forwards now, as the record of the background process says. */
export function forwarder({ home }: Machine): number | undefined {
  const file = join(home, 'services', 'tunnel.run.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).child?.pid : undefined;
}
