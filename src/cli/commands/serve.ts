/** `serve`, for the list of commands and for its help. `main.ts` starts the relay without the command-line framework. */
import type { Command } from '../command.ts';

export const serve: Command = {
  name: 'serve',
  summary: 'Run the relay.',
  details:
    'It prints “[Claude Relay] Ready! Listening on ws://localhost:9999” on stdout when it takes connections, and logs on stderr. ' +
    'SIGINT and SIGTERM end it.',
  arguments: [{ name: 'port', sentence: 'the same as --port', optional: true }],
  settings: [
    'port',
    'host',
    'data',
    'legacy',
    'allowHosts',
    'allowOrigins',
    'brakes',
    'keepUnread',
    'keep',
    'keepMessages',
    'keepBytes',
    'logLevel',
  ],
  where: ['serve'],
  examples: [
    { line: 'claude-relay serve', says: 'on 127.0.0.1 and ::1, port 9999', needs: 'system' },
    {
      line: 'claude-relay serve 9998 --data /srv/relay',
      says: 'on another port, with its data elsewhere',
      needs: 'system',
    },
    { line: 'claude-relay service install', says: 'keep it running in the background', needs: 'system' },
  ],
};
