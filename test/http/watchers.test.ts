import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import net from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Watchers } from '../../src/http/watchers.ts';
import { INBOX_URI } from '../../src/mcp/inbox-resource.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { type HttpRig, httpRig, TOKEN } from '../support/http-rig.ts';

// With the real number it would take hours of news to fill what the system keeps for a connection.
vi.mock('../../src/protocol/limits.ts', async (load) => {
  const real = await load<typeof import('../../src/protocol/limits.ts')>();
  return { ...real, LIMITS: { ...real.LIMITS, mcpIdChars: 100_000 } };
});

/** As much of a response as is asked; `isCut` when its connection was. */
class FakeStream extends EventEmitter {
  writableNeedDrain = false;
  isCut = false;
  readonly req = {
    socket: {
      destroy: () => {
        this.isCut = true;
        this.emit('close');
      },
    },
  };
}

let clock: FakeClock;
let told: number[];
let watchers: Watchers;
beforeEach(() => {
  clock = new FakeClock();
  told = [];
  watchers = new Watchers(clock, () => void told.push(clock.monotonic()));
});

function watching(): FakeStream {
  const stream = new FakeStream();
  watchers.add(stream as unknown as ServerResponse);
  return stream;
}

describe('who watches an inbox', () => {
  it('is told of the first mail at once, and of what follows once a second', () => {
    watching();
    watchers.news();
    for (let n = 0; n < 500; n += 1) {
      clock.advance(5);
      watchers.news();
    }
    clock.advance(10_000);
    expect(told).toEqual([0, 1_000, 2_000, 3_000]);
    watchers.news();
    expect(told.at(-1)).toBe(12_500);
  });

  it('is cut off when it reads nothing from one piece of news to the next', () => {
    const [reads, stuck, slow] = [watching(), watching(), watching()];
    stuck.writableNeedDrain = true;
    slow.writableNeedDrain = true;
    watchers.news();
    expect([reads.isCut, stuck.isCut, slow.isCut]).toEqual([false, false, false]);
    slow.writableNeedDrain = false;
    watchers.news();
    clock.advance(1_000);
    expect([reads.isCut, stuck.isCut, slow.isCut]).toEqual([false, true, false]);
    slow.writableNeedDrain = true;
    watchers.news();
    clock.advance(1_000);
    expect(slow.isCut).toBe(false);
  });

  it('costs nothing when it is nobody, or nobody any more', () => {
    watchers.news();
    expect([told, clock.pending]).toEqual([[], 0]);
    watching().emit('close');
    watchers.news();
    expect([told, clock.pending]).toEqual([[], 0]);
  });

  it('is told nothing after the end', () => {
    watching();
    watchers.news();
    watchers.news();
    watchers.stop();
    watchers.stop();
    clock.advance(5_000);
    expect([told, clock.pending]).toEqual([[0], 0]);
  });
});

describe('who subscribed to an inbox at /mcp', () => {
  let rig: HttpRig;
  beforeEach(async () => {
    rig = await httpRig();
  });
  afterEach(() => rig.stop());

  /** A connection with one open subscription, which was acknowledged, and what came on it. */
  async function subscribed(id = 'watch'): Promise<{ socket: net.Socket; read(): string }> {
    const meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    const params = { _meta: meta, notifications: { resourceSubscriptions: [INBOX_URI] } };
    const body = JSON.stringify({ jsonrpc: '2.0', id, method: 'subscriptions/listen', params });
    const headers = [
      `Host: localhost:${rig.port}`,
      `Authorization: Bearer ${TOKEN}`,
      'Content-Type: application/json',
      'Accept: application/json, text/event-stream',
      'MCP-Protocol-Version: 2026-07-28',
      'MCP-Method: subscriptions/listen',
      `Content-Length: ${body.length}`,
    ];
    const socket = net.connect(rig.port, '127.0.0.1').on('error', () => {});
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.write(`POST /mcp?as=B HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n${body}`);
    await expect.poll(() => text, { timeout: 5_000 }).toContain('acknowledged');
    return { socket, read: () => text };
  }
  const mail = () => rig.relay.mail('B');
  const underWay = () => {
    let count = 0;
    rig.listening.cutFor(() => ++count > 0);
    return count;
  };

  it('hears of a hundred mails at once, and once more a second later', async () => {
    const { socket, read } = await subscribed();
    const heard = () => read().split('resources/updated').length - 1;
    for (let n = 0; n < 100; n += 1) mail();
    await expect.poll(heard).toBe(1);
    await settle(20);
    rig.clock.advance(1_000);
    await expect.poll(heard).toBe(2);
    rig.clock.advance(10_000);
    await settle(20);
    expect(heard()).toBe(2);
    socket.destroy();
  });

  it('is cut off when it does not read', async () => {
    const { socket } = await subscribed('w'.repeat(100_000));
    socket.pause();
    // What the system keeps for the two of them is some megabytes.
    for (let n = 0; n < 300 && underWay() > 0; n += 1) {
      mail();
      await settle(20);
      rig.clock.advance(1_000);
    }
    expect(underWay()).toBe(0);
    socket.destroy();
  });

  it('leaves no ear behind, and no timer', async () => {
    for (let n = 0; n < 3; n += 1) (await subscribed()).socket.destroy();
    expect(rig.relay.listening('B')).toBe(1);
    const { socket } = await subscribed();
    mail();
    const pending = rig.clock.pending;
    await rig.mcp.close();
    expect([rig.relay.listening('B'), rig.clock.pending]).toEqual([0, pending - 1]);
    socket.destroy();
  });
});
