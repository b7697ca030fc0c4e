/** `export --about` asks a relay that runs: its refusal is an answer, not one that breaks off. */
import { expect, it } from 'vitest';
import { atRelay } from '../../support/at-relay.ts';

it('refuses to tell about nobody, while the relay runs', async () => {
  const at = await atRelay();
  await at.ok(['status', '--as', 'B']);
  const { code, out, err } = await at.run(['export', '--about', 'build']);
  expect([code, out, err]).toEqual([4, '', expect.stringContaining('Nobody called build was ever here')]);
});
