/** R9: a full inbox or disk refuses, and never drops. */
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/protocol/limits.ts';
import { sleep, systemClock } from '../../src/util/clock.ts';
import { machine } from '../support/cli.ts';
import { expectKept, expectNone } from './support/check.ts';
import { Disk } from './support/disk.ts';
import { record } from './support/figures.ts';
import { History } from './support/history.ts';
import { OwnRelay } from './support/own-relay.ts';
import { RelayProcess } from './support/relay-process.ts';
import { itAsRoot } from './support/root.ts';
import { Seeded, seedOf } from './support/seeded.ts';
import { Reader, Sender } from './support/talker.ts';

/** Within which sends work again once there is space, milliseconds. */
const SOON = 2_000;
/** Within which it says that it is not ready, milliseconds. */
const RED = 1_000;

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'ok',
    (error: { code?: string }) => error.code ?? String(error),
  );

describe('R9: what is full', () => {
  it('refuses: an inbox takes its ten thousandth message, refuses the next, and has dropped none', async () => {
    const own = new OwnRelay();
    await own.start();
    await own.ask('status', {}, 'B');
    const all = Array.from({ length: LIMITS.inboxMessages }, (_, n) => own.send('A', 'B', `${n}`));
    await Promise.all(all);
    expect(await codeOf(own.send('A', 'B', 'one more'))).toBe('inbox_full');
    const missing: string[] = [];
    let next = 0;
    for (;;) {
      const { messages } = await own.receive('B');
      if (messages.length === 0) break;
      for (const { body } of messages) if (Number(body) !== next++) missing.push(`${next - 1}, before ${body}`);
    }
    expectNone('dropped', missing);
    expect([next, await codeOf(own.send('A', 'B', 'now'))]).toEqual([LIMITS.inboxMessages, 'ok']);
    record('R9', { 'messages an inbox': next, dropped: 0 });
  });

  it('refuses: an inbox takes 256 MiB and not a byte more', async () => {
    const own = new OwnRelay();
    await own.start();
    await own.ask('status', {}, 'B');
    const { store } = own.journal.state;
    // As if all but a little of it had come already.
    const id = store.roster.sessionNamed('B')?.id ?? 0;
    store.backlog.countDirect(id, { count: 1, bytes: LIMITS.inboxBytes - 10 });
    expect(await codeOf(own.send('A', 'B', 'x'.repeat(11)))).toBe('inbox_full');
    expect(await codeOf(own.send('A', 'B', '☃☃☃'))).toBe('ok');
    expect(await codeOf(own.send('A', 'B', 'xx'))).toBe('inbox_full');
  });

  itAsRoot(
    'refuses: a disk of 2 MB is filled under load, drops nothing, and takes sends within 2 s of space, without a restart',
    async () => {
      const seed = seedOf();
      const chance = new Seeded(seed);
      const disk = Disk.make(2);
      const ballast = join(disk.path, 'ballast');
      const relay = new RelayProcess(machine(), { args: ['--data', join(disk.path, 'data')] });
      const history = new History();
      await relay.start();
      writeFileSync(ballast, Buffer.alloc(700_000));
      const reader = new Reader('R', relay.place, history, chance, { window: 32 });
      reader.start();
      await reader.until(() => reader.welcomes > 0);
      const options = {
        to: [{ address: 'R', readers: ['R'] }],
        window: 4,
        body: (n: number) => `${n} ${'x'.repeat(500)}`,
      };
      const sender = new Sender('S', relay.place, history, chance, options);
      sender.start();
      const isFull = () => history.events.some((event) => event.kind === 'refused' && event.code === 'storage_full');
      await sender.until(isFull);
      // What is small may still fit for a moment, and then it is ready again.
      const red = systemClock.monotonic() + RED;
      while ((await readiness(relay.port)) !== 503) expect(systemClock.monotonic()).toBeLessThan(red);
      // It stays full for a while: more refusals, and nothing else.
      await sleep(systemClock, 1_500);
      const answered = sender.answered;
      rmSync(ballast);
      const freed = systemClock.monotonic();
      await sender.until(() => sender.answered > answered);
      const soon = systemClock.monotonic() - freed;
      expect(soon).toBeLessThan(SOON);
      await sender.finish();
      expect(await readiness(relay.port)).toBe(200);
      await reader.drained();
      for (const talker of [sender, reader]) await talker.stop();
      await relay.kill('SIGTERM');
      expectKept(history);
      const { bsize, blocks } = statfsSync(disk.path);
      const refused = history.events.filter((event) => event.kind === 'refused').length;
      record('R9', {
        'disk of MB': Math.round((bsize * blocks) / 1e6),
        'refused while full': refused,
        'works again after ms': Math.round(soon),
        seed: `${seed}`,
      });
    },
  );
});

async function readiness(port: number): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}/readyz`);
  return answer.status;
}
