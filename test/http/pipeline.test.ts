/** Requests of one connection that wait behind each other, and what becomes of them when it closes. */
import net from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/protocol/limits.ts';
import { untilAborted } from '../support/fake-relay.ts';
import { type HttpRig, httpRig, TOKEN } from '../support/http-rig.ts';

let rig: HttpRig;
beforeEach(async () => {
  rig = await httpRig();
});
afterEach(() => rig.stop());

const receive = () =>
  `POST /v1/receive HTTP/1.1\r\nHost: localhost:${rig.port}\r\nAuthorization: Bearer ${TOKEN}\r\nRelay-As: B\r\nContent-Length: 0\r\n\r\n`;

async function piped(count: number): Promise<net.Socket> {
  const socket = net.connect(rig.port, '127.0.0.1').on('error', () => {});
  socket.write(receive().repeat(count));
  await expect.poll(() => rig.relay.asked).toHaveLength(count);
  return socket;
}

function underWay(): number {
  let count = 0;
  rig.listening.cutFor(() => {
    count += 1;
    return true;
  });
  return count;
}

describe('requests that wait for their turn', () => {
  it('end with their connection, the one that is being answered and those behind it', async () => {
    rig.relay.answer = untilAborted;
    const socket = await piped(LIMITS.pipelined);
    expect(underWay()).toBe(LIMITS.pipelined);
    socket.destroy();
    await expect.poll(() => rig.relay.asked.filter(({ signal }) => signal?.aborted)).toHaveLength(LIMITS.pipelined);
    expect(underWay()).toBe(0);
  });

  it('are over, too, when they were answered already and the answer waits', async () => {
    rig.relay.answer = (asked) => (rig.relay.asked.length > 1 ? {} : untilAborted(asked));
    const socket = await piped(3);
    socket.destroy();
    await expect.poll(underWay).toBe(0);
  });

  it('are told once, and not at all of a connection whose answers all came', async () => {
    const closes: number[] = [];
    await rig.stop();
    rig = await httpRig({
      answer: async (_incoming, outgoing) => {
        const number = closes.push(0) - 1;
        outgoing.on('close', () => {
          closes[number] = (closes[number] ?? 0) + 1;
        });
        if (number === 0) outgoing.end('ok');
      },
    });
    const socket = net.connect(rig.port, '127.0.0.1').on('error', () => {});
    socket.write(receive().repeat(3));
    await expect.poll(() => closes).toEqual([1, 0, 0]);
    socket.destroy();
    await expect.poll(() => closes).toEqual([1, 1, 1]);
  });
});
