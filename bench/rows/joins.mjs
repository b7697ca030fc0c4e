/**
 * A thousand sessions join: the bytes that the relay pushes to all of them together, frames, handshakes and all. Once as
 * session processes say hello, and (for orientation) as watchers do, who want to be told of everybody who comes.
 */
import { runLoad } from '../load/run.mjs';
import { prefix } from '../row.mjs';
import { startRelay } from '../servers/start.mjs';

const ABOUT = {
  kind: 'agent',
  host: 'a-machine.example',
  cwd: '/home/somebody/src/project',
  program: 'claude-code',
  version: '2.1.330',
};

/** @type {import('../row.mjs').Run} */
export async function run() {
  return [
    {
      what: 'pushed to 1,000 who join',
      value: await pushed({ window: 0, about: ABOUT }),
      unit: 'MB',
      atLeast: 25,
      lookFor: 2,
      better: 'less',
    },
    {
      what: 'pushed to 1,000 who join and watch presence',
      value: await pushed({ window: 0, presence: true, about: ABOUT }),
      unit: 'MB',
    },
  ];
}

/** @param {object} hello */
async function pushed(hello) {
  const { stop, ...server } = await startRelay();
  const { bytes } = await runLoad('crowd', { server, prefix: prefix(), steps: [1_000], hello });
  await stop();
  return bytes / 1e6;
}
