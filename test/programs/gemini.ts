/** Gemini CLI with an API key. */
import type { Machine, Started } from '../support/cli.ts';
import { Agent, type AgentOptions } from './agent.ts';
import type { Model } from './model/model.ts';
import type { Terminal } from './terminal.ts';

export interface GeminiOptions extends AgentOptions {
  /** Over what stands in settings.json here. */
  readonly settings?: object;
}

/** By its name, or it asks another model which one to ask. */
const MODEL = ['-m', 'gemini-2.5-pro'];

export class Gemini extends Agent<GeminiOptions> {
  constructor(machine: Machine, model: Model, options: GeminiOptions) {
    super('gemini', machine, model, options);
    const relay = { command: 'claude-relay', args: ['mcp', '--client-id', options.name], trust: true };
    this.put('.gemini/settings.json', {
      security: { auth: { selectedType: 'gemini-api-key' }, folderTrust: { enabled: false } },
      privacy: { usageStatisticsEnabled: false },
      telemetry: { enabled: false },
      general: { disableAutoUpdate: true, disableUpdateNag: true },
      mcpServers: { relay },
      ...options.settings,
    });
  }

  headless(prompt: string, ...args: readonly string[]): Started {
    return this.run(...this.#args, ...args, '-p', prompt);
  }

  async interactive(...args: readonly string[]): Promise<Terminal> {
    const terminal = this.terminal(...this.#args, ...args);
    await terminal.shows(/Type your message/);
    return terminal;
  }

  /** JSON lines, a file for each session. */
  get transcripts(): string[] {
    return this.find('.gemini/tmp', /^[^/]+\/chats\/session-.*\.jsonl$/);
  }

  protected get env(): Record<string, string> {
    return { GEMINI_API_KEY: 'scripted', GOOGLE_GEMINI_BASE_URL: this.model.url, GEMINI_CLI_NO_RELAUNCH: '1' };
  }

  get #args(): readonly string[] {
    return ['--approval-mode', 'yolo', ...MODEL, ...(this.options.args ?? [])];
  }
}
