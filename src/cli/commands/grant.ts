/** `grant <person> <what…>`: lets a person do more, or less. */
import { EXIT, Failure } from '../../util/failure.ts';
import type { Command } from '../command.ts';
import { grantsIn, people } from '../people.ts';

export const grant: Command = {
  name: 'grant',
  summary: 'Let a person do more, or with --remove less.',
  details: `send:NAME, send:@person, send:#room, send:all: write there. read:#room, read:all: join it and read it; all: also what is sent to all.
see:NAME, see:@person, see:all: whether they are here. administer: invite, grant, revoke, back up, prune.`,
  arguments: [
    { name: 'person', sentence: 'who' },
    { name: 'grants', sentence: 'what: send:@anna, read:#build', optional: true, many: true },
  ],
  options: [{ flag: '--remove', value: 'grant', sentence: 'take this back', many: true }],
  settings: ['relayUrl'],
  json: true,
  examples: [
    { line: "claude-relay grant bert send:#build 'read:#build'", says: 'a room', needs: 'system' },
    { line: 'claude-relay grant bert --remove send:@anna', says: 'no more direct messages', needs: 'system' },
  ],
  async run(ctx) {
    const { given, out } = ctx;
    const [add, remove] = [grantsIn(given.list('grants')), grantsIn(given.list('--remove'))];
    if (add.length + remove.length === 0) throw new Failure('usage', 'Say what to grant, or to --remove: send:@anna.');
    const info = await people(ctx, 'grant', { person: given.required('person'), add, remove });
    if (out.isJson) out.json(info);
    else out.line(`${info.name} may ${info.grants.join(' ') || 'use only their own sessions'}.`);
    return EXIT.ok;
  },
};
