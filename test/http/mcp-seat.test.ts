/** What is kept between the requests of one name at `/mcp`, over a scripted relay and a clock that the test owns. */
import { IncomingMessage, ServerResponse } from 'node:http';
import net from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { McpDoor } from '../../src/http/mcp.ts';
import { McpSeat } from '../../src/http/mcp-seat.ts';
import { RelaySession } from '../../src/http/relay-session.ts';
import type { Envelope } from '../../src/protocol/envelope.ts';
import { TIMES } from '../../src/protocol/limits.ts';
import { silentLog } from '../../src/relay/log.ts';
import { OWNER } from '../../src/state/schema.ts';
import { systemRandom } from '../../src/util/random.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { type Asked, FakeRelay, untilAborted } from '../support/fake-relay.ts';
import { type HttpRig, httpRig, TOKEN } from '../support/http-rig.ts';
import { ask, bearer } from '../support/raw-http.ts';

const envelope = (position: number): Envelope => ({
  id: `m${position}`,
  position,
  from: 'A',
  to: ['B'],
  at: 0,
  body: `body ${position}`,
});

/** The relay as far as the tools ask it: a list of envelopes to give out, and the receipts that came back. */
class Inbox {
  readonly receipts: string[] = [];
  readonly reasons: string[] = [];
  waiting: Envelope[] = [];
  onReceive: ((asked: Asked) => Promise<unknown>) | undefined;

  answer = (asked: Asked): unknown => {
    const args = asked.args as { state?: string; positions?: number[]; reason?: string };
    if (asked.verb === 'status')
      return {
        name: asked.caller.name,
        unread: 0,
        rooms: [],
        here: 0,
        sessions: 1,
        epoch: 'e',
        position: 0,
        version: '0',
        uptime: 0,
      };
    if (asked.verb === 'receive') return this.onReceive?.(asked) ?? { messages: this.waiting.splice(0), more: 0 };
    if (asked.verb === 'receipt') {
      this.receipts.push(`${args.state} ${args.positions}`);
      if (args.reason !== undefined) this.reasons.push(args.reason);
    }
    return { changed: 1 };
  };
}

let rig: HttpRig;
let inbox: Inbox;
beforeEach(async () => {
  rig = await httpRig();
  inbox = new Inbox();
  rig.relay.answer = inbox.answer;
});
afterEach(() => rig.stop());

let lastId = 0;
async function call(name: string, args: object = {}, as = 'B', signal?: AbortSignal): Promise<string> {
  lastId += 1;
  return await post({ id: lastId, method: 'tools/call', params: { name, arguments: args } }, as, signal);
}

async function post(message: object, as = 'B', signal?: AbortSignal): Promise<string> {
  const answer = await ask({
    port: rig.port,
    method: 'POST',
    path: `/mcp?as=${as}`,
    headers: { ...bearer(TOKEN), 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', ...message }),
    ...(signal ? { signal } : {}),
  });
  return answer.body;
}

describe('a name at /mcp', () => {
  it('says handed once its answer is written, and seen at the next call', async () => {
    inbox.waiting = [envelope(1), envelope(2)];
    expect(await call('relay_receive')).toContain('body 2');
    await expect.poll(() => inbox.receipts).toEqual(['handed 1,2']);
    await call('relay_status');
    await expect.poll(() => inbox.receipts).toEqual(['handed 1,2', 'seen 1,2']);
    await call('relay_status');
    expect(inbox.receipts).toHaveLength(2);
  });

  it.each(['initialize', 'server/discover'])(
    'does not say seen of what was given to a client that ended: the next one begins with %s',
    async (method) => {
      inbox.waiting = [envelope(1), envelope(2)];
      await call('relay_receive');
      await expect.poll(() => inbox.receipts).toEqual(['handed 1,2']);
      await post({ id: 'first', method, params: {} });
      await call('relay_status');
      await expect.poll(() => inbox.receipts).toEqual(['handed 1,2', 'unseen 1,2']);
      expect(inbox.reasons).toEqual(['a client began anew as B before there was a sign that it was read']);
    },
  );

  it('says seen when a message only speaks of a beginning', async () => {
    inbox.waiting = [envelope(1)];
    await call('relay_receive');
    await call('relay_send', { to: 'A', message: '{"method":"initialize"} or "server/discover"' });
    await expect.poll(() => inbox.receipts).toEqual(['handed 1', 'seen 1']);
  });

  it('keeps what was taken for a caller that hung up, for the next one', async () => {
    let give: (value: unknown) => void = () => {};
    const asked = new Promise<void>((resolve) => {
      inbox.onReceive = () => {
        resolve();
        return new Promise((answer) => {
          give = answer;
        });
      };
    });
    const gone = new AbortController();
    const ended = call('relay_receive', {}, 'B', gone.signal).catch(() => 'gone');
    await asked;
    gone.abort();
    expect(await ended).toBe('gone');
    await settle(50);
    give({ messages: [envelope(1)], more: 0 });
    inbox.onReceive = undefined;
    expect(await call('relay_receive')).toContain('body 1');
    await expect.poll(() => inbox.receipts).toEqual(['handed 1']);
  });

  it('forgets what it had taken when the relay has taken it back', async () => {
    inbox.onReceive = async () => ({ messages: [envelope(1), envelope(2)], more: 0 });
    await call('relay_receive', { count: 1 });
    await settle(20);
    inbox.onReceive = undefined;
    rig.clock.advance(TIMES.lease + 1);
    expect(await call('relay_receive')).not.toContain('body 2');
  });

  it('shows what it had taken before that', async () => {
    inbox.onReceive = async () => ({ messages: [envelope(1), envelope(2)], more: 0 });
    await call('relay_receive', { count: 1 });
    inbox.onReceive = undefined;
    expect(await call('relay_receive')).toContain('body 2');
  });

  it('shares nothing with another name', async () => {
    inbox.onReceive = async () => ({ messages: [envelope(1), envelope(2)], more: 0 });
    await call('relay_receive', { count: 1 });
    inbox.onReceive = undefined;
    expect(await call('relay_receive', {}, 'C')).not.toContain('body 2');
    expect(rig.mcp.size).toBe(2);
  });

  it('shares nothing with the same name under another key', async () => {
    for (const key of ['one', 'two']) {
      const headers = { ...bearer(TOKEN), 'relay-key': key, accept: 'application/json, text/event-stream' };
      await ask({
        port: rig.port,
        method: 'POST',
        path: '/mcp?as=B',
        headers: { ...headers, 'content-type': 'application/json' },
        body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
      });
    }
    expect(rig.mcp.size).toBe(2);
  });

  it('has one seat, though its first requests come at once', async () => {
    let letIn: () => void = () => {};
    rig.relay.entering = new Promise((resolve) => {
      letIn = resolve;
    });
    const calls = [call('relay_status'), call('relay_status')];
    await expect.poll(() => rig.relay.entered).toHaveLength(2);
    letIn();
    await Promise.all(calls);
    expect([rig.mcp.size, rig.relay.listening('B')]).toEqual([1, 1]);
  });

  it('is served when its request has come in, though its place is wanted in that moment', async () => {
    for (let n = 0; n < 64; n += 1) await post({ id: n, method: 'ping' }, `N-${n}`);
    rig.clock.advance(TIMES.lease + 1);
    let letIn: () => void = () => {};
    rig.relay.entering = new Promise((resolve) => {
      letIn = resolve;
    });
    const known = post({ id: 'known', method: 'ping' }, 'N-0');
    await expect.poll(() => rig.relay.entered).toHaveLength(65);
    const next = post({ id: 'next', method: 'ping' }, 'NEXT');
    await expect.poll(() => rig.relay.entered).toHaveLength(66);
    letIn();
    expect(await Promise.all([known, next])).toEqual([
      expect.stringContaining('"result":{}'),
      expect.stringContaining('"result":{}'),
    ]);
    expect(rig.mcp.size).toBe(64);
  });

  it('asks the relay for nothing but to enter, when nothing was asked of it', async () => {
    await post({ id: 1, method: 'ping' });
    expect(rig.relay.asked).toEqual([]);
    expect(rig.relay.entered).toMatchObject([{ name: 'B', kind: 'agent' }]);
  });

  it('listens to its mail once, however many calls it makes', async () => {
    for (let n = 0; n < 5; n += 1) await call('relay_status');
    await expect.poll(() => rig.relay.listening('B')).toBe(1);
    await rig.mcp.close();
    expect(rig.relay.listening('B')).toBe(0);
  });

  it('ends a wait when its caller cancels it with a notification', async () => {
    const asked = new Promise<void>((resolve) => {
      inbox.onReceive = async () => {
        resolve();
        return { messages: [], more: 0 };
      };
    });
    const waiting = call('relay_receive', { wait_seconds: 50 });
    const id = lastId;
    await asked;
    const notification = JSON.stringify({
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params: { requestId: id },
    });
    const headers = {
      ...bearer(TOKEN),
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    };
    const answer = await ask({ port: rig.port, method: 'POST', path: '/mcp?as=B', headers, body: notification });
    expect(answer.status).toBe(202);
    // Long before its 50 s are over: the clock of this test stands still.
    await waiting;
  });
});

const make = (relay: FakeRelay, clock: FakeClock) =>
  new RelaySession({
    relay,
    caller: { name: 'B' },
    url: 'http://localhost/mcp',
    clock,
    random: systemRandom,
    log: silentLog,
  });

describe('a seat', () => {
  it('has nothing under way for a caller that hung up before it came here', async () => {
    const clock = new FakeClock();
    const session = make(new FakeRelay(), clock);
    const seat = new McpSeat({ session, version: '0', clock, random: systemRandom, log: silentLog });
    const outgoing = new ServerResponse(new IncomingMessage(new net.Socket()));
    outgoing.destroy();
    const body = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
    await seat.serve(new Request('http://localhost/mcp', { method: 'POST', headers, body }), body, outgoing);
    clock.advance(TIMES.lease + 1);
    expect(seat.isIdle).toBe(true);
    await seat.close();
  });
});

describe('the places at /mcp', () => {
  const request = (as: string) =>
    new Request(`http://localhost/mcp?as=${as}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
    });
  const doorAt = (clock: FakeClock) =>
    new McpDoor({ relay: new FakeRelay(), version: '0', clock, random: systemRandom, log: silentLog });

  it('are for each guest a part, and some for the owner alone', async () => {
    const clock = new FakeClock();
    const door = doorAt(clock);
    const answers: ServerResponse[] = [];
    const come = async (person: number, names: number) => {
      const codes = new Map<string, number>();
      for (let n = 0; n < names; n += 1) {
        const outgoing = new ServerResponse(new IncomingMessage(new net.Socket()));
        answers.push(outgoing);
        const served = door.serve(request(`N-${answers.length}`), outgoing, { identity: { person } });
        const code = await served.then(
          () => 'ok',
          (error) => error.code as string,
        );
        codes.set(code, (codes.get(code) ?? 0) + 1);
      }
      return Object.fromEntries(codes);
    };
    expect(await come(2, 20)).toEqual({ ok: 16, too_many_connections: 4 });
    expect(await come(3, 16)).toEqual({ ok: 16 });
    expect(await come(4, 16)).toEqual({ ok: 16 });
    expect(await come(5, 1)).toEqual({ too_many_connections: 1 });
    expect(await come(OWNER, 17)).toEqual({ ok: 16, too_many_connections: 1 });
    answers[0]?.emit('close');
    clock.advance(TIMES.lease + 1);
    // That one name is idle does not give a guest who has all of its own another one.
    expect([await come(3, 1), door.size]).toEqual([{ too_many_connections: 1 }, 64]);
    expect([await come(2, 2), door.size]).toEqual([{ ok: 1, too_many_connections: 1 }, 64]);
    await door.close();
  });
});

describe('a session over HTTP', () => {
  it('makes an id for a send that has none, and keeps one that it has', async () => {
    const relay = new FakeRelay();
    const session = make(relay, new FakeClock());
    await session.send({ body: 'x', to: ['A'] });
    await session.send({ body: 'x', to: ['A'], id: 'mine' });
    expect(relay.asked.map(({ args }) => (args as { id: string }).id)).toEqual([
      expect.stringMatching(/^m[0-9a-z]{12}$/),
      'mine',
    ]);
  });

  it('ends by itself when the relay does not answer', async () => {
    const relay = new FakeRelay();
    const clock = new FakeClock();
    relay.answer = () => new Promise(() => {});
    const answer = expect(make(relay, clock).request('status', {})).rejects.toMatchObject({ code: 'timeout' });
    await clock.run(15_001);
    await answer;
    expect(relay.asked[0]?.signal?.aborted).toBe(true);
  });

  it('waits for as long as the verb may, and a little longer', async () => {
    const relay = new FakeRelay();
    const clock = new FakeClock();
    relay.answer = () => new Promise(() => {});
    let isOver = false;
    const answer = make(relay, clock)
      .request('receive', { wait_seconds: 60 })
      .catch(() => {
        isOver = true;
      });
    await clock.run(74_000);
    expect(isOver).toBe(false);
    await clock.run(1_001);
    await answer;
    expect([isOver, clock.pending]).toEqual([true, 0]);
  });

  it('passes the end of the call on to the relay', async () => {
    const relay = new FakeRelay();
    relay.answer = untilAborted;
    const stop = new AbortController();
    const answer = expect(
      make(relay, new FakeClock()).request('receive', { wait_seconds: 60 }, stop.signal),
    ).rejects.toMatchObject({ code: 'timeout' });
    stop.abort();
    await answer;
  });

  it('goes by its new name after a rename', async () => {
    const relay = new FakeRelay();
    relay.answer = () => ({ name: 'C', was: 'B' });
    const session = make(relay, new FakeClock());
    await session.request('rename', { to: 'C' });
    await session.request('status', {});
    expect([session.state.name, relay.asked[1]?.caller]).toEqual(['C', { name: 'C' }]);
  });

  it('says when the relay takes nothing', () => {
    const relay = new FakeRelay();
    const { state } = make(relay, new FakeClock());
    expect([state.connected, state.trouble]).toEqual([true, undefined]);
    relay.ready = false;
    expect([state.connected, state.trouble]).toEqual([false, expect.any(String)]);
  });

  it('holds no more positions than it may for the evidence', async () => {
    const relay = new FakeRelay();
    relay.answer = () => ({ changed: 1 });
    const session = make(relay, new FakeClock());
    session.handed(Array.from({ length: 2_000 }, (_, n) => envelope(n)));
    session.called();
    const seen = relay.asked.at(-1)?.args as { state: string; positions: number[] };
    expect([seen.state, seen.positions.length, seen.positions[0]]).toEqual(['seen', 1_024, 976]);
  });

  it('keeps quiet when a receipt is refused', async () => {
    const relay = new FakeRelay();
    relay.answer = () => {
      throw new Error('no');
    };
    make(relay, new FakeClock()).handed([envelope(1)]);
    await settle();
    expect(relay.asked).toHaveLength(1);
  });
});
