import { describe, expect, it } from 'vitest';
import { type Machine, machine, type Started } from '../../support/cli.ts';

async function watching(m: Machine, args: readonly string[] = []): Promise<Started> {
  const watch = await m.start(['watch', ...args]);
  await watch.says(/^Watching ws:\/\/localhost:\d+ as \w+\.$/m, 'stderr');
  return watch;
}

describe('watch', () => {
  it('shows what one may see as it is said, from now on, and nobody else’s', async () => {
    const m = machine();
    await m.relay();
    await m.ok(['status']);
    await m.ok(['status', '--as', 'CC-2']);
    await m.ok(['send', 'anna', 'before', '--as', 'CC-1']);
    const watch = await watching(m);
    await m.ok(['send', 'CC-2', 'not for anna', '--as', 'CC-1']);
    const ids = [
      await m.ok(['send', 'anna', 'to me', '--as', 'CC-1']),
      await m.ok(['send', 'CC-2', 'by me']),
      await m.ok(['send', 'all', 'to all', '--as', 'CC-2']),
    ].map((out) => out.slice(0, 13));
    await watch.says(/ {2}to all\n/);
    expect(watch.stdout.match(/^m\w{12}/gm)).toEqual(ids);
    expect((await watch.kill('SIGINT')).code).toBe(0);
  });

  it('takes nothing, marks nothing, and is not seen', async () => {
    const m = machine();
    await m.relay();
    await m.ok(['status']);
    const watch = await watching(m);
    const id = (await m.ok(['send', 'anna', 'still unread', '--as', 'CC-1'])).slice(0, 13);
    await watch.says(/still unread/);
    expect(await m.json(['peers'])).toEqual({ peers: [], more: 0 });
    expect(await m.json(['receipts', id, '--as', 'CC-1'])).toMatchObject({ recipients: [{ state: 'stored' }] });
    expect(await m.ok(['receive'])).not.toContain('given again');
    expect((await watch.kill()).code).toBe(0);
  });

  it('shows who comes and goes', async () => {
    const m = machine();
    await m.relay();
    const watch = await watching(m);
    const one = await m.session('CC-1');
    await watch.says(/^CC-1 joined \(.*\)$/m);
    await one.call('relay_rename', { to: 'CC-7' });
    await watch.says(/^CC-1 is CC-7 now$/m);
    await one.kill();
    await watch.says(/^CC-7 was lost$/m);
    const two = await m.session('CC-2');
    await watch.says(/^CC-2 joined/m);
    two.started.child.stdin.end();
    await watch.says(/^CC-2 left$/m);
  });

  it('prints one JSON object a line', async () => {
    const m = machine();
    await m.relay();
    await m.ok(['status']);
    const watch = await watching(m, ['--json']);
    await m.ok(['send', 'anna', 'one\nmessage', '--as', 'CC-1']);
    const one = await m.session('CC-1');
    await watch.says(/"joined"/);
    await one.kill();
    await watch.says(/"lost".*\n/);
    const { stdout } = await watch.kill('SIGINT');
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { type: 'message', from: 'CC-1', body: 'one\nmessage', position: expect.any(Number) },
      { type: 'presence', event: 'joined', name: 'CC-1' },
      { type: 'presence', event: 'lost', name: 'CC-1' },
    ]);
  });

  it('goes on through a restart of the relay, and shows what was said before it was back', async () => {
    const m = machine();
    const relay = await m.relay();
    await m.ok(['status']);
    const watch = await watching(m);
    await m.ok(['send', 'anna', 'one', '--as', 'CC-1']);
    await watch.says(/ {2}one\n/);
    await relay.kill('SIGKILL');
    await watch.says(/cannot be reached|broke|went away/, 'stderr');
    await m.relay();
    await m.ok(['send', 'anna', 'two', '--as', 'CC-1']);
    await watch.says(/ {2}two\n/);
    await watch.says(/The relay is back\./, 'stderr');
    expect(watch.stdout.match(/^ {2}(one|two)$/gm)).toEqual(['  one', '  two']);
  });

  it('refuses a name whose key is elsewhere, instead of watching as another', async () => {
    const m = machine();
    await m.relay();
    const elsewhere = machine();
    const env = { RELAY_URL: m.url, RELAY_TOKEN: m.token };
    const one = await elsewhere.session('CC-1', env);
    await one.connected();
    const { code, stdout, stderr } = await m.run(['watch', '--as', 'CC-1']);
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
    expect(stderr).toMatch(/CC-1 belongs to a session whose key is not on this machine/);
    expect(await m.json(['sessions'])).toMatchObject({ sessions: [{ name: 'CC-1' }], more: 0 });
  });

  it('ends when nobody reads it any more', async () => {
    const m = machine();
    await m.relay();
    await m.ok(['status']);
    const script = 'claude-relay watch | head -n 1';
    const shell = m.spawn('bash', ['-c', `set -o pipefail; ${script}`]);
    await shell.says(/Watching/, 'stderr');
    await m.ok(['send', 'anna', 'one', '--as', 'CC-1']);
    await shell.says(/CC-1 to anna/);
    await m.ok(['send', 'anna', 'two', '--as', 'CC-1']);
    expect((await shell.ended).code).toBe(0);
  });
});
