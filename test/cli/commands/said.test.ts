/** What was said, and how far it got. */
import { describe, expect, it } from 'vitest';
import { atRelay } from '../../support/at-relay.ts';

async function conversation() {
  const at = await atRelay();
  await at.ok(['status', '--as', 'CC-2']);
  const ids: string[] = [];
  const say = async (args: string[]) => void ids.push((await at.ok(['send', ...args])).slice(0, 13));
  await say(['CC-2', 'Is the build green?', '--thread', 'auth']);
  await say(['anna', 'Green since ten.', '--as', 'CC-2']);
  await say(['CC-2', 'Thank you for the build.']);
  return { ...at, ids };
}

const idsOf = (out: string) => [...out.matchAll(/^(m\w{12}) /gm)].map(([, id]) => id);

describe('history', () => {
  it('prints what was said, oldest first, and marks nothing', async () => {
    const { run, ids, json } = await conversation();
    const { code, out, err } = await run(['history']);
    expect({ code, err, ids: idsOf(out) }).toEqual({ code: 0, err: '', ids });
    expect(await json(['status', '--as', 'CC-2'])).toMatchObject({ unread: 2 });
  });

  it('says how to go on to older ones', async () => {
    const { run, ids } = await conversation();
    const last = await run(['history', '--count', '1']);
    expect(idsOf(last.out)).toEqual(ids.slice(2));
    const before = /^There are older ones: --before (\d+)\n$/.exec(last.err)?.[1];
    expect(idsOf((await run(['history', '--before', String(before)])).out)).toEqual(ids.slice(0, 2));
  });

  it('finds words, a conversation, and a room', async () => {
    const { ok, ids } = await conversation();
    expect(idsOf(await ok(['history', 'build']))).toEqual([ids[0], ids[2]]);
    expect(idsOf(await ok(['history', 'build', 'gre*']))).toEqual([ids[0]]);
    expect(idsOf(await ok(['history', '--thread', 'auth']))).toEqual([ids[0]]);
    expect(idsOf(await ok(['history', '--with', 'CC-2']))).toEqual(ids);
    await ok(['join', 'ops']);
    await ok(['send', '#ops', 'in the room']);
    expect(await ok(['history', '--room', 'ops'])).toMatch(/^m\w{12} {2}anna to #ops .*\n {2}in the room\n$/);
  });

  it('is what the one who asks may see, and nobody else’s', async () => {
    const { run, ok } = await conversation();
    expect(await run(['history', '--as', 'CC-3'])).toEqual({ code: 0, out: '', err: 'No such messages.\n' });
    await ok(['send', 'all', 'for everybody']);
    expect(await ok(['history', '--as', 'CC-3'])).toContain('for everybody');
  });

  it('is one JSON document', async () => {
    const { json, ids } = await conversation();
    expect(await json(['history', '--count', '2'])).toMatchObject({
      messages: [{ id: ids[1] }, { id: ids[2], body: 'Thank you for the build.' }],
      more: true,
    });
  });
});

describe('receipts', () => {
  it('says for each recipient how far a message got', async () => {
    const { ok, json, ids } = await conversation();
    const [first = ''] = ids;
    expect(await ok(['receipts', first])).toMatch(/^NAME +STATE +SINCE +WHY\nCC-2 +stored\n$/);
    await ok(['receive', '--as', 'CC-2', '--count', '1']);
    expect(await ok(['receipts', first])).toMatch(/^CC-2 +seen +\d{4}-\d\d-\d\d [\d:]{8}$/m);
    expect(await json(['receipts', first])).toMatchObject({ id: first, recipients: [{ name: 'CC-2', state: 'seen' }] });
  });

  it('says why one was refused, and prints that reason as text', async () => {
    const { relay, ok, ids } = await conversation();
    await relay.verb('receipt', { state: 'refused', ids: [ids[0]], reason: 'too\u001b[2J busy' }, 'CC-2');
    expect(await ok(['receipts', ids[0] ?? ''])).toMatch(/^CC-2 +refused +\S+ \S+ +too␛\[2J busy$/m);
  });

  it('lists the last sends, newest first', async () => {
    const { ok, json, ids, run } = await conversation();
    const out = await ok(['receipts']);
    expect(out).toMatch(/^ID +SENT +TO +HOW FAR +MESSAGE$/m);
    expect(idsOf(out)).toEqual([ids[2], ids[0]]);
    expect(out).toMatch(/CC-2 +stored +Is the build green\?$/m);
    expect(idsOf(await ok(['receipts', '--count', '1']))).toEqual([ids[2]]);
    expect(await json(['receipts'])).toMatchObject({ sends: [{ id: ids[2] }, { id: ids[0], states: { stored: 1 } }] });
    expect(await run(['receipts', '--as', 'CC-9'])).toEqual({ code: 0, out: '', err: 'You have sent nothing yet.\n' });
  });

  it('says that nobody else was there', async () => {
    const { ok, run } = await conversation();
    await ok(['join', 'empty']);
    const id = (await ok(['send', '#empty', 'echo'])).slice(0, 13);
    expect(await run(['receipts', id])).toEqual({
      code: 0,
      out: '',
      err: `${id} went to #empty, where nobody else was.\n`,
    });
  });
});
