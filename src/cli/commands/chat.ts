/** `chat [ID] [URL]`: to write back and forth by hand, or from a pipe. The commands are those of the first generation's test client. */
import { Chat } from '../chat.ts';
import type { Command } from '../command.ts';
import { RelayAccess } from '../relay.ts';

export const chat: Command = {
  name: 'chat',
  summary: 'Write back and forth: messages to you are shown as they come.',
  details: `Commands, one a line:
  send <message>         to everybody
  send:<id> <message>    to a session, a person or a #room
  peers                  who is here
  history [n]            the last n messages (10)
  quit                   the end of input does the same
What is shown to you is marked as seen.`,
  arguments: [
    { name: 'id', sentence: 'the name to take; your own when left out', optional: true },
    { name: 'url', sentence: 'where the relay is', optional: true },
  ],
  settings: ['relayUrl'],
  examples: [
    { line: 'claude-relay chat', says: 'as yourself', needs: 'terminal' },
    { line: 'claude-relay chat CC-1 ws://localhost:9999', says: 'under a name, at a relay', needs: 'terminal' },
    {
      line: `printf 'send:CC-2 hello\\npeers\\nquit\\n' | claude-relay chat tester`,
      says: 'from a script',
      needs: 'relay',
    },
  ],
  async run(ctx) {
    const { given } = ctx;
    const relay = new RelayAccess(ctx, { as: given.text('id'), url: given.text('url') });
    // Asked first: a relay that is not there, or does not take our token, is said at once and ends it.
    await relay.ask('status', {}, { nameless: true });
    return new Chat(ctx, relay).run();
  },
};
