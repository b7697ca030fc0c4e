/** The owner's token, on a disk that does not take everything. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { askPeople } from '../../src/client/admin.ts';
import { silentLog } from '../../src/relay/log.ts';
import { type Running, startRelay } from '../../src/serve/start.ts';
import { codeOf } from '../relay/kit.ts';
import { ask, bearer } from '../support/raw-http.ts';
import { tempDir } from '../support/temp-dir.ts';

const disk = vi.hoisted(() => ({ fails: 'nowhere' as 'nowhere' | 'files' | 'directories' }));
vi.mock('node:fs', async (load) => {
  const real = await load<typeof import('node:fs')>();
  const fsyncSync = (fd: number) => {
    const what = real.fstatSync(fd).isDirectory() ? 'directories' : 'files';
    if (disk.fails === what) throw Object.assign(new Error('EIO'), { code: 'EIO' });
    real.fsyncSync(fd);
  };
  return { ...real, fsyncSync };
});

let relay: Running;
afterEach(async () => {
  disk.fails = 'nowhere';
  await relay.stop();
});

it.each(['files', 'directories'] as const)(
  'is what its file says after a rotation that failed at the sync of %s',
  async (fails) => {
    const home = join(tempDir(), 'home');
    mkdirSync(home, { mode: 0o700 });
    relay = await startRelay({ host: '127.0.0.1', port: 0, version: '1.2.3', log: silentLog, owner: 'anna', home });
    disk.fails = fails;
    expect(await codeOf(askPeople('rotate-token', {}, { url: relay.url, token: relay.token }))).toBe('internal');
    const status = async (token: string) =>
      (await ask({ port: relay.port, method: 'POST', path: '/v1/status', headers: bearer(token) })).status;
    const token = readFileSync(join(home, 'token'), 'utf8').trim();
    expect(await status(token)).toBe(200);
    expect(await status(relay.token)).toBe(fails === 'files' ? 200 : 401);
  },
);
