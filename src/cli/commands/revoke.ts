/** `revoke <device|person|invitation>`: cut off at once, for good. */
import { EXIT } from '../../util/failure.ts';
import type { Command } from '../command.ts';
import { people } from '../people.ts';

export const revoke: Command = {
  name: 'revoke',
  summary: 'Cut off a person, a device or an invitation, at once and for good.',
  details: `Its connections end within a second, and its grants are gone. What it wrote stays.
A device comes back by a new invitation; the name of a person is not given again.`,
  arguments: [{ name: 'what', sentence: 'a person, a device (id or name), or an invitation (id)' }],
  settings: ['relayUrl'],
  json: true,
  examples: [{ line: 'claude-relay revoke laptop', says: 'a device that was lost', needs: 'system' }],
  async run(ctx) {
    const { revoked, name } = await people(ctx, 'revoke', { what: ctx.given.required('what') });
    if (ctx.out.isJson) ctx.out.json({ revoked, name });
    else ctx.out.line(`The ${revoked} ${name} is cut off.`);
    return EXIT.ok;
  },
};
