/** Another machine that can be reached by SSH: with a real sshd, with its own keys on a high port. Needs root on Linux, and openssh-server. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine, Started } from './cli.ts';
import { TwoMachines } from './two-machines.ts';

const SSHD = '/usr/sbin/sshd';
const PORT = 2222;
/** Where sshd of Debian wants an empty directory; its service makes it, and nobody runs that here. */
const EMPTY = '/run/sshd';

export class SshMachines extends TwoMachines {
  constructor() {
    super();
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
    return `root@${this.address}`;
  }

  /** What stands after `connect`. */
  get way(): readonly string[] {
    return [this.target, '--', '-p', String(PORT), '-F', join(this.here.user, 'ssh_config')];
  }

  /** sshd, when it takes connections. `settings`: further lines of its configuration. */
  async serve(settings: readonly string[] = []): Promise<Started> {
    const { there, address } = this;
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
    const line = `[${this.address}]:${PORT} ${type} ${key}\n`;
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
}

/** Who forwards now, as the record of the background process says. */
export function forwarder({ home }: Machine): number | undefined {
  const file = join(home, 'services', 'tunnel.run.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).child?.pid : undefined;
}
