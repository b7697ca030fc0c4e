/**
 * A program called ssh, first in the PATH of one machine, that leads to another one: the same processes as with a real one, without
 * sshd and networks. It keeps what it was called with, and says what a test wants it to say.
 */
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from './cli.ts';

export interface SshSays {
  readonly stderr: string;
  /** It ends with 255 in each case; a forward that `stays` says it at each connection, as a refused one does. */
  readonly where: 'shell' | 'forward';
  readonly stays?: boolean;
}

const SCRIPT = `
const { appendFileSync, existsSync, readFileSync } = require('node:fs');
const { spawnSync } = require('node:child_process');
const { connect, createServer } = require('node:net');
const args = process.argv.slice(2);
appendFileSync(CALLS, JSON.stringify(args) + '\\n');
const says = existsSync(SAYS) ? JSON.parse(readFileSync(SAYS, 'utf8')) : {};
const where = args.includes('-N') ? 'forward' : 'shell';
const complain = () => process.stderr.write(says.stderr + '\\n');
if (says.where === where && !says.stays) {
  complain();
  process.exitCode = 255;
} else if (where === 'shell') {
  process.exitCode = spawnSync('sh', { stdio: 'inherit', env: THERE, cwd: THERE.HOME }).status;
} else {
  const [host, port, to, toPort] = args[args.indexOf('-L') + 1].split(':');
  const refuse = (near) => near.destroy(complain());
  const carry = (near) => {
    const far = connect({ host: to, port: Number(toPort) });
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) socket.on('error', () => [near, far].forEach((each) => each.destroy()));
  };
  createServer(says.where === where ? refuse : carry).listen(Number(port), host);
}
`;

export class FakeSsh {
  readonly #calls: string;
  readonly #says: string;

  /** `here` reaches `there` by whatever name. */
  constructor(here: Machine, there: Machine) {
    this.#calls = join(here.user, 'ssh-calls');
    this.#says = join(here.user, 'ssh-says');
    const constants = { CALLS: this.#calls, SAYS: this.#says, THERE: there.env };
    const head = Object.entries(constants).map(([name, value]) => `const ${name} = ${JSON.stringify(value)};`);
    const file = join(here.user, 'bin', 'ssh');
    writeFileSync(file, `#!${process.execPath}\n${head.join('\n')}${SCRIPT}`);
    chmodSync(file, 0o755);
  }

  get calls(): readonly (readonly string[])[] {
    if (!existsSync(this.#calls)) return [];
    const lines = readFileSync(this.#calls, 'utf8').trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line));
  }

  /** From now on; nothing when it is left out. */
  say(says?: SshSays): void {
    if (says === undefined) rmSync(this.#says, { force: true });
    else writeFileSync(this.#says, JSON.stringify(says));
  }
}
