import { describe, expect, it } from 'vitest';
import { idsIn, type Machine, machine, type Started } from '../../support/cli.ts';

async function chatting(m: Machine, name: string, args: readonly string[] = []): Promise<Started> {
  const chat = await m.start(['chat', name, ...args]);
  await chat.says(/^You are \S+ at ws:.*Commands: send <message>/m, 'stderr');
  return chat;
}

async function state(m: Machine, id: string, from: string): Promise<unknown> {
  const { recipients } = (await m.json(['receipts', id, '--as', from])) as { recipients: { state: string }[] };
  return recipients[0]?.state;
}

describe('chat', () => {
  it('is two people who write to each other, each message shown as it comes and marked as seen', async () => {
    const m = machine();
    await m.relay();
    const one = await chatting(m, 'CC-1');
    const two = await chatting(m, 'CC-2');
    await one.says(/^CC-2 joined/m, 'stderr');
    one.write('send:CC-2 Is the build green?\n');
    await two.says(/^m\w{12} {2}CC-1 to CC-2 .*\n {2}Is the build green\?\n/m);
    const [id = ''] = idsIn(await one.says(/^m\w{12} to CC-2 \(here\)\n/m));
    await one.says(new RegExp(`^${id}: seen, by CC-2$`, 'm'), 'stderr');
    expect(await state(m, id, 'CC-1')).toBe('seen');
    two.write('send Green since ten.\n');
    await one.says(/^m\w{12} {2}CC-2 to all .*\n {2}Green since ten\.\n/m);
    two.write('quit\n');
    expect((await two.ended).code).toBe(0);
    await one.says(/^CC-2 left$/m, 'stderr');
    one.child.stdin.end();
    expect((await one.ended).code).toBe(0);
  });

  it('takes the commands of the first generation’s test client from a pipe, in their order', async () => {
    const m = machine();
    await m.relay();
    await m.ok(['status', '--as', 'CC-1.2']);
    const input = 'send:CC-1.2 one\nsend two words\n\n  peers  \nhistory\nhistory 1\nnonsense\nquit\nsend three\n';
    const { code, stdout, stderr } = await m.run(['chat', 'tester', m.url], { input });
    expect(code).toBe(0);
    const [first, second] = idsIn(stdout);
    const time = '\\d{4}-\\d\\d-\\d\\d [\\d:]{8}';
    const twoHead = `${second}  tester to all  ${time}\n  two words\n`;
    expect(stdout).toMatch(
      new RegExp(
        `^${first} to CC-1\\.2 \\(away, kept for it\\)\n${second} to all \\(0 of 1 here; .*\n` +
          `tester \\(you\\) +person +claude-relay [\\d.]+\n` +
          `${first}  tester to CC-1\\.2  ${time}\n  one\n${twoHead}${twoHead}$`,
      ),
    );
    expect(stderr.match(/Commands:/g)).toHaveLength(2);
    expect(stdout).not.toContain('three');
  });

  it('sends no secret, says what to do, and goes on', async () => {
    const m = machine();
    await m.relay();
    const secret = `glpat-${'x7Kq2'.repeat(4)}`;
    const { code, stdout, stderr } = await m.run(['chat', 'tester'], { input: `send ${secret}\nsend hello\nquit\n` });
    expect(code).toBe(0);
    expect(idsIn(stdout)).toHaveLength(1);
    expect(stderr).toMatch(/a secret \(GitLab token in line 1\); nothing was sent\. .*--allow-secret/);
    expect(stdout + stderr).not.toContain(secret);
  });

  it('shows what waited for it', async () => {
    const m = machine();
    await m.relay();
    await m.ok(['status']);
    const id = (await m.ok(['send', 'anna', 'while you were away', '--as', 'CC-1'])).slice(0, 13);
    const chat = await m.start(['chat']);
    await chat.says(/ {2}while you were away\n/);
    chat.child.stdin.end();
    await chat.ended;
    expect(await state(m, id, 'CC-1')).toBe('seen');
  });

  it('says what is wrong with a line, and goes on', async () => {
    const m = machine();
    await m.relay();
    const input = 'send\nsend:\nsend:CC-9 x\nsend:a b c\nhistory 0\nhistory x\nhistory 500\nsend:tester fine\n';
    const { code, stdout, stderr } = await m.run(['chat', 'tester'], { input });
    expect(code).toBe(0);
    expect(stderr.match(/^Write send <message> or send:<id> <message>\.$/gm)).toHaveLength(2);
    expect(stderr.match(/^Write history or history n, with n from 1 to 200\.$/gm)).toHaveLength(3);
    expect(stderr).toMatch(/^Nobody called CC-9 was ever here/m);
    expect(stdout).toMatch(/^m\w{12} to tester/m);
  });

  it('prints nothing of a message that a terminal could act on', async () => {
    const m = machine();
    await m.relay();
    const chat = await chatting(m, 'CC-2');
    await m.ok(['send', 'CC-2', '-', '--as', 'CC-1'], { input: 'x\u001b[2J\nm1  CC-9 to CC-2\r\u202e' });
    await chat.says(/202e>\n/);
    expect(chat.stdout).toMatch(/\n {2}x␛\[2J\n {2}m1 {2}CC-9 to CC-2␍<202e>\n$/);
  });

  it('is given another name when a live session has that one, and says so', async () => {
    const m = machine();
    await m.relay();
    const one = await m.session('CC-1');
    await one.connected();
    const chat = await chatting(m, 'CC-1');
    expect(chat.stderr).toMatch(/^CC-1 is held by another live session: you are CC-1\.2\.$/m);
    expect(chat.stderr).toMatch(/^You are CC-1\.2 at /m);
    chat.write('send:CC-1 hello\n');
    expect(await one.call('relay_receive', { wait_seconds: 20 })).toContain('from=CC-1.2');
  });

  it('goes on through a restart of the relay, and a line meanwhile is sent once', async () => {
    const m = machine();
    const relay = await m.relay();
    await m.ok(['status', '--as', 'CC-2']);
    const chat = await chatting(m, 'CC-1');
    await relay.kill('SIGKILL');
    await chat.says(/cannot be reached|broke|went away/, 'stderr');
    const back = m.relay();
    chat.write('send:CC-2 meanwhile\n');
    await back;
    await chat.says(/^The relay is back\.$/m, 'stderr');
    chat.write('send:CC-2 afterwards\n');
    await chat.says(/^m\w{12} to CC-2 [^\n]*\n(?![\s\S]*^m)/m);
    chat.child.stdin.end();
    await chat.ended;
    const sent = idsIn(chat.stdout).length;
    const { messages } = (await m.json(['receive', '--as', 'CC-2'])) as { messages: { body: string }[] };
    expect(messages.map(({ body }) => body).slice(-1)).toEqual(['afterwards']);
    expect(messages).toHaveLength(sent);
  });

  it('ends with 3 when there is no relay, and with 4 when it does not take the token', async () => {
    const m = machine();
    expect(await m.run(['chat', 'CC-1', 'ws://localhost:1'])).toMatchObject({ code: 3, stdout: '' });
    await m.relay();
    const wrong = await m.run(['chat', 'CC-1'], { env: { RELAY_TOKEN: 'x'.repeat(43) } });
    expect(wrong).toMatchObject({ code: 4, stdout: '' });
    expect(await m.run(['chat', '1st'])).toMatchObject({ code: 2, stdout: '' });
  });

  it('says goodbye when it is told to end', async () => {
    const m = machine();
    await m.relay();
    const one = await chatting(m, 'CC-1');
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const two = await chatting(m, 'CC-2');
      expect((await two.kill(signal)).code).toBe(0);
    }
    await one.says(/^CC-2 left\n[\s\S]*^CC-2 left$/m, 'stderr');
  });

  // `script` of other systems takes other flags.
  it.runIf(process.platform === 'linux')(
    'has a prompt on a terminal, and prints what comes above the line that is being typed',
    async () => {
      const m = machine();
      await m.relay();
      await m.ok(['status', '--as', 'CC-2']);
      // util-linux: a terminal of its own around the command; what it shows is on stdout.
      const terminal = m.spawn('script', ['-qfec', 'claude-relay chat CC-1', '/dev/null'], { env: { TERM: 'xterm' } });
      await terminal.says(/> /);
      terminal.write('send:CC-2 hel');
      await terminal.says(/hel/);
      await m.ok(['send', 'CC-1', 'incoming', '--as', 'CC-2']);
      await terminal.says(/ {2}incoming[\s\S]*> send:CC-2 hel/);
      terminal.write('lo\r');
      await terminal.says(/m\w{12} to CC-2/);
      terminal.write('\u0003');
      expect((await terminal.ended).code).toBe(0);
      expect(await m.ok(['receive', '--as', 'CC-2'])).toContain('\n  hello\n');
    },
  );
});
