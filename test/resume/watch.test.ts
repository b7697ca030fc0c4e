import { describe, expect, it } from 'vitest';
import { writeConversation } from '../../src/config/conversations.ts';
import { RelayError } from '../../src/protocol/codes.ts';
import { writePolicy } from '../../src/resume/policy.ts';
import type { Considered } from '../../src/resume/waker.ts';
import { Watch } from '../../src/resume/watch.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { tempDir } from '../support/temp-dir.ts';
import { conversation } from './rig.ts';

function makeWatch() {
  const home = tempDir();
  const clock = new FakeClock();
  const stop = new AbortController();
  const news = new Map<string, () => void>();
  const considered: string[] = [];
  const warned: string[] = [];
  const state: { takesUp: boolean; says: (Considered | RelayError)[]; refusals: RelayError[] } = {
    takesUp: true,
    says: [],
    refusals: [],
  };
  writeConversation(home, conversation());
  const watch = new Watch({
    home,
    clock,
    signal: stop.signal,
    listen: (name, onNews) => {
      const refusal = state.refusals.shift();
      if (refusal) throw refusal;
      news.set(name, onNews);
      return () => void news.delete(name);
    },
    warn: (what) => void warned.push(what),
    waker: {
      takeUp: async () => state.takesUp,
      consider: async (name) => {
        considered.push(name);
        const said = state.says.shift() ?? 'idle';
        if (said instanceof RelayError) throw said;
        return said;
      },
    },
  });
  const allow = (isAllowed = true) => writePolicy(home, { name: 'CC-1', isAllowed });
  return { clock, stop, news, considered, warned, state, watch, allow };
}

describe('the watch', () => {
  it('listens for a session as long as it may be woken, and looks at it when there is news', async () => {
    const { clock, stop, news, considered, watch, allow } = makeWatch();
    const running = watch.run();
    await settle();
    expect([...news.keys()]).toEqual([]);
    allow();
    await clock.run(2_000);
    expect(considered).toEqual([]);
    news.get('CC-1')?.();
    await clock.run(2_000);
    expect(considered).toEqual(['CC-1']);
    await clock.run(20_000);
    expect(considered).toHaveLength(1);
    allow(false);
    await clock.run(2_000);
    expect([...news.keys()]).toEqual([]);
    stop.abort();
    await running;
  });

  it('looks again at one that cannot be woken yet, and at one that was', async () => {
    const { clock, stop, news, considered, state, watch, allow } = makeWatch();
    allow();
    state.says.push('later', 'woken', 'idle');
    const running = watch.run();
    await settle();
    news.get('CC-1')?.();
    await clock.run(20_000);
    expect(considered).toHaveLength(3);
    stop.abort();
    await running;
  });

  it('looks at nobody while a run that another waker left goes on', async () => {
    const { clock, stop, news, considered, state, watch, allow } = makeWatch();
    allow();
    state.takesUp = false;
    const running = watch.run();
    await settle();
    news.get('CC-1')?.();
    await clock.run(10_000);
    expect(considered).toEqual([]);
    state.takesUp = true;
    await clock.run(2_000);
    expect(considered).toEqual(['CC-1']);
    stop.abort();
    await running;
  });

  it('waits for a relay that is away, and says so once', async () => {
    const { clock, stop, news, considered, warned, state, watch, allow } = makeWatch();
    allow();
    state.says.push(new RelayError('not_connected'), new RelayError('not_connected'));
    const running = watch.run();
    await settle();
    news.get('CC-1')?.();
    await clock.run(10_000);
    expect(considered).toHaveLength(3);
    expect(warned).toHaveLength(1);
    stop.abort();
    await running;
  });

  it('goes on without one whose key is elsewhere, says so once, and listens when it is there', async () => {
    const { clock, stop, news, warned, state, watch, allow } = makeWatch();
    allow();
    state.refusals.push(new RelayError('name_taken'), new RelayError('name_taken'));
    const running = watch.run();
    await clock.run(3_000);
    expect([news.size, warned.length]).toEqual([0, 1]);
    await clock.run(2_000);
    expect([news.size, warned.length]).toEqual([1, 1]);
    stop.abort();
    await running;
  });

  it('ends with its signal, and listens to nobody any more', async () => {
    const { clock, stop, news, watch, allow } = makeWatch();
    allow();
    const running = watch.run();
    await settle();
    stop.abort();
    await running;
    expect(news.size).toBe(0);
    expect(clock.pending).toBe(0);
  });
});
