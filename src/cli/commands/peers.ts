/** `peers`: who is here now. */
import { EXIT } from '../../util/failure.ts';
import type { Command } from '../command.ts';
import { RelayAccess } from '../relay.ts';
import { doingWords, doorWords, programOf, when } from '../words.ts';

export const peers: Command = {
  name: 'peers',
  summary: 'List who is connected to the relay now.',
  details: `DOING: idle, busy, or waiting for its person, as its agent program says. WOKEN BY: the door through which a message wakes it.
Connected is not attentive: \`claude-relay receipts\` says what was seen.`,
  settings: ['relayUrl'],
  json: true,
  examples: [
    { line: 'claude-relay peers', says: 'who is here', needs: 'relay' },
    { line: 'claude-relay peers --json', says: 'for a script', needs: 'relay' },
  ],
  async run(ctx) {
    const { out } = ctx;
    const result = await new RelayAccess(ctx).ask('peers', {}, { nameless: true });
    if (out.isJson) out.json(result);
    else if (result.peers.length === 0) out.say('Nobody is connected now; claude-relay sessions lists who was.');
    else {
      out.table(
        ['NAME', 'KIND', 'SINCE', 'DOING', 'WOKEN BY', 'PROGRAM', 'HOST', 'DIRECTORY'],
        result.peers.map((peer) => [
          { text: peer.name, style: 'cyan' },
          peer.kind,
          peer.since === undefined ? '' : when(peer.since),
          doingWords(peer),
          doorWords(peer),
          programOf(peer),
          peer.host ?? '',
          peer.cwd ?? '',
        ]),
      );
      if (result.more > 0) out.say(`${result.more} more here.`);
    }
    return EXIT.ok;
  },
};
