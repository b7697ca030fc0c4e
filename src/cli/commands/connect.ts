/** `connect`: uses the relay of another machine. What it does is loaded when it runs. */
import { EXIT } from '../../util/failure.ts';
import type { Command } from '../command.ts';

export const connect: Command = {
  name: 'connect',
  summary: 'Use the relay of another machine, over the SSH that you have.',
  details:
    'Finds claude-relay there, starts its relay if none runs, keeps a forward of its port running as a service, makes this machine a device of yours ' +
    'there, with a key of its own, and sends itself a message to prove it. Session processes, hooks and this command line find it from then on. ' +
    'Twice is the same as once; `disconnect` undoes it. ssh must get there without a question.',
  arguments: [
    { name: 'user@host', sentence: 'where the relay runs, or a host of ~/.ssh/config' },
    { name: 'ssh-option', sentence: 'after --: how ssh gets there, such as -p 2222', optional: true, many: true },
  ],
  options: [
    { flag: '--port', value: 'number', sentence: 'the port on this machine; 9999 or a free one when left out' },
    { flag: '--dry-run', sentence: 'look, say what would be done, and change nothing' },
  ],
  json: true,
  examples: [
    { line: 'claude-relay connect me@relay.example', says: 'use the relay there', needs: 'system' },
    { line: 'claude-relay connect me@relay.example --dry-run', says: 'what would be done', needs: 'system' },
    { line: 'claude-relay connect me@relay -- -J jump.example', says: 'by way of another host', needs: 'system' },
  ],
  run: async (ctx) => (await import('../connect/connect.ts')).runConnect(ctx).then(() => EXIT.ok),
};
