import { expect, it } from 'vitest';
import { begunWith } from '../../../src/plugins/opencode/begun-with.ts';

it.each([
  [[], undefined],
  [['-s', 'ses_1'], { id: 'ses_1' }],
  [['--session', 'ses_1', '--agent', 'plan'], { id: 'ses_1' }],
  [['--session=ses_1'], { id: 'ses_1' }],
  [['-s=ses_1'], { id: 'ses_1' }],
  [['-c'], 'newest'],
  [['run', '--continue', 'hello'], 'newest'],
  [['--continue', '--session', 'ses_1'], { id: 'ses_1' }],
  [['--continue', '--fork'], undefined],
  [['-s'], undefined],
  [['serve', '--port', '1'], undefined],
])('opencode %j opened %j', (args, begun) => {
  expect(begunWith(['/usr/bin/opencode', ...args])).toEqual(begun);
});
