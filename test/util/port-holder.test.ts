import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { isPortTaken, listeningInodes, parseLsof, portHolder } from '../../src/util/port-holder.ts';
import { FakeRunner } from '../support/command-line.ts';

const servers: Server[] = [];

async function listen(host: string): Promise<number> {
  const server = createServer((socket) => socket.destroy());
  servers.push(server);
  server.listen(0, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.close();
    await once(server, 'close');
  }
});

describe('a port', () => {
  it.each(['127.0.0.1', '::1', '0.0.0.0'])('that something listens on at %s is taken', async (host) => {
    expect(await isPortTaken(await listen(host))).toBe(true);
  });

  it('that was given up is free', async () => {
    const port = await listen('127.0.0.1');
    servers[0]?.close();
    await once(servers[0] as Server, 'close');
    servers.length = 0;
    expect(await isPortTaken(port)).toBe(false);
  });

  it.runIf(process.platform === 'linux').each(['127.0.0.1', '::1'])('at %s is held by this process', async (host) => {
    const port = await listen(host);
    const runner = new FakeRunner();
    expect(await portHolder(port, runner.run)).toMatchObject({ pid: process.pid });
    expect(runner.calls).toEqual([]);
  });

  it.runIf(process.platform === 'linux')('that nobody listens on is held by nobody', async () => {
    expect(await portHolder(1, new FakeRunner().run)).toBeUndefined();
  });

  it('is asked of lsof elsewhere', async () => {
    const runner = new FakeRunner([['lsof', { stdout: 'p42\ncnode\nf18\n' }]]);
    expect(await portHolder(9999, runner.run, 'darwin')).toEqual({ pid: 42, program: 'node' });
    expect(runner.calls).toEqual([['lsof', '-nP', '-iTCP:9999', '-sTCP:LISTEN', '-Fpc']]);
    expect(await portHolder(9999, new FakeRunner([['lsof', { code: 1 }]]).run, 'darwin')).toBeUndefined();
    expect(await portHolder(9999, new FakeRunner([['lsof', { code: 127 }]]).run, 'darwin')).toBeUndefined();
  });
});

describe('what lsof says', () => {
  it.each([
    ['p42\ncnode\nf18\n', { pid: 42, program: 'node' }],
    ['p42\n', { pid: 42, program: 'unknown' }],
    ['', undefined],
    ['px\n', undefined],
  ])('%j', (text, holder) => {
    expect(parseLsof(text)).toEqual(holder);
  });
});

describe('the table of /proc', () => {
  const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:270F 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 111 1 0 100 0 0 10 0
   1: 0100007F:270F 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 222 1 0 20 4 30 10 -1
   2: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1 0 100 0 0 10 0
   3: 00000000000000000000000001000000:270F 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 444 1
`;

  it.each([
    [9999, ['111', '444']],
    [22, ['333']],
    [50000, []],
    [1, []],
  ])('has for the port %i who listens, not who is connected', (port, inodes) => {
    expect(listeningInodes(TABLE, port)).toEqual(inodes);
  });

  it('may be empty', () => {
    expect(listeningInodes('', 1)).toEqual([]);
  });
});
