/** A first-generation client over a socket in memory, and a relay that a test plays frame by frame. */
import { describe, expect, it } from 'vitest';
import { RelayError } from '../../src/protocol/codes.ts';
import { connectLegacy } from '../../src/relay/legacy.ts';
import type { Socket } from '../../src/relay/socket.ts';
import { MemorySocket } from '../../src/transports/memory.ts';
import { systemRandom } from '../../src/util/random.ts';
import { Heard } from '../contract/socket.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';

interface Said {
  readonly type: string;
  readonly id?: number;
  readonly verb?: string;
  readonly args?: { readonly positions?: readonly number[] };
}

function rig() {
  const clock = new FakeClock();
  const [wire, client] = MemorySocket.pair();
  const heard = new Heard();
  client.listen(heard);
  const links: Socket[] = [];
  const relaySide = new Heard();
  const relay = {
    connect(socket: Socket, options?: { keyless?: boolean }) {
      expect(options).toEqual({ keyless: true });
      links.push(socket);
      socket.listen(relaySide);
    },
    perform: async () => {
      throw new RelayError('shutting_down');
    },
  };
  connectLegacy(wire, { relay, clock, random: systemRandom });
  const told = () => relaySide.texts.map((text): Said => JSON.parse(text));
  return {
    clock,
    wire,
    client,
    heard,
    links,
    relaySide,
    told,
    frames: () => heard.texts.map((text) => JSON.parse(text)),
    say: (frame: object) => client.send(JSON.stringify(frame)),
    relaySays: (frame: object) => links.at(-1)?.send(JSON.stringify(frame)),
    /** Answers the last request of that verb. */
    answers(verb: string, result: object) {
      const id = told().findLast((frame) => frame.verb === verb)?.id;
      links.at(-1)?.send(JSON.stringify({ type: 'answer', id, result }));
    },
    async registered() {
      this.say({ type: 'register', clientId: 'A' });
      await settle();
      this.relaySays({ type: 'welcome', v: 1, name: 'A', epoch: 'e', position: 0, unread: 0, version: '1' });
      await settle();
      this.answers('peers', { peers: [{ name: 'A' }], more: 0 });
      await settle();
    },
  };
}

const deliver = (...positions: number[]) => ({
  type: 'deliver',
  messages: positions.map((position) => ({
    id: `m${position}`,
    position,
    from: 'B',
    to: ['A'],
    at: 0,
    body: `${position}`,
  })),
  unread: positions.length,
});
const receiptsOf = (told: readonly Said[]) =>
  told.filter(({ verb }) => verb === 'receipt').map(({ args }) => args?.positions);

describe('a first-generation client', () => {
  it('says hello as a session with a window, and is told when it is registered', async () => {
    const it = rig();
    await it.registered();
    expect(it.told()[0]).toMatchObject({ type: 'hello', v: 1, name: 'A', seat: true, presence: true, window: 32 });
    expect(it.frames()).toEqual([{ type: 'registered', clientId: 'A', peers: [] }]);
  });

  it('is told why it is not registered, and let go with the code of the relay', async () => {
    const it = rig();
    it.say({ type: 'register', clientId: 'A' });
    await settle();
    it.relaySays({
      type: 'error',
      code: 'too_many_sessions',
      message: 'This relay knows as many sessions as it may.',
      retry: false,
    });
    it.links[0]?.close(4429, 'too_many_sessions');
    await settle();
    expect(it.frames()).toEqual([{ type: 'error', message: 'This relay knows as many sessions as it may.' }]);
    expect(it.heard.closes).toEqual([4429]);
  });

  it('gets nothing pushed before it is told that it is registered', async () => {
    const it = rig();
    it.say({ type: 'register', clientId: 'A' });
    await settle();
    it.relaySays({ type: 'welcome', v: 1, name: 'A', epoch: 'e', position: 0, unread: 1, version: '1' });
    it.relaySays(deliver(1));
    it.relaySays({ type: 'presence', event: 'joined', name: 'B', at: 0 });
    await settle();
    expect(it.frames()).toEqual([]);
    it.answers('peers', { peers: [{ name: 'A' }], more: 0 });
    await settle();
    expect(it.frames().map(({ type }) => type)).toEqual(['registered', 'message', 'peer_joined']);
  });

  it('has been handed what was pushed when its pong is back, not before', async () => {
    const it = rig();
    await it.registered();
    it.client.frozen = true;
    it.relaySays(deliver(1, 2));
    await settle();
    expect(receiptsOf(it.told())).toEqual([]);
    it.client.frozen = false;
    it.links[0]?.ping('1');
    await settle();
    expect(receiptsOf(it.told())).toEqual([[1, 2]]);
  });

  it('has been handed all that was pushed before a ping whose pong is back, also when it folds its pongs into one', async () => {
    const it = rig();
    await it.registered();
    it.client.frozen = true;
    for (const position of [1, 2, 3]) it.relaySays(deliver(position));
    it.links[0]?.ping('7');
    it.relaySays(deliver(4));
    await settle();
    const pings = it.client.pings.slice(-5);
    it.client.pong('of nothing');
    it.client.pong(pings[3] ?? '');
    await settle();
    expect(receiptsOf(it.told())).toEqual([[1, 2, 3]]);
    it.client.pong(pings[3] ?? '');
    it.client.pong(pings[4] ?? '');
    await settle();
    expect(receiptsOf(it.told())).toEqual([[1, 2, 3], [4]]);
    expect(it.relaySide.pongs.filter((mark) => mark !== '')).toEqual(['7']);
  });

  it('that answers no ping makes no more than so many grow, and what they prove is not forgotten', async () => {
    const it = rig();
    await it.registered();
    it.client.frozen = true;
    it.relaySays(deliver(1));
    for (let n = 1; n <= 100; n += 1) it.links[0]?.ping(`${n}`);
    await settle();
    const pings = it.client.pings.slice(-100);
    // Folded into one that came later.
    it.client.pong(pings[30] ?? '');
    await settle();
    expect(receiptsOf(it.told())).toEqual([]);
    it.client.pong(pings[60] ?? '');
    await settle();
    expect([receiptsOf(it.told()), it.relaySide.pongs.at(-1)]).toEqual([[[1]], '61']);
  });

  it('gives the relay its own pongs as well', async () => {
    const it = rig();
    await it.registered();
    const before = it.relaySide.pongs.length;
    it.links[0]?.ping('1');
    await settle();
    expect(it.relaySide.pongs.slice(before)).toEqual(['1']);
    expect(receiptsOf(it.told())).toEqual([]);
  });

  it('is let go after a minute in which it was nobody and said nothing', async () => {
    const it = rig();
    await it.clock.run(59_000);
    it.say({ type: 'ping' });
    await it.clock.run(59_000);
    expect(it.heard.closes).toEqual([]);
    await it.clock.run(2_000);
    expect(it.heard.closes).toEqual([4408]);
  });

  it('may be as quiet as it likes once it is somebody', async () => {
    const it = rig();
    await it.registered();
    await it.clock.run(600_000);
    expect([it.heard.closes, it.clock.pending]).toEqual([[], 0]);
  });

  it('takes its session along when it goes', async () => {
    const it = rig();
    await it.registered();
    it.wire.terminate();
    await settle();
    expect(it.relaySide.closes).toEqual([1006]);
    expect(it.clock.pending).toBe(0);
  });

  it('says goodbye for its first name when it takes another', async () => {
    const it = rig();
    await it.registered();
    it.say({ type: 'register', clientId: 'OTHER' });
    await settle();
    expect(it.told().filter(({ type }) => type === 'bye')).toHaveLength(1);
    expect(it.links).toHaveLength(2);
    it.links[0]?.send(JSON.stringify(deliver(7)));
    it.links[0]?.close(1000, 'bye');
    await settle();
    expect(it.frames().some(({ type }) => type === 'message')).toBe(false);
    expect(it.heard.closes).toEqual([]);
  });

  it('is told what the relay says of itself, and ends with it', async () => {
    const it = rig();
    await it.registered();
    it.relaySays({ type: 'error', code: 'shutting_down', message: 'The relay is going down.', retry: true });
    it.links[0]?.close(1001, 'shutting_down');
    await settle();
    expect(it.frames().at(-1)).toEqual({ type: 'error', message: 'The relay is going down.' });
    expect(it.heard.closes).toEqual([1001]);
  });

  it('gets an error for a request that was under way when the relay went', async () => {
    const it = rig();
    await it.registered();
    it.say({ type: 'message', content: 'x' });
    await settle();
    it.links[0]?.close(1001, 'shutting_down');
    await settle();
    expect(it.told().filter(({ verb }) => verb === 'send')).toHaveLength(1);
    expect(it.heard.closes).toEqual([1001]);
  });
});
