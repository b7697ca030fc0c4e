/** `npm run demo`. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../../scripts/ensure.mjs';
import { machine } from '../support/cli.ts';

const HOPS = [
  'relay: ready',
  'CC-1: initialize answered',
  'CC-2: initialize answered',
  'both connected',
  'CC-1: relay_send to CC-2, stored and answered',
  'CC-2: its waiting relay_receive has it',
  'CC-2: relay_send in reply',
  'CC-1: relay_receive',
  'CC-1: relay_status says that CC-2 replied',
];

it('the demo prints its hops with their times and ends with 0', async () => {
  const m = machine();
  const { code, stdout, stderr } = await m.spawn(process.execPath, [join(ROOT, 'scripts/demo.mjs')], { input: '' })
    .ended;
  expect({ code, stderr: stderr.includes('demo:') }).toEqual({ code: 0, stderr: false });
  const hops = [...stdout.matchAll(/^ *(\d+\.\d) ms {2}(.*)$/gm)];
  expect(hops.map(([, , what]) => what)).toEqual(HOPS);
  expect(hops.every(([, ms]) => Number(ms) > 0)).toBe(true);
  expect(stdout.trim().split('\n').at(-1)).toBe('demo: one message there, one back, every receipt as it should be');
});
