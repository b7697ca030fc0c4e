import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../src/protocol/limits.ts';
import { type AtRelay, atRelay } from '../../support/at-relay.ts';
import { commandLine } from '../../support/command-line.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** A relay with an inbox for CC-2, and one for anna. */
async function withInbox(): Promise<AtRelay> {
  const at = await atRelay();
  for (const name of ['CC-2', 'anna']) await at.ok(['status', '--as', name]);
  return at;
}

async function received(at: AtRelay, name = 'CC-2'): Promise<readonly Record<string, unknown>[]> {
  const { messages } = (await at.json(['receive', '--as', name])) as { messages: Record<string, unknown>[] };
  return messages;
}

describe('send', () => {
  it('prints the id first, then who it goes to and who is away', async () => {
    const at = await withInbox();
    const out = await at.ok(['send', 'CC-2', 'Is', 'the', 'build', 'green?']);
    expect(out).toMatch(/^m[0-9a-z]{12} to CC-2 \(away, kept for it\)\n$/);
    expect(await received(at)).toMatchObject([{ id: out.slice(0, 13), from: 'anna', body: 'Is the build green?' }]);
    await at.relay.client('CC-3');
    expect(await at.ok(['send', 'CC-3', 'x'])).toMatch(/ to CC-3 \(here\)\n$/);
  });

  it('prints the same as JSON', async () => {
    const at = await withInbox();
    expect(await at.json(['send', 'CC-2', 'x'])).toMatchObject({
      id: expect.stringMatching(/^m\w{12}$/),
      position: expect.any(Number),
      to: [{ address: 'CC-2', recipients: 1, here: 0, absent: ['CC-2'] }],
    });
  });

  it('sends to several, to a room, and to all', async () => {
    const at = await withInbox();
    await at.ok(['join', 'build', '--as', 'CC-2']);
    expect(await at.ok(['send', 'CC-2, anna', 'one'])).toMatch(/ to CC-2 \(away, kept for it\); anna \(away/);
    expect(await at.ok(['send', '#build', 'two'])).toMatch(/ to #build \(0 of 1 here; kept for CC-2\)\n$/);
    expect(await at.ok(['send', 'all', 'three'])).toMatch(/ to all \(0 of 1 here; kept for 1 other\)\n$/);
    const got = await received(at);
    expect(got.map(({ to, body }) => [to, body])).toEqual([
      [['CC-2', 'anna'], 'one'],
      [['#build'], 'two'],
      [['all'], 'three'],
    ]);
  });

  it('carries thread, priority, end of life and what it answers', async () => {
    const at = await withInbox();
    const first = (await at.ok(['send', 'anna', 'q', '--as', 'CC-2'])).slice(0, 13);
    await at.ok(['send', 'CC-2', 'a', '--reply-to', first, '--thread', 'auth', '--urgent', '--ttl', '60']);
    const [message] = await received(at);
    expect(message).toMatchObject({ reply_to: first, thread: 'auth', priority: 'urgent' });
    // The one is time that passed, the other the machine's clock.
    expect(Math.abs(Number(message?.expires_at) - Number(message?.at) - 60_000)).toBeLessThan(1_000);
    expect(await at.json(['receipts', first, '--as', 'CC-2'])).toMatchObject({ recipients: [{ state: 'replied' }] });
  });

  it.each([
    ['one line break at its end dropped', 'a\nb\n', 'a\nb'],
    ['one of Windows dropped', 'a\r\nb\r\n', 'a\r\nb'],
    ['no other', 'a\n\n', 'a\n'],
    ['every character', 'ä 李 🙂', 'ä 李 🙂'],
  ])('reads the message from stdin with -, %s', async (_what, input, body) => {
    const at = await withInbox();
    await at.ok(['send', 'CC-2', '-'], { input });
    expect(await received(at)).toMatchObject([{ body }]);
  });

  it('reads a character of several bytes whole, though it comes in two pieces', async () => {
    const at = await withInbox();
    const bytes = Buffer.from('ä');
    const stdin = Readable.from([bytes.subarray(0, 1), bytes.subarray(1)], { objectMode: false });
    await at.ok(['send', 'CC-2', '-'], { stdin });
    expect(await received(at)).toMatchObject([{ body: 'ä' }]);
  });

  it('takes a message of exactly 64 KiB, and stops reading one that is larger', async () => {
    const at = await withInbox();
    await at.ok(['send', 'CC-2', '-'], { input: `${'x'.repeat(LIMITS.bodyBytes)}\n` });
    let pieces = 0;
    const endless = async function* () {
      for (; ; pieces += 1) yield 'x'.repeat(32 * 1024);
    };
    const { code, err } = await at.run(['send', 'CC-2', '-'], { stdin: Readable.from(endless()) });
    expect({ code, err }).toEqual({
      code: 2,
      err: 'claude-relay: The message is larger than 64 KiB.\n  Split it, or say where the full text is.\n',
    });
    expect(pieces).toBeLessThan(30);
  });

  it('is the same send when it is repeated with its id', async () => {
    const at = await withInbox();
    await at.ok(['send', 'CC-2', 'x', '--id', 'build-7']);
    expect(await at.ok(['send', 'CC-2', 'x', '--id', 'build-7'])).toMatch(/^build-7 to CC-2 .*not sent twice\n$/);
    expect(await at.run(['send', 'CC-2', 'y', '--id', 'build-7'])).toMatchObject({ code: 4, out: '' });
    expect(await received(at)).toHaveLength(1);
  });

  it('says that nothing was sent and nothing is kept when there is no relay', async () => {
    const at = await withInbox();
    await at.relay.end();
    const { code, out, err } = await at.run(['send', 'CC-2', 'x'], { env: { RELAY_URL: at.relay.url } });
    expect({ code, out }).toEqual({ code: 3, out: '' });
    expect(err).toMatch(/start it with `claude-relay serve`\.\n {2}Nothing was sent, and nothing is kept here/);
  });

  it('sends the same envelope again when the answer was lost, and says its id when every answer was', async () => {
    const result = { position: 1, at: 1, to: [{ address: 'CC-2', recipients: 1, here: 1, absent: [] }] };
    for (const lost of [2, 3]) {
      const ids: string[] = [];
      // Takes a request whole, and hangs up: whether it was done cannot be known.
      const flaky = createServer(async (request, response) => {
        let body = '';
        for await (const chunk of request) body += chunk;
        const { id } = JSON.parse(body);
        ids.push(id);
        if (ids.length <= lost) request.socket.destroy();
        else response.end(JSON.stringify({ id, ...result }));
      });
      await once(flaky.listen(0, '127.0.0.1'), 'listening');
      const { port } = flaky.address() as AddressInfo;
      const env = { CLAUDE_RELAY_HOME: tempDir(), RELAY_URL: `ws://127.0.0.1:${port}`, RELAY_TOKEN: 'x'.repeat(43) };
      const { code, out, err } = await commandLine(['send', 'CC-2', 'x'], { home: env.CLAUDE_RELAY_HOME, env });
      flaky.close();
      expect({ ids: new Set(ids).size, tries: ids.length }).toEqual({ ids: 1, tries: 3 });
      const told = { code: 0, out: `${ids[0]} to CC-2 (here)\n`, err: '' };
      const unknown = {
        code: 3,
        out: '',
        err: expect.stringContaining(`Send it again with --id ${ids[0]}: then it cannot be doubled.`),
      };
      expect({ code, out, err }).toEqual(lost < 3 ? told : unknown);
    }
  });

  it('waits for the answer, prints it and marks it', async () => {
    const at = await withInbox();
    const answering = (async () => {
      for (;;) {
        const [message] = await received(at);
        if (message) return at.ok(['send', 'anna', 'Green.', '--as', 'CC-2', '--reply-to', String(message.id)]);
      }
    })();
    await at.ok(['send', 'anna', 'something else', '--as', 'CC-2']);
    const { code, out, err } = await at.run(['send', 'CC-2', 'Is it green?', '--wait', '30']);
    expect(code).toBe(0);
    const answer = (await answering).slice(0, 13);
    expect(out).toMatch(new RegExp(`^${answer} {2}CC-2 to anna .* answers m\\w{12}\\n {2}Green\\.\\n$`));
    expect(err).toMatch(/^m\w{12} to CC-2 \(away, kept for it\)\n$/);
    expect(await at.json(['receipts', answer, '--as', 'CC-2'])).toMatchObject({ recipients: [{ state: 'seen' }] });
    expect(await received(at, 'anna')).toMatchObject([{ body: 'something else' }]);
  });

  it('ends with 5 when no answer came in time, and the message stands', async () => {
    const at = await withInbox();
    const { code, out, err } = await at.run(['send', 'CC-2', 'Anybody?', '--wait', '0']);
    expect({ code, out }).toEqual({ code: 5, out: '' });
    expect(err).toMatch(/No answer within 0 s; when it comes, claude-relay receive has it\.\n$/);
    const json = await at.run(['send', 'CC-2', 'Again?', '--wait', '0', '--json']);
    expect({ code: json.code, reply: JSON.parse(json.out).reply }).toEqual({ code: 5, reply: null });
    expect(await received(at)).toHaveLength(2);
  });

  it('holds a secret back, says what and where, and is sent by a person who says so', async () => {
    const at = await withInbox();
    const secret = `glpat-${'x7Kq2'.repeat(4)}`;
    const words = ['send', 'CC-2', `use\n${secret}`];
    const held = await at.run(words);
    expect(held.code).toBe(4);
    expect(held.err).toContain('(GitLab token in line 2); nothing was sent.');
    expect(held.err).not.toContain(secret);
    const agent = await at.run([...words, '--allow-secret'], { tty: true, env: { CLAUDECODE: '1' } });
    expect([agent.code, agent.err]).toEqual([4, expect.stringContaining('is for people')]);
    expect(await received(at)).toEqual([]);
    expect((await at.run([...words, '--allow-secret'], { tty: true })).code).toBe(0);
    expect(await received(at)).toMatchObject([{ body: `use\n${secret}` }]);
  });
});
