/** Who is here, who was ever here, and who am I. */
import { describe, expect, it } from 'vitest';
import { register } from '../../../src/cli/registry.ts';
import { markProcess } from '../../../src/util/processes.ts';
import { atRelay } from '../../support/at-relay.ts';

const ABOUT = { kind: 'agent', host: 'mill', cwd: '/home/anna/shop', program: 'codex', version: '0.169.0' };

async function registered(home: string, name: string, pid = process.pid): Promise<void> {
  const { start } = markProcess(pid);
  const session = {
    name,
    pid,
    ...(start === undefined ? {} : { start }),
    registered: 1_000,
    cwd: '/shell',
    program: 'bash',
  };
  await register({ home, session, now: 1_000 });
}

describe('peers', () => {
  it('lists who is connected, and makes no session of the one who looks', async () => {
    const { relay, run, json } = await atRelay();
    await relay.client('CC-1', { about: ABOUT });
    const { code, out, err } = await run(['peers']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const [head, row, ...rest] = out.trimEnd().split('\n');
    expect(head).toMatch(/^NAME +KIND +SINCE +DOING +WOKEN BY +PROGRAM +HOST +DIRECTORY$/);
    expect(row).toMatch(/^CC-1 +agent +\d{4}-\d\d-\d\d [\d:]{8} +codex 0\.169\.0 +mill +\/home\/anna\/shop$/);
    expect(rest).toEqual([]);
    expect(await json(['peers'])).toMatchObject({ peers: [{ name: 'CC-1', here: true, ...ABOUT }], more: 0 });
    expect((await relay.verb('sessions')).json).toMatchObject({ sessions: [{ name: 'CC-1' }] });
  });

  it('says what each is doing, and what wakes it', async () => {
    const { relay, ok, json } = await atRelay();
    const a = await relay.client('CC-1', { about: ABOUT });
    const b = await relay.client('CC-2', { about: ABOUT });
    await a.ask('presence', { doing: 'busy', for_ms: 60_000, tool: 'Bash', door: 'queue' });
    await b.ask('presence', { doing: 'waiting' });
    const [, first, second] = (await ok(['peers'])).split('\n');
    expect(first).toMatch(/ busy in Bash since \d{4}-\d\d-\d\d [\d:]{8} +queue +codex/);
    expect(second).toMatch(/ waiting for its person since [-\d: ]{19} +at its next turn +codex/);
    expect(await json(['peers'])).toMatchObject({
      peers: [{ doing: 'busy', tool: 'Bash', door: 'queue' }, { doing: 'waiting' }],
    });
    expect(await ok(['sessions'])).toMatch(/CC-1 .* busy in Bash since/);
    expect(await json(['sessions'])).toMatchObject({
      sessions: [{ doing: expect.stringMatching(/^busy in Bash/) }, {}],
    });
  });

  it('says that nobody is there', async () => {
    const { run } = await atRelay();
    expect(await run(['peers'])).toMatchObject({
      code: 0,
      out: '',
      err: expect.stringMatching(/^Nobody is connected/),
    });
  });

  it('prints nothing of a peer that a terminal could act on', async () => {
    const { relay, ok } = await atRelay();
    await relay.client('CC-1', { about: { ...ABOUT, cwd: '/\u001b[2J\n\u202eCC-9', host: 'a\r\nb' } });
    const lines = (await ok(['peers'])).trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(/\/␛\[2J␊<202e>CC-9$/);
  });
});

describe('sessions', () => {
  it('is one table of what the relay knows and what was registered on this machine', async () => {
    const { relay, run } = await atRelay();
    await relay.client('CC-1', { about: ABOUT });
    await relay.verb('status', {}, 'ci-1');
    await registered(relay.home, 'CC-1');
    const gone = await relay.client('CC-2', { about: ABOUT });
    gone.cut();
    await gone.closed;
    const { code, out, err } = await run(['sessions']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const [head, ...rows] = out.trimEnd().split('\n');
    expect(head).toMatch(/^NAME +PROCESS +RELAY +DOING +STARTED +PROGRAM +DIRECTORY$/);
    const row = (name: string) => rows.find((line) => line.startsWith(`${name} `));
    expect(row('CC-1')).toMatch(
      new RegExp(`^CC-1 +alive \\(${process.pid}\\) +here +- +[\\d-]+ [\\d:]+ +codex 0.169.0 +/home/anna/shop$`),
    );
    expect(row('CC-2')).toMatch(/^CC-2 +- +away since [\d-]+ [\d:]+ +- +- +codex 0\.169\.0 +\/home\/anna\/shop$/);
    expect(row('ci-1')).toMatch(/^ci-1 +- +away since [\d-]+ [\d:]+ +- +- +- +-$/);
    expect(rows[0]).toBe(row('CC-1'));
  });

  it('tells a process that ended, and a name that never reached the relay', async () => {
    const { relay, json, ok } = await atRelay();
    await registered(relay.home, 'CC-7', 2 ** 22 + 1);
    expect(await json(['sessions'])).toMatchObject({
      relay: expect.stringMatching(/^ws:/),
      sessions: [{ name: 'CC-7', process: 'ended', relay: 'unknown', started: 1_000, cwd: '/shell', program: 'bash' }],
    });
    expect(await ok(['sessions'])).toMatch(/^CC-7 +ended \(4194305\) +not known there/m);
  });

  it('works without a relay from the registry alone, and says so', async () => {
    const { relay, run } = await atRelay();
    await registered(relay.home, 'CC-7');
    await relay.end();
    const env = { RELAY_URL: relay.url };
    const { code, out, err } = await run(['sessions'], { env });
    expect(code).toBe(0);
    expect(out).toMatch(/^CC-7 +alive \(\d+\) +not reached/m);
    expect(err).toMatch(/cannot be reached.*Only what was registered on this machine is listed\.\n$/);
    const json = await run(['sessions', '--json'], { env });
    expect(JSON.parse(json.out)).toMatchObject({
      relay: null,
      sessions: [{ name: 'CC-7', process: 'alive' }],
      more: 0,
    });
    expect(JSON.parse(json.out).sessions[0]).not.toHaveProperty('relay');
  });

  it('says that there is none', async () => {
    const { run } = await atRelay();
    expect(await run(['sessions'])).toEqual({ code: 0, out: '', err: 'No session is known yet.\n' });
  });

  it('fails where the relay refuses: that is no absence', async () => {
    const { run } = await atRelay();
    expect(await run(['sessions'], { env: { RELAY_TOKEN: 'x'.repeat(43) } })).toMatchObject({ code: 4, out: '' });
  });
});

describe('status', () => {
  it('says who I am, what waits, and how the relay is', async () => {
    const { relay, ok, json } = await atRelay();
    await ok(['join', 'build']);
    await ok(['send', 'anna', 'x', '--as', 'CC-1']);
    const out = await ok(['status']);
    expect(out).toMatch(/^name +anna \(person\)\nunread +1\nrooms +#build\n/);
    expect(out).toMatch(
      /^relay +ws:\/\/127\.0\.0\.1:\d+, version 0\.0\.0-test, running for \d+ s\nsessions +0 of 2 known ones here\n$/m,
    );
    expect(await json(['status'])).toMatchObject({
      relay: relay.url,
      name: 'anna',
      kind: 'person',
      unread: 1,
      rooms: ['#build'],
    });
    expect(await ok(['status', '--as', 'CC-1'])).toMatch(/^name +CC-1 .*\nunread +0\nrooms +none\n/);
  });
});
