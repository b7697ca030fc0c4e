/** `rooms`, `join`, `leave`, and `rename`. */
import { describe, expect, it } from 'vitest';
import { atRelay } from '../../support/at-relay.ts';

describe('rooms', () => {
  it('are made by joining, with or without the #', async () => {
    const { ok, run, json } = await atRelay();
    expect(await run(['rooms'])).toMatchObject({
      code: 0,
      out: '',
      err: expect.stringMatching(/^There are no rooms yet/),
    });
    expect(await ok(['join', 'build'])).toBe('anna is in #build with 0 others.\n');
    expect(await ok(['join', '#build', '--as', 'CC-1'])).toBe('CC-1 is in #build with 1 other.\n');
    expect(await ok(['rooms'])).toMatch(/^ROOM +MEMBERS +HERE +YOU\n#build +2 +0 +in it\n$/);
    expect(await ok(['rooms', '--as', 'CC-9'])).toMatch(/^#build +2 +0\n/m);
    expect(await json(['rooms'])).toEqual({ rooms: [{ room: '#build', members: 2, here: 0, joined: true }], more: 0 });
  });

  it('have members, here or not', async () => {
    const { ok, relay, json } = await atRelay();
    await ok(['join', 'build']);
    const agent = await relay.client('CC-1');
    agent.say({ type: 'request', id: 1, verb: 'join', args: { room: '#build' } });
    await agent.next('answer');
    const out = await ok(['rooms', 'build']);
    expect(out).toMatch(/^NAME +KIND +HERE +LAST SEEN\n/);
    expect(out).toMatch(/^anna +person +no +\d{4}-/m);
    expect(out).toMatch(/^CC-1 +agent +yes +\d{4}-/m);
    expect(await json(['rooms', '#build'])).toMatchObject({
      members: [{ name: 'anna' }, { name: 'CC-1', here: true }],
    });
  });

  it('can be left, which keeps what was sent before', async () => {
    const { ok, run } = await atRelay();
    await ok(['join', 'build']);
    await ok(['join', 'build', '--as', 'CC-1']);
    await ok(['send', '#build', 'before', '--as', 'CC-1']);
    expect(await ok(['leave', 'build'])).toBe('anna left #build.\n');
    await ok(['send', '#build', 'after', '--as', 'CC-1']);
    expect(await ok(['receive'])).toMatch(/ {2}before\n$/);
    expect((await run(['receive'])).out).toBe('');
    await ok(['leave', 'build', '--as', 'CC-1']);
    expect(await run(['rooms', 'build'])).toEqual({ code: 0, out: '', err: 'Nobody is in that room.\n' });
  });
});

describe('rename', () => {
  it('moves the inbox along, and the old name still arrives', async () => {
    const { ok } = await atRelay();
    await ok(['status', '--as', 'ci']);
    await ok(['send', 'ci', 'one']);
    expect(await ok(['rename', 'ci-main', '--as', 'ci'])).toBe('ci is ci-main now.\n');
    await ok(['send', 'ci', 'two']);
    expect(await ok(['receive', '--as', 'ci-main'])).toMatch(/ {2}one\n[\s\S]* {2}two\n$/);
  });

  it('takes the key along, where there is one', async () => {
    const { ok, json, relay, run } = await atRelay();
    // A connection makes it a keyed name of this machine.
    expect((await run(['chat', 'ci'], { input: 'quit\n' })).code).toBe(0);
    expect((await relay.verb('status', {}, 'ci')).status).toBe(409);
    await ok(['rename', 'ci-main', '--as', 'ci']);
    expect(await json(['status', '--as', 'ci-main'])).toMatchObject({ name: 'ci-main' });
  });

  it('says which name is taken', async () => {
    const { ok, run } = await atRelay();
    await ok(['status', '--as', 'CC-1']);
    const { code, out, err } = await run(['rename', 'CC-1']);
    expect({ code, out }).toEqual({ code: 4, out: '' });
    expect(err).toMatch(/CC-1|That name/);
  });
});
