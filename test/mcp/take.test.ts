import { describe, expect, it } from 'vitest';
import { Shelf } from '../../src/delivery/shelf.ts';
import { take, type Wanted } from '../../src/mcp/take.ts';
import { RelayError } from '../../src/protocol/codes.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { TestCall } from './call.ts';
import { envelope, FakeSession } from './fake-session.ts';

const NOW: Wanted = { filter: {}, count: 10, waitSeconds: 0 };
const WAIT: Wanted = { filter: {}, count: 10, waitSeconds: 60 };
const ids = (messages: readonly { id: string }[]) => messages.map((message) => message.id);

/** A promise, and whether it is settled by now. */
function watched<T>(promise: Promise<T>): { promise: Promise<T>; isDone: () => boolean } {
  let done = false;
  const mark = () => {
    done = true;
  };
  promise.then(mark, mark);
  return { promise, isDone: () => done };
}

describe('taking at once', () => {
  it('gives the oldest and says how many more', async () => {
    const session = new FakeSession();
    session.deliver(...[1, 2, 3, 4].map((position) => envelope({ position })));
    const taken = await take(session, { ...NOW, count: 3 }, new TestCall());
    expect(ids(taken.messages)).toEqual(['m1', 'm2', 'm3']);
    expect(taken.more).toBe(1);
  });

  it('says handed after the answer was written, not before', async () => {
    const session = new FakeSession();
    session.deliver(envelope({ position: 1 }));
    const call = new TestCall();
    await take(session, NOW, call);
    expect(session.handedPositions).toEqual([]);
    call.written();
    expect(session.handedPositions).toEqual([1]);
  });

  it('is empty when there is nothing, and listens to nobody any more', async () => {
    const session = new FakeSession();
    expect(await take(session, NOW, new TestCall())).toEqual({ messages: [], more: 0 });
    expect(session.watching).toBe(0);
  });

  it('passes the filter on, and nothing that was not asked for', async () => {
    const session = new FakeSession();
    await take(session, { ...NOW, filter: { from: 'CC-2', thread: undefined } }, new TestCall());
    expect(session.requests).toEqual([{ verb: 'receive', args: { from: 'CC-2', count: 10 } }]);
  });

  it.each(['not_connected', 'timeout', 'bad_request', 'internal'] as const)(
    'throws when the relay answers %s',
    async (code) => {
      const session = new FakeSession();
      session.answers.receive = new RelayError(code);
      await expect(take(session, NOW, new TestCall())).rejects.toMatchObject({ code });
    },
  );

  it('gives what is on the shelf also while the relay is away', async () => {
    const session = new FakeSession();
    session.answers.receive = new RelayError('not_connected');
    const call = new TestCall();
    call.shelf.put([envelope({ position: 1 })]);
    expect(ids((await take(session, NOW, call)).messages)).toEqual(['m1']);
  });
});

describe('25 unread, 10 at a time', () => {
  it('come all, in order, once', async () => {
    const session = new FakeSession();
    session.deliver(...Array.from({ length: 25 }, (_, i) => envelope({ position: i + 1 })));
    const shelf = new Shelf();
    const pages: { ids: string[]; more: number }[] = [];
    for (let page = 0; page < 4; page += 1) {
      const call = new TestCall({ shelf });
      const taken = await take(session, NOW, call);
      call.written();
      pages.push({ ids: ids(taken.messages), more: taken.more });
    }
    expect(pages.map((page) => page.more)).toEqual([15, 5, 0, 0]);
    expect(pages.flatMap((page) => page.ids)).toEqual(Array.from({ length: 25 }, (_, i) => `m${i + 1}`));
    expect(session.handedPositions).toEqual(Array.from({ length: 25 }, (_, i) => i + 1));
  });

  it('come all, in order, once, when every other call is cancelled', async () => {
    const session = new FakeSession();
    session.deliver(...Array.from({ length: 25 }, (_, i) => envelope({ position: i + 1 })));
    const shelf = new Shelf();
    const shown: string[] = [];
    for (let page = 0; page < 8; page += 1) {
      const call = new TestCall({ shelf });
      const taken = await take(session, NOW, call);
      if (page % 2 === 0) {
        call.cancel();
        continue;
      }
      call.written();
      shown.push(...ids(taken.messages));
    }
    expect(shown).toEqual(Array.from({ length: 25 }, (_, i) => `m${i + 1}`));
  });

  it('come all, in order, once, to a client that takes only short answers', async () => {
    const session = new FakeSession();
    session.deliver(...Array.from({ length: 25 }, (_, i) => envelope({ position: i + 1, body: 'x'.repeat(4_000) })));
    const shelf = new Shelf();
    const shown: string[] = [];
    const mores: number[] = [];
    for (let page = 0; page < 13; page += 1) {
      const call = new TestCall({ shelf, client: 'codex-mcp-client' });
      const taken = await take(session, NOW, call);
      expect(taken.messages.length).toBeLessThanOrEqual(2);
      call.written();
      shown.push(...ids(taken.messages));
      mores.push(taken.more);
    }
    expect(shown).toEqual(Array.from({ length: 25 }, (_, i) => `m${i + 1}`));
    expect(mores.slice(0, 3)).toEqual([23, 21, 19]);
    expect(mores.at(-1)).toBe(0);
  });
});

describe('what is on the shelf already', () => {
  it('is not asked for again: the relay is asked for what is missing, and for one at least', async () => {
    const session = new FakeSession();
    const call = new TestCall();
    call.shelf.put(Array.from({ length: 8 }, (_, i) => envelope({ position: i + 1 })));
    await take(session, NOW, call);
    call.shelf.put(Array.from({ length: 30 }, (_, i) => envelope({ position: i + 11 })));
    await take(session, NOW, call);
    expect(session.requests.map(({ args }) => args)).toEqual([{ count: 2 }, { count: 1 }]);
  });
});

describe('waiting', () => {
  it('ends with the first message', async () => {
    const session = new FakeSession();
    const call = new TestCall();
    const taking = watched(take(session, WAIT, call));
    await settle();
    expect(taking.isDone()).toBe(false);
    session.deliver(envelope({ position: 1 }));
    expect(ids((await taking.promise).messages)).toEqual(['m1']);
  });

  it('ends empty when the time is over, and leaves no timer or listener behind', async () => {
    const session = new FakeSession();
    const clock = new FakeClock();
    const taking = watched(take(session, WAIT, new TestCall({ clock })));
    await settle();
    await clock.advance(59_999);
    await settle();
    expect(taking.isDone()).toBe(false);
    await clock.advance(1);
    expect(await taking.promise).toEqual({ messages: [], more: 0 });
    expect(clock.pending).toBe(0);
    expect(session.watching).toBe(0);
  });

  it('does not miss what comes while the first question is under way', async () => {
    const session = new FakeSession();
    let open = () => {};
    session.gate = new Promise((resolve) => {
      open = resolve;
    });
    session.answers.receive = () => {
      delete session.answers.receive;
      session.deliver(envelope({ position: 1 })); // after the relay looked, before its answer is here
      return { messages: [], more: 0 };
    };
    const taking = take(session, WAIT, new TestCall());
    open();
    expect(ids((await taking).messages)).toEqual(['m1']);
  });

  it('goes on when woken for mail that the filter does not want', async () => {
    const session = new FakeSession();
    const taking = watched(take(session, { ...WAIT, filter: { from: 'CC-9' } }, new TestCall()));
    await settle();
    session.deliver(envelope({ position: 1 }));
    await settle();
    expect(taking.isDone()).toBe(false);
    session.deliver(envelope({ position: 2, from: 'CC-9' }));
    expect(ids((await taking.promise).messages)).toEqual(['m2']);
  });

  it.each(['not_connected', 'timeout', 'shutting_down'] as const)(
    'outlasts %s, and takes when the relay is back',
    async (code) => {
      const session = new FakeSession();
      session.answers.receive = new RelayError(code);
      const taking = watched(take(session, WAIT, new TestCall()));
      await settle();
      expect(taking.isDone()).toBe(false);
      delete session.answers.receive;
      session.deliver(envelope({ position: 1 }));
      expect(ids((await taking.promise).messages)).toEqual(['m1']);
    },
  );

  it('says at the end why it could not ask', async () => {
    const session = new FakeSession();
    session.answers.receive = new RelayError('not_connected');
    const clock = new FakeClock();
    const taking = watched(take(session, WAIT, new TestCall({ clock })));
    const failed = expect(taking.promise).rejects.toMatchObject({ code: 'not_connected' });
    await settle();
    await clock.advance(60_000);
    await failed;
  });

  it('does not wait for what cannot get better', async () => {
    const session = new FakeSession();
    session.answers.receive = new RelayError('name_required');
    await expect(take(session, WAIT, new TestCall())).rejects.toMatchObject({ code: 'name_required' });
  });

  it('says every 15 seconds that it goes on', async () => {
    const session = new FakeSession();
    const clock = new FakeClock();
    const call = new TestCall({ clock });
    const taking = take(session, WAIT, call);
    await settle();
    await clock.advance(46_000);
    expect(call.progressed).toHaveLength(3);
    await clock.advance(14_000);
    await taking;
    await clock.advance(60_000);
    expect(call.progressed.length).toBeLessThanOrEqual(4);
  });
});

describe('a cancelled call', () => {
  it('ends at once, also while it waits', async () => {
    const session = new FakeSession();
    const clock = new FakeClock();
    const call = new TestCall({ clock });
    const taking = take(session, WAIT, call);
    await settle();
    call.cancel();
    expect(await taking).toEqual({ messages: [], more: 0 });
    expect(clock.pending).toBe(0);
    expect(session.watching).toBe(0);
  });

  it('leaves to the next call what the relay gave meanwhile', async () => {
    const session = new FakeSession();
    session.deliver(envelope({ position: 1 }));
    let open = () => {};
    session.gate = new Promise((resolve) => {
      open = resolve;
    });
    const shelf = new Shelf();
    const call = new TestCall({ shelf });
    const taking = take(session, NOW, call);
    call.cancel();
    expect((await taking).messages).toEqual([]);
    open();
    await settle();
    expect(ids((await take(session, NOW, new TestCall({ shelf }))).messages)).toEqual(['m1']);
    expect(session.handedPositions).toEqual([]);
  });

  it('gives back what it took when it is cancelled before its answer is out', async () => {
    const session = new FakeSession();
    session.deliver(envelope({ position: 1 }));
    const shelf = new Shelf();
    const call = new TestCall({ shelf });
    expect((await take(session, NOW, call)).messages).toHaveLength(1);
    call.cancel();
    call.written();
    expect(session.handedPositions).toEqual([]);
    const next = new TestCall({ shelf });
    expect(ids((await take(session, NOW, next)).messages)).toEqual(['m1']);
    next.written();
    expect(session.handedPositions).toEqual([1]);
  });

  it('gives nothing back when it is cancelled after its answer is out', async () => {
    const session = new FakeSession();
    session.deliver(envelope({ position: 1 }));
    const shelf = new Shelf();
    const call = new TestCall({ shelf });
    await take(session, NOW, call);
    call.written();
    call.cancel();
    expect((await take(session, NOW, new TestCall({ shelf }))).messages).toEqual([]);
  });

  it('wakes another call that waits', async () => {
    const session = new FakeSession();
    session.deliver(envelope({ position: 1 }));
    const shelf = new Shelf();
    const first = new TestCall({ shelf });
    await take(session, NOW, first);
    const second = take(session, WAIT, new TestCall({ shelf }));
    await settle();
    first.cancel();
    expect(ids((await second).messages)).toEqual(['m1']);
  });
});
