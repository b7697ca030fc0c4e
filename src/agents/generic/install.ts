/** Any other MCP client: what to write into its configuration, which only its user knows the place of. */

import type { Installer, Machine, Plan } from '../installer.ts';
import { mcpCommand, SERVER } from '../launch.ts';

export const generic: Installer = {
  id: 'generic',
  title: 'any MCP client',
  detect: () => undefined,
  plan: (machine): Plan => ({
    files: [],
    notes: [
      'Most clients have a file with "mcpServers": mcp.json or settings.json in the directory of their configuration.',
      'Zed calls it "context_servers", VS Code "servers". A client that takes a URL finds the relay at http://localhost:9999/mcp?as=NAME, with its token.',
    ],
    snippet: snippet(machine),
  }),
};

function snippet({ launch }: Machine): string {
  const [command, ...args] = mcpCommand(launch);
  return `${JSON.stringify({ mcpServers: { [SERVER]: { command, args } } }, undefined, 2)}\n`;
}
