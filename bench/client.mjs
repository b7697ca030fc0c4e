/** Our own client as one file, for a generator to load. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../scripts/ensure.mjs';

const SOURCE = `
import { RelayClient } from './src/client/client.ts';
import { MemoryKeys } from './src/client/keys.ts';
import { connectWebSocket } from './src/client/socket.ts';
import { systemClock } from './src/util/clock.ts';
import { instanceId, systemRandom } from './src/util/random.ts';

export async function connected({ url, token }, name) {
  const client = new RelayClient({
    url: () => url,
    token: () => token,
    hello: { name, seat: true, window: 0 },
    instance: instanceId(systemRandom),
    keys: new MemoryKeys(),
    clock: systemClock,
    random: systemRandom,
    connect: connectWebSocket,
  });
  const welcome = new Promise((resolve) => client.on('welcome', resolve));
  client.start();
  await welcome;
  return client;
}
`;

/** Answers with the path of its module: \`connected(address, name)\` answers with a client that is welcome. @returns {Promise<string>} */
export async function client() {
  const { rolldown } = await import('rolldown');
  const entry = join(ROOT, 'bench-client.ts');
  const build = await rolldown({
    input: entry,
    plugins: [
      {
        name: 'entry',
        resolveId: (source) => (source === entry ? entry : null),
        load: (id) => (id === entry ? SOURCE : null),
      },
    ],
    platform: 'node',
    tsconfig: false,
  });
  const { output } = await build.generate({ format: 'esm', codeSplitting: false });
  const folder = join(ROOT, 'node_modules/.cache/bench-client');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'client.mjs');
  writeFileSync(path, output[0].code);
  return path;
}
