import { channel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { addressesOf, bindAll, isLoopback } from '../../src/http/bind.ts';
import { crowded } from '../../src/http/body.ts';
import { LIMITS } from '../../src/protocol/limits.ts';
import { type HttpRig, httpRig, TOKEN } from '../support/http-rig.ts';
import { ask, bearer, exchange } from '../support/raw-http.ts';
import { WireClient } from '../support/wire-client.ts';

const requests = channel('http.server.request.start');
const rigs: HttpRig[] = [];
const started = async (...args: Parameters<typeof httpRig>) => {
  const rig = await httpRig(...args);
  rigs.push(rig);
  return rig;
};
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.stop();
});

/** Holds one port on one address until it is told. */
async function squat(host: string, port = 0): Promise<{ port: number; stop(): Promise<void> }> {
  const server = net.createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, ipv6Only: host === '::1' }, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

const hasIpv6 = await squat('::1').then(
  (held) => held.stop().then(() => true),
  () => false,
);

describe('a request that nothing could be loaded to answer', () => {
  it('is told so, and logged; others are served', async () => {
    let isBroken = true;
    const rig = await started({
      answer: async (_incoming, outgoing) => {
        if (isBroken) throw new Error('Cannot find module');
        outgoing.end('ok');
      },
    });
    const failed = await ask({ port: rig.port, path: '/healthz' });
    expect([failed.status, JSON.parse(failed.body).error.code]).toEqual([500, 'internal']);
    expect(JSON.stringify(rig.log.lines)).toContain('a request could not be answered');
    isBroken = false;
    expect((await ask({ port: rig.port, path: '/healthz' })).status).toBe(200);
  });
});

describe('a connection that says nothing', () => {
  /** Comes and goes. */
  const visit = (port: number) =>
    new Promise<void>((resolve, reject) => {
      const socket = net.connect(port, '127.0.0.1', () => socket.destroy());
      socket.once('close', () => resolve()).once('error', reject);
    });

  it('is not counted any more when it has gone: the oldest of those that are here stays', async () => {
    const rig = await started();
    const held = net.connect(rig.port, '127.0.0.1');
    let said = '';
    held.on('data', (data) => {
      said += data;
    });
    const isOver = once(held, 'close');
    await once(held, 'connect');
    for (let left = 1.5 * LIMITS.strangers; left > 0; left -= 64)
      await Promise.all(Array.from({ length: 64 }, () => visit(rig.port)));
    held.write(`GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${rig.port}\r\nConnection: close\r\n\r\n`);
    await isOver;
    // It may have been too slow by then; whoever has to make room is told nothing.
    expect(said).toMatch(/^HTTP\/1\.1 (200|408) /);
  }, 60_000);
});

describe('the addresses', () => {
  it.each([
    ['localhost', ['127.0.0.1', '::1'], true],
    ['127.0.0.1', ['127.0.0.1'], true],
    ['127.8.9.1', ['127.8.9.1'], true],
    ['::1', ['::1'], true],
    ['[::1]', ['::1'], true],
    ['0.0.0.0', ['0.0.0.0'], false],
    ['::', ['::'], false],
    ['192.168.1.2', ['192.168.1.2'], false],
    ['relay.example', ['relay.example'], false],
    ['localhost.evil.example', ['localhost.evil.example'], false],
    ['127.0.0.1.evil.example', ['127.0.0.1.evil.example'], false],
  ])('of %s are %j, on this machine only: %s', (host, addresses, here) => {
    expect([addressesOf(host), isLoopback(host)]).toEqual([addresses, here]);
  });

  it.skipIf(!hasIpv6)('of localhost are both answered, on one port', async () => {
    const rig = await started({ host: 'localhost' });
    for (const host of ['127.0.0.1', '::1'])
      expect((await ask({ port: rig.port, host, path: '/healthz' })).status).toBe(200);
  });

  it.skipIf(!hasIpv6)('are all given back when one of them is taken', async () => {
    const held = await squat('::1');
    await expect(httpRig({ host: 'localhost', port: held.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    const free = await squat('127.0.0.1', held.port);
    await free.stop();
    await held.stop();
  });

  it.skipIf(!hasIpv6)('share another free port when the first one is taken on IPv6', async () => {
    const held = await squat('::1');
    let isFirst = true;
    const make = () => {
      const server = createServer();
      const listenOn = server.listen.bind(server);
      // The system's first choice is played: it falls on the port that is taken on the other address.
      if (isFirst)
        Object.assign(server, { listen: (_: object, done: () => void) => listenOn(held.port, '127.0.0.1', done) });
      isFirst = false;
      return server;
    };
    const bound = await bindAll('localhost', 0, make);
    expect(bound.port).not.toBe(held.port);
    expect(bound.servers.map((server) => (server.address() as AddressInfo).port)).toEqual([bound.port, bound.port]);
    for (const server of bound.servers) server.close();
    await held.stop();
  });

  it('say which error it was when the port is in use', async () => {
    const rig = await started();
    await expect(httpRig({ port: rig.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect((await ask({ port: rig.port, path: '/healthz' })).status).toBe(200);
  });
});

describe('the server', () => {
  it('refuses headers that are too large, and lives on', async () => {
    const rig = await started();
    const answer = await exchange(
      rig.port,
      `GET /healthz HTTP/1.1\r\nHost: localhost:${rig.port}\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413/);
    expect(answer).toContain('"too_large"');
    expect((await ask({ port: rig.port, path: '/healthz' })).status).toBe(200);
  });

  it('answers what is not HTTP with 400, and lives on', async () => {
    const rig = await started();
    expect(await exchange(rig.port, '\u0016\u0003\u0001hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400/);
    expect((await ask({ port: rig.port, path: '/healthz' })).status).toBe(200);
  });

  it('does not wait for ever for the rest of a request', async () => {
    const rig = await started();
    const before = performance.now();
    await exchange(rig.port, `GET /healthz HTTP/1.1\r\nHost: localhost:${rig.port}\r\nX-Slow:`);
    expect(performance.now() - before).toBeLessThan(10_000);
  }, 15_000);

  it('says that it was too slow to who sends nothing or too little', async () => {
    const rig = await started();
    const answers = await Promise.all(['', 'GET /healthz HTTP/1.1\r\n'].map((text) => exchange(rig.port, text)));
    for (const answer of answers) {
      expect(answer).toMatch(/^HTTP\/1\.1 408/);
      expect(answer).toContain('"silent"');
    }
  }, 15_000);

  it('reads past a refused body only so far', async () => {
    const rig = await started();
    const head = `POST /v1/send HTTP/1.1\r\nHost: localhost:${rig.port}\r\nContent-Length: 10000000\r\n\r\n`;
    const answer = await exchange(rig.port, head + 'x'.repeat(300_000));
    expect(answer).toMatch(/^HTTP\/1\.1 401/);
    const whole = `${head.replace('10000000', '200000').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')}${'x'.repeat(200_000)}`;
    expect(await exchange(rig.port, whole)).toMatch(/^HTTP\/1\.1 401/);
  });

  it('answers so many requests of one connection at a time, and refuses of those behind what it has read', async () => {
    const rig = await started();
    let [underWay, most] = [0, 0];
    rig.relay.answer = async () => {
      most = Math.max(most, ++underWay);
      await new Promise((resolve) => setTimeout(resolve, 20));
      underWay -= 1;
      return {};
    };
    const one = `POST /v1/status HTTP/1.1\r\nHost: localhost:${rig.port}\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Length: 0\r\n`;
    const answer = await exchange(rig.port, `${`${one}\r\n`.repeat(39)}${one}Connection: close\r\n\r\n`);
    const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));
    expect(statuses).toHaveLength(40);
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    expect(most).toBe(LIMITS.pipelined);
    expect(rig.relay.asked).toHaveLength(statuses.filter((status) => status === 200).length);
    expect(answer).toContain('"too_many_requests"');
    expect(answer.toLowerCase()).toContain('retry-after: 1');
  });

  it('does not read on where too much is under way, until that is answered', async () => {
    const rig = await started();
    let answer: (value: unknown) => void = () => {};
    const answered = new Promise((resolve) => {
      answer = resolve;
    });
    rig.relay.answer = () => answered;
    const one = `POST /v1/status HTTP/1.1\r\nHost: localhost:${rig.port}\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Length: 0\r\n`;
    const socket = net.connect(rig.port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const seen: unknown[] = [];
    const onRequest = () => seen.push(1);
    requests.subscribe(onRequest);
    socket.write(`${`${one}\r\n`.repeat(250)}${one}Connection: close\r\n\r\n`);
    while (rig.relay.asked.length < 4) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 100));
    // A piece of what was sent, and not the 251 of them.
    expect(seen.length).toBeLessThan(20);
    expect(rig.relay.asked).toHaveLength(4);
    answer({});
    await closed;
    requests.unsubscribe(onRequest);
    const statuses = [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));
    expect(statuses).toHaveLength(251);
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
  });

  it('takes the body of the last request that may be under way', async () => {
    const rig = await started();
    rig.relay.answer = () => new Promise((resolve) => setTimeout(() => resolve({}), 20));
    const body = JSON.stringify({ text: 'x'.repeat(100_000) });
    const head = `POST /v1/status HTTP/1.1\r\nHost: localhost:${rig.port}\r\nAuthorization: Bearer ${TOKEN}\r\n`;
    const whole = (more = '') => `${head}${more}Content-Length: ${body.length}\r\n\r\n${body}`;
    const answer = await exchange(rig.port, whole().repeat(3) + whole('Connection: close\r\n'));
    expect([...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(Array(4).fill('200'));
  });

  it('does not begin a body for which there is no room, and takes one when there is again', async () => {
    const rig = await started();
    const head = (bytes: number) =>
      `POST /v1/status HTTP/1.1\r\nHost: localhost:${rig.port}\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Length: ${bytes}\r\n\r\n`;
    // Each holds back a body that is nearly whole.
    const most = Math.floor(LIMITS.unfinishedBytes / LIMITS.frameBytes);
    const holders = Array.from({ length: most }, () => net.connect(rig.port, '127.0.0.1'));
    for (const socket of holders)
      socket.on('error', () => {}).write(head(LIMITS.frameBytes) + 'x'.repeat(LIMITS.frameBytes - 1));
    await expect.poll(() => crowded(LIMITS.frameBytes)?.code, { timeout: 5_000 }).toBe('too_many_requests');
    const refused = await exchange(rig.port, head(LIMITS.frameBytes));
    expect(refused).toMatch(/^HTTP\/1\.1 429/);
    expect(refused.toLowerCase()).toContain('retry-after: 1');
    for (const socket of holders) socket.destroy();
    await expect.poll(() => crowded(LIMITS.frameBytes)).toBeUndefined();
    const body = JSON.stringify({ text: 'x'.repeat(1_000) });
    const taken = await ask({ port: rig.port, method: 'POST', path: '/v1/status', headers: bearer(TOKEN), body });
    expect(taken.status).toBe(200);
  });

  it('lives through requests without end on a connection that reads no answer', async () => {
    const rig = await started();
    const socket = net.connect(rig.port, '127.0.0.1');
    socket.pause();
    socket.on('error', () => {});
    socket.write(`GET /healthz HTTP/1.1\r\nHost: localhost:${rig.port}\r\n\r\n`.repeat(40_000));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await ask({ port: rig.port, path: '/metrics', headers: bearer(TOKEN) })).status).toBe(200);
    socket.destroy();
  });

  describe('counts what one device asks', () => {
    const status = (rig: HttpRig, token = TOKEN) =>
      ask({ port: rig.port, method: 'POST', path: '/v1/status', headers: bearer(token) });
    const spend = async (rig: HttpRig, path: string, count: number) => {
      const one = `GET ${path} HTTP/1.1\r\nHost: localhost:${rig.port}\r\nAuthorization: Bearer ${TOKEN}\r\n`;
      for (let left = count; left > 0; left -= 4)
        await exchange(rig.port, `${`${one}\r\n`.repeat(3)}${one}Connection: close\r\n\r\n`);
    };

    it('and lets a burst of 200 through', async () => {
      const rig = await started();
      const answers = await Promise.all(Array.from({ length: 200 }, () => status(rig)));
      expect(new Set(answers.map((each) => each.status))).toEqual(new Set([200]));
    });

    it('and refuses past the burst, over any number of connections, with a code and when to come again', async () => {
      const rig = await started();
      await spend(rig, '/metrics', LIMITS.requestBurst);
      const asked = rig.relay.asked.length;
      const refused = await status(rig);
      expect(refused.status).toBe(429);
      expect(refused.headers['retry-after']).toBe('1');
      expect(JSON.parse(refused.body).error).toMatchObject({ code: 'too_many_requests', retry: true });
      expect(rig.relay.asked).toHaveLength(asked);
      rig.clock.advance(20);
      expect([(await status(rig)).status, (await status(rig)).status, (await status(rig)).status]).toEqual([
        200, 200, 429,
      ]);
    });

    it('and reads nothing more from who was refused until it is time to come again', async () => {
      const rig = await started();
      await spend(rig, '/metrics', LIMITS.requestBurst);
      const socket = net.connect(rig.port, '127.0.0.1');
      const one = `POST /v1/status HTTP/1.1\r\nHost: localhost:${rig.port}\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Length: 0\r\n\r\n`;
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
      });
      const statuses = () => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
      socket.write(one);
      await expect.poll(statuses).toEqual(['429']);
      rig.clock.advance(500);
      socket.write(one);
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(statuses()).toEqual(['429']);
      rig.clock.advance(500);
      await expect.poll(statuses).toEqual(['429', '200']);
      socket.destroy();
    });

    it('and what comes without a credential by its address: probes, challenges, wrong ones', async () => {
      const rig = await started();
      await spend(rig, '/healthz', LIMITS.requestBurst);
      expect((await ask({ port: rig.port, path: '/healthz' })).status).toBe(429);
      const challenge = await ask({ port: rig.port, method: 'POST', path: '/challenge', body: '{"nonce":"n"}' });
      expect([challenge.status, challenge.headers['retry-after']]).toEqual([429, '1']);
      expect((await status(rig)).status).toBe(200);
    });
  });

  it('logs nothing about a body that broke off', async () => {
    const rig = await started();
    const head = `POST /v1/send HTTP/1.1\r\nHost: localhost:${rig.port}\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Length: 100\r\n\r\n{`;
    await new Promise<void>((resolve) => {
      const socket = net.connect(rig.port, '127.0.0.1', () =>
        socket.write(head, () => setTimeout(() => socket.destroy(), 50)),
      );
      socket.on('close', () => resolve());
    });
    await ask({ port: rig.port, path: '/healthz' });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(rig.log.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('survives callers that hang up in the middle', async () => {
    const rig = await started();
    for (const text of [
      'POST /v1/send HTTP/1.1\r\nHost: localhost',
      `POST /v1/send HTTP/1.1\r\nHost: localhost:${rig.port}\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Length: 100\r\n\r\n{`,
    ]) {
      await new Promise<void>((resolve) => {
        const socket = net.connect(rig.port, '127.0.0.1', () => socket.write(text, () => socket.destroy()));
        socket.on('close', () => resolve());
      });
    }
    expect((await ask({ port: rig.port, path: '/readyz', headers: bearer(TOKEN) })).status).toBe(200);
  });

  it('lets what is under way finish when it closes, and takes nothing new', async () => {
    const rig = await started();
    let finish: (value: unknown) => void = () => {};
    rig.relay.answer = () =>
      new Promise((resolve) => {
        finish = resolve;
      });
    const came = rig.relay.nextAsked();
    const answer = ask({ port: rig.port, method: 'POST', path: '/v1/send', headers: bearer(TOKEN) });
    await came;
    const closed = rig.listening.close();
    await expect(ask({ port: rig.port, path: '/healthz' })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    finish({ id: 'm1' });
    expect((await answer).status).toBe(200);
    await closed;
  });

  it('upgrades to WebSocket with the token, and not without', async () => {
    const rig = await started();
    const client = new WireClient(`ws://127.0.0.1:${rig.port}`, TOKEN);
    await client.opened;
    expect(rig.sockets).toHaveLength(1);
    await expect(new WireClient(`ws://127.0.0.1:${rig.port}`, 'wrong').opened).rejects.toThrow('401');
    await expect(new WireClient(`ws://127.0.0.1:${rig.port}`).opened).rejects.toThrow('401');
    expect(rig.sockets).toHaveLength(1);
    client.cut();
  });

  it('upgrades no more of one device than it may ask in so short a time', async () => {
    const rig = await started({ identity: { person: 2, device: 'd' } });
    for (let sent = 0; sent < LIMITS.requestBurst; sent++)
      await ask({ port: rig.port, path: '/metrics', headers: bearer(TOKEN) });
    await expect(new WireClient(`ws://127.0.0.1:${rig.port}`, TOKEN).opened).rejects.toThrow('429');
    rig.clock.advance(20);
    const client = new WireClient(`ws://127.0.0.1:${rig.port}`, TOKEN);
    await client.opened;
    client.cut();
  });

  it('takes first-generation clients without a token only when it is told to, still by Host and Origin', async () => {
    const legacy: unknown[] = [];
    const rig = await started({ connectLegacy: (socket) => void legacy.push(socket) });
    const client = new WireClient(`ws://127.0.0.1:${rig.port}`);
    await client.opened;
    client.cut();
    expect(legacy).toHaveLength(1);
    const head =
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
    for (const lines of [`Host: evil.example\r\n`, `Host: localhost:${rig.port}\r\nOrigin: https://evil.example\r\n`]) {
      expect(await exchange(rig.port, `GET / HTTP/1.1\r\n${lines}${head}\r\n`)).toMatch(/^HTTP\/1\.1 403/);
    }
    expect(legacy).toHaveLength(1);
    expect((await ask({ port: rig.port, method: 'POST', path: '/v1/status' })).status).toBe(401);
  });
});
