import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkOptions,
  checkTarget,
  complaint,
  forwarding,
  remoteShell,
  sshFailure,
  sshLine,
} from '../../src/service/ssh.ts';
import { Failure } from '../../src/util/failure.ts';

describe('where ssh goes', () => {
  it.each([
    'me@relay.example',
    'relay',
    'me@10.0.0.1',
    'a.b-c_d+e@host-1.local',
    'me@::1',
    'me@fe80::1%eth0',
    '_x@y',
    'me@[::1]',
  ])('may be %s', (target) => {
    expect(() => checkTarget(target)).not.toThrow();
  });

  it.each([
    '',
    '-oProxyCommand=touch x',
    '-l',
    'me@-oProxyCommand=x',
    '-me@relay',
    'me@ relay',
    'me relay',
    'me@relay;id',
    'me@$(id)',
    'me@`id`',
    'me@relay\nx',
    '@relay',
    'me@',
    'me@@relay',
    "me@it's",
    'me@relay/x',
    'ssh://me@relay',
    'me:pw@relay',
    'ü@relay',
    'me@relay\u0000',
    `me@${'x'.repeat(255)}`,
  ])('may not be %j', (target) => {
    expect(() => checkTarget(target)).toThrow(Failure);
    const way = { target, options: [] };
    expect(() => remoteShell(way)).toThrow('is not a user@host');
    expect(() => forwarding(way, { port: 1, remotePort: 1 })).toThrow('is not a user@host');
  });
});

describe('the options of a user', () => {
  it.each([
    [['-p', '2222'], ['-p2222']],
    [
      ['-p2222', '-4'],
      ['-p2222', '-4'],
    ],
    [
      ['-i', 'id', '-F', '/etc/config'],
      ['-i/work/id', '-F/etc/config'],
    ],
    [['-i~/id'], ['-i~/id']],
    [
      ['-o', 'User=me', '-J', 'jump'],
      ['-oUser=me', '-Jjump'],
    ],
    [[], []],
  ])('%j become one word each', (words, options) => {
    expect(checkOptions(words, '/work')).toEqual(options);
  });

  it.each([
    [['relay'], 'is no option'],
    [['-p', '2222', 'relay'], 'is no option'],
    [['-L', '1:x:1'], 'is no option'],
    [['-N'], 'is no option'],
    [['--'], 'is no option'],
    [['-46'], 'is no option'],
    [['-p'], 'needs a value'],
    [[''], 'is no option'],
  ])('%j are refused', (words, sentence) => {
    expect(() => checkOptions(words, '/work')).toThrow(sentence);
  });
});

/** What a person may write there, and what somebody would who wants more of ssh. */
const word = fc.oneof(
  fc.string({ maxLength: 6 }),
  fc.constantFrom(
    '-p',
    '22',
    '-o',
    'A=b',
    '-L',
    '1:a:1',
    '--',
    'host',
    '-i',
    'key',
    '-N',
    '-v',
    '-W',
    '-pp',
    '-',
    '-J',
    '-Jx',
  ),
);

describe('whatever a user writes for options', () => {
  it('each word of it is one option: none can become a host, a command or a forward', () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (words) => {
        let options: readonly string[] = [];
        try {
          options = checkOptions(words, '/work');
        } catch (error) {
          expect(error).toBeInstanceOf(Failure);
        }
        for (const option of options) expect(option).toMatch(/^-(?:[46ACakKqvxy]$|[bBcFIiJlmop].)/s);
      }),
      { numRuns: 2_000 },
    );
  });

  it('ssh goes to the target', () => {
    const words = ['-p', '22', '-o', 'ConnectTimeout=3', '-J', 'jump', '-l', 'other', '-4'];
    const way = { target: 'relay', options: checkOptions(words, '/work') };
    const { stdout, status } = spawnSync('ssh', ['-G', ...remoteShell(way)], { encoding: 'utf8' });
    expect([status, /^host(?:name)? (.*)$/m.exec(stdout)?.[1]]).toEqual([0, 'relay']);
    expect(stdout).toMatch(/^proxyjump jump$/m);
    expect(stdout, 'ours are first').toMatch(/^connecttimeout 10$/m);
  });
});

describe('how ssh is called', () => {
  const way = { target: 'me@relay', options: ['-p2222', '-oBatchMode=no'] };

  it('for a command: a shell that reads its script, asked nothing', () => {
    expect(remoteShell(way).join(' ')).toBe(
      '-T -o BatchMode=yes -o ConnectTimeout=10 -p2222 -oBatchMode=no -- me@relay sh',
    );
  });

  it('ours come first, and ssh takes the first', () => {
    const { stdout } = spawnSync('ssh', ['-G', ...forwarding(way, { port: 1, remotePort: 2 })], { encoding: 'utf8' });
    expect(stdout).toMatch(/^batchmode yes$/m);
    expect(stdout).toMatch(/^port 2222$/m);
  });

  it('as a person types it', () => {
    expect(sshLine({ target: 'me@relay', options: ['-p2222', '-i/a b'] }, 'true')).toBe(
      "ssh -p2222 '-i/a b' me@relay true",
    );
  });
});

describe('what ssh says', () => {
  const way = { target: 'me@relay', options: ['-p22'] };
  const failure = (stderr: string, code = 255) => sshFailure(way, { code, stdout: '', stderr });

  it.each([
    ['Host key verification failed.', 'The host key of me@relay is not known here.', 'ssh -p22 me@relay'],
    [
      'No ED25519 host key is known for relay and you have requested strict checking.\nHost key verification failed.',
      'The host key of me@relay is not known here.',
      'accept it once',
    ],
    [
      '@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.',
      'shows another host key',
      'ssh-keygen -R relay',
    ],
    ['me@relay: Permission denied (publickey).', 'does not let you in without a question', 'ssh-copy-id me@relay'],
    ['ssh: Could not resolve hostname relay: Name or service not known', 'There is no host relay.', '~/.ssh/config'],
    [
      'ssh: connect to host relay port 22: Connection refused',
      'cannot be reached by SSH (ssh: connect to host relay port 22: Connection refused)',
      'ssh -p22 me@relay true',
    ],
    ['ssh: connect to host relay port 22: Connection timed out', 'cannot be reached by SSH', 'true'],
    ['kex_exchange_identification: read: Connection reset by peer', 'cannot be reached by SSH', 'true'],
    [
      'bind [127.0.0.1]:9999: Address already in use\nchannel_setup_fwd_listener_tcpip: cannot listen to port: 9999',
      'The port for the forward is taken on this machine.',
      '--port',
    ],
    [
      'channel 2: open failed: administratively prohibited: open failed',
      'The SSH server of me@relay forbids forwards.',
      'AllowTcpForwarding local',
    ],
    [
      'channel 2: open failed: connect failed: Connection refused',
      'Nothing listens on the relay’s port on me@relay.',
      'service start',
    ],
    ['Bad configuration option: frob', 'ssh failed: Bad configuration option: frob.', 'See that this works'],
    ['', 'ssh failed: it did not say why.', 'See that this works'],
  ])('%j becomes a sentence and a remedy', (stderr, message, remedy) => {
    expect(failure(stderr)).toMatchObject({
      message: expect.stringContaining(message),
      remedy: expect.stringContaining(remedy),
    });
  });

  it('without ssh, and of a host that does not answer', () => {
    expect(failure('', 127)).toMatchObject({ message: 'There is no ssh in your PATH.' });
    expect(failure('', 124)).toMatchObject({ message: 'me@relay did not answer in time.' });
  });

  it.each([0, 1, 2, 126])('what ran there ended with %i: that is not ssh’s', (code) => {
    expect(failure('anything', code)).toBeUndefined();
  });

  it('means nothing to us when it is none of these', () => {
    expect(complaint(way, 'Warning: Permanently added relay')).toBeUndefined();
  });
});
