/**
 * What the programs' own stores want to know about us: manifests, the same MCP server, the same hooks. They start the
 * command `claude-relay`, which must be installed. Written into the repository by `npm run gen`.
 */
import { claudeCodeHooks } from './claude-code/hooks.ts';
import { codexHooks } from './codex/hooks.ts';
import { geminiHooks } from './gemini/hooks.ts';
import { mcpCommand, PACKAGED, SERVER } from './launch.ts';

/** Of package.json. */
export interface About {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly author: string;
  /** The name in the MCP registry; it looks for it in the npm package. */
  readonly mcpName: string;
  readonly engines: { readonly node: string };
}

/** In Claude Code’s catalogue no name of others may begin with `claude-`. */
const PLUGIN = 'relay';
const KEYWORDS = ['agents', 'messages', 'mcp', 'relay'] as const;
const SENTENCE = 'Coding-agent sessions write to each other, on one machine or many.';
const [command, ...args] = mcpCommand(PACKAGED);
const SERVERS = { [SERVER]: { command, args } };

/** By path from the root of the repository. */
export function packageFiles(about: About): { readonly [path: string]: string } {
  const values = {
    '.claude-plugin/marketplace.json': marketplace(about),
    'packaging/claude-code/.claude-plugin/plugin.json': plugin(about),
    'packaging/claude-code/.mcp.json': { mcpServers: SERVERS },
    'packaging/claude-code/hooks/hooks.json': { hooks: claudeCodeHooks(PACKAGED) },
    '.agents/plugins/marketplace.json': codexMarketplace(about),
    'packaging/codex/.codex-plugin/plugin.json': codexPlugin(about),
    'packaging/codex/.mcp.json': { mcpServers: { [SERVER]: { command, args, tool_timeout_sec: 300 } } },
    'packaging/codex/hooks/hooks.json': { hooks: codexHooks(PACKAGED) },
    'packaging/gemini/gemini-extension.json': geminiExtension(about),
    'packaging/gemini/hooks/hooks.json': { hooks: geminiHooks(PACKAGED) },
    'packaging/mcpb/manifest.json': bundleManifest(about),
    'server.json': registryEntry(about),
  };
  const texts = Object.entries(values).map(([path, value]) => [path, `${JSON.stringify(value, undefined, 2)}\n`]);
  return Object.fromEntries(texts);
}

function marketplace({ name, author, description, version }: About): object {
  return {
    name,
    owner: { name: author },
    description,
    plugins: [{ name: PLUGIN, source: './packaging/claude-code', description: SENTENCE, version }],
  };
}

function plugin({ version, author, license }: About): object {
  return { name: PLUGIN, version, description: SENTENCE, author: { name: author }, license, keywords: KEYWORDS };
}

function codexMarketplace({ name }: About): object {
  const policy = { installation: 'AVAILABLE', authentication: 'ON_INSTALL' };
  const source = { source: 'local', path: './packaging/codex' };
  return {
    name,
    interface: { displayName: name },
    plugins: [{ name: PLUGIN, source, policy, category: 'Developer Tools' }],
  };
}

function codexPlugin(about: About): object {
  return {
    ...plugin(about),
    mcpServers: './.mcp.json',
    hooks: './hooks/hooks.json',
    interface: { displayName: about.name, shortDescription: SENTENCE, category: 'Developer Tools' },
  };
}

function geminiExtension({ name, version }: About): object {
  return { name, version, description: SENTENCE, mcpServers: SERVERS };
}

/** For clients that take a bundle: it holds our `dist`, and starts it with the Node of the client. */
function bundleManifest({ name, version, description, author, license, engines }: About): object {
  const entry = 'dist/cli.mjs';
  return {
    manifest_version: '0.3',
    name,
    version,
    description,
    author: { name: author },
    license,
    keywords: KEYWORDS,
    server: {
      type: 'node',
      entry_point: entry,
      mcp_config: { command: 'node', args: [`\${__dirname}/${entry}`, 'mcp'] },
    },
    compatibility: { platforms: ['darwin', 'linux'], runtimes: { node: engines.node } },
  };
}

/** At most 100 characters of description, and exact versions. */
function registryEntry({ name, version, mcpName }: About): object {
  return {
    $schema: 'https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json',
    name: mcpName,
    title: name,
    description: SENTENCE,
    version,
    packages: [
      {
        registryType: 'npm',
        identifier: name,
        version,
        transport: { type: 'stdio' },
        packageArguments: [{ type: 'positional', value: 'mcp' }],
      },
    ],
  };
}

/** A click in a browser adds the server to the program; it asks its user first. */
export const INSTALL_LINKS = {
  vscode: `https://insiders.vscode.dev/redirect/mcp/install?name=${SERVER}&config=${encoded({ type: 'stdio', command, args })}`,
  cursor: `cursor://anysphere.cursor-deeplink/mcp/install?name=${SERVER}&config=${btoa(JSON.stringify({ command, args }))}`,
} as const;

function encoded(value: object): string {
  return encodeURIComponent(JSON.stringify(value));
}
