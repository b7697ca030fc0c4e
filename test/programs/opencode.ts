/** OpenCode, with the scripted model as its only provider. */
import type { Machine, Started } from '../support/cli.ts';
import { Agent, type AgentOptions } from './agent.ts';
import type { Model } from './model/model.ts';
import type { Terminal } from './terminal.ts';

export interface OpenCodeOptions extends AgentOptions {
  /** Over what stands in opencode.json here. */
  readonly config?: object;
  /** Files in the user's folder of plugins, by name. */
  readonly plugins?: Readonly<Record<string, string>>;
}

export class OpenCode extends Agent<OpenCodeOptions> {
  constructor(machine: Machine, model: Model, options: OpenCodeOptions) {
    super('opencode', machine, model, options);
    const { name, plugins = {}, config = {} } = options;
    const provider = {
      npm: '@ai-sdk/openai-compatible',
      name: 'scripted',
      options: { baseURL: `${model.url}/v1`, apiKey: 'scripted' },
      models: { scripted: { name: 'scripted' } },
    };
    this.put('.config/opencode/opencode.json', {
      autoupdate: false,
      share: 'disabled',
      model: 'scripted/scripted',
      small_model: 'scripted/scripted',
      permission: 'allow',
      provider: { scripted: provider },
      mcp: { relay: { type: 'local', command: ['claude-relay', 'mcp', '--client-id', name], enabled: true } },
      ...config,
    });
    for (const [file, text] of Object.entries(plugins)) this.put(`.config/opencode/plugins/${file}`, text);
  }

  headless(prompt: string, ...args: readonly string[]): Started {
    return this.run('run', ...(this.options.args ?? []), ...args, prompt);
  }

  async interactive(...args: readonly string[]): Promise<Terminal> {
    const terminal = this.terminal(...(this.options.args ?? []), ...args);
    await terminal.shows(/Ask anything/);
    return terminal;
  }

  /** One database for all of them, with its log; `opencode export` writes a session of it as JSON. */
  get transcripts(): string[] {
    return this.find('.local/share/opencode', /^opencode\.db(-wal)?$/);
  }

  protected get env(): Record<string, string> {
    return { OPENCODE_DISABLE_AUTOUPDATE: '1', OPENCODE_DISABLE_MODELS_FETCH: '1', OPENCODE_DISABLE_LSP_DOWNLOAD: '1' };
  }
}
