/** `hold <person|session>`: what comes of them waits for a person. */
import type { Command } from '../command.ts';
import { decide, OF } from '../decision.ts';
import { AS } from '../relay.ts';

export const hold: Command = {
  name: 'hold',
  summary: 'Hold what a session or a person sends from now on, until you accept it.',
  details: 'accept --always and refuse --always take its place.',
  arguments: [{ ...OF, sentence: 'a session, or a person' }],
  options: [AS],
  settings: ['relayUrl'],
  json: true,
  examples: [{ line: 'claude-relay hold CC-9', says: 'I want to look first', needs: 'system' }],
  run: (ctx) => decide(ctx, 'hold'),
};
