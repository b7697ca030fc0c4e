/** How the keeper goes on: real processes, a clock that a test owns. */
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { keep } from '../../src/service/keep.ts';
import { logsOf, type Unit } from '../../src/service/unit.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { tempDir } from '../support/temp-dir.ts';
import { unit } from './unit.ts';

/** Notes every wait, and lets it be over at once; time passes only by waiting. */
class HastyClock extends FakeClock {
  readonly waits: number[] = [];
  #onWait: (count: number) => void = () => undefined;

  onWait(call: (count: number) => void): void {
    this.#onWait = call;
  }

  override after(ms: number, call: () => void) {
    this.waits.push(ms);
    this.#onWait(this.waits.length);
    return super.after(0, call);
  }
}

function keeping(code: string, over: Partial<Unit> = {}) {
  const home = tempDir();
  const logs = join(home, 'logs');
  for (const dir of [logs, join(home, 'services')]) mkdirSync(dir, { mode: 0o700 });
  const command = [process.execPath, '-e', code] as const;
  const delay = { first: 2, most: 10 };
  const written = unit({ name: 'tunnel', command, logs: logsOf('tunnel', logs), environment: {}, delay, ...over });
  writeFileSync(join(home, 'services/tunnel.json'), JSON.stringify(written), { mode: 0o600 });
  const end = new AbortController();
  const clock = new HastyClock();
  const kept = (): Promise<void> => keep({ home, unit: 'tunnel', env: {}, signal: end.signal, clock });
  const said = (which: 'out' | 'error') => readFileSync(written.logs[which], 'utf8');
  return { home, end, clock, kept, said };
}

/** Lets the clock's timers run as they are made, until this many waits. */
async function afterWaits({ clock, end, kept }: ReturnType<typeof keeping>, count: number): Promise<readonly number[]> {
  clock.onWait((waits) => {
    // Once the wait has begun.
    setImmediate(() => (waits === count ? end.abort() : clock.advance(0)));
  });
  await kept();
  return clock.waits;
}

describe('the keeper', () => {
  it('waits longer each time, up to the most', async () => {
    const it = keeping('console.log("once"); process.exit(1)');
    expect(await afterWaits(it, 5)).toEqual([2_000, 4_000, 8_000, 10_000, 10_000]);
    expect(it.said('out')).toBe('once\n'.repeat(5));
  });

  it('keeps what is said on stderr apart', async () => {
    const it = keeping('console.error("wrong"); process.exit(1)');
    await afterWaits(it, 1);
    expect([it.said('out'), it.said('error')]).toEqual(['', 'wrong\n']);
  });

  it.each([2, 78])('ends when starting again would change nothing: %i', async (code) => {
    const it = keeping(`process.exit(${code})`);
    await it.kept();
    expect(it.clock.waits).toEqual([]);
  });

  it('ends when all went well, unless the unit is to run always', async () => {
    const well = keeping('', { always: false });
    await well.kept();
    expect(well.clock.waits).toEqual([]);
    expect(await afterWaits(keeping('', { always: true }), 1)).toEqual([2_000]);
  });

  it('tries again when a signal ended it, and when it could not be started', async () => {
    expect(await afterWaits(keeping('process.kill(process.pid, "SIGKILL")', { always: false }), 1)).toEqual([2_000]);
    const none = keeping('', { command: ['/nowhere/ssh'] });
    expect(await afterWaits(none, 2)).toEqual([2_000, 4_000]);
    expect(existsSync(join(none.home, 'services/tunnel.run.json'))).toBe(false);
  });

  it('says who keeps what', async () => {
    const it = keeping('process.exit(1)');
    await afterWaits(it, 1);
    const written = JSON.parse(readFileSync(join(it.home, 'services/tunnel.run.json'), 'utf8'));
    expect(written).toMatchObject({ pid: process.pid, child: { pid: expect.any(Number) } });
  });

  it('hands the end on, and starts nothing after it', async () => {
    const it = keeping(
      'process.on("SIGTERM", () => { console.log("bye"); process.exit(0); }); console.log("begun"); setInterval(() => {}, 1000)',
    );
    const over = it.kept();
    while (!it.said('out').includes('begun')) await new Promise((resolve) => setTimeout(resolve, 20));
    it.end.abort();
    await over;
    expect([it.said('out'), it.clock.waits]).toEqual(['begun\nbye\n', []]);
    await it.kept();
    expect(it.said('out')).toBe('begun\nbye\n');
  });

  it('writes through no link that somebody put in the place of a log', async () => {
    const it = keeping('console.log("x")');
    const target = join(tempDir(), 'target');
    writeFileSync(target, 'theirs');
    symlinkSync(target, join(it.home, 'logs/tunnel.log'));
    await expect(it.kept()).rejects.toThrow('ELOOP');
    expect(readFileSync(target, 'utf8')).toBe('theirs');
  });
});
