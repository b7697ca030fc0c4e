import { describe, expect, it } from 'vitest';
import { RelayError } from '../../src/protocol/codes.ts';
import type { LegacyFrame, LegacyRequest } from '../../src/protocol/legacy.ts';
import { LegacyQueue } from '../../src/relay/legacy-queue.ts';
import { settle } from '../support/fake-clock.ts';

/** A queue whose requests a test ends one by one, by the order of their beginning. */
function rig() {
  const begun: LegacyRequest[] = [];
  const ends: ((frame: LegacyFrame) => void)[] = [];
  const said: LegacyFrame[] = [];
  const perform = (request: LegacyRequest) => {
    begun.push(request);
    return new Promise<LegacyFrame>((resolve) => ends.push(resolve));
  };
  const queue = new LegacyQueue(perform, (frame) => void said.push(frame));
  return { queue, begun, ends, said, end: (n: number) => ends[n]?.({ type: 'pong', timestamp: n }) };
}

const ping = '{"type":"ping"}';
const register = '{"type":"register","clientId":"A"}';

describe('the requests of a first-generation client', () => {
  it('are answered in their order, whichever is done first', async () => {
    const { queue, said, end } = rig();
    for (let n = 0; n < 3; n += 1) queue.push(ping);
    end(2);
    end(1);
    await settle();
    expect(said).toEqual([]);
    end(0);
    await settle();
    expect(said).toEqual([0, 1, 2].map((timestamp) => ({ type: 'pong', timestamp })));
  });

  it('are answered with an error in their order, too', async () => {
    const said: LegacyFrame[] = [];
    const perform = async (request: LegacyRequest): Promise<LegacyFrame> => {
      if (request.type === 'get_peers') throw new RelayError('timeout', 'Too late.');
      return { type: 'pong', timestamp: 1 };
    };
    const queue = new LegacyQueue(perform, (frame) => void said.push(frame));
    for (const text of [ping, '{', '{"type":"get_peers"}', ping]) queue.push(text);
    await settle();
    expect(said.map((frame) => (frame.type === 'error' ? frame.message : frame.type))).toEqual([
      'pong',
      'Invalid message format',
      'Too late.',
      'pong',
    ]);
  });

  it('wait for a registration, which waits for those before it', async () => {
    const { queue, begun, end } = rig();
    for (const text of [ping, register, ping, ping]) queue.push(text);
    expect(begun.map(({ type }) => type)).toEqual(['ping']);
    end(0);
    await settle();
    expect(begun.map(({ type }) => type)).toEqual(['ping', 'register']);
    end(1);
    await settle();
    expect(begun.map(({ type }) => type)).toEqual(['ping', 'register', 'ping', 'ping']);
  });

  it('are worked on 32 at a time', async () => {
    const { queue, begun, end } = rig();
    for (let n = 0; n < 40; n += 1) queue.push(ping);
    expect(begun).toHaveLength(32);
    end(0);
    await settle();
    expect(begun).toHaveLength(33);
  });

  it('are refused, not dropped, past what may wait', () => {
    const { queue, said } = rig();
    for (let n = 0; n < 32 + 1_000; n += 1) queue.push(ping);
    expect(said).toEqual([]);
    queue.push(ping);
    expect(said).toEqual([{ type: 'error', message: expect.stringContaining('later') }]);
  });

  it('may wait up to 4 MiB of text', () => {
    const { queue, said } = rig();
    const large = JSON.stringify({ type: 'message', content: 'x'.repeat(250_000) });
    for (let n = 0; n < 32 + 16; n += 1) queue.push(large);
    expect(said).toEqual([]);
    queue.push(large);
    expect(said).toHaveLength(1);
  });

  it('are forgotten when the client has gone, but for those begun', async () => {
    const { queue, begun, end } = rig();
    for (let n = 0; n < 40; n += 1) queue.push(ping);
    queue.clear();
    end(0);
    await settle();
    expect(begun).toHaveLength(32);
  });
});
