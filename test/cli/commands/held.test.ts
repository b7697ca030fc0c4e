/** `held`, `accept`, `hold`, `refuse`; `pause` and `unpause`. */
import { describe, expect, it } from 'vitest';
import { atRelay } from '../../support/at-relay.ts';
import { machine } from '../../support/cli.ts';

async function holding() {
  const it = await atRelay();
  await it.ok(['status']);
  await it.ok(['status', '--as', 'CC-9']);
  expect(await it.ok(['hold', 'CC-9'])).toBe('What comes of CC-9 is held from now on.\n');
  const send = async (body: string) => (await it.ok(['send', 'anna', body, '--as', 'CC-9'])).slice(0, 13);
  return { ...it, send };
}

describe('held', () => {
  it('is nothing, where nothing is', async () => {
    const { run, json } = await atRelay();
    expect(await run(['held'])).toEqual({ code: 0, out: '', err: 'Nothing is held.\n' });
    expect(await json(['held'])).toEqual({ held: [], more: 0 });
  });

  it('lists who sent what to whom, and not a word of it', async () => {
    const { ok, json, run, send } = await holding();
    const id = await send('the secret words');
    const out = await ok(['held']);
    expect(out).toMatch(/^ID +FROM +TO +SENT +BYTES +WHY\n/);
    expect(out).toMatch(new RegExp(`^${id} +CC-9 +anna +\\d{4}-.* +16 +messages of that sender are held there$`, 'm'));
    expect(await json(['held'])).toMatchObject({
      held: [{ id, from: 'CC-9', to: 'anna', bytes: 16, why: 'policy' }],
      more: 0,
    });
    await send('more secret words');
    expect((await run(['held', '--count', '1'])).err).toBe('1 more message not shown.\n');
    for (const args of [
      ['held'],
      ['held', '--json'],
      ['receive', '--json'],
      ['history'],
      ['history', 'secret'],
      ['status'],
      ['export', '-'],
      ['peers'],
    ])
      expect((await run(args)).out).not.toContain('secret words');
  });

  it('is told to its sender, and by status to its person', async () => {
    const { ok, send } = await holding();
    expect(await ok(['send', 'anna', 'x', '--as', 'CC-9'])).toMatch(
      /^m\w{12} to anna .*; for anna held until its person accepts it: messages of that sender are held there\n$/,
    );
    const id = await send('y');
    expect(await ok(['receipts', id, '--as', 'CC-9'])).toMatch(
      /^anna +stored .*unseen: held until its person accepts it/m,
    );
    expect(await ok(['status'])).toMatch(/^held +2 messages of CC-9 are held: claude-relay held$/m);
  });
});

describe('a decision', () => {
  it('accepts one, and then all of a session for always', async () => {
    const { ok, json, send } = await holding();
    const ids = [await send('one'), await send('two'), await send('three')];
    expect(await ok(['accept', ids[1] ?? ''])).toBe('1 message accepted.\n');
    expect(await ok(['receive'])).toMatch(/ {2}two\n$/);
    expect(await json(['accept', 'CC-9', '--always'])).toEqual({ changed: 2, always: true });
    await send('four');
    expect((await ok(['receive'])).match(/^ {2}\w+$/gm)).toEqual(['  one', '  three', '  four']);
  });

  it('refuses, which its sender is told', async () => {
    const { ok, run, send } = await holding();
    const id = await send('one');
    expect(await ok(['refuse', 'CC-9', '--always'])).toBe(
      '1 message refused; what comes of CC-9 is refused from now on.\n',
    );
    expect(await ok(['receive', '--as', 'CC-9'])).toContain(`Your message ${id} was refused by anna.`);
    expect(await run(['send', 'anna', 'x', '--as', 'CC-9'])).toMatchObject({
      code: 4,
      err: 'claude-relay: anna takes no messages from you.\n',
    });
  });

  it.each(['accept', 'refuse', 'hold'])('to %s nobody says so', async (word) => {
    const { run } = await atRelay();
    expect(await run([word, 'nobody'])).toEqual({
      code: 4,
      out: '',
      err: 'claude-relay: No message nobody is held for you, and no session or person is called so.\n',
    });
  });

  it.each(['accept', 'refuse', 'hold', 'pause', 'unpause'])('is not an agent’s: %s', async (word) => {
    const { run, relay } = await atRelay();
    const agent = await relay.client('CC-1', { seat: false });
    agent.cut();
    const args = word.endsWith('pause') ? [word] : [word, 'CC-1'];
    expect(await run([...args, '--as', 'CC-1'])).toMatchObject({
      code: 4,
      err: expect.stringContaining('Only a person decides'),
    });
  });
});

describe('pause', () => {
  it('stops everything until unpause', async () => {
    const { ok, run, json } = await atRelay();
    await ok(['status']);
    expect(await ok(['pause'])).toBe('All messages are paused until claude-relay unpause.\n');
    expect(await run(['send', 'anna', 'x'])).toMatchObject({
      code: 4,
      err: expect.stringContaining('A person has paused all messages; nothing was sent.'),
    });
    expect(await ok(['status'])).toMatch(/^paused +all messages are paused: claude-relay unpause$/m);
    expect(await ok(['unpause'])).toBe('Messages go on.\n');
    expect(await json(['status'])).not.toHaveProperty('paused_until');
    await ok(['send', 'anna', 'x']);
  });

  it('takes a time', async () => {
    const { ok, json, run } = await atRelay();
    expect(await ok(['pause', '--for', '10m'])).toMatch(
      /^All messages are paused until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\n$/,
    );
    expect(await json(['pause', '--for', '90s'])).toEqual({ until: expect.any(Number) });
    expect(await run(['pause', '--for', 'soon'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('--for must be a time'),
    });
    expect((await run(['pause', '--for', '31d'])).code).toBe(4);
  });

  it('outlives the relay, and is seen by watch', async () => {
    const m = machine();
    const first = await m.relay();
    const watch = await m.start(['watch']);
    await watch.says(/^Watching/m, 'stderr');
    await m.ok(['pause']);
    await watch.says(/^all messages are paused$/m);
    await watch.kill();
    await first.kill();
    await m.relay();
    expect((await m.run(['send', 'anna', 'x'])).code).toBe(4);
    await m.ok(['unpause']);
    await m.ok(['send', 'anna', 'x']);
  });
});
