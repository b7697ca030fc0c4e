/** The examples run as they stand. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../scripts/ensure.mjs';
import { idsIn, type Machine, machine, type Started } from '../support/cli.ts';

const FOLDER = join(ROOT, 'examples');

const example = (name: string): string => join(FOLDER, name);

async function listening(m: Machine, rounds: number): Promise<Started> {
  const env = { RELAY_HTTP: `http://localhost:${m.port}` };
  const bot = m.spawn(process.execPath, [example('echo-bot.mjs'), 'echo', String(rounds)], { env });
  await bot.says(/echo is listening/);
  return bot;
}

describe('the examples', () => {
  it('are all listed and explained', () => {
    const readme = readFileSync(example('README.md'), 'utf8');
    const files = readdirSync(FOLDER).filter((name) => name !== 'README.md');
    expect(files.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
    expect([...readme.matchAll(/^\| `([^`]+)`/gm)].map(([, name]) => name).sort()).toEqual(files.sort());
  });

  it('ci-notify.sh tells the room how a build went, whatever stands in the text', async () => {
    const m = machine();
    await m.relay();
    const env = { RELAY_HTTP: `http://localhost:${m.port}` };
    await m.ok(['join', 'build', '--as', 'CC-1']);
    const what = 'main at "4f2c1a"\\n,\tthree\nlines';
    const { code, stdout, stderr } = await m.spawn('sh', [example('ci-notify.sh'), 'red', what], { env }).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [joined, sent] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(joined).toEqual({ room: '#build', members: 2 });
    expect(sent.to).toMatchObject([{ address: '#build', recipients: 1 }]);
    expect(await m.json(['receive', '--as', 'CC-1'])).toMatchObject({
      messages: [
        {
          from: 'ci',
          to: ['#build'],
          priority: 'urgent',
          thread: 'builds',
          body: 'red: main at "4f2c1a"\\n, three lines',
        },
      ],
    });
  });

  it('ci-notify.sh fails when the relay refuses it', async () => {
    const m = machine();
    await m.relay();
    const env = { RELAY_HTTP: `http://localhost:${m.port}`, CLAUDE_RELAY_HOME: m.user };
    await m.spawn('sh', ['-c', 'echo not-the-token-of-this-relay > "$CLAUDE_RELAY_HOME/token"'], { env }).ended;
    const { code, stdout } = await m.spawn('sh', [example('ci-notify.sh'), 'green', 'x'], { env }).ended;
    expect(code).not.toBe(0);
    expect(stdout).toContain('unauthorized');
  });

  it('echo-bot.mjs answers what it gets, once each, and says that it has seen it', async () => {
    const m = machine();
    await m.relay();
    await m.ok(['status', '--as', 'echo']);
    const bot = await listening(m, 2);
    const [first] = idsIn(await m.ok(['send', 'echo', 'hello']));
    await m.ok(['send', 'echo', 'again']);
    expect(await bot.ended).toMatchObject({ code: 0, stdout: 'echo is listening\nanswered anna\nanswered anna\n' });
    expect(await m.json(['receipts', first ?? ''])).toMatchObject({ recipients: [{ name: 'echo', state: 'replied' }] });
    expect(await m.json(['receive'])).toMatchObject({
      messages: [{ body: 'You said: hello', reply_to: first }, { body: 'You said: again' }],
      more: 0,
    });
  });

  it('ask-and-wait.sh asks and prints the answer', async () => {
    const m = machine();
    await m.relay();
    await m.ok(['status', '--as', 'echo']);
    const bot = await listening(m, 1);
    const { code, stdout } = await m.spawn('sh', [example('ask-and-wait.sh'), 'echo', 'Is the build green?']).ended;
    expect(code).toBe(0);
    expect(stdout).toContain('  You said: Is the build green?\n');
    await bot.ended;
  });

  it('ask-and-wait.sh ends with 5 when no answer comes', async () => {
    const m = machine();
    await m.relay();
    await m.ok(['status', '--as', 'CC-2']);
    const asked = m.spawn('sh', [example('ask-and-wait.sh'), 'CC-2', 'Anybody?'], { env: { ASK_WAIT: '1' } });
    expect((await asked.ended).code).toBe(5);
  });
});
