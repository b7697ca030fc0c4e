/** The script that looks for claude-relay on another machine, run by this machine's own sh in surroundings that a test makes up. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Remote } from '../../../src/cli/connect/remote.ts';
import type { Runner } from '../../../src/util/run.ts';
import { VERSION } from '../../../src/util/version.ts';
import { tempDir } from '../../support/temp-dir.ts';

const WAY = { target: 'me@relay', options: [] };
/** What every machine has, and nothing else: not even this one’s Node. */
const TOOLS = ['sh', 'cat', 'ls', 'sed', 'sort', 'tr'];

/** A machine without Node, and ways to put things onto it. */
class Far {
  readonly home = tempDir();
  readonly calls: string[][] = [];
  readonly env: Record<string, string>;

  constructor() {
    const tools = join(this.home, 'tools');
    mkdirSync(tools);
    for (const tool of TOOLS)
      symlinkSync(spawnSync('which', [tool], { encoding: 'utf8' }).stdout.trim(), join(tools, tool));
    // A login shell that knows its user's profile and not this machine's.
    const shell = this.program('shell', '. "$HOME/.profile"; eval "$2"');
    this.program('.profile', ':');
    this.env = { HOME: this.home, SHELL: shell, PATH: tools };
  }

  program(path: string, script: string): string {
    const file = join(this.home, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
    return file;
  }

  node(path = 'tools/node', version = 'v20.19.0'): void {
    this.program(path, `[ "$1" = --version ] && echo ${version} || exec sh "$@"`);
  }

  readonly run: Runner = async (program, args, input) => {
    this.calls.push([program, ...args]);
    // Where a Node of this machine may be.
    const script = input?.replace(':/usr/local/bin:/opt/homebrew/bin', '') ?? '';
    const { status, stdout, stderr } = spawnSync('/bin/sh', { input: script, env: this.env, encoding: 'utf8' });
    return { code: status ?? -1, stdout, stderr };
  };

  find(same = '/nowhere/cli.mjs') {
    return new Remote(WAY, this.run).find(same);
  }
}

describe('finding claude-relay there', () => {
  it('in the PATH', async () => {
    const far = new Far();
    far.node();
    const program = far.program('tools/claude-relay', 'echo 0.3.0');
    expect(await far.find()).toMatchObject({ words: [program], version: '0.3.0' });
    expect(far.calls).toEqual([
      ['ssh', '-T', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=10', '--', 'me@relay', 'sh'],
    ]);
  });

  it('where only the login shell looks, whatever that prints besides', async () => {
    const far = new Far();
    far.node('late/node');
    const program = far.program('late/claude-relay', 'echo 0.3.0');
    writeFileSync(join(far.home, '.profile'), `echo Welcome.\nPATH="$PATH:${far.home}/late"\n`);
    expect(await far.find()).toMatchObject({ words: [program], path: expect.stringContaining('/late') });
  });

  it('with the newest Node of nvm', async () => {
    const far = new Far();
    far.node('.nvm/versions/node/v8.0.0/bin/node', 'v8.0.0');
    far.node('.nvm/versions/node/v22.1.0/bin/node', 'v22.1.0');
    const program = far.program('.nvm/versions/node/v22.1.0/bin/claude-relay', 'echo 0.3.0');
    expect(await far.find()).toMatchObject({ words: [program] });
  });

  it('among what npm has put where no PATH leads', async () => {
    const far = new Far();
    far.node();
    far.program('tools/npm', `echo ${far.home}/global`);
    const program = far.program('global/bin/claude-relay', 'echo 0.3.0');
    expect(await far.find()).toMatchObject({ words: [program] });
  });

  it('where it lies here, when it lies there too', async () => {
    const far = new Far();
    far.node();
    const same = far.program("it's/cli.mjs", 'echo 0.3.0');
    expect(await far.find(same)).toMatchObject({ words: ['node', same], version: '0.3.0' });
  });

  const INSTALL = `ssh me@relay npm install -g claude-relay@${VERSION}`;
  it.each<[string, (far: Far) => void, string, string]>([
    ['no Node', () => undefined, 'There is no Node on me@relay.', `then: ${INSTALL}`],
    ['an old Node', (far) => far.node('tools/node', 'v18.20.0'), 'Node 18.20.0 on me@relay is too old.', '20.19'],
    ['no claude-relay', (far) => far.node(), 'claude-relay is not installed on me@relay.', INSTALL],
    [
      'one that does not run',
      (far) => {
        far.node();
        far.program('tools/claude-relay', 'echo broken >&2; exit 1');
      },
      'does not run',
      'claude-relay --version',
    ],
  ])('%s is a sentence with the remedy', async (_what, prepare, message, remedy) => {
    const far = new Far();
    prepare(far);
    await expect(far.find()).rejects.toMatchObject({
      message: expect.stringContaining(message),
      remedy: expect.stringContaining(remedy),
    });
  });

  it('a login shell that is none for us is a sentence', async () => {
    const run: Runner = async () => ({ code: 1, stdout: 'This account is currently not available.\n', stderr: '' });
    await expect(new Remote(WAY, run).find('/x')).rejects.toThrow('There is no shell for us on me@relay (1).');
  });
});

describe('asking it', () => {
  const RELAY = { url: 'ws://localhost:9999', port: 9999, version: '0.3.0', home: '/home/me/.claude-relay' };

  async function answering(script: string) {
    const far = new Far();
    far.node();
    far.program('tools/claude-relay', `[ "$1" = --version ] && echo 0.3.0 && exit\n${script}`);
    const remote = new Remote(WAY, far.run);
    return { remote, program: await remote.find('/x'), far };
  }

  it('where its relay is, behind whatever a login prints', async () => {
    const { remote, program } = await answering(`echo '{ hello'; echo '${JSON.stringify(RELAY)}'`);
    expect(await remote.relay(program)).toEqual(RELAY);
  });

  it.each([
    ['echo nothing', 'claude-relay on me@relay did not say where its relay is.'],
    [`echo '{"url":"x","port":0,"version":"1","home":"/h"}'`, 'did not say where its relay is'],
    ['exit 2', `claude-relay on me@relay is too old for this one (${VERSION}).`],
    [
      'echo "claude-relay: The relay did not start: Port 9999 is in use." >&2; exit 1',
      'On me@relay: The relay did not start: Port 9999 is in use.',
    ],
    ['exit 7', 'On me@relay: claude-relay ended with 7.'],
  ])('%s is a sentence', async (script, message) => {
    const { remote, program } = await answering(script);
    await expect(remote.relay(program)).rejects.toThrow(message);
  });

  it('hands on the remedy of the other side', async () => {
    const { remote, program } = await answering('printf "claude-relay: No.\\n  Do this.\\n" >&2; exit 1');
    await expect(remote.relay(program)).rejects.toMatchObject({ message: 'On me@relay: No.', remedy: 'Do this.' });
  });

  it('for an invitation to the relay that was found, in its own words', async () => {
    const [relay, secret] = ['f'.repeat(43), 's'.repeat(22)];
    const line = `ws://127.0.0.1:9998/${relay}.${secret}`;
    const near = 'ws://127.0.0.1:9998';
    const words = `invite --mine --for 2m --address ${near} --relay-url ws://localhost:9999 --json`;
    const { remote, program } = await answering(`[ "$*" = '${words}' ] && echo '{"line":"${line}"}'`);
    expect(await remote.invitation(program, RELAY, near)).toEqual({ addresses: [near], relay, secret });
  });

  it('for an invitation that it does not make is a sentence', async () => {
    const { remote, program } = await answering(
      'echo "claude-relay: Only who administers this relay may do that." >&2; exit 4',
    );
    await expect(remote.invitation(program, RELAY, 'ws://127.0.0.1:9998')).rejects.toThrow(
      'On me@relay: Only who administers',
    );
  });
});
