/** What a probe tells over time. The time is the test's own; the relay and its events are real. */
import { describe, expect, it } from 'vitest';
import type { Probe } from '../../src/cli/checks/probe.ts';
import { Proof } from '../../src/cli/proof.ts';
import { RelayAccess } from '../../src/cli/relay.ts';
import { loadConfig } from '../../src/config/load.ts';
import { type AtRelay, atRelay } from '../support/at-relay.ts';
import { until } from '../support/cli.ts';
import { textOutput } from '../support/command-line.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { playedSession, reads, says, takes } from '../support/played-session.ts';

interface Proving {
  readonly clock: FakeClock;
  readonly ended: Promise<readonly Probe[]>;
  readonly stop: AbortController;
  /** Everything that was told so far. */
  readonly told: () => string;
  /** Settles when that was told. */
  hears(pattern: RegExp): Promise<string>;
}

/** A probe under way: it was sent. */
async function proving({ relay }: Pick<AtRelay, 'relay'>, names: readonly string[], seconds = 50): Promise<Proving> {
  const env = { CLAUDE_RELAY_HOME: relay.home, USER: 'anna' };
  const [clock, stop] = [new FakeClock(), new AbortController()];
  const around = { config: loadConfig({ where: ['cli'], env }), env, cwd: '/shop', signal: stop.signal };
  const { out, stderr } = textOutput();
  const todo = () => 'do this';
  const access = new RelayAccess(around);
  const ended = new Proof({ out, signal: stop.signal }, access, { names, seconds, clock, todo }).run();
  // A test that fails before it looks at the end is not to fail twice.
  ended.catch(() => undefined);
  const told = () => stderr.text;
  const hears = (pattern: RegExp) => until(told, (text) => pattern.test(text));
  await hears(/^Probing /);
  return { clock, ended, stop, told, hears };
}

describe('a probe of a session that does not take it', () => {
  it('says after a moment what is in the way, and again when that changes', async () => {
    const at = await atRelay();
    const one = await playedSession(at, 'CC-1', { doing: 'busy', for_ms: 40_000, tool: 'Bash', door: 'inbox socket' });
    const { clock, ended, told, hears } = await proving(at, ['CC-1']);
    await clock.run(2_999);
    expect(told()).toBe('Probing CC-1 for up to 50 s.\n');
    await clock.run(1);
    await hears(/^CC-1: busy in Bash for 4\d s; it comes at the end of its turn$/m);
    await one.ask('presence', { doing: 'waiting', door: 'inbox socket' });
    await hears(/^CC-1: waiting for its person for \d+ s; it comes after that$/m);
    await clock.run(47_000);
    const probe = { name: 'CC-1', state: 'stored', here: true, program: 'claude-code', door: 'inbox socket' };
    const way = expect.stringMatching(/^waiting for its person for \d+ s; it comes after that$/);
    expect(await ended).toEqual([{ ...probe, doing: 'waiting', in_the_way: way }]);
    expect(told().split('\n')).toHaveLength(4);
  });

  it('is told the reason that its own side gives', async () => {
    const at = await atRelay();
    const one = await playedSession(at, 'CC-1', { doing: 'idle', door: 'queue' });
    const { clock, ended, hears } = await proving(at, ['CC-1']);
    const { messages } = (await one.ask('inbox')).result as { messages: [Parameters<typeof says>[2]] };
    await says(one, 'unseen', messages[0], 'woken 30 times in the last hour; again in 9 min, or at its next turn');
    await clock.run(3_000);
    await hears(/^CC-1: woken 30 times in the last hour; again in 9 min/m);
    await clock.run(47_000);
    expect(await ended).toMatchObject([{ state: 'stored', in_the_way: expect.stringMatching(/^woken 30 times/) }]);
  });

  it('ends by itself when the session closes', async () => {
    const at = await atRelay();
    const one = await playedSession(at, 'CC-1', { door: 'queue' });
    const { ended } = await proving(at, ['CC-1']);
    one.close();
    expect(await ended).toMatchObject([
      { state: 'stored', here: false, in_the_way: 'closed or cut off; a message waits until it is back' },
    ]);
  });
});

describe('a probe of a session that was given it and shows no sign', () => {
  it('is told with its door and time, and at the end with what it is doing', async () => {
    const at = await atRelay();
    const one = await playedSession(at, 'CC-1', { doing: 'idle', for_ms: 9_000, door: 'inbox socket' });
    const { clock, ended, hears } = await proving(at, ['CC-1']);
    await says(one, 'handed', await takes(one));
    await hears(/^CC-1: handed after [\d.]+ m?s by inbox socket; no sign yet that it was read; idle for \d+ s$/m);
    await clock.run(50_000);
    const way = expect.stringMatching(/^no sign yet that it was read; idle for (59|6\d|1 min).*$/);
    expect(await ended).toMatchObject([{ state: 'handed', door: 'inbox socket', in_the_way: way }]);
    expect((await ended)[0]).not.toHaveProperty('seen_ms');
  });

  it('keeps the door through which it went, also when that rests since', async () => {
    const at = await atRelay();
    const one = await playedSession(at, 'CC-1', { doing: 'idle', door: 'inbox socket' });
    const { clock, ended, hears } = await proving(at, ['CC-1']);
    const message = await takes(one);
    await says(one, 'handed', message);
    await hears(/CC-1: handed/);
    await says(one, 'unseen', message, 'given by inbox socket, and held by its own policy (crossSessionInbound)');
    await one.ask('presence', { doing: 'idle' });
    await clock.run(3_000);
    await hears(
      /^CC-1: handed .* by inbox socket; given by inbox socket, and held by its own policy \(crossSessionInbound\)$/m,
    );
    await clock.run(47_000);
    expect(await ended).toMatchObject([
      { door: 'inbox socket', in_the_way: expect.stringContaining('crossSessionInbound') },
    ]);
  });

  it('is over when the session goes away with it', async () => {
    const at = await atRelay();
    const one = await playedSession(at, 'CC-1', { door: 'queue' });
    const { ended } = await proving(at, ['CC-1']);
    await says(one, 'handed', await takes(one));
    one.cut();
    expect(await ended).toMatchObject([
      { state: 'handed', here: false, in_the_way: 'closed or cut off before there was a sign that it was read' },
    ]);
  });

  it('says what the session was given when it refuses it', async () => {
    const at = await atRelay();
    const one = await playedSession(at, 'CC-1', { door: 'queue' });
    const { ended, hears } = await proving(at, ['CC-1']);
    await says(one, 'refused', await takes(one), 'not now');
    await hears(/^CC-1: refused: not now$/m);
    expect(await ended).toMatchObject([{ state: 'refused', in_the_way: 'refused: not now' }]);
  });
});

describe('a probe', () => {
  it('leaves no timer behind, however it ends', async () => {
    const at = await atRelay();
    const one = await playedSession(at, 'CC-1');
    const { clock, ended } = await proving(at, ['CC-1']);
    await reads(one);
    await ended;
    expect(clock.pending).toBe(0);
  });

  it('waits for the slowest of several', async () => {
    const at = await atRelay();
    const [one, two] = [await playedSession(at, 'CC-1'), await playedSession(at, 'CC-2')];
    const { ended, hears, told } = await proving(at, ['CC-1', 'CC-2']);
    await reads(one);
    await hears(/^CC-1: seen/m);
    expect(told()).not.toMatch(/^CC-2/m);
    await reads(two);
    expect(await ended).toMatchObject([{ state: 'seen' }, { state: 'seen' }]);
  });

  it('ends at a signal with what is known by then', async () => {
    const at = await atRelay();
    const one = await playedSession(at, 'CC-1');
    const { ended, stop, hears } = await proving(at, ['CC-1']);
    await says(one, 'handed', await takes(one));
    await hears(/CC-1: handed/);
    stop.abort();
    expect(await ended).toMatchObject([{ state: 'handed' }]);
  });
});
