/** Two sessions write to each other through a real relay: by their agent programs, by the command line, and by curl. */
import { describe, expect, it } from 'vitest';
import { idsIn, type Machine, type McpSession, machine, until } from '../support/cli.ts';

interface Recipients {
  readonly recipients: readonly { readonly name: string; readonly state: string }[];
}

/** How far a message got for one recipient, as the command line tells its sender. */
async function state(m: Machine, id: string, from: string, to: string): Promise<string | undefined> {
  const { recipients } = (await m.json(['receipts', id, '--as', from])) as Recipients;
  return recipients.find(({ name }) => name === to)?.state;
}

async function unread(m: Machine, name: string): Promise<number> {
  return ((await m.json(['status', '--as', name])) as { unread: number }).unread;
}

/** The id of the one message that an answer of `relay_send` or `send` speaks of. */
function idIn(text: string): string {
  const [id, ...others] = idsIn(text);
  if (id === undefined || others.length > 0) throw new Error(`One id was expected in: ${text}`);
  return id;
}

/** Ids of the messages in a `relay_receive` answer, in order; and those among them that are marked as given before. */
function read(text: string): { ids: string[]; again: string[] } {
  const heads = [...text.matchAll(/^<message-\w+ (.*)>$/gm)].map(([, head = '']) => head);
  const idOf = (head: string) => /\bid=(\S+)/.exec(head)?.[1] ?? '';
  return { ids: heads.map(idOf), again: heads.filter((head) => / redelivered\b/.test(head)).map(idOf) };
}

/** The bodies `n 1`, `n 2` … to CC-2, as fast as the relay answers. */
async function sendMany(sender: McpSession, count: number, to = 'CC-2'): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 1; n <= count; n += 1) ids.push(idIn(await sender.call('relay_send', { to, message: `n ${n}` })));
  return ids;
}

async function both(m: Machine): Promise<[McpSession, McpSession]> {
  const sessions = [await m.session('CC-1'), await m.session('CC-2')] as const;
  for (const session of sessions) await session.connected();
  return [...sessions];
}

describe('a message from CC-1 to CC-2 and back', () => {
  it('goes by their agent programs, with receipts up to seen and replied', async () => {
    const m = machine();
    await m.relay();
    const [one, two] = await both(m);
    const question = idIn(await one.call('relay_send', { to: 'CC-2', message: 'Is the build green?' }));
    expect(await state(m, question, 'CC-1', 'CC-2')).toBe('stored');

    expect(await two.call('relay_receive', { wait_seconds: 20 })).toContain('> Is the build green?');
    await until(
      () => state(m, question, 'CC-1', 'CC-2'),
      (now) => now === 'handed',
    );
    await two.call('relay_peers');
    await until(
      () => state(m, question, 'CC-1', 'CC-2'),
      (now) => now === 'seen',
    );

    const answer = idIn(await two.call('relay_send', { reply_to: question, message: 'Green since ten.' }));
    expect(await state(m, question, 'CC-1', 'CC-2')).toBe('replied');
    expect(await one.call('relay_receive', { wait_seconds: 20 })).toContain('> Green since ten.');
    expect(await one.call('relay_status')).toMatch(new RegExp(`${question} to CC-2 .*: replied`));
    await until(
      () => state(m, answer, 'CC-2', 'CC-1'),
      (now) => now === 'seen',
    );
  });

  it('is a question that returns its answer', async () => {
    const m = machine();
    await m.relay();
    const [one, two] = await both(m);
    const asked = one.call('relay_send', { to: 'CC-2', message: 'Which port?', wait_reply_seconds: 60 });
    const question = read(await two.call('relay_receive', { wait_seconds: 60 })).ids[0];
    await two.call('relay_send', { reply_to: question, message: '9999' });
    expect(await asked).toContain('> 9999');
    expect(await one.call('relay_receive')).toMatch(/^No unread messages/);
  });

  it('goes by the command line, with receipts up to seen and replied', async () => {
    const m = machine();
    await m.relay();
    expect((await m.run(['receive', '--as', 'CC-2'])).code).toBe(0);
    const question = idIn(await m.ok(['send', 'CC-2', 'Is the build green?', '--as', 'CC-1']));
    expect(await state(m, question, 'CC-1', 'CC-2')).toBe('stored');
    expect(await m.ok(['receive', '--as', 'CC-2'])).toMatch(/ CC-1 to CC-2 [\s\S]*Is the build green\?\n$/);
    expect(await state(m, question, 'CC-1', 'CC-2')).toBe('seen');
    await m.ok(['send', 'CC-1', 'Green', 'since', 'ten.', '--as', 'CC-2', '--reply-to', question]);
    expect(await state(m, question, 'CC-1', 'CC-2')).toBe('replied');
    expect(await m.ok(['receive', '--as', 'CC-1', '--wait', '5'])).toContain(`answers ${question}\n  Green since ten.`);
  });

  it('goes by curl, with receipts up to seen and replied', async () => {
    const m = machine();
    await m.relay();
    await m.curl('CC-2', 'status', {});
    const { id } = (await m.curl('CC-1', 'send', { to: 'CC-2', body: 'Is the build green?' })) as { id: string };
    const got = (await m.curl('CC-2', 'receive', { wait_seconds: 5 })) as {
      messages: { body: string }[];
      more: number;
    };
    expect(got).toMatchObject({ messages: [{ id, body: 'Is the build green?' }], more: 0 });
    await m.curl('CC-2', 'receipt', { state: 'seen', ids: [id] });
    expect(await m.curl('CC-1', 'receipts', { id })).toMatchObject({ recipients: [{ name: 'CC-2', state: 'seen' }] });
    await m.curl('CC-2', 'send', { reply_to: id, body: 'Green since ten.' });
    expect(await m.curl('CC-1', 'receipts', { id })).toMatchObject({
      recipients: [{ name: 'CC-2', state: 'replied' }],
    });
    expect(await m.curl('CC-1', 'receive', { receipt: 'seen' })).toMatchObject({
      messages: [{ reply_to: id, body: 'Green since ten.' }],
    });
  });

  it('goes by all three at once: one name is one session, whatever speaks for it', async () => {
    const m = machine();
    await m.relay();
    const [one, two] = await both(m);
    const question = idIn(await one.call('relay_send', { to: 'CC-2', message: 'by its agent' }));
    expect(await m.ok(['receive', '--as', 'CC-2', '--wait', '10'])).toContain('by its agent');
    expect(await two.call('relay_receive')).toMatch(/^No unread messages/);
    await m.curl('CC-2', 'send', { reply_to: question, body: 'by curl' }, [`Relay-Key: ${m.key('CC-2')}`]);
    expect(await state(m, question, 'CC-1', 'CC-2')).toBe('replied');
    expect(await one.call('relay_receive', { wait_seconds: 20 })).toContain('> by curl');
    const keyless = (await m.curl('CC-2', 'receive', {})) as { error: { code: string } };
    expect(keyless.error.code).toBe('name_taken');
  });
});

describe('25 unread messages, read 10 at a time', () => {
  it('are all there, in order, once', async () => {
    const m = machine();
    await m.relay();
    const [one, two] = await both(m);
    const sent = await sendMany(one, 25);
    const pages: string[] = [];
    for (let i = 0; i < 4; i += 1) pages.push(await two.call('relay_receive', { count: 10 }));
    expect(pages.map((page) => read(page).ids.length)).toEqual([10, 10, 5, 0]);
    expect(pages[0]).toMatch(/15 more unread/);
    expect(pages[1]).toMatch(/5 more unread/);
    expect(pages[2]).toMatch(/No more unread/);
    expect(pages.flatMap((page) => read(page).ids)).toEqual(sent);
  });

  it('are all there, in order, once, by the command line', async () => {
    const m = machine();
    await m.relay();
    await m.ok(['status', '--as', 'CC-2']);
    const one = await m.session('CC-1');
    await one.connected();
    const sent = await sendMany(one, 25);
    const pages = [];
    for (let i = 0; i < 4; i += 1) pages.push(await m.run(['receive', '--as', 'CC-2', '--count', '10']));
    expect(pages.map(({ stderr }) => stderr.trim())).toEqual([
      '15 more messages unread.',
      '5 more messages unread.',
      '',
      'No unread messages.',
    ]);
    expect(pages.flatMap(({ stdout }) => idsIn(stdout))).toEqual(sent);
  });

  /** Reads a page, then lets `disturb` happen, until nothing is left. */
  async function readAll(two: () => McpSession, disturb: (round: number) => Promise<void>) {
    const pages: string[] = [];
    for (let round = 0; ; round += 1) {
      const page = await two().call('relay_receive', { count: 10, wait_seconds: round < 3 ? 20 : 0 });
      const { ids } = read(page);
      if (ids.length === 0) return { pages, ids: pages.flatMap((each) => read(each).ids) };
      pages.push(page);
      await disturb(round);
      await until(
        () => two().call('relay_status'),
        (text) => /^Connected to/m.test(text),
      );
    }
  }

  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    it(`are all there, in order, once, with the relay ended by ${signal} and restarted in between`, async () => {
      const m = machine();
      let relay = await m.relay();
      const [one, two] = await both(m);
      const sent = await sendMany(one, 25);
      const { ids } = await readAll(
        () => two,
        async () => {
          await relay.kill(signal);
          relay = await m.relay();
        },
      );
      expect(ids).toEqual(sent);
    });

    it(`are all there, in order, once, with their session process ended by ${signal} and restarted in between`, async () => {
      const m = machine();
      await m.relay();
      const [one, first] = await both(m);
      let two = first;
      const sent = await sendMany(one, 25);
      let left = 25;
      const { ids } = await readAll(
        () => two,
        async () => {
          left = Math.max(0, left - 10);
          // The receipt goes out right after the answer; a process that dies in that moment is the next test's.
          await until(
            () => unread(m, 'CC-2'),
            (now) => now === left,
          );
          await two.kill(signal);
          two = await m.session('CC-2');
        },
      );
      expect(ids).toEqual(sent);
    });
  }

  it('are all there and in order when everything is killed right after each page; what comes twice is marked', async () => {
    const m = machine();
    let relay = await m.relay();
    const [one, first] = await both(m);
    let two = first;
    const sent = await sendMany(one, 25);
    const { pages, ids } = await readAll(
      () => two,
      async (round) => {
        if (round > 2) return;
        await Promise.all([two.kill(), relay.kill('SIGKILL')]);
        two = await m.session('CC-2');
        relay = await m.relay();
      },
    );
    expect([...new Set(ids)]).toEqual(sent);
    const doubled = ids.filter((id, i) => ids.indexOf(id) !== i);
    const marked = new Set(pages.flatMap((page) => read(page).again));
    expect(doubled.filter((id) => !marked.has(id))).toEqual([]);
  });
});

describe('a relay that is away', () => {
  it('may be started after the session', async () => {
    const m = machine();
    const one = await m.session('CC-1');
    expect(await one.call('relay_status')).toMatch(/^Not connected to/m);
    const kept = await one.call('relay_send', { to: 'all', message: 'early' });
    expect(kept).toMatch(/^Kept on this machine as m\w{12}, not sent yet/);
    // Where a relay is, is asked again at each try: this one takes a port that nobody knew.
    await m.relay();
    await one.connected();
    await m.ok(['status', '--as', 'CC-2']);
    await until(
      () => m.ok(['history', '--as', 'CC-1']),
      (text) => text.includes('early'),
    );
    expect(idsIn(await m.ok(['history', '--as', 'CC-1']))).toEqual([idIn(kept)]);
  });

  it('may be restarted during a session, which waits on', async () => {
    const m = machine();
    const relay = await m.relay();
    const [one, two] = await both(m);
    const waiting = two.call('relay_receive', { wait_seconds: 120 });
    await relay.kill('SIGKILL');
    await m.relay();
    await one.connected();
    await one.call('relay_send', { to: 'CC-2', message: 'after the restart' });
    expect(await waiting).toContain('> after the restart');
  });

  it('gets what was sent meanwhile once, under its first id, after kills of the session process', async () => {
    const m = machine();
    const relay = await m.relay();
    const [first, two] = await both(m);
    await relay.kill('SIGKILL');
    await until(
      () => first.call('relay_status'),
      (text) => /^Not connected/m.test(text),
    );
    const kept: string[] = [];
    let one = first;
    for (const message of ['kept 1', 'kept 2', 'kept 3']) {
      const answer = await one.call('relay_send', { to: 'CC-2', message });
      expect(answer).toMatch(/^Kept on this machine .*do not send it again/);
      kept.push(idIn(answer));
      await one.kill();
      one = await m.session('CC-1');
    }
    await m.relay();
    await one.connected();
    await one.kill();
    one = await m.session('CC-1');
    await one.connected();
    await until(
      () => unread(m, 'CC-2'),
      (now) => now === 3,
    );
    await two.connected();
    const { ids } = read(await two.call('relay_receive'));
    expect(ids).toEqual(kept);
    expect(await two.call('relay_receive')).toMatch(/^No unread messages/);
    expect(idsIn(await m.ok(['history', '--as', 'CC-1']))).toEqual(kept);
  });
});
