import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { runningRelay } from '../../src/cli/relay-here.ts';
import { statePaths } from '../../src/config/paths.ts';
import { writeRelayFile } from '../../src/config/relay-file.ts';
import { type LiveRelay, liveRelay } from '../support/live-relay.ts';
import { tempDir } from '../support/temp-dir.ts';

let relay: LiveRelay | undefined;
afterEach(async () => {
  await relay?.stop();
  relay = undefined;
});

describe('the relay of a state directory', () => {
  it('is found where it says that it is, with its version and where its token lies', async () => {
    relay = await liveRelay();
    const { url, port, home } = relay;
    expect(await runningRelay(home)).toEqual({ url, port, home, version: '0.0.0-test' });
  });

  it('is none where none has ever run', async () => {
    expect(await runningRelay(tempDir())).toBeUndefined();
  });

  it('is none when its process is gone, and when it does not answer', async () => {
    const home = tempDir();
    const facts = { port: 1, url: 'ws://127.0.0.1:1', version: '1', started: 1 };
    writeRelayFile(home, { ...facts, pid: 2 ** 22 + 1 });
    expect(await runningRelay(home)).toBeUndefined();
    writeRelayFile(home, { ...facts, pid: process.pid });
    expect(await runningRelay(home)).toBeUndefined();
  });

  it('is none when something else answers at its port', async () => {
    const server = createServer((_request, response) => response.writeHead(404).end('no relay'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const home = tempDir();
    writeRelayFile(home, { pid: process.pid, port, url: `ws://127.0.0.1:${port}`, version: '1', started: 1 });
    expect(await runningRelay(home)).toBeUndefined();
    await new Promise((resolve) => server.close(resolve));
  });

  it('that refuses our token is an error, not none: another one would not help', async () => {
    relay = await liveRelay();
    writeFileSync(statePaths(relay.home).token, `${'x'.repeat(43)}\n`, { mode: 0o600 });
    await expect(runningRelay(relay.home)).rejects.toMatchObject({ code: 'unauthorized' });
  });
});
