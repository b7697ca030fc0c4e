/** Copilot CLI without an account: a model provider of one's own, and offline. */
import { join } from 'node:path';
import type { Machine, Started } from '../support/cli.ts';
import { Agent, type AgentOptions } from './agent.ts';
import type { Model } from './model/model.ts';
import type { Terminal } from './terminal.ts';

export interface CopilotOptions extends AgentOptions {
  /** Over what stands in settings.json here. */
  readonly settings?: object;
  /** Entry files of extensions, by the name of the extension; they need `experimental`. */
  readonly extensions?: Readonly<Record<string, string>>;
}

export class Copilot extends Agent<CopilotOptions> {
  constructor(machine: Machine, model: Model, options: CopilotOptions) {
    super('copilot', machine, model, options);
    const { name, extensions = {}, settings = {} } = options;
    const relay = { type: 'local', command: 'claude-relay', args: ['mcp', '--client-id', name], tools: ['*'] };
    this.put('.copilot/mcp-config.json', { mcpServers: { relay } });
    this.put('.copilot/settings.json', { banner: 'never', autoUpdate: false, ...settings });
    this.put('.copilot/config.json', { trustedFolders: [this.cwd] });
    for (const [folder, text] of Object.entries(extensions))
      this.put(join('.copilot/extensions', folder, 'extension.mjs'), text);
  }

  headless(prompt: string, ...args: readonly string[]): Started {
    return this.run('--allow-all-tools', ...(this.options.args ?? []), ...args, '-p', prompt);
  }

  async interactive(...args: readonly string[]): Promise<Terminal> {
    const terminal = this.terminal('--allow-all-tools', ...(this.options.args ?? []), ...args);
    await terminal.shows(/^❯/m);
    return terminal;
  }

  /** JSON lines, a file for each session. */
  get transcripts(): string[] {
    return this.find('.copilot/session-state', /^[^/]+\/events\.jsonl$/);
  }

  protected get env(): Record<string, string> {
    return {
      COPILOT_OFFLINE: 'true',
      COPILOT_PROVIDER_BASE_URL: `${this.model.url}/v1`,
      COPILOT_MODEL: 'scripted',
      COPILOT_AUTO_UPDATE: 'false',
    };
  }
}
