/** A plugin's end of the line: it finds its session process, tells what holds, asks, and is asked; and never gets in the way. */
import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Link, type LinkOptions } from '../../src/plugins/link.ts';
import { afterEveryTest } from '../support/cleanup.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { SessionProcess } from './session-process.ts';

const links: Link[] = [];
afterEveryTest(() => {
  for (const link of links.splice(0)) link.stop();
});

function linked(find: () => readonly string[], over: Partial<LinkOptions> = {}) {
  const clock = new FakeClock();
  const link = new Link({
    hello: { plugin: 'opencode', name: 'plugin', interrupts: false },
    find,
    onPut: async () => undefined,
    clock,
    ...over,
  });
  links.push(link);
  link.start();
  return { clock, link };
}

async function connected(over: Partial<LinkOptions> = {}) {
  const process = await SessionProcess.start();
  const { clock, link } = linked(() => [process.path], over);
  const guest = await process.guest(clock);
  const hello = await guest.next();
  return { process, clock, link, guest, hello };
}

describe('a plugin that looks for its session process', () => {
  it('says what it is and what holds, in one line', async () => {
    const { hello } = await connected();
    expect(hello).toEqual({ plugin: 'opencode', name: 'plugin', interrupts: false, now: { open: false } });
  });

  it('finds one that comes later, and does not look all the time', async () => {
    const paths: string[] = [];
    let looks = 0;
    const { clock } = linked(() => {
      looks += 1;
      return paths;
    });
    await clock.run(60_000);
    expect(looks).toBeGreaterThan(20);
    expect(looks).toBeLessThan(60);
    const process = await SessionProcess.start();
    paths.push(process.path);
    await process.guest(clock);
  });

  it('is with a new one soon enough to tell it what it must know', async () => {
    const paths: string[] = [];
    const { clock } = linked(() => paths);
    await clock.run(60_000);
    paths.push('/none');
    const before = clock.monotonic();
    const process = await SessionProcess.start();
    paths.push(process.path);
    await process.guest(clock);
    expect(clock.monotonic() - before).toBeLessThanOrEqual(2_100);
  });

  it('goes on to the next when nobody listens at the first', async () => {
    const process = await SessionProcess.start();
    const { clock } = linked(() => ['/nobody/here.sock', process.path]);
    await process.guest(clock);
  });

  it('goes on looking when the state directory cannot be read', async () => {
    const process = await SessionProcess.start();
    let looks = 0;
    const { clock } = linked(() => {
      looks += 1;
      if (looks < 3) throw new Error('open to other users');
      return [process.path];
    });
    await process.guest(clock);
    expect(looks).toBe(3);
  });

  it('looks again when it is gone, and tells the new one what holds by now', async () => {
    const { process, clock, link, guest } = await connected();
    link.now({ open: true, doing: 'busy', tool: 'bash', since: clock.now() });
    expect(await guest.next()).toEqual({ now: { open: true, doing: 'busy', tool: 'bash', for_ms: 0 } });
    process.end();
    rmSync(process.path, { force: true });
    const next = await SessionProcess.start(process.path);
    const again = await next.guest(clock);
    const { now } = (await again.next()) ?? {};
    expect(now).toMatchObject({ open: true, doing: 'busy', tool: 'bash' });
    expect(Reflect.get(Object(now), 'for_ms')).toBeGreaterThan(0);
  });

  it('ends with its host, at once and for good', async () => {
    const { process, clock, link, guest } = await connected();
    link.stop();
    link.stop();
    expect(await guest.next()).toBeUndefined();
    await clock.run(10_000);
    expect([process.guests, clock.pending]).toEqual([[], 0]);
    link.start();
    await clock.run(10_000);
    expect(process.guests).toEqual([]);
  });

  it('that was ended while it connected does not stay', async () => {
    const process = await SessionProcess.start();
    const { clock, link } = linked(() => [process.path]);
    link.stop();
    await clock.run(5_000);
    for (const guest of process.guests) expect(await guest.next()).toBeUndefined();
    expect(link.isConnected).toBe(false);
  });
});

describe('what holds now', () => {
  it('is told when it changes, and only then', async () => {
    const { link, guest } = await connected();
    link.now({ open: true });
    link.now({ open: true });
    link.now({ open: false, reason: 'no session is open' });
    link.event({ kind: 'turn-end' });
    expect(await guest.until('event')).toEqual([
      { now: { open: true } },
      { now: { open: false, reason: 'no session is open' } },
      { event: { kind: 'turn-end' } },
    ]);
  });
});

describe('text to put in', () => {
  it('is put in, and said to be taken', async () => {
    const puts: unknown[] = [];
    const { guest } = await connected({
      onPut: async (put) => {
        puts.push(put);
        return undefined;
      },
    });
    guest.say({ put: 4, text: 'hello ☃', urgent: true, ids: ['m1'] });
    expect(await guest.next()).toEqual({ taken: 4 });
    expect(puts).toEqual([{ text: 'hello ☃', urgent: true, ids: ['m1'] }]);
  });

  it('is refused with the reason of the host', async () => {
    const { guest } = await connected({ onPut: async () => 'no session is open' });
    guest.say({ put: 1, text: 'x', urgent: false, ids: [] });
    expect(await guest.next()).toEqual({ refused: 1, reason: 'no session is open' });
  });

  it('is refused when the host throws', async () => {
    const { guest } = await connected({ onPut: () => Promise.reject(new Error('promptAsync is no function')) });
    guest.say({ put: 1, text: 'x', urgent: false, ids: [] });
    expect(await guest.next()).toEqual({ refused: 1, reason: 'it does not work in this version' });
  });

  it('that was put in for one session process is not told to the next', async () => {
    let taken: (reason: undefined) => void = () => undefined;
    const { process, clock, guest, link } = await connected({
      onPut: () =>
        new Promise((resolve) => {
          taken = resolve;
        }),
    });
    guest.say({ put: 1, text: 'x', urgent: false, ids: [] });
    await settle(20);
    guest.hangUp();
    const next = await process.guest(clock);
    await next.next();
    taken(undefined);
    await settle(20);
    link.event({ kind: 'end' });
    expect(await next.next()).toEqual({ event: { kind: 'end' } });
  });

  it.each(['no json\n', '[]\n', '{"put":"1","text":"x"}\n', '{"put":1}\n', '{"ask":99}\n', '{}\n'])(
    'is not what %j says',
    async (line) => {
      const { guest, link } = await connected({ onPut: () => Promise.reject(new Error('asked')) });
      guest.say(line);
      guest.say(line);
      await settle(20);
      link.event({ kind: 'end' });
      expect(await guest.next()).toEqual({ event: { kind: 'end' } });
    },
  );
});

describe('a question whether something rides along', () => {
  it('is answered with text, which is said to be in', async () => {
    const { link, guest } = await connected();
    const asked = link.ask({ kind: 'tool', tool: 'bash' });
    expect(await guest.next()).toEqual({ ask: 1, event: { kind: 'tool', tool: 'bash' } });
    guest.say({ ask: 1, text: 'stop', ids: ['m1'] });
    const offer = await asked;
    expect(offer).toMatchObject({ text: 'stop', ids: ['m1'] });
    offer?.printed();
    expect(await guest.next()).toEqual({ printed: 1 });
  });

  it('or not to be', async () => {
    const { link, guest } = await connected();
    const asked = link.ask({ kind: 'tool' });
    await guest.next();
    guest.say({ ask: 1, text: 'stop', ids: ['m1'] });
    (await asked)?.dropped();
    expect(await guest.next()).toEqual({ dropped: 1 });
  });

  it('is answered with nothing', async () => {
    const { link, guest } = await connected();
    const asked = link.ask({ kind: 'tool' });
    await guest.next();
    guest.say({ ask: 1 });
    expect(await asked).toBeUndefined();
  });

  it('holds up nobody: after a moment the answer is not wanted any more', async () => {
    const { clock, link, guest } = await connected();
    const asked = link.ask({ kind: 'tool' });
    await guest.next();
    await clock.run(300);
    expect(await asked).toBeUndefined();
    expect(await guest.next()).toEqual({ dropped: 1 });
    guest.say({ ask: 1, text: 'too late', ids: ['m1'] });
    await settle(20);
    link.event({ kind: 'end' });
    expect(await guest.next()).toEqual({ event: { kind: 'end' } });
  });

  it('is not asked where there is no session process, and ends when that one goes', async () => {
    const { clock, link, guest } = await connected();
    const asked = link.ask({ kind: 'tool' });
    await guest.next();
    guest.hangUp();
    expect(await asked).toBeUndefined();
    const { link: alone } = linked(() => []);
    expect(await alone.ask({ kind: 'tool' })).toBeUndefined();
    expect(clock.pending).toBeLessThanOrEqual(1);
  });

  it('is one of so many at a time', async () => {
    const { clock, link } = await connected();
    const asked = Array.from({ length: 70 }, () => link.ask({ kind: 'tool' }));
    expect(clock.pending).toBe(64);
    await clock.run(300);
    expect(await Promise.all(asked)).toEqual(Array(70).fill(undefined));
  });
});

describe('what a model has read', () => {
  it('is told, and kept while nobody can be told', async () => {
    const { process, clock, link, guest } = await connected();
    link.shown(['m1']);
    expect(await guest.next()).toEqual({ shown: ['m1'] });
    guest.hangUp();
    while (link.isConnected) await settle();
    link.shown(['m2']);
    link.shown([]);
    link.shown(['m3']);
    const next = await process.guest(clock);
    await next.next();
    expect(await next.next()).toEqual({ shown: ['m2', 'm3'] });
  });

  it('is kept in bounds', async () => {
    const paths: string[] = [];
    const { clock, link } = linked(() => paths);
    for (let n = 0; n < 1_200; n += 1) link.shown([`m${n}`]);
    const process = await SessionProcess.start();
    paths.push(process.path);
    const guest = await process.guest(clock);
    await guest.next();
    const { shown } = (await guest.next()) ?? {};
    expect(shown).toHaveLength(1_000);
    expect(Array.isArray(shown) && shown.at(-1)).toBe('m1199');
  });
});

it('a session process that does not read is left, not fed', async () => {
  const { clock, link, guest, process } = await connected();
  guest.stall();
  const text = 'x'.repeat(64 * 1024);
  for (let n = 0; n < 200 && link.isConnected; n += 1) {
    link.event({ kind: 'prompt', prompt: text });
    await settle(1);
  }
  expect(link.isConnected).toBe(false);
  await process.guest(clock);
});
