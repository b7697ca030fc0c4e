/** `accept <id|person|session>`: a person's decision about what is held. */
import type { Command } from '../command.ts';
import { DECISION_OPTIONS, decide, OF } from '../decision.ts';

export const accept: Command = {
  name: 'accept',
  summary: 'Give held messages to those whom they were sent to.',
  details:
    'Whoever they are for gets them as any other. With --always you need not be asked again, and that session is held by no brake.',
  arguments: [OF],
  options: DECISION_OPTIONS,
  settings: ['relayUrl'],
  json: true,
  examples: [
    { line: 'claude-relay accept bob --always', says: 'what bob sends, now and later', needs: 'system' },
    { line: 'claude-relay accept m4k7z2p9q0rt', says: 'one message', needs: 'system' },
  ],
  run: (ctx) => decide(ctx, 'accept'),
};
