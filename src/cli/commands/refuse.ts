/** `refuse <id|person|session>`: a person's decision about what is held. */
import type { Command } from '../command.ts';
import { DECISION_OPTIONS, decide, OF } from '../decision.ts';

export const refuse: Command = {
  name: 'refuse',
  summary: 'End held messages unread; their sender is told.',
  details: 'With --always whoever writes to one of your sessions is told at once that it takes no messages from them.',
  arguments: [OF],
  options: DECISION_OPTIONS,
  settings: ['relayUrl'],
  json: true,
  examples: [
    { line: 'claude-relay refuse CC-9', says: 'all that is held of one session', needs: 'system' },
    { line: 'claude-relay refuse m4k7z2p9q0rt', says: 'one message', needs: 'system' },
  ],
  run: (ctx) => decide(ctx, 'refuse'),
};
