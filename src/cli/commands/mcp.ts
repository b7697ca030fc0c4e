/** `mcp`, for the list of commands. `main.ts` starts the session process before any of the command line is loaded. */
import type { Command } from '../command.ts';

export const mcp: Command = {
  name: 'mcp',
  summary: 'The session process that an agent program starts: MCP on stdin and stdout.',
  settings: ['clientId', 'relayUrl', 'resume', 'logLevel'],
  where: ['mcp'],
  examples: [
    { line: 'claude mcp add -s user relay -- claude-relay mcp', says: 'give it to Claude Code', needs: 'system' },
    { line: 'codex mcp add relay -- claude-relay mcp', says: 'give it to Codex', needs: 'system' },
    { line: 'claude-relay mcp --client-id CC-1 < /dev/null', says: 'it ends with its input', needs: 'nothing' },
  ],
};
