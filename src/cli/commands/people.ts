/** `people`: who may come, and what they may. */
import { EXIT } from '../../util/failure.ts';
import type { Command } from '../command.ts';
import { people as ask } from '../people.ts';
import { when } from '../words.ts';

export const people: Command = {
  name: 'people',
  summary: 'List the people of this relay, what they may, and the open invitations.',
  settings: ['relayUrl'],
  json: true,
  examples: [{ line: 'claude-relay people', says: 'who may what', needs: 'relay' }],
  async run(ctx) {
    const { out } = ctx;
    const result = await ask(ctx, 'people', {});
    if (out.isJson) out.json(result);
    else {
      out.table(
        ['PERSON', 'DEVICES', 'MAY'],
        result.people.map(({ name, owner, revoked, devices, grants }) => [
          { text: name, style: 'cyan' },
          String(devices),
          owner ? 'everything' : revoked === undefined ? grants.join(' ') : `revoked ${when(revoked)}`,
        ]),
      );
      for (const { id, person = 'somebody', expires } of result.invitations)
        out.say(`Invitation ${id} for ${person} is open until ${when(expires)}.`);
    }
    return EXIT.ok;
  },
};
