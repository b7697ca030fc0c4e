import { describe, expect, it } from 'vitest';
import { atRelay } from '../../support/at-relay.ts';
import { machine, until } from '../../support/cli.ts';
import { ask, bearer } from '../../support/raw-http.ts';

/** anna has messages `n 1` to `n count` from CC-1. */
async function withMail(count: number) {
  const at = await atRelay();
  await at.ok(['status']);
  for (let n = 1; n <= count; n += 1) await at.ok(['send', 'anna', `n ${n}`, '--as', 'CC-1']);
  return at;
}

const bodies = (out: string) => [...out.matchAll(/^ {2}(n \d+)$/gm)].map(([, body]) => body);

describe('receive', () => {
  it('prints the unread mail, oldest first, and marks it as seen', async () => {
    const at = await withMail(2);
    const { code, out, err } = await at.run(['receive']);
    expect({ code, err, bodies: bodies(out) }).toEqual({ code: 0, err: '', bodies: ['n 1', 'n 2'] });
    expect(await at.json(['receipts', '--as', 'CC-1'])).toMatchObject({
      sends: [{ states: { seen: 1 } }, { states: { seen: 1 } }],
    });
    expect(await at.run(['receive'])).toEqual({ code: 0, out: '', err: 'No unread messages.\n' });
  });

  it('says how many more there are, page by page', async () => {
    const at = await withMail(5);
    const pages = [];
    for (let i = 0; i < 3; i += 1) pages.push(await at.run(['receive', '--count', '2']));
    expect(pages.map(({ out }) => bodies(out))).toEqual([['n 1', 'n 2'], ['n 3', 'n 4'], ['n 5']]);
    expect(pages.map(({ err }) => err)).toEqual(['3 more messages unread.\n', '1 more message unread.\n', '']);
  });

  it('prints one JSON document', async () => {
    const at = await withMail(2);
    const { out, err } = await at.run(['receive', '--count', '1', '--json']);
    expect(JSON.parse(out)).toMatchObject({ messages: [{ from: 'CC-1', to: ['anna'], body: 'n 1' }], more: 1 });
    expect(err).toBe('1 more message unread.\n');
    expect(JSON.parse((await at.run(['receive', '--as', 'CC-1', '--json'])).out)).toEqual({ messages: [], more: 0 });
  });

  it('keeps what another sender or conversation wrote', async () => {
    const at = await withMail(1);
    await at.ok(['send', 'anna', 'n 2', '--as', 'CC-2', '--thread', 'auth']);
    expect(bodies(await at.ok(['receive', '--from', 'CC-2']))).toEqual(['n 2']);
    await at.ok(['send', 'anna', 'n 3', '--as', 'CC-2', '--thread', 'auth']);
    expect(bodies(await at.ok(['receive', '--thread', 'auth']))).toEqual(['n 3']);
    expect(bodies(await at.ok(['receive']))).toEqual(['n 1']);
  });

  it('looks without marking or taking with --peek', async () => {
    const at = await withMail(3);
    for (let i = 0; i < 2; i += 1) {
      const { out, err } = await at.run(['receive', '--peek', '--count', '2']);
      expect({ bodies: bodies(out), err }).toEqual({ bodies: ['n 1', 'n 2'], err: '1 more message unread.\n' });
    }
    expect(await at.json(['receive', '--peek'])).toMatchObject({ more: 0, unread: 3 });
    expect(bodies(await at.ok(['receive']))).toEqual(['n 1', 'n 2', 'n 3']);
  });

  it('waits for the first message', async () => {
    const at = await withMail(0);
    const waiting = at.run(['receive', '--wait', '60']);
    await at.ok(['send', 'anna', 'n 1', '--as', 'CC-1']);
    expect(bodies((await waiting).out)).toEqual(['n 1']);
  });

  it('ends with 5 when nothing came in time', async () => {
    const at = await withMail(0);
    expect(await at.run(['receive', '--wait', '0'])).toEqual({ code: 5, out: '', err: 'Nothing came within 0 s.\n' });
    const { code, out } = await at.run(['receive', '--wait', '0.5', '--json']);
    expect({ code, out: JSON.parse(out) }).toEqual({ code: 5, out: { messages: [], more: 0 } });
  });

  it('ends when it is told to, and what comes later is still there', async () => {
    const at = await withMail(0);
    const end = new AbortController();
    const waiting = at.run(['receive', '--wait', '60'], { signal: end.signal });
    end.abort();
    expect((await waiting).code).toBe(5);
    await at.ok(['send', 'anna', 'n 1', '--as', 'CC-1']);
    expect(bodies(await at.ok(['receive']))).toEqual(['n 1']);
  });

  it('marks nothing when the reader of its output is gone', async () => {
    const m = machine();
    await m.relay();
    await m.ok(['status']);
    const id = (await m.ok(['send', 'anna', 'precious', '--as', 'CC-1'])).slice(0, 13);
    // Started, and waiting in its shell until the other end of the pipe is closed for sure.
    const script = '{ read -r go && exec claude-relay receive; } | true';
    await m.shell(script, { input: 'go\n' });
    await m.shell('claude-relay receive > /dev/full || true');
    expect(await m.json(['receipts', id, '--as', 'CC-1'])).toMatchObject({ recipients: [{ state: 'stored' }] });
  });

  it('waits through a restart of the relay', async () => {
    const m = machine();
    const relay = await m.relay();
    await m.ok(['status']);
    const waiting = await m.start(['receive', '--wait', '80']);
    const measured = () => ask({ port: m.port, path: '/metrics', headers: bearer(m.token) });
    await until(measured, ({ body }) => /^claude_relay_performing 1$/m.test(body));
    await relay.kill('SIGKILL');
    await m.relay();
    await m.ok(['send', 'anna', 'after the restart', '--as', 'CC-1']);
    expect(await waiting.ended).toMatchObject({ code: 0, stdout: expect.stringContaining('  after the restart\n') });
  });
});
