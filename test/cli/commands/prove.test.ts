/** `doctor --prove` as it is typed. What a session says over time is in `test/cli/proof.test.ts`. */
import { describe, expect, it } from 'vitest';
import { FileKeys } from '../../../src/client/keys.ts';
import { relayUrl } from '../../../src/client/place.ts';
import { statePaths } from '../../../src/config/paths.ts';
import { type AtRelay, atRelay } from '../../support/at-relay.ts';
import { playedSession, reads } from '../../support/played-session.ts';

/** This machine has the key of that name, as if its session had been started here. */
function keep({ relay }: AtRelay, name: string): void {
  new FileKeys(statePaths(relay.home).keys).save(relayUrl(relay.url), name, 'k'.repeat(43));
}

describe('doctor --prove of a session that reads', () => {
  it('says its door and its times, and exits with 0', async () => {
    const at = await atRelay();
    const one = await playedSession(at, 'CC-1', { doing: 'idle', for_ms: 5, door: 'inbox socket' });
    const [{ code, out, err }, { body }] = await Promise.all([at.run(['doctor', '--prove', 'CC-1']), reads(one)]);
    expect(code).toBe(0);
    const [head, row, ...rest] = out.trimEnd().split('\n');
    expect(head).toMatch(/^NAME +STATE +DOOR +HANDED +SEEN +IN THE WAY$/);
    expect(row).toMatch(/^CC-1 +seen +inbox socket +[\d.]+ m?s +[\d.]+ m?s$/);
    expect(rest).toEqual([]);
    expect(err).toMatch(/^Probing CC-1 for up to 50 s\.\n(CC-1: handed .*\n)?CC-1: seen after [\d.]+ m?s\n$/);
    expect(body).toMatch(/^A probe by claude-relay doctor: .* Do nothing, and do not answer\.$/);
  });

  it('sends what wakes it, is short, and expires when nobody takes it', async () => {
    const at = await atRelay();
    const one = await playedSession(at, 'CC-1', { door: 'queue' });
    const [, message] = await Promise.all([at.ok(['doctor', '--prove', 'CC-1', '--for', '20']), reads(one)]);
    expect(message).not.toHaveProperty('priority');
    // The one is time that passed, the other the machine's clock.
    expect(Math.abs(Number(message.expires_at) - message.at - 25_000)).toBeLessThan(1_000);
    expect(message.body.length).toBeLessThan(160);
  });

  it('--json tells all of it, one document', async () => {
    const at = await atRelay();
    const one = await playedSession(at, 'CC-1', { doing: 'idle', door: 'inbox socket' });
    const [told] = await Promise.all([at.json(['doctor', '--prove', 'CC-1']), reads(one)]);
    const [handed_ms, seen_ms] = [expect.any(Number), expect.any(Number)];
    const shown = { name: 'CC-1', state: 'seen', here: true, program: 'claude-code', door: 'inbox socket' };
    expect(told).toEqual({ ok: true, probes: [{ ...shown, doing: 'idle', handed_ms, seen_ms }] });
  });

  it('tells of several, each once, in one message', async () => {
    const at = await atRelay();
    const one = await playedSession(at, 'CC-1', { door: 'inbox socket' });
    const two = await playedSession(at, 'CC-2', { door: 'queue' });
    const run = at.run(['doctor', '--prove', 'CC-1', 'CC-2', 'CC-1']);
    const [{ code, out }, { to }] = await Promise.all([run, reads(one), reads(two)]);
    expect(code).toBe(0);
    expect(out).toMatch(/^CC-1 +seen +inbox socket .*\nCC-2 +seen +queue /m);
    expect(to).toEqual(['CC-1', 'CC-2']);
  });

  it('acts as another with --as, and not without need', async () => {
    const at = await atRelay();
    const one = await playedSession(at, 'CC-1');
    await Promise.all([at.ok(['doctor', '--prove', 'CC-1', '--as', 'ci']), reads(one)]);
    expect((await at.relay.verb('receipts', {}, 'ci')).json).toMatchObject({ sends: [{ to: ['CC-1'] }] });
    expect((await at.relay.verb('sessions')).json).toMatchObject({ sessions: [{ name: 'CC-1' }, { name: 'ci' }] });
  });
});

describe('doctor --prove without a name', () => {
  it('probes the agents of this machine that are here, and says that there are others', async () => {
    const at = await atRelay();
    for (const name of ['CC-1', 'CC-9', 'anna', 'bert']) keep(at, name);
    const one = await playedSession(at, 'CC-1');
    const elsewhere = await playedSession(at, 'CC-2');
    await playedSession(at, 'bert', {}, { kind: 'person' });
    const [{ code, out, err }] = await Promise.all([at.run(['doctor', '--prove']), reads(one)]);
    expect(code).toBe(0);
    expect(out.trimEnd().split('\n')).toHaveLength(2);
    expect(err).toMatch(/^1 other agent session here; a name after --prove probes one\.\nProbing CC-1 for/);
    expect(await elsewhere.ask('inbox')).toMatchObject({ result: { messages: [] } });
  });

  it('does not probe the one that asks', async () => {
    const at = await atRelay();
    keep(at, 'CC-1');
    await playedSession(at, 'CC-1');
    const { code, err } = await at.run(['doctor', '--prove'], { env: { CLAUDE_RELAY_SESSION_ID: 'CC-1' } });
    expect([code, err]).toEqual([5, 'No agent session of this machine is connected to the relay.\n']);
  });

  it('says that there is none, sends nothing, and proves nothing', async () => {
    const at = await atRelay();
    await at.ok(['status', '--as', 'CC-1']);
    keep(at, 'CC-1');
    expect(await at.run(['doctor', '--prove'])).toEqual({
      code: 5,
      out: '',
      err: 'No agent session of this machine is connected to the relay.\n',
    });
    expect(JSON.parse((await at.run(['doctor', '--prove', '--json'])).out)).toEqual({ ok: false, probes: [] });
    expect((await at.relay.verb('sessions')).json).toMatchObject({ sessions: [{ name: 'CC-1' }] });
  });
});

describe('doctor --prove of a name', () => {
  it('that nobody ever had is refused by the relay, with its code', async () => {
    const at = await atRelay();
    await playedSession(at, 'CC-1');
    const { code, out, err } = await at.run(['doctor', '--prove', 'CC-7']);
    expect([code, out]).toEqual([4, '']);
    expect(err).toMatch(/CC-7/);
    expect(err).not.toMatch(/Probing/);
  });

  it('that is away says so without waiting, and exits with 5', async () => {
    const at = await atRelay();
    await at.ok(['status', '--as', 'CC-1']);
    const { code, out } = await at.run(['doctor', '--prove', 'CC-1', '--for', '3600']);
    expect(code).toBe(5);
    expect(out).toMatch(/^CC-1 +stored +- +- +not here since [\d-]+ [\d:]+; a message waits until it is back$/m);
  });

  it('that is away beside one that reads tells of both', async () => {
    const at = await atRelay();
    const one = await playedSession(at, 'CC-1', { door: 'queue' });
    await at.ok(['status', '--as', 'CC-2']);
    const [{ code, out }] = await Promise.all([at.run(['doctor', '--prove', 'CC-2', 'CC-1', '--json']), reads(one)]);
    expect(code).toBe(5);
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      probes: [
        { name: 'CC-2', state: 'stored', here: false },
        { name: 'CC-1', state: 'seen', here: true },
      ],
    });
  });

  it('that is no name, or the asker’s own, is wrong usage', async () => {
    const at = await atRelay();
    for (const name of ['#build', 'all', '1', 'a b', '']) {
      const { code, err } = await at.run(['doctor', '--prove', name]);
      expect([name, code, err]).toEqual([name, 2, expect.stringContaining('is no name of a session')]);
    }
    const { code, err } = await at.run(['doctor', '--prove', 'anna']);
    expect([code, err]).toEqual([2, expect.stringMatching(/anna is who sends the probe\.\n.*--as NAME/)]);
  });
});

describe('doctor --prove', () => {
  it.each([['0'], ['3601'], ['1.5'], ['soon']])('takes no --for %s', async (seconds) => {
    const at = await atRelay();
    expect(await at.run(['doctor', '--prove', 'CC-1', '--for', seconds])).toMatchObject({ code: 2, out: '' });
  });

  it('says that there is no relay, and exits with 3', async () => {
    const at = await atRelay();
    await at.relay.end();
    const { code, out, err } = await at.run(['doctor', '--prove', 'CC-1'], { env: { RELAY_URL: at.relay.url } });
    expect([code, out]).toEqual([3, '']);
    expect(err).toMatch(/cannot be reached/);
  });

  it.each([[['CC-1']], [['--for', '3']], [['--as', 'ci']]])('is what %j is for', async (words) => {
    const at = await atRelay();
    const { code, err } = await at.run(['doctor', ...words]);
    expect([code, err]).toEqual([2, expect.stringContaining('doctor --prove')]);
  });
});
